"""What the pages of composing show: one view a part, each from the draft as it is kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from node.desk import Desk
from node.domain.accounts import Account, AccountKind, Contact
from node.domain.drafts import Draft, Part, Template
from node.domain.errors import InvalidInput
from node.domain.intents import PersonaMode, Wish
from node.domain.policy import PROTOCOL
from node.domain.terms import ROSTER, missing_terms, short_name, terms_iri
from node.domain.values import CURRENCIES
from node.services.composing import (
    Trouble,
    plain_vendors_of,
    preview_draft,
    preview_draft_messages,
    troubles_of,
    vendors_of,
)
from node.services.plain_casts import MessagePreview
from node.web import names
from node.web.categories import category_name, labels
from node.web.deal_reads import find_intent_of, intent_page
from node.web.i18n import N_, Locale
from node.web.measures import OPS, PROPERTIES, measure_words
from node.web.places import named_by, place_of
from node.web.visits import GoTo

__all__ = [
    "BytesLine",
    "CheckView",
    "NewView",
    "PartView",
    "PreviewView",
    "VendorChoice",
    "WishLine",
    "bytes_line",
    "check_view",
    "day_ends",
    "day_of",
    "find_draft",
    "new_view",
    "part_page",
    "part_view",
    "preview_view",
    "stamp_of",
    "wish_lines",
]

PART_WORDS = {
    Part.WHAT: N_("What"),
    Part.WISHES: N_("Wishes"),
    Part.LIMITS: N_("Limits"),
    Part.VENDORS: N_("Vendors"),
    Part.TERMS: N_("Terms"),
}
_KNOWN_CATEGORIES = 30


# --- days and addresses -----------------------------------------------------------------------------------


def day_ends(day: date, locale: Locale) -> datetime:
    """The last second of a reader's day, in UTC."""
    return datetime.combine(day, time(23, 59, 59), locale.zone).astimezone(UTC)


def day_of(at: datetime | None, locale: Locale) -> str:
    """The reader's day of a time, as a date field holds it; "" for none."""
    return at.astimezone(locale.zone).date().isoformat() if at is not None else ""


def part_page(draft: Draft, part: Part | str) -> str:
    return f"/my/intents/new/{draft.id}/{part}"


def stamp_of(draft: Draft) -> str:
    """Which state of a draft a page has shown."""
    return draft.changed_at.isoformat()


def find_draft(desk: Desk, account: Account, draft_id: str) -> Draft:
    """Raises: GoTo what became of it, where it was sent; Missing, for another's too."""
    found = desk.tx.drafts.get(account.id, draft_id)
    if found is None:
        raise GoTo(intent_page(find_intent_of(desk, account, draft_id).id))
    return found


# --- the first page ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewView:
    """`asked` is the vendor for whom it is to be, None for nobody yet; `action` where the form leads."""

    drafts: tuple[Draft, ...]
    asked: Contact | None
    action: str

    @property
    def is_message(self) -> bool:
        """Whether it can only get a message."""
        return self.asked is not None and PROTOCOL not in self.asked.implements


def new_view(desk: Desk, account: Account, asked: str = "") -> NewView:
    """Shapes: `asked` is the vendor's name in an address (`places`), "" for none."""
    found = desk.tx.contacts.get(account.id, named_by(asked)) if asked else None
    action = "/my/intents/new" + (f"?vendor={place_of(found.actor)}" if found is not None else "")
    return NewView(tuple(desk.tx.drafts.all(account.id)), found, action)


# --- the parts --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One part in the bar above the form. `href` is "" for what cannot be opened yet."""

    words: str
    state: str
    href: str


@dataclass(frozen=True, slots=True)
class WishLine:
    wish: Wish
    measured: str
    is_first: bool


@dataclass(frozen=True, slots=True)
class VendorChoice:
    """A contact that may hear of it. `lacking` are terms that it does not accept."""

    contact: Contact
    is_node: bool
    lacking: tuple[str, ...]

    @property
    def fits(self) -> bool:
        return self.is_node and not self.lacking


@dataclass(frozen=True, slots=True)
class TermCard:
    """One agreement of the roster, and how many of the vendors chosen so far accept it."""

    name: str
    iri: str
    accepted: int


@dataclass(frozen=True, slots=True)
class PartView:
    """One part of a draft; each part's page looks at what is its own.

    Shapes: `is_alone` says that no other person lives on this node, so that its name alone tells who writes.
    """

    draft: Draft
    part: Part
    page: str
    back: str
    steps: tuple[Step, ...]
    is_alone: bool
    unit_options: tuple[tuple[str, str], ...] = ()
    currencies: tuple[str, ...] = ()
    ops: tuple[tuple[str, str], ...] = ()
    properties: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    wishes: tuple[WishLine, ...] = ()
    choices: tuple[VendorChoice, ...] = ()
    vendors: int = 0
    cards: tuple[TermCard, ...] = ()
    latest: str = ""

    @property
    def nodes(self) -> tuple[VendorChoice, ...]:
        return tuple(one for one in self.choices if one.is_node)

    @property
    def plain(self) -> tuple[VendorChoice, ...]:
        """Those that can only get a message."""
        return tuple(one for one in self.choices if not one.is_node)

    @property
    def template(self) -> Template:
        return self.draft.template


