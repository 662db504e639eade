"""A deal, from either side: look at it, speak, and everything after the conclusion."""

from __future__ import annotations

from typing import Any

import click

from federation.messages import JsonObject
from node.cli.front import Front, command, group
from node.cli.render import ago, money, short_id, table, tone
from node.cli.words import deal_line, item_words, offer_words, parse_aspect, state_words, tell_deal
from node.domain.messages import Stage
from node.domain.reasons import CANCEL_REASONS

__all__ = ["COMMANDS"]


# --- looking ----------------------------------------------------------------------------------------------


@command("show", "obverse deal show qU2Lvu")
@click.argument("deal")
def deal_show(front: Front, deal: str) -> None:
    """Show a deal with each message of it; signatures and digests are checked anew."""
    front.show(front.ask("deal.show", deal=deal), _show_deal)


def _show_deal(front: Front, deal: JsonObject) -> None:
    front.say(f"{deal['id']} with {deal['peer_name']}: {state_words(deal)}")
    if deal["proposal"] is not None:
        _show_proposal(front, deal["proposal"])
    for offer in deal["offers"]:
        front.say(f"  offer {short_id(offer['id'])} ({offer['state']}): {offer_words(offer)}")
    agreed = deal["agreement"]
    if agreed is not None:
        front.say(
            f"  agreed: {item_words(agreed)} for {money(agreed['price'])}, {ago(agreed['concluded_at'])}"
        )
        if agreed["disclosed"]:
            front.say(f"  disclosed: {agreed['disclosed']}")
    receipt = deal["receipt"]
    if receipt is not None:
        front.say(
            f"  receipt: return until {receipt['return_until'] or 'not stated'}, "
            f"guarantee until {receipt['guarantee_until'] or 'not stated'}"
        )
    table(
        front.out,
        ["When", "What", "Who", "Says", "Digest", "Signature"],
        [_message_row(line) for line in deal["messages"]],
        empty="No messages.",
    )


def _show_proposal(front: Front, proposal: JsonObject) -> None:
    due = f", needed {ago(proposal['due_at'])}" if proposal["due_at"] else ""
    budget = f", up to {money(proposal['budget'])}" if proposal["budget"] else ""
    front.say(f"  wanted: {proposal['quantity']} × {proposal['name'] or 'as before'}{budget}{due}")
    if proposal["text"]:
        front.say(f"  {proposal['text']}")
    for wish in proposal["wishes"]:
        front.say(f"  {wish['weight']}: {wish['wish']} ({wish['id']})")


def _message_row(line: JsonObject) -> tuple[str, ...]:
    kind = line["kind"] or "unknown"
    if line["refused"]:
        kind += f" (refused: {line['refused']})"
    waits = line["delivery"] if line["delivery"] not in (None, "delivered") else ""
    who = f"{line['by']} ({waits})" if waits else line["by"]
    holds = "holds" if line["signature"]["holds"] else f"DOES NOT HOLD: {line['signature']['words']}"
    return ago(line["at"]), kind, who, line["says"] or "-", f"…{line['digest'][-8:]}", holds


