"""A person before an agreement: vendors to hear from, and intents."""

from __future__ import annotations

from typing import Any

import click

from federation.messages import JsonObject
from node.cli.front import Front, command, group
from node.cli.recorded import cast_line, recorded_line
from node.cli.render import ago, money, plural, short_id, table, tone
from node.cli.words import deal_line, offer_words, parse_wish
from node.domain.errors import InvalidInput
from node.domain.intents import PersonaMode

__all__ = ["COMMANDS"]


# --- vendors ----------------------------------------------------------------------------------------------


@command("add", "obverse vendors add @shop@shop.example")
@click.argument("vendor")
def vendors_add(front: Front, vendor: str) -> None:
    """Look a vendor up by its handle or the address of its page, and remember it."""
    front.show(front.ask("vendors.add", vendor=vendor), _show_added)


def _show_added(front: Front, made: JsonObject) -> None:
    terms = ", ".join(made["terms_accepted"]) or "no agreement of the roster"
    front.say(f"{made['name']} ({made['handle']}) accepts {terms}.")


@command("list", "obverse vendors list")
def vendors_list(front: Front) -> None:
    """List the vendors that you know, and the agreements that each accepts."""
    front.show(front.ask("vendors.list"), _show_vendors)


def _show_vendors(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["Vendor", "Name", "Accepts", "Seen"],
        [
            (one["handle"], one["name"], ", ".join(one["terms_accepted"]), ago(one["seen_at"]))
            for one in result["vendors"]
        ],
        empty="You know no vendors yet. Add one: obverse vendors add @shop@shop.example",
    )


# --- intents ----------------------------------------------------------------------------------------------


@command(
    "cast",
    """obverse intent cast "child bicycle" --category Q11442 --to @shop@shop.example --budget "300 EUR"
       --due 5d --until 3d --must "for a child of 115 cm [bodyHeight fits 115 centimetre]" --nice "red\"""",
)
@click.argument("name")
@click.option("--to", multiple=True, metavar="VENDOR", help="Who hears of it; nobody else does. Repeat it.")
@click.option(
    "--as-message",
    multiple=True,
    metavar="ACCOUNT",
    help="An account without a node: it gets a message from yours, and sees its name. Repeat it.",
)
@click.option("--category", required=True, metavar="ITEM", help="What it is: a Wikidata item such as Q11442.")
@click.option("--quantity", metavar="'2 kilogram'", help="How much of it (default: 1).")
@click.option("--budget", metavar="'300 EUR'", help="The most that you would pay; kept to yourself.")
@click.option("--share-budget", is_flag=True, help="Let the vendors see the budget.")
@click.option("--currency", metavar="EUR", help="What you pay in, where you name no budget.")
@click.option("--gift", is_flag=True, help="Nothing is paid.")
@click.option("--service", is_flag=True, help="Somebody is to do something, rather than to hand it over.")
@click.option("--text", help="More words about it.")
@click.option("--until", metavar="WHEN", help="When the intent ends: 3d, 2026-11-27 (default: 14 days).")
@click.option("--due", metavar="WHEN", help="When you need it.")
@click.option("--place", metavar="NAME", help="Where: a name such as Glasgow.")
@click.option("--near", metavar="LAT,LON", help="Where, exactly.")
@click.option("--radius", type=float, metavar="KM", help="How far around it.")
@click.option("--must", multiple=True, metavar="WISH", help="Has to be; see the example.")
@click.option("--nice", multiple=True, metavar="WISH", help="Would be nice.")
@click.option("--terms", multiple=True, help="What you proffer (default: PDC-INTENT, SD-BASE-DP); or none.")
@click.option(
    "--persona",
    type=click.Choice([mode.value for mode in PersonaMode]),
    default=PersonaMode.PER_DEAL.value,
    show_default=True,
    help="Who speaks: somebody new for each deal, one for each vendor, or yourself by name.",
)
def intent_cast(front: Front, /, **options: Any) -> None:
    """Tell the vendors that you name what you want, and on whose terms: yours."""
    wishes = [parse_wish(text, "must") for text in options.pop("must")]
    wishes += [parse_wish(text, "nice") for text in options.pop("nice")]
    place = read_place(options.pop("place"), options.pop("near"), options.pop("radius"))
    for name in ("to", "as_message", "terms"):
        options[name] = list(options[name])
    front.show(front.ask("intent.cast", wishes=wishes, place=place, **options), _show_cast)