def part_view(desk: Desk, draft: Draft, part: Part, locale: Locale) -> PartView:
    """What the page of a part shows."""
    vendors = vendors_of(desk, draft)
    parts = list(Part)
    before = parts.index(part) - 1
    return PartView(
        draft=draft,
        part=part,
        page=part_page(draft, part),
        back=part_page(draft, parts[before]) if before >= 0 else "/my/intents/new",
        steps=_steps(draft, part, locale),
        is_alone=_is_alone(desk),
        unit_options=_options(names.UNITS, locale),
        currencies=tuple(CURRENCIES),
        ops=_options(OPS, locale),
        properties=tuple(sorted(words for _, words in _options(PROPERTIES, locale))),
        categories=_categories(desk, draft, locale) if part is Part.WHAT else (),
        wishes=wish_lines(draft.wishes, locale) if part is Part.WISHES else (),
        choices=_choices(desk, draft) if part is Part.VENDORS else (),
        vendors=len(vendors),
        cards=_cards(vendors) if part is Part.TERMS else (),
        latest=day_of(desk.now + desk.setting.policy.intent_max - timedelta(days=1), locale),
    )


def _options(table: Mapping[str, str], locale: Locale) -> tuple[tuple[str, str], ...]:
    return tuple((code, locale.words(words)) for code, words in table.items())


def _steps(draft: Draft, current: Part | None, locale: Locale) -> tuple[Step, ...]:
    steps = []
    for part, words in PART_WORDS.items():
        is_answered = part in draft.answered
        state = "now" if part is current else "past" if is_answered else "coming"
        href = part_page(draft, part) if is_answered and part is not current else ""
        steps.append(Step(locale.words(words), state, href))
    steps.append(Step(locale.words("Check"), "now" if current is None else "coming", ""))
    return tuple(steps)


def _is_alone(desk: Desk) -> bool:
    people = [one for one in desk.tx.accounts.all() if one.kind is AccountKind.PERSON]
    return len(people) == 1


def _categories(desk: Desk, draft: Draft, locale: Locale) -> tuple[str, ...]:
    used = (intent.category for intent in desk.tx.intents.all(draft.account, limit=_KNOWN_CATEGORIES))
    return labels(locale, dict.fromkeys(used))


def wish_lines(wishes: Iterable[Wish], locale: Locale) -> tuple[WishLine, ...]:
    """Wishes in her order, with their measured half in words."""
    return tuple(WishLine(w, measure_words(w, locale), number == 0) for number, w in enumerate(wishes))


def _choices(desk: Desk, draft: Draft) -> tuple[VendorChoice, ...]:
    contacts = desk.tx.contacts.all(draft.account)
    return tuple(
        VendorChoice(one, PROTOCOL in one.implements, missing_terms(draft.terms, one.terms_accepted))
        for one in sorted(contacts, key=lambda one: one.name.casefold())
    )


def _cards(vendors: tuple[Contact, ...]) -> tuple[TermCard, ...]:
    return tuple(
        TermCard(name, terms_iri(name), sum(terms_iri(name) in vendor.terms_accepted for vendor in vendors))
        for name in ROSTER
    )


# --- check, and the bytes ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckView:
    """Everything that was said, with a way back to each part, and what is in the way.

    Shapes: `plain` get it as a message; `messages` are what each of them would read, once nothing is in the
            way.
    """

    draft: Draft
    steps: tuple[Step, ...]
    stamp: str
    category: str
    wishes: tuple[WishLine, ...]
    vendors: tuple[Contact, ...]
    plain: tuple[Contact, ...]
    messages: tuple[MessagePreview, ...]
    term_names: tuple[str, ...]
    troubles: tuple[Trouble, ...]
    is_alone: bool
    hold_s: int


def check_view(desk: Desk, account: Account, draft: Draft, locale: Locale) -> CheckView:
    troubles = troubles_of(desk, draft)
    return CheckView(
        draft=draft,
        steps=_steps(draft, None, locale),
        stamp=stamp_of(draft),
        category=category_name(draft.category, locale) if draft.category else "",
        wishes=wish_lines(draft.wishes, locale),
        vendors=vendors_of(desk, draft),
        plain=plain_vendors_of(desk, draft),
        messages=() if troubles else _messages(desk, account, draft),
        term_names=tuple(short_name(term) for term in draft.terms),
        troubles=troubles,
        is_alone=_is_alone(desk),
        hold_s=desk.tx.preferences.get(draft.account).hold_s,
    )


def _messages(desk: Desk, account: Account, draft: Draft) -> tuple[MessagePreview, ...]:
    """What is refused here is refused, and said, when it is sent."""
    try:
        return preview_draft_messages(desk, account, draft)
    except InvalidInput:
        return ()


@dataclass(frozen=True, slots=True)
class BytesLine:
    """What one vendor gets: set out to be read, and as it is."""

    name: str
    handle: str
    pretty: str
    raw: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class PreviewView:
    """`wrong` says why there is nothing to be seen yet. `is_new_name`: each vendor meets a fresh name."""

    draft: Draft
    lines: tuple[BytesLine, ...]
    is_ready: bool
    is_new_name: bool


def preview_view(desk: Desk, account: Account, draft: Draft) -> PreviewView:
    """What each vendor would get if it left now, from the code that will send it; nothing is kept."""
    try:
        previews = preview_draft(desk, account, draft) if not troubles_of(desk, draft) else ()
    except InvalidInput:
        previews = ()
    lines = tuple(bytes_line(one.vendor.name, one.vendor.handle, one.body) for one in previews)
    return PreviewView(draft, lines, bool(lines), draft.persona_mode is not PersonaMode.MYSELF)


def bytes_line(name: str, handle: str, body: bytes) -> BytesLine:
    """Bytes of a message of ours, set out: the members stand as they are sent, only their lines are new."""
    pretty = json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    return BytesLine(name, handle, pretty, body.decode(), len(body))