@command("list", "obverse deal list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
def deal_list(front: Front, limit: int) -> None:
    """List every deal, the newest change first; then what was sold by message."""
    front.show(front.ask("deal.list", limit=limit), _show_deals)


def _show_deals(front: Front, result: JsonObject) -> None:
    table(
        front.out,
        ["Deal", "With", "What", "State"],
        [
            (short_id(one["id"]), one["peer_name"], _what(one), tone(state_words(one)))
            for one in result["deals"]
        ]
        + [
            (one["reference"], one["peer"], _what_sold(one), tone(_sold_words(one)))
            for one in result["sales"]
        ],
        empty="No deals yet. Say what you want: obverse intent cast --help",
    )


def _what_sold(sale: JsonObject) -> str:
    return f"{sale['quantity']} × {sale['goods']}, {money(sale['price'])}"


def _sold_words(sale: JsonObject) -> str:
    """Its state, and where it is talked about: such a sale is looked after in its conversation."""
    state = "agreed" if sale["state"] == "concluded" else sale["state"]
    return f"{state} by message, talk {sale['thread'][-6:]}"


def _what(deal: JsonObject) -> str:
    if deal["agreement"] is not None:
        return f"{item_words(deal['agreement'])}, {money(deal['agreement']['price'])}"
    return str((deal["proposal"] or {}).get("name") or short_id(deal["category"], 12))


@command("ask", 'obverse ask qU2Lvu "Does it have gears?"')
@click.argument("deal")
@click.argument("text")
def ask(front: Front, deal: str, text: str) -> None:
    """Say something on a deal: a question, or the answer to one."""
    tell_deal(front, "Sent.", front.ask("deal.ask", deal=deal, text=text))


# --- calling it off ---------------------------------------------------------------------------------------


@command("cancel", "obverse cancel qU2Lvu --reason needGone")
@click.argument("deal")
@click.option("--reason", type=click.Choice(CANCEL_REASONS), required=True)
@click.option("--text", help="A word about it.")
def cancel(front: Front, deal: str, reason: str, text: str | None) -> None:
    """Ask the other side to call an agreement off; it has three days to answer."""
    done = front.ask("deal.cancel", deal=deal, reason=reason, text=text)
    tell_deal(front, "Asked; the agreement stands until the other side agrees.", done)


@command("cancel-answer", "obverse cancel-answer qU2Lvu --yes")
@click.argument("deal")
@click.option("--yes/--no", "agree", default=None, required=True, help="Call it off, or let it stand.")
@click.option("--text", help="A word about it.")
def cancel_answer(front: Front, deal: str, agree: bool, text: str | None) -> None:
    """Answer the cancellation that the other side asked for."""
    done = front.ask("deal.cancel.answer", deal=deal, agree=agree, text=text)
    tell_deal(front, "Called off." if agree else "It stands.", done)


# --- fulfilment -------------------------------------------------------------------------------------------


@command("progress", "obverse progress qU2Lvu dispatched")
@click.argument("deal")
@click.argument("stage", type=click.Choice([stage.value for stage in Stage]))
@click.option("--amount", help="How much of it (default: all that is left).")
@click.option("--name", help="A tracking number, say.")
@click.option("--at", metavar="WHEN", help="When it happened (default: now).")
@click.option("--text", help="A word about it.")
def progress(front: Front, /, **options: Any) -> None:
    """Say that goods moved (the vendor) or money was paid (the customer)."""
    tell_deal(front, f"Reported: {options['stage']}.", front.ask("deal.progress", **options))


@command("receipt", "obverse receipt qU2Lvu --return-until 2026-12-31 --guarantee-until 2028-11-30")
@click.argument("deal")
@click.option("--return-until", metavar="DATE")
@click.option("--guarantee-until", metavar="DATE")
def receipt(front: Front, deal: str, return_until: str | None, guarantee_until: str | None) -> None:
    """Issue the signed receipt of a deal."""
    done = front.ask("deal.receipt", deal=deal, return_until=return_until, guarantee_until=guarantee_until)
    tell_deal(front, "The receipt is issued.", done)


@command("confirm", "obverse confirm qU2Lvu")
@click.argument("deal")
def confirm(front: Front, deal: str) -> None:
    """Confirm that you received what was agreed."""
    tell_deal(front, "Confirmed.", front.ask("deal.confirm", deal=deal))


@command(
    "feedback",
    """obverse feedback qU2Lvu "Thank you." --aspect 'after-sales="swapped at my door":delighted'""",
)
@click.argument("deal")
@click.argument("text")
@click.option("--aspect", multiple=True, metavar="NAME=TEXT:MOOD", help="One thing liked or not. Repeat it.")
@click.option("--public", is_flag=True, help="Publish it, from your account.")
@click.option("--title", help="Of what is published.")
def feedback(
    front: Front, deal: str, text: str, aspect: tuple[str, ...], public: bool, title: str | None
) -> None:
    """Tell the vendor how it was, and only the vendor; publishing it is a second act.

    Published, strangers learn that a customer of this vendor wrote it, and the vendor can tell which purchase
    it was. Moods: delighted, pleased, indifferent, annoyed, angry.
    """
    aspects = [parse_aspect(one) for one in aspect]
    done = front.ask("deal.feedback", deal=deal, text=text, aspects=aspects, public=public, title=title)
    front.show(done, _show_feedback)


def _show_feedback(front: Front, done: JsonObject) -> None:
    published = done["published"]
    where = f"Published: {published['url']}" if published else "Told to the vendor, and to nobody else."
    front.say(where)
    front.say(deal_line(done))


COMMANDS: tuple[click.Command, ...] = (
    group("deal", "One deal, with all its evidence.", deal_show, deal_list),
    ask,
    cancel,
    cancel_answer,
    progress,
    receipt,
    confirm,
    feedback,
)
