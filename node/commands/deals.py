"""What either side does in a deal: look at it, speak, and everything after the conclusion."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.references import account_for, deal_for
from node.commands.registry import Commands
from node.commands.shown import shown_deal
from node.commands.talking import shown_quote
from node.commands.timelines import shown_timeline
from node.context import Node
from node.desk import Desk
from node.domain.errors import InvalidInput
from node.domain.feedback import MOODS
from node.domain.messages import Aspect, Sender, Stage
from node.domain.plain_quotes import QuoteState
from node.domain.reasons import CANCEL_REASONS
from node.services import fulfilling, negotiating
from node.services.feedback import PublicWords, publish_feedback
from node.services.fulfilling import ReceiptWish
from node.workflows.lookups import find_contact

__all__ = ["COMMANDS"]

COMMANDS = Commands()
_SOLD = (QuoteState.CONCLUDED, QuoteState.CANCELLED)


@COMMANDS.command("deal.show", "deal", reads=True)
async def show(node: Node, arguments: Arguments) -> JsonObject:
    """One deal with every message of it; each signature and digest is computed anew from the kept bytes."""

    def view(desk: Desk) -> JsonObject:
        deal = deal_for(desk, arguments)
        messages = shown_timeline(desk, deal, node.config.limits)
        return {**shown_deal(desk, deal), "messages": messages}

    return await node.look(view)


@COMMANDS.command("deal.list", "limit", reads=True)
async def list_deals(node: Node, arguments: Arguments) -> JsonObject:
    """The deals of the account, newest change first; beside them what a vendor sold by message."""
    limit = arguments.whole("limit", 1000, least=1, most=10_000)

    def view(desk: Desk) -> JsonObject:
        account = account_for(desk, arguments)
        deals = desk.tx.deals.all(account.id, limit=limit)
        sales = desk.tx.plain_quotes.page(account.id, states=_SOLD, limit=limit)
        return {
            "deals": [shown_deal(desk, deal) for deal in deals],
            "sales": [shown_quote(desk, quote) for _, quote in sales],
        }

    return await node.look(view)


@COMMANDS.command("deal.ask", "deal text")
async def ask(node: Node, arguments: Arguments) -> JsonObject:
    """Say something on a deal: a question, or an answer to one."""
    text = arguments.text("text", 10_000)
    return await node.work(
        lambda desk: shown_deal(desk, negotiating.ask(desk, deal_for(desk, arguments), text))
    )


# --- calling it off ---------------------------------------------------------------------------------------


@COMMANDS.command("deal.cancel", "deal reason text")
async def cancel(node: Node, arguments: Arguments) -> JsonObject:
    """Ask the other side to call an agreement off."""
    reason = arguments.choice("reason", CANCEL_REASONS)
    text = arguments.maybe_text("text", 5000)
    return await node.work(
        lambda desk: shown_deal(desk, fulfilling.cancel(desk, deal_for(desk, arguments), reason, text))
    )


@COMMANDS.command("deal.cancel.answer", "deal agree text")
async def answer_cancel(node: Node, arguments: Arguments) -> JsonObject:
    """Answer the cancellation that the other side asked for."""
    if "agree" not in arguments:
        raise InvalidInput("agree", "is missing", "Give true or false.")
    agree, text = arguments.flag("agree"), arguments.maybe_text("text", 5000)

    def work(desk: Desk) -> JsonObject:
        deal = deal_for(desk, arguments)
        return shown_deal(desk, fulfilling.answer_cancellation(desk, deal, agree=agree, content=text))

    return await node.work(work)


# --- fulfilment -------------------------------------------------------------------------------------------


@COMMANDS.command("deal.progress", "deal stage amount name text at")
async def progress(node: Node, arguments: Arguments) -> JsonObject:
    """Say that goods moved or money was paid; without `amount`, all that is left."""
    stage = Stage(arguments.choice("stage", list(Stage)))

    def work(desk: Desk) -> JsonObject:
        done = fulfilling.report_progress(
            desk,
            deal_for(desk, arguments),
            stage,
            amount=arguments.maybe_text("amount", 40),
            name=arguments.maybe_text("name", 200),
            content=arguments.maybe_text("text", 5000),
            happened_at=_happened_at(arguments, desk.signing_time),
        )
        return shown_deal(desk, done)

    return await node.work(work)


def _happened_at(arguments: Arguments, now: datetime) -> datetime | None:
    at = arguments.maybe_when("at", now)
    if at is not None and at > now:
        raise InvalidInput("at", "that time is yet to come", "Report what has happened.")
    return at


@COMMANDS.command("deal.receipt", "deal return_until guarantee_until")
async def receipt(node: Node, arguments: Arguments) -> JsonObject:
    """Issue the vendor's signed receipt."""
    wish = ReceiptWish(_date(arguments, "return_until"), _date(arguments, "guarantee_until"))

    def work(desk: Desk) -> JsonObject:
        deal = deal_for(desk, arguments, side=Sender.VENDOR)
        return shown_deal(desk, fulfilling.issue_receipt(desk, deal, wish))

    return await node.work(work)


