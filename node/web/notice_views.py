"""What happened, as its owner reads it day by day; and by which other ways they are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from node.desk import Desk
from node.domain.accounts import Account, AccountKind
from node.domain.deals import Deal
from node.domain.messages import Sender
from node.domain.notices import TOPICS, Topic, topic_of
from node.services.outlets import MAIL
from node.store.ports import Channel, Choices, Notice, Outlet
from node.web.deal_reads import peer_of, ref_of
from node.web.events import mark_of
from node.web.i18n import Locale
from node.web.notice_words import sentence_of
from node.web.places import place_of
from node.web.shop.deals import customer_of

__all__ = [
    "NoticeDay",
    "NoticeLine",
    "NoticesView",
    "TellingView",
    "notices_view",
    "telling_view",
    "watch_notices",
]

A_PAGE = 40
_ICONS = {
    Topic.OFFERS: "tag",
    Topic.INTENTS: "inbox",
    Topic.DRAFTS: "inbox",
    Topic.MESSAGES: "messages",
    Topic.ACCEPTANCES: "deals",
    Topic.DEALS: "deals",
    Topic.ENDING: "clock",
    Topic.FEEDBACK: "bell",
    Topic.FOLLOWERS: "people",
    Topic.DELIVERIES: "deliveries",
    Topic.NODE: "info",
}

_FOLLOW_PAGES = {
    "follow-accepted": "/my/following",
    "follow-refused": "/my/following",
    "follow-ended": "/my/following",
    "moved": "/my/moves",
}
"""Where the news of those whom an owner follows lies; that of those who follow lies on their own page."""


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One notice. `page` is where its thing lies, `about` what it is and with whom: "" for none."""

    id: int
    at: datetime
    words: str
    page: str
    about: str
    icon: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class NoticeDay:
    """The notices of one day of the reader's. `at` is the time of one of them."""

    at: datetime
    lines: tuple[NoticeLine, ...]


@dataclass(frozen=True, slots=True)
class NoticesView:
    """A page of them. `upto` is the newest that is shown; `older` is where the list goes on."""

    days: tuple[NoticeDay, ...]
    new: int
    upto: int
    older: int | None
    is_first: bool
    mark: str


@dataclass(frozen=True, slots=True)
class TellingView:
    """How an owner is told. `has_server`: this node can send mail; `push_key` is what browsers need."""

    topics: tuple[Topic, ...]
    choices: Choices
    mail: Outlet | None
    browsers: tuple[Outlet, ...]
    has_server: bool
    push_key: str
    now: datetime

    @property
    def is_asked(self) -> bool:
        """Whether a code was sent that can still be typed."""
        mail = self.mail
        return mail is not None and bool(mail.code_hash) and (mail.code_until or self.now) > self.now


def notices_view(desk: Desk, account: Account, locale: Locale, before: int | None) -> NoticesView:
    """A page of what happened, newest day first."""
    found = desk.tx.news.page(account.id, before=before, limit=A_PAGE + 1)
    subjects = _Subjects(desk, account)
    lines = [_line(account, notice, is_new, locale, subjects) for notice, is_new in found[:A_PAGE]]
    days = groupby(lines, key=lambda line: _day_of(line, locale))
    return NoticesView(
        days=tuple(NoticeDay(day[0].at, day) for _, group in days if (day := tuple(group))),
        new=desk.tx.news.count(account.id),
        upto=desk.tx.news.newest(account.id),
        older=found[A_PAGE - 1][0].id if len(found) > A_PAGE else None,
        is_first=before is None,
        mark=mark_of(watch_notices(desk, account)),
    )


def watch_notices(desk: Desk, account: Account) -> tuple[int, int]:
    """What the page is to be told of."""
    return desk.tx.news.newest(account.id), desk.tx.news.count(account.id)


def telling_view(desk: Desk, account: Account, *, has_server: bool, push_key: str) -> TellingView:
    """By which ways the owner of an account is told of what."""
    outlets = desk.tx.outlets.all(account.id)
    browsers = sorted((one for one in outlets if one.channel is Channel.PUSH), key=lambda one: one.made_at)
    return TellingView(
        topics=TOPICS[account.kind],
        choices=desk.tx.outlets.choices(account.id),
        mail=next((one for one in outlets if one.id == MAIL), None),
        browsers=tuple(browsers),
        has_server=has_server,
        push_key=push_key,
        now=desk.now,
    )


def _day_of(line: NoticeLine, locale: Locale) -> date:
    return line.at.astimezone(locale.zone).date()


class _Subjects:
    """What a deal is about, and with whom; each deal is read once."""

    def __init__(self, desk: Desk, account: Account) -> None:
        self._desk = desk
        self._account = account
        self._known: dict[str, str] = {}

    def of(self, deal_id: str) -> str:
        if deal_id not in self._known:
            found = self._desk.tx.deals.find(self._account.id, deal_id.rpartition("/")[2])
            deal = next((one for one in found if one.id == deal_id), None)
            self._known[deal_id] = self._told(deal) if deal is not None else ""
        return self._known[deal_id]

    def _told(self, deal: Deal) -> str:
        item = deal.agreement.item if deal.agreement is not None else None
        what = item.name if item is not None else deal.proposal.name if deal.proposal is not None else ""
        if deal.side is Sender.CUSTOMER:
            who = peer_of(self._desk, deal).name
        else:
            customer = customer_of(deal)
            who = customer.name or customer.host
        return " · ".join(filter(None, (what, who)))


def _line(account: Account, notice: Notice, is_new: bool, locale: Locale, subjects: _Subjects) -> NoticeLine:
    topic = topic_of(notice.kind, notice.code)
    return NoticeLine(
        id=notice.id,
        at=notice.at,
        words=sentence_of(notice, locale.words),
        page=_page_of(account, notice, topic),
        about=subjects.of(notice.deal_id) if notice.deal_id else "",
        icon=_ICONS[topic],
        is_new=is_new,
    )


def _page_of(account: Account, notice: Notice, topic: Topic) -> str:
    is_vendor = account.kind is AccountKind.VENDOR
    if "thread" in notice.values:
        return f"/my/conversations/{notice.values['thread']}"
    if notice.deal_id:
        name = place_of(notice.deal_id) if is_vendor else ref_of(notice.deal_id)
        return f"/my/deals/{name}"
    if topic is Topic.DELIVERIES:
        return "/my/deliveries"
    if topic is Topic.FOLLOWERS:
        return _FOLLOW_PAGES.get(notice.code, "/my/followers")
    if is_vendor and topic is Topic.FEEDBACK:
        return "/my/feedback"
    return ""
