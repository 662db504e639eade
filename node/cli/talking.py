"""Conversations with the fediverse: listing, answering, quoting."""

from __future__ import annotations

from typing import Any

import click

from federation.messages import JsonObject
from node.cli.front import Front, command, group
from node.cli.recorded import COMMANDS as RECORDED
from node.cli.render import ago, money, short_id, table, tone

__all__ = ["COMMANDS"]

VISIBILITIES = ("direct", "followers", "unlisted", "public")


@command("list", "obverse talk list --search bea")
@click.option("--all", "everything", is_flag=True, help="Closed ones, too.")
@click.option("--search", metavar="WORDS", help="In the handle, the name or the id of the other.")
def list_talks(front: Front, everything: bool, search: str | None) -> None:
    """List conversations, the newest change first."""
    front.show(front.ask("talk.list", all=everything, search=search), _show_list)


def _show_list(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["Talk", "With", "State", "New", "Changed", "Last words"],
        [
            (
                short_id(one["id"]),
                one["peer"],
                one["state"],
                str(one["unread"] or "-"),
                ago(one["changed_at"]),
                " ".join(one["excerpt"].split())[:60],
            )
            for one in result["threads"]
        ],
        empty="Nobody has written yet. What is said to you from any server of the fediverse comes here.",
    )


@command("show", "obverse talk show 7Qk2Lv")
@click.argument("thread", metavar="TALK")
def show_talk(front: Front, thread: str) -> None:
    """Show all that was said in one conversation."""
    front.show(front.ask("talk.show", thread=thread), _show_talk)


def _show_talk(front: Front, result: JsonObject) -> None:
    front.say(f"{result['peer']} ({result['actor']}), {result['state']}")
    for one in result["said"]:
        marks = [one["visibility"], *(name for name in ("edited", "deleted") if one[name])]
        if one["part"] != "words":
            marks.append(one["part"])
        if one["delivery"]:
            marks.append(one["delivery"])
        front.say(f"\n{'You' if one['by'] == 'us' else 'They'}, {ago(one['at'])} ({', '.join(marks)}):")
        if one["warning"]:
            front.say(f"  [{one['warning']}]")
        for line in one["text"].splitlines():
            front.say(f"  {line}")
    if result["quotes"]:
        front.say("")
        _show_quotes(front, result)


@command("answer", 'obverse talk answer 7Qk2Lv "Yes, on Friday."')
@click.argument("thread", metavar="TALK")
@click.argument("text")
@click.option(
    "--visibility",
    type=click.Choice(VISIBILITIES),
    help="Who may read it (default: whoever could read what is answered).",
)
@click.option("--wider", is_flag=True, help="More people may read it than could read what it answers.")
@click.option("--warning", metavar="WORDS", help="What it is about, before the words are shown.")
@click.option("--to", metavar="ID", help="What is answered (default: what they said last).")
def answer_talk(front: Front, /, **options: Any) -> None:
    """Answer in a conversation."""
    front.show(
        front.ask("talk.answer", **options), lambda front, sent: front.say(f"Said, {sent['visibility']}.")
    )


@command("close", "obverse talk close 7Qk2Lv")
@click.argument("thread", metavar="TALK")
def close_talk(front: Front, thread: str) -> None:
    """Put a conversation away; what they say next opens it again."""
    front.show(front.ask("talk.close", thread=thread), lambda front, _: front.say("Closed."))


@command("open", "obverse talk open 7Qk2Lv")
@click.argument("thread", metavar="TALK")
def open_talk(front: Front, thread: str) -> None:
    """Take a conversation up again."""
    front.show(front.ask("talk.open", thread=thread), lambda front, one: front.say(f"It is {one['state']}."))


# --- quotes -----------------------------------------------------------------------------------------------


@command("quote", 'obverse talk quote 7Qk2Lv --sku NK20 --price 260.00 --terms "Collected." --valid 2d')
@click.argument("thread", metavar="TALK")
@click.option("--sku", help="The catalogue item that it is.")
@click.option("--goods", help="What it is, in words (default with --sku: its name).")
@click.option("--quantity", help="How much of it (default: 1).")
@click.option("--unit", help="Of what unit (default: the item's, or one).")
@click.option(
    "--price", help="The total, such as '260.00 EUR' (default with --sku: the catalogue's, delivery with it)."
)
@click.option("--terms", help="What else holds: delivery, payment, return.")
@click.option("--valid", metavar="72h", help="How long it stands (default: 3 days).")
@click.option("--firm", is_flag=True, help="It is not taken back, and its stock is reserved.")
@click.option("--language", type=click.Choice(["en", "de"]), help="Of the words around it.")
def quote_talk(front: Front, /, **options: Any) -> None:
    """Offer something to an account without a node; its answer `accept REFERENCE` concludes it."""
    front.show(
        front.ask("talk.quote", **options),
        lambda front, made: front.say(
            f"Sent: {made['goods']}, {money(made['price'])}, until {made['ends_at']}."
            f" They accept with: accept {made['reference']}"
        ),
    )


@command("quotes", "obverse talk quotes --all")
@click.option("--all", "everything", is_flag=True, help="Those that came to nothing, too.")
def list_quotes(front: Front, everything: bool) -> None:
    """List quotes to accounts without a node, and what was sold by them."""
    front.show(front.ask("talk.quotes", all=everything), _show_quotes)


def _show_quotes(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["Reference", "Goods", "Price", "State", "Ends", "Signed by"],
        [
            (
                one["reference"],
                f"{one['quantity']} × {one['goods']}",
                money(one["price"]),
                tone(one["state"]),
                ago(one["ends_at"]),
                one["signed_by"] or "-",
            )
            for one in result["quotes"]
        ],
        empty="No quotes yet. Send one in a conversation: obverse talk quote",
    )


@command("quote-withdraw", "obverse talk quote-withdraw 7K3M-9QXT")
@click.argument("reference")
def withdraw_quote(front: Front, reference: str) -> None:
    """Take back a quote that is neither firm nor concluded."""
    front.show(
        front.ask("talk.quote.withdraw", reference=reference), lambda front, _: front.say("Taken back.")
    )


COMMANDS = (
    group(
        "talk",
        "Conversations with anybody in the fediverse, and quotes to accounts without a node.",
        list_talks,
        show_talk,
        answer_talk,
        close_talk,
        open_talk,
        quote_talk,
        list_quotes,
        withdraw_quote,
        *RECORDED,
    ),
)
