"""A vendor: its inbox, offers, catalogue, rules and standing offers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from federation.messages import JsonObject
from node.cli.front import Front, command, group
from node.cli.render import ago, money, plural, short_id, table
from node.cli.words import pairs, state_words, tell_deal
from node.domain.catalogue import MOST_CHARS
from node.domain.errors import InvalidInput
from node.domain.reasons import NO_BID_REASONS

__all__ = ["COMMANDS"]

INPUT_WRONG = 2


# --- the inbox --------------------------------------------------------------------------------------------


@command("inbox", "obverse inbox --all")
@click.option("--all", "everything", is_flag=True, help="Those that are over, too.")
def inbox(front: Front, everything: bool) -> None:
    """List what customers want of you, and what each deal waits for."""
    front.show(front.ask("inbox.list", all=everything), _show_inbox)


def _show_inbox(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["Deal", "From", "What", "Wanted", "State", "Waits for"],
        [
            (
                short_id(one["id"]),
                one["peer_name"],
                _wanted(one),
                ago(_due(one)),
                state_words(one),
                one["draft"] or one["needs"] or "-",
            )
            for one in result["deals"]
        ],
        empty="Nothing waits. What you sell: obverse catalogue list",
    )


def _wanted(deal: JsonObject) -> str:
    proposal = deal["proposal"]
    if proposal is not None:
        return f"{proposal['quantity']} × {proposal['name'] or deal['category']}"
    ordered = deal["offers"][0] if deal["offers"] else None
    return f"order of {ordered['quantity']}" if ordered else deal["category"]


def _due(deal: JsonObject) -> str | None:
    return deal["proposal"]["due_at"] if deal["proposal"] else None


# --- offers -----------------------------------------------------------------------------------------------


@command(
    "offer", 'obverse offer qU2Lvu --price 289.00 --sku NK20 --valid 72h --answer w1=yes:"for 105 to 125 cm"'
)
@click.argument("deal")
@click.option("--price", help="The total (default with --sku: the catalogue's).")
@click.option("--sku", help="The catalogue item that it is.")
@click.option("--name", help="What it is, where it is in no catalogue.")
@click.option("--brand")
@click.option("--condition", type=click.Choice(["new", "used", "refurbished"]))
@click.option("--valid", metavar="72h", help="How long the offer stands (default: 3 days).")
@click.option("--due", metavar="WHEN", help="When it would be there.")
@click.option("--firm", is_flag=True, help="Neither withdrawn nor superseded; its stock is reserved.")
@click.option("--text", help="A word about it.")
@click.option(
    "--answer", multiple=True, metavar="WISH=yes|no|partly|unknown:TEXT", help="To a wish. Repeat it."
)
@click.option(
    "--ask-field", multiple=True, metavar="FIELD", help="What you need to know if accepted: name, ..."
)
def offer(front: Front, /, answer: tuple[str, ...], ask_field: tuple[str, ...], **options: Any) -> None:
    """Offer; a live offer of yours that is not firm is superseded."""
    right = 'Write WISH=yes:TEXT, such as w1=yes:"for 105 to 125 cm".'
    answers = [_answer(wish, text) for wish, text in pairs(answer, "answer", right).items()]
    done = front.ask("deal.offer", answers=answers, fields=list(ask_field), **options)
    made = done["offers"][-1]
    tell_deal(front, f"Offered {money(made['price'])}; it ends {ago(made['ends_at'])}.", done)


def _answer(wish: str, text: str) -> JsonObject:
    meets, _, words = text.partition(":")
    return {"wish": wish, "meets": meets.strip(), "answer": words.strip().strip('"') or None}


@command("offer-withdraw", "obverse offer-withdraw qU2Lvu")
@click.argument("offer", metavar="DEAL|OFFER")
def offer_withdraw(front: Front, offer: str) -> None:
    """Take a live offer back; a firm one stands."""
    tell_deal(front, "Withdrawn.", front.ask("deal.offer.withdraw", offer=offer))


@command("nobid", "obverse nobid qU2Lvu --reason notStocked")
@click.argument("deal")
@click.option("--reason", type=click.Choice(NO_BID_REASONS), required=True)
@click.option("--text", help="A word about it.")
def nobid(front: Front, deal: str, reason: str, text: str | None) -> None:
    """Say that there will be no offer, and why."""
    tell_deal(front, "Told.", front.ask("deal.nobid", deal=deal, reason=reason, text=text))


# --- catalogue --------------------------------------------------------------------------------------------


@command("import", "obverse catalogue import items.csv --dry-run")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def catalogue_import(front: Front, file: Path, dry_run: bool) -> int:
    """Read items from a table (CSV); with any bad cell nothing is saved, and each is named.

    Columns: sku, name, category (a Wikidata item), price, currency; and as wanted unit, stock, lead_days,
    delivery, area, condition, brand, gtin, url, and prop.NAME for properties such as 105..125 centimetre.
    """
    done = front.ask("catalogue.import", csv=_read(file), dry_run=dry_run)
    front.show(done, _show_import)
    return INPUT_WRONG if done["problem_count"] else 0


def _read(file: Path) -> str:
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise InvalidInput("file", f"{file} cannot be read: {error.strerror}", "Name a CSV file.") from None
    except UnicodeDecodeError as error:
        raise InvalidInput("file", f"byte {error.start} is not UTF-8", "Save it as CSV in UTF-8.") from None
    if len(text) > MOST_CHARS:
        raise InvalidInput("file", f"{len(text)} characters", f"Split it: at most {MOST_CHARS} at once.")
    return text


def _show_import(front: Front, done: JsonObject) -> None:
    if done["problem_count"]:
        table(
            front.out,
            ["Row", "Column", "What is wrong", "What would be right"],
            [
                (str(one["row"]) if one["row"] else "header", one["column"], one["wrong"], one["right"])
                for one in done["problems"]
            ],
            empty="",
        )
        front.say(f"{plural(done['problem_count'], 'problem')}: nothing is saved.")
        return
    counts = f"{plural(done['items'], 'item')}: {done['new']} new, {done['replaced']} replaced"
    front.say(f"Would be saved: {counts}." if done["dry_run"] else f"Saved {counts}.")


@command("list", "obverse catalogue list --search bicycle")
@click.option("--search", help="A word in name, sku or brand.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
def catalogue_list(front: Front, search: str | None, limit: int) -> None:
    """List what you sell."""
    front.show(front.ask("catalogue.list", search=search, limit=limit), _show_items)


def _show_items(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["Sku", "Name", "Price", "Stock", "Held", "Days", "Properties"],
        [
            (
                one["sku"],
                one["name"],
                money(one["price"]),
                one["stock"] or "not counted",
                one["reserved"],
                str(one["lead_days"]),
                ", ".join(f"{name} {text}" for name, text in one["properties"].items()),
            )
            for one in result["items"]
        ],
        empty="Nothing. Import a table: obverse catalogue import items.csv --dry-run",
    )
    if result["count"] > len(result["items"]):
        front.say(f"{len(result['items'])} of {result['count']} shown.")


# --- rules ------------------------------------------------------------------------------------------------


@command(
    "add", 'obverse rules add "Autumn" --category Q11442 --discount 5 --ask-field name --ask-field addresses'
)
@click.argument("name")
@click.option("--category", metavar="ITEM", help="Only for this Wikidata item (default: all that you sell).")
@click.option("--least", help="From this quantity on (default: 1).")
@click.option("--most", help="Up to this quantity.")
@click.option("--place", metavar="NAME", help="Only for this place.")
@click.option("--discount", metavar="PERCENT", help="Taken off the goods.")
@click.option("--valid", metavar="72h", help="How long such an offer stands (default: 72h).")
@click.option("--firm", is_flag=True, help="Such an offer is firm.")
@click.option("--ask-field", multiple=True, metavar="FIELD", help="What you need to know if accepted.")
@click.option("--text", help="A word that goes with it.")
def rules_add(front: Front, /, ask_field: tuple[str, ...], place: str | None, **options: Any) -> None:
    """Let the node offer by itself where item, quantity, stock, time, place and every must fit.

    A must that the catalogue cannot judge makes a draft in your inbox, never an offer.
    """
    made = front.ask("rules.add", fields=list(ask_field), place={"name": place} if place else None, **options)
    front.show(
        made, lambda front, made: front.say(f"The rule {made['name']!r} ({made['id']}) answers from now on.")
    )


@command("list", "obverse rules list")
def rules_list(front: Front) -> None:
    """List the rules by which the node offers by itself."""
    front.show(front.ask("rules.list"), _show_rules)


def _show_rules(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["Rule", "Name", "Category", "Quantity", "Discount", "Stands", "Firm", "Asks for"],
        [
            (
                one["id"],
                one["name"],
                short_id(one["category"], 12) if one["category"] else "any",
                f"{one['least']} to {one['most'] or 'any'}",
                f"{one['discount_percent']} %",
                f"{one['valid_hours']} h",
                "yes" if one["firm"] else "-",
                ", ".join(one["fields_asked"]) or "-",
            )
            for one in result["rules"]
        ],
        empty="No rules: every intent waits for a person. Add one: obverse rules add NAME",
    )


@command("remove", "obverse rules remove Autumn")
@click.argument("rule")
def rules_remove(front: Front, rule: str) -> None:
    """Take a rule away, by its id or its name."""
    front.show(
        front.ask("rules.remove", rule=rule),
        lambda front, gone: front.say(f"The rule {gone['name']!r} answers no more."),
    )


COMMANDS: tuple[click.Command, ...] = (
    inbox,
    offer,
    offer_withdraw,
    nobid,
    group("catalogue", "What you sell.", catalogue_import, catalogue_list),
    group("rules", "What the node may offer by itself.", rules_add, rules_list, rules_remove),
)
