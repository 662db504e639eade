"""Offers that were taken from messages: writing one down, marking it as taken, removing it."""

from __future__ import annotations

from typing import Any

import click

from federation.messages import JsonObject
from node.cli.front import Front, command
from node.cli.render import ago, money, plural, short_id, table
from node.domain.errors import InvalidInput

__all__ = ["COMMANDS", "cast_line", "recorded_line"]


def cast_line(cast: JsonObject) -> str:
    """How it stands with one account that was asked by a message."""
    state = "answered" if cast["answered"] and cast["state"] == "sent" else cast["state"]
    where = f" (obverse talk show {short_id(cast['thread'])})" if cast["thread"] else ""
    return f"  asked as a message: {cast['peer']}: {state}{where}"


def recorded_line(offer: JsonObject) -> str:
    """One offer in a line, with what it is: written down, not signed."""
    price = money(offer["price"]) if offer["price"] else "a gift"
    end = f", until {ago(offer['ends_at'])}" if offer["ends_at"] else ""
    taken = ", taken" if offer["taken_at"] else ""
    return (
        f"{short_id(offer['id'])}: {offer['quantity']} × {offer['goods']}, {price}{end}{taken}"
        " (recorded from a message: not signed, binds nobody)"
    )


@command("record", 'obverse talk record 7Qk2Lv "Norrland Kid 340" --price 260.00 --until 3d --meets w1=yes')
@click.argument("thread", metavar="TALK")
@click.argument("goods")
@click.option("--quantity", metavar="'2 kilogram'", help="How much of it (default: what you asked for).")
@click.option("--price", metavar="'260.00 EUR'", help="What all of it costs; left out for a gift.")
@click.option("--delivery", metavar="WORDS", help="How and when it comes.")
@click.option("--until", metavar="WHEN", help="How long it stands, where they say so.")
@click.option("--meets", multiple=True, metavar="WISH=WORD", help="w1=yes, no, partly or unknown. Repeat it.")
@click.option("--note", metavar="WORDS", help="What else there is to say.")
@click.option("--source", metavar="ID", help="The message that it is from (default: what they said last).")
def record_talk(front: Front, /, **options: Any) -> None:
    """Write down an offer that a message made; it stands beside the signed ones and binds nobody."""
    options["meets"] = _judged(options["meets"])
    front.show(
        front.ask("talk.record", **options), lambda front, made: front.say(f"Recorded {recorded_line(made)}.")
    )


def _judged(texts: tuple[str, ...]) -> JsonObject | None:
    judged = {}
    for text in texts:
        wish, sign, word = text.partition("=")
        if not sign:
            raise InvalidInput("meets", f"{text!r} is no judgement", "Write WISH=WORD such as w1=yes.")
        judged[wish.strip()] = word.strip()
    return judged or None


@command("recorded", "obverse talk recorded")
def list_recorded(front: Front) -> None:
    """List the offers that you took from messages."""
    front.show(front.ask("talk.recorded"), _show_recorded)


def _show_recorded(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["Record", "From", "Goods", "Price", "Ends", "State"],
        [
            (
                short_id(one["id"]),
                one["peer"],
                f"{one['quantity']} × {one['goods']}",
                money(one["price"]) if one["price"] else "-",
                ago(one["ends_at"]) if one["ends_at"] else "-",
                "taken" if one["taken_at"] else "open" if one["open"] else "over",
            )
            for one in result["recorded"]
        ],
        empty="Nothing is recorded. Take an offer from a message: obverse talk record",
    )


@command("taken", "obverse talk taken 4kPq2m --tell-others")
@click.argument("offer", metavar="RECORD")
@click.option("--tell-others", is_flag=True, help="Whoever may still answer hears that it is decided.")
def take_recorded(front: Front, offer: str, tell_others: bool) -> None:
    """Mark a recorded offer as taken: it was agreed on in the conversation."""
    front.show(
        front.ask("talk.recorded.take", offer=offer, tell_others=tell_others),
        lambda front, done: front.say(f"Marked as taken; {plural(done['told'], 'other')} told."),
    )


@command("unrecord", "obverse talk unrecord 4kPq2m")
@click.argument("offer", metavar="RECORD")
def remove_recorded(front: Front, offer: str) -> None:
    """Take a record away; nobody is told."""
    front.show(front.ask("talk.recorded.remove", offer=offer), lambda front, _: front.say("Removed."))


COMMANDS: tuple[click.Command, ...] = (record_talk, list_recorded, take_recorded, remove_recorded)
