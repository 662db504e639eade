"""Conversations with the fediverse: what people say to an account, answers, and quotes to plain accounts."""

from __future__ import annotations

from datetime import timedelta

from federation.messages import JsonObject
from node.commands.arguments import Arguments
from node.commands.references import account_for, vendor_for
from node.commands.registry import Commands
from node.context import Node
from node.desk import Desk
from node.domain.accounts import Account
from node.domain.errors import InvalidInput
from node.domain.notes import Visibility
from node.domain.plain_quotes import PlainQuote, QuoteState
from node.domain.plain_words import LANGUAGES
from node.domain.talking import Thread, ThreadState, Utterance
from node.domain.values import Quantity, format_time, parse_quantity
from node.services.plain_quotes import QuoteDraft, link_of, send_quote, total_of, withdraw_quote
from node.services.talking import answer, close_thread, find_thread, last_heard, open_thread, see_thread
from node.wire.html import plain_text

__all__ = ["COMMANDS", "shown_quote", "thread_for"]

COMMANDS = Commands()
LOOKED_AT = 500
VALID_FOR = timedelta(days=3)


def thread_for(desk: Desk, account: Account, arguments: Arguments) -> Thread:
    """The conversation that a user names, by its id or the end of it. Raises: InvalidInput."""
    named = arguments.text("thread", 100)
    if desk.tx.threads.get(account.id, named) is None and len(named) >= 4:
        listed = desk.tx.threads.page(account.id, limit=LOOKED_AT)
        found = [thread for _, thread in listed if thread.id.endswith(named)]
        if len(found) == 1:
            return found[0]
        if found:
            raise InvalidInput(
                "thread", f"{len(found)} conversations end with {named!r}", "Write more of its id."
            )
    return find_thread(desk, account, named)


# --- looking ----------------------------------------------------------------------------------------------


@COMMANDS.command("talk.list", "all search", reads=True)
async def list_threads(node: Node, arguments: Arguments) -> JsonObject:
    """Conversations, newest change first; closed ones too with `all`."""
    states = () if arguments.flag("all") else (ThreadState.OPEN, ThreadState.ANSWERED)
    words = arguments.maybe_text("search", 200) or ""

    def view(desk: Desk) -> list[JsonObject]:
        account = account_for(desk, arguments)
        page = desk.tx.threads.page(account.id, states=states, words=words, limit=200)
        return [_shown_thread(thread) for _, thread in page]

    return {"threads": await node.look(view)}


@COMMANDS.command("talk.show", "thread", reads=True)
async def show_thread(node: Node, arguments: Arguments) -> JsonObject:
    """All that was said in one conversation, oldest first, with its quotes."""

    def view(desk: Desk) -> JsonObject:
        account = account_for(desk, arguments)
        return _whole(desk, thread_for(desk, account, arguments))

    return await node.look(view)


def _whole(desk: Desk, thread: Thread) -> JsonObject:
    said = desk.tx.threads.said_in(thread.account, thread.id)
    quotes = desk.tx.plain_quotes.of_thread(thread.account, thread.id)
    return {
        **_shown_thread(thread),
        "said": [_shown_utterance(desk, one) for one in said],
        "quotes": [shown_quote(desk, quote) for quote in quotes],
    }


def _shown_thread(thread: Thread) -> JsonObject:
    return {
        "id": thread.id,
        "peer": thread.peer.shown,
        "actor": thread.peer.actor,
        "name": thread.peer.name,
        "state": thread.state.value,
        "unread": thread.unread,
        "length": thread.length,
        "changed_at": format_time(thread.changed_at),
        "excerpt": thread.excerpt,
    }


def _shown_utterance(desk: Desk, said: Utterance) -> JsonObject:
    return {
        "id": said.id,
        "by": "us" if said.is_ours else "them",
        "part": said.part.value,
        "at": format_time(said.at),
        "visibility": said.visibility.value,
        "warning": said.summary,
        "text": plain_text(said.content),
        "edited": said.updated_at is not None and bool(said.earlier),
        "deleted": said.deleted_at is not None,
        "delivery": _delivery(desk, said),
    }


def _delivery(desk: Desk, said: Utterance) -> str:
    """What became of what we sent: the worst of its deliveries, "" for what was not ours to send."""
    jobs = desk.tx.deliveries.of_activity(f"{said.id}#create") if said.is_ours else []
    states = {job.state.value for job in jobs}
    return next(
        (state for state in ("dead", "held", "expired", "queued", "delivered") if state in states), ""
    )


def shown_quote(desk: Desk, quote: PlainQuote) -> JsonObject:
    """A quote to a plain account; once it is concluded, a sale by message."""
    thread = desk.tx.threads.get(quote.account, quote.thread)
    return {
        "reference": quote.reference,
        "customer": quote.customer,
        "peer": thread.peer.shown if thread is not None else quote.customer,
        "thread": quote.thread,
        "goods": quote.goods,
        "sku": quote.sku,
        "quantity": str(quote.quantity),
        "price": {"amount": quote.price.text, "currency": quote.price.currency},
        "terms": quote.terms,
        "firm": quote.firm,
        "state": quote.state.value,
        "ends_at": format_time(quote.ends_at),
        "concluded_at": format_time(quote.concluded_at) if quote.concluded_at else None,
        "signed_by": "the customer's server" if quote.concluded_at else None,
        "page": link_of(desk, quote),
    }


