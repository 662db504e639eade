"""Conversations with the fediverse as their owner reads them; and what a vendor sold in them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from node.desk import Desk
from node.domain.accounts import Account, AccountKind
from node.domain.catalogue import CatalogueItem
from node.domain.notes import Attachment, Visibility
from node.domain.plain_casts import HandOffer, PlainCast
from node.domain.plain_quotes import PlainQuote, QuoteState
from node.domain.talking import Part, Thread, ThreadState, Utterance
from node.services.plain_quotes import link_of
from node.services.talking import last_heard
from node.store.ports import JobState, StoredMessage
from node.web.events import mark_of
from node.web.unseen import show_unseen_in_prose
from node.wire.html import plain_text

__all__ = [
    "SALES_VIEWS",
    "TABS",
    "QuoteFormView",
    "SaleView",
    "SalesView",
    "ThreadView",
    "ThreadsView",
    "quote_form_view",
    "sale_view",
    "sales_view",
    "thread_view",
    "threads_view",
    "watch_thread",
    "watch_threads",
]

A_PAGE = 30
_ANSWERED_CHARS = 80
SAID_SHOWN = 200
FOUND = 12
TABS: Mapping[str, tuple[ThreadState, ...]] = {
    "": (ThreadState.OPEN,),
    "answered": (ThreadState.ANSWERED,),
    "closed": (ThreadState.CLOSED,),
    "all": tuple(ThreadState),
}
"""The tabs of the list by what stands in the address: what waits for an answer comes first."""
SALES_VIEWS: Mapping[str, tuple[QuoteState, ...]] = {
    "": (QuoteState.CONCLUDED,),
    "open": (QuoteState.OPEN,),
    "over": (QuoteState.CANCELLED, QuoteState.EXPIRED, QuoteState.WITHDRAWN),
}
_WORST_FIRST = (JobState.DEAD, JobState.HELD, JobState.EXPIRED, JobState.DROPPED, JobState.QUEUED)


@dataclass(frozen=True, slots=True)
class ThreadsView:
    """A page of conversations. `older` is where the list goes on; `counts` how many each tab has."""

    shown: str
    search: str
    threads: tuple[Thread, ...]
    counts: Mapping[str, int]
    older: int | None
    is_first: bool
    mark: str


def watch_threads(desk: Desk, account: Account) -> tuple[int, int]:
    """What is another value whenever something was said to an account, or looked at."""
    newest = desk.tx.threads.page(account.id, limit=1)
    return (newest[0][0] if newest else 0), desk.tx.threads.unread(account.id)


def threads_view(
    desk: Desk, account: Account, shown: str, *, search: str = "", before: int | None = None
) -> ThreadsView:
    """The newest conversations of a tab; `search` is looked for in whom they are with."""
    page = desk.tx.threads.page(account.id, states=TABS[shown], words=search, before=before, limit=A_PAGE + 1)
    tally = desk.tx.threads.tally(account.id)
    return ThreadsView(
        shown=shown,
        search=search,
        threads=tuple(thread for _, thread in page[:A_PAGE]),
        counts={name: sum(tally.get(state, 0) for state in states) for name, states in TABS.items()},
        older=page[A_PAGE - 1][0] if len(page) > A_PAGE else None,
        is_first=before is None,
        mark=mark_of(watch_threads(desk, account)),
    )


# --- one of them ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EarlierLine:
    words: Markup
    until: datetime


@dataclass(frozen=True, slots=True)
class SaidLine:
    """One thing that was said.

    Shapes: `words` is clean HTML; `answers` the beginning of what it answers in this thread, "" for none;
            `delivery` the state of its delivery where it is ours, None where nothing was sent.
    """

    id: str
    is_ours: bool
    at: datetime
    words: Markup
    part: Part
    visibility: Visibility
    title: str = ""
    warning: str = ""
    url: str = ""
    quoted: str = ""
    answers: str = ""
    answers_address: str = ""
    attachments: tuple[Attachment, ...] = ()
    earlier: tuple[EarlierLine, ...] = ()
    is_deleted: bool = False
    delivery: JobState | None = None


@dataclass(frozen=True, slots=True)
class ThreadView:
    """A conversation whole.

    Shapes: `answered_as` is who could read what is answered; `said` what is answered, None for nothing.
            `is_cut` says that there was more before; `cast` is the intent that it is about, None for none,
            and `recorded` what was offered in it.
    """

    thread: Thread
    lines: tuple[SaidLine, ...]
    said: SaidLine | None
    answered_as: Visibility
    quotes: tuple[PlainQuote, ...]
    may_quote: bool
    cast: PlainCast | None
    recorded: tuple[HandOffer, ...]
    is_cut: bool
    mark: str

    @property
    def intent_page(self) -> str:
        return f"/my/intents/{self.cast.intent.rpartition('/')[2]}" if self.cast is not None else ""


def watch_thread(desk: Desk, account: Account, thread_id: str) -> tuple[int, int]:
    """What is another value whenever something was said in a thread, or its delivery has ended."""
    thread = desk.tx.threads.get(account.id, thread_id)
    said = desk.tx.threads.said_in(account.id, thread_id, limit=20)
    waiting = sum(_delivery(desk, one) is JobState.QUEUED for one in said)
    return (thread.length + thread.unread if thread is not None else 0), waiting


def thread_view(desk: Desk, account: Account, thread_id: str) -> ThreadView | None:
    """One of an account's own conversations, None for another's or none."""
    thread = desk.tx.threads.get(account.id, thread_id)
    if thread is None:
        return None
    said = desk.tx.threads.said_in(account.id, thread.id, limit=SAID_SHOWN)
    words = {one.id: _beginning(plain_text(one.content)) for one in said}
    asked = last_heard(desk, thread)
    lines = tuple(_line(desk, one, words) for one in said)
    return ThreadView(
        thread=thread,
        lines=lines,
        said=next((line for line in lines if asked is not None and line.id == asked.id), None),
        answered_as=asked.visibility if asked is not None else thread.last,
        quotes=tuple(desk.tx.plain_quotes.of_thread(account.id, thread.id)),
        may_quote=account.kind is AccountKind.VENDOR,
        cast=desk.tx.plain_casts.of_thread(account.id, thread.id),
        recorded=tuple(desk.tx.hand_offers.of_thread(account.id, thread.id)),
        is_cut=thread.length > len(said),
        mark=mark_of(watch_thread(desk, account, thread_id)),
    )


def _line(desk: Desk, said: Utterance, words: Mapping[str, str]) -> SaidLine:
    post = desk.tx.posts.get(said.id) if said.is_ours else None
    is_gone = said.deleted_at is not None or (post is not None and post.deleted_at is not None)
    content = (
        said.content if post is None or post.note is None or not post.note.updated_at else post.note.content
    )
    return SaidLine(
        id=said.id,
        is_ours=said.is_ours,
        at=said.at,
        words=Markup("") if is_gone else _clean(content),
        part=said.part,
        visibility=said.visibility,
        title=said.title,
        warning=said.summary,
        url=said.url,
        quoted=said.quoted,
        answers=words.get(said.in_reply_to, ""),
        answers_address="" if said.in_reply_to in words else said.in_reply_to,
        attachments=said.attachments,
        earlier=tuple(EarlierLine(_clean(one.content), one.until) for one in said.earlier),
        is_deleted=is_gone,
        delivery=_delivery(desk, said),
    )


def _beginning(words: str) -> str:
    """So much of what was said that a reader knows which it was."""
    line = " ".join(words.split())
    return line if len(line) <= _ANSWERED_CHARS else f"{line[: _ANSWERED_CHARS - 1].rstrip()}…"


def _clean(content: str) -> Markup:
    """What was cleaned when it came in, or made by ourselves; what hides in it is shown."""
    return Markup(show_unseen_in_prose(content))  # noqa: S704  cleaned by `wire.html` before it was kept


def _delivery(desk: Desk, said: Utterance) -> JobState | None:
    """The worst of its deliveries; None where it was not ours to send."""
    jobs = desk.tx.deliveries.of_activity(f"{said.id}#create") if said.is_ours else []
    if not jobs:
        return None
    states = {job.state for job in jobs}
    return next((state for state in _WORST_FIRST if state in states), JobState.DELIVERED)


# --- quotes and sales -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QuoteFormView:
    """The form for a quote: `item` is what it is filled with, `found` are items to choose from."""

    thread: Thread
    item: CatalogueItem | None
    search: str
    found: tuple[CatalogueItem, ...]


def quote_form_view(
    desk: Desk, account: Account, thread_id: str, *, sku: str, search: str
) -> QuoteFormView | None:
    thread = desk.tx.threads.get(account.id, thread_id)
    if thread is None:
        return None
    found = desk.tx.catalogue.all(account.id, search=search, limit=FOUND) if search else []
    item = desk.tx.catalogue.get(account.id, sku) if sku else None
    return QuoteFormView(thread, item, search, tuple(found))


@dataclass(frozen=True, slots=True)
class SaleLine:
    """A quote, and by what its customer is shown."""

    quote: PlainQuote
    customer: str


@dataclass(frozen=True, slots=True)
class SalesView:
    """A page of what was sold, or offered, to accounts without a node."""

    shown: str
    lines: tuple[SaleLine, ...]
    older: int | None
    is_first: bool


def sales_view(desk: Desk, account: Account, shown: str, before: int | None) -> SalesView:
    page = desk.tx.plain_quotes.page(account.id, states=SALES_VIEWS[shown], before=before, limit=A_PAGE + 1)
    return SalesView(
        shown=shown,
        lines=tuple(SaleLine(quote, _shown(desk, quote)) for _, quote in page[:A_PAGE]),
        older=page[A_PAGE - 1][0] if len(page) > A_PAGE else None,
        is_first=before is None,
    )


def _shown(desk: Desk, quote: PlainQuote) -> str:
    thread = desk.tx.threads.get(quote.account, quote.thread)
    return thread.peer.shown if thread is not None else quote.customer


@dataclass(frozen=True, slots=True)
class SaleMessage:
    """One message of a sale as text; `signed` is what the signature `value` is over, "" for none."""

    stored: StoredMessage
    text: str
    signed: str = ""
    value: str = ""


def _sale_message(stored: StoredMessage) -> SaleMessage:
    text, kept = stored.body.decode("utf-8", "replace"), stored.signature
    if kept is None:
        return SaleMessage(stored, text)
    value = base64.b64encode(kept.value).decode()
    return SaleMessage(stored, text, kept.base.decode("utf-8", "replace"), value)


@dataclass(frozen=True, slots=True)
class SaleView:
    """One quote with what shows that it was accepted: each message as it came, and whose key signed it."""

    line: SaleLine
    link: str
    messages: tuple[SaleMessage, ...]


def sale_view(desk: Desk, account: Account, reference: str) -> SaleView | None:
    quote = desk.tx.plain_quotes.find(reference)
    if quote is None or quote.account != account.id:
        return None
    kept = desk.tx.evidence.of_deal(account.id, quote.id)
    messages = tuple(_sale_message(one) for one in kept)
    return SaleView(SaleLine(quote, _shown(desk, quote)), link_of(desk, quote), messages)