def _date(arguments: Arguments, name: str) -> date | None:
    text = arguments.maybe_text(name, 20)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(name, f"{text!r} is no date", "Write it like 2027-11-27.") from None


@COMMANDS.command("deal.confirm", "deal")
async def confirm(node: Node, arguments: Arguments) -> JsonObject:
    """The customer confirms that she received what was agreed."""

    def work(desk: Desk) -> JsonObject:
        deal = deal_for(desk, arguments, side=Sender.CUSTOMER)
        return shown_deal(desk, fulfilling.confirm(desk, deal))

    return await node.work(work)


# --- feedback ---------------------------------------------------------------------------------------------


@COMMANDS.command("deal.feedback", "deal text aspects public title")
async def feedback(node: Node, arguments: Arguments) -> JsonObject:
    """Tell the vendor how it was, and only the vendor; with `public` publish it from the account instead."""
    text, aspects = arguments.text("text", 10_000), _read_aspects(arguments.objects("aspects", 20))
    if arguments.flag("public"):
        return await _publish(node, arguments, text, aspects)
    if "title" in arguments:
        raise InvalidInput("title", "private feedback has none", "Leave it out, or publish.")

    def work(desk: Desk) -> JsonObject:
        deal = deal_for(desk, arguments, side=Sender.CUSTOMER)
        return {**shown_deal(desk, fulfilling.give_feedback(desk, deal, text, aspects)), "published": None}

    return await node.work(work)


async def _publish(node: Node, arguments: Arguments, text: str, aspects: tuple[Aspect, ...]) -> JsonObject:
    deal = await node.look(lambda desk: deal_for(desk, arguments, side=Sender.CUSTOMER))
    account = await node.look(lambda desk: desk.tx.accounts.get(deal.account))
    assert account is not None
    vendor = await find_contact(node, account, deal.peer)
    words = PublicWords(arguments.maybe_text("title", 200) or "", text, aspects)

    def work(desk: Desk) -> JsonObject:
        current = desk.tx.deals.get(deal.own, deal.id) or deal
        post = publish_feedback(desk, account, current, vendor, words)
        published = {"id": post.note_id, "url": post.url, "title": post.title}
        return {**shown_deal(desk, current), "published": published}

    return await node.work(work)


def _read_aspects(listed: list[dict[str, Any]]) -> tuple[Aspect, ...]:
    aspects = []
    for raw in listed:
        aspect = Arguments(raw)
        aspect.only(("name", "text", "mood"))
        mood = aspect.choice("mood", MOODS) if "mood" in aspect else None
        aspects.append(Aspect(aspect.text("name", 200), aspect.maybe_text("text", 2000) or "", mood))
    return tuple(aspects)