def read_place(name: str | None, near: str | None, radius: float | None) -> JsonObject | None:
    place: JsonObject = {"name": name, "radius": radius}
    if near is not None:
        try:
            place["latitude"], place["longitude"] = (float(part) for part in near.split(","))
        except ValueError:
            raise InvalidInput(
                "near", f"{near!r} is no place", "Write LAT,LON such as 55.86,-4.25."
            ) from None
    given = {key: value for key, value in place.items() if value is not None}
    return given or None


def _show_cast(front: Front, intent: JsonObject) -> None:
    told = [deal["peer_name"] for deal in intent["deals"]] + [cast["peer"] for cast in intent["messages"]]
    front.say(f"Cast {short_id(intent['id'])} to {', '.join(told)}; it ends {ago(intent['ends_at'])}.")
    for cast in intent["messages"]:
        front.say(
            f"{cast['peer']} has no node: it gets a message that shows your account's name."
            " What it answers is a message: obverse talk list"
        )
    if intent["persona"] == PersonaMode.MYSELF:
        front.say("It speaks in your own name: a vendor can show it to others.")
    front.say(f"Their offers: obverse offers {short_id(intent['id'])}")


@command("list", "obverse intent list --all")
@click.option("--all", "everything", is_flag=True, help="Those that are over, too.")
def intent_list(front: Front, everything: bool) -> None:
    """List what you have said that you want."""
    front.show(front.ask("intent.list", all=everything), _show_intents)


def _show_intents(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["Intent", "What", "State", "Vendors", "Live offers", "Ends"],
        [
            (
                short_id(one["id"]),
                one["name"],
                tone(one["state"]),
                str(one["vendors"]),
                str(one["live_offers"]),
                ago(one["ends_at"]),
            )
            for one in result["intents"]
        ],
        empty='Nothing. Say what you want: obverse intent cast "child bicycle" --category Q11442 --to VENDOR',
    )


@command("show", "obverse intent show 7xKqPz")
@click.argument("intent")
def intent_show(front: Front, intent: str) -> None:
    """Show one intent, and how it stands with each vendor."""
    front.show(front.ask("intent.show", intent=intent), _show_intent)


def _show_intent(front: Front, intent: JsonObject) -> None:
    budget = f", up to {money(intent['budget'])}" if intent["budget"] else ""
    hidden = " (the vendors do not see it)" if intent["budget"] and not intent["budget_shared"] else ""
    due = f", needed {ago(intent['due_at'])}" if intent["due_at"] else ""
    front.say(f"{intent['quantity']} × {intent['name']}{budget}{hidden}{due}; {intent['state']}")
    if intent["text"]:
        front.say(f"  {intent['text']}")
    for wish in intent["wishes"]:
        front.say(f"  {wish['weight']}: {wish['wish']} ({wish['id']})")
    front.say(f"  terms: {', '.join(intent['terms']) or 'none'}; ends {ago(intent['ends_at'])}")
    for deal in intent["deals"]:
        front.say(deal_line(deal))
        for offer in deal["offers"]:
            if offer["state"] == "live":
                front.say(f"    {offer_words(offer)}")
    _show_messages(front, intent)


def _show_messages(front: Front, intent: JsonObject) -> None:
    for cast in intent["messages"]:
        front.say(cast_line(cast))
    for offer in intent["recorded"]:
        front.say(f"    {recorded_line(offer)}")


@command("update", "obverse intent update 7xKqPz --due 2026-12-01 --quantity 2")
@click.argument("intent")
@click.option("--name")
@click.option("--text")
@click.option("--until", metavar="WHEN")
@click.option("--due", metavar="WHEN")
@click.option("--quantity")
def intent_update(front: Front, /, **options: Any) -> None:
    """Say it anew to every vendor that still may answer; offers to the old words end."""
    front.show(front.ask("intent.update", **options), _show_updated)


def _show_updated(front: Front, intent: JsonObject) -> None:
    front.say(f"Said anew: {intent['quantity']} × {intent['name']}; it ends {ago(intent['ends_at'])}.")
    for deal in intent["deals"]:
        front.say(deal_line(deal))
    _show_messages(front, intent)


@command("withdraw", "obverse intent withdraw 7xKqPz")
@click.argument("intent")
def intent_withdraw(front: Front, intent: str) -> None:
    """Take an intent back from every vendor that still may answer."""
    front.show(
        front.ask("intent.withdraw", intent=intent),
        lambda front, done: front.say(f"Withdrawn; {plural(done['told'], 'vendor')} told."),
    )


COMMANDS: tuple[click.Command, ...] = (
    group("vendors", "Whom you want to hear from.", vendors_add, vendors_list),
    group(
        "intent",
        "What you want, on your terms.",
        *(intent_cast, intent_list, intent_show, intent_update, intent_withdraw),
    ),
)