# --- acting -----------------------------------------------------------------------------------------------


@COMMANDS.command("talk.answer", "thread text visibility wider warning to")
async def answer_thread(node: Node, arguments: Arguments) -> JsonObject:
    """Answer: as visible as what is answered, unless said otherwise; wider only where that is meant."""
    text = arguments.text("text", 5000)
    asked_for = arguments.maybe_text("visibility", 20)
    visibility = Visibility(arguments.choice("visibility", list(Visibility))) if asked_for else None

    def work(desk: Desk) -> JsonObject:
        account = account_for(desk, arguments)
        thread = see_thread(desk, account, thread_for(desk, account, arguments).id)
        to = arguments.maybe_text("to", 2000) or ""
        heard = desk.tx.threads.utterance(account.id, to) if to else last_heard(desk, thread)
        sent = answer(
            desk,
            account,
            thread,
            text,
            visibility=visibility or (heard.visibility if heard is not None else thread.last),
            to=to,
            summary=arguments.maybe_text("warning", 500) or "",
            is_wider_meant=arguments.flag("wider"),
        )
        return _shown_utterance(desk, sent)

    return await node.work(work)


@COMMANDS.command("talk.close", "thread")
async def close(node: Node, arguments: Arguments) -> JsonObject:
    """Put a conversation away; what they say next opens it again."""

    def work(desk: Desk) -> JsonObject:
        account = account_for(desk, arguments)
        return _shown_thread(close_thread(desk, account, thread_for(desk, account, arguments).id))

    return await node.work(work)


@COMMANDS.command("talk.open", "thread")
async def reopen(node: Node, arguments: Arguments) -> JsonObject:
    """Take a conversation up again."""

    def work(desk: Desk) -> JsonObject:
        account = account_for(desk, arguments)
        return _shown_thread(open_thread(desk, account, thread_for(desk, account, arguments).id))

    return await node.work(work)


# --- quotes -----------------------------------------------------------------------------------------------


@COMMANDS.command("talk.quote", "thread goods sku quantity unit price currency terms valid firm language")
async def quote(node: Node, arguments: Arguments) -> JsonObject:
    """Offer something to a plain account, which `accept REFERENCE` concludes; `sku` is of the catalogue."""

    def work(desk: Desk) -> JsonObject:
        account = vendor_for(desk, arguments)
        thread = thread_for(desk, account, arguments)
        return shown_quote(desk, send_quote(desk, account, thread, _draft(desk, account, arguments)))

    return await node.work(work)


def _draft(desk: Desk, account: Account, arguments: Arguments) -> QuoteDraft:
    sku = arguments.maybe_text("sku", 64) or ""
    item = desk.tx.catalogue.get(account.id, sku) if sku else None
    if sku and item is None:
        raise InvalidInput("sku", f"there is no item {sku!r}", "See `obverse catalogue list`.")
    unit = item.unit if item is not None else arguments.maybe_text("unit", 40) or "one"
    quantity = _quantity(arguments.maybe_text("quantity", 20) or "1", unit)
    currency = item.price.currency if item is not None else arguments.maybe_text("currency", 3)
    price = arguments.maybe_money("price", currency)
    if price is None and item is not None:
        price = total_of(item, quantity)
    if price is None:
        raise InvalidInput("price", "is missing", "Write the total, such as '289.00 EUR'.")
    goods = arguments.maybe_text("goods", 500) or (item.name if item is not None else "")
    return QuoteDraft(
        goods=goods,
        quantity=quantity,
        price=price,
        ends_at=desk.signing_time + (arguments.maybe_span("valid") or VALID_FOR),
        sku=sku,
        terms=arguments.maybe_text("terms", 1000) or "",
        firm=arguments.flag("firm"),
        language=arguments.choice("language", LANGUAGES, LANGUAGES[0]),
    )


def _quantity(text: str, unit: str) -> Quantity:
    try:
        return parse_quantity(text, unit)
    except ValueError as error:
        raise InvalidInput("quantity", str(error), "Write a number such as 1 or 2.5.") from None


@COMMANDS.command("talk.quotes", "all", reads=True)
async def list_quotes(node: Node, arguments: Arguments) -> JsonObject:
    """Quotes to plain accounts, newest first: those that are open or concluded, with `all` all."""
    states = () if arguments.flag("all") else (QuoteState.OPEN, QuoteState.CONCLUDED)

    def view(desk: Desk) -> list[JsonObject]:
        account = vendor_for(desk, arguments)
        return [
            shown_quote(desk, quote)
            for _, quote in desk.tx.plain_quotes.page(account.id, states=states, limit=200)
        ]

    return {"quotes": await node.look(view)}


@COMMANDS.command("talk.quote.withdraw", "reference")
async def withdraw(node: Node, arguments: Arguments) -> JsonObject:
    """Take back a quote that is neither firm nor concluded."""

    def work(desk: Desk) -> JsonObject:
        account = vendor_for(desk, arguments)
        return shown_quote(desk, withdraw_quote(desk, account, arguments.text("reference", 40)))

    return await node.work(work)
