"""Whom a person deals with: the list of her vendors, one of them, and somebody whom she looks up.

Reads a page of vendors and of deals by index, however many there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urlsplit

from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.deals import Deal, DealState
from node.domain.policy import PROTOCOL
from node.domain.terms import DEFAULT_PROFFER, ROSTER, missing_terms, parse_terms, terms_iri
from node.queries.reputation import Published, feedback_by
from node.store.following import Following, FollowingState, Shun
from node.store.ports import Block, Follower, FollowState
from node.web.deal_views import GROUPS, DealLine, deal_line
from node.web.intent_views import unread_deals
from node.web.places import named_by, place_of
from node.web.visits import Missing
from node.workflows.acquaintance import Acquaintance

__all__ = [
    "CodeView",
    "FoundView",
    "TermLine",
    "VendorLine",
    "VendorView",
    "VendorsView",
    "code_view",
    "find_vendor",
    "lacking_of",
    "term_lines",
    "vendor_page",
    "vendor_view",
    "vendors_view",
]

PER_PAGE = 30
A_GLANCE = 6
DEALS_SHOWN = 15
_FOLLOWED = (FollowingState.PENDING, FollowingState.ACCEPTED)
_UNDER_WAY = (*GROUPS["open"], *GROUPS["agreed"])


def vendor_page(actor: str) -> str:
    return f"/my/vendors/{place_of(actor)}"


def find_vendor(desk: Desk, account: Account, place: str) -> Contact:
    """A contact of hers by its name in an address. Raises: Missing."""
    found = desk.tx.contacts.get(account.id, named_by(place))
    if found is None:
        raise Missing
    return found


def _her_terms(desk: Desk, account: Account) -> tuple[str, ...]:
    """What she proffers unless she says else."""
    return desk.tx.preferences.get(account.id).terms or parse_terms(DEFAULT_PROFFER)


def lacking_of(desk: Desk, account: Account, contact: Contact) -> tuple[str, ...]:
    """Which of her own terms a vendor does not accept."""
    return missing_terms(_her_terms(desk, account), contact.terms_accepted)


@dataclass(frozen=True, slots=True)
class TermLine:
    """One agreement of the roster: whether the vendor accepts it, and whether she proffers it by default."""

    iri: str
    is_accepted: bool
    is_hers: bool


def term_lines(desk: Desk, account: Account, contact: Contact) -> tuple[TermLine, ...]:
    hers = _her_terms(desk, account)
    iris = (terms_iri(name) for name in ROSTER)
    return tuple(TermLine(iri, iri in contact.terms_accepted, iri in hers) for iri in iris)


# --- the list ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VendorLine:
    """One vendor with what is going on. `open` counts what is not decided, `agreed` what is under way.

    Shapes: `last` is the deal that changed last, None where there never was one.
    """

    contact: Contact
    page: str
    is_node: bool
    lacking: tuple[str, ...]
    open: int
    agreed: int
    last: Deal | None
    is_new: bool
    follows: bool


@dataclass(frozen=True, slots=True)
class VendorsView:
    """One page of the list. `newer` and `older` are addresses, "" at the ends; `find` is what is sought."""

    lines: tuple[VendorLine, ...]
    find: str
    newer: str
    older: str

    @property
    def has_search(self) -> bool:
        """Whether there are, or may be, more than a glance takes in."""
        return bool(self.find or self.newer or self.older) or len(self.lines) > A_GLANCE


def vendors_view(desk: Desk, account: Account, find: str, number: int) -> VendorsView:
    """A page of the list, those first with whom something happened last; pages are counted from 1."""
    first = (number - 1) * PER_PAGE
    found = desk.tx.contacts.page(account.id, words=find, limit=PER_PAGE + 1, offset=first)
    hers, unread = _her_terms(desk, account), unread_deals(desk, account)
    return VendorsView(
        lines=tuple(_line(desk, account, one, hers, unread) for one in found[:PER_PAGE]),
        find=find,
        newer=_list_page(find, number - 1) if number > 1 else "",
        older=_list_page(find, number + 1) if len(found) > PER_PAGE else "",
    )


def _list_page(find: str, number: int) -> str:
    told = ({"find": find} if find else {}) | ({"page": str(number)} if number > 1 else {})
    return f"/my/vendors?{urlencode(told)}" if told else "/my/vendors"


def _line(
    desk: Desk, account: Account, contact: Contact, hers: tuple[str, ...], unread: frozenset[str]
) -> VendorLine:
    tally = desk.tx.overview.tally_with(account.id, contact.actor, _UNDER_WAY)
    last = [deal for _, deal in desk.tx.overview.with_vendor(account.id, contact.actor, limit=1)]
    follower = desk.tx.followers.get(account.id, contact.actor)
    return VendorLine(
        contact=contact,
        page=vendor_page(contact.actor),
        is_node=PROTOCOL in contact.implements,
        lacking=missing_terms(hers, contact.terms_accepted),
        open=_sum(tally, "open"),
        agreed=_sum(tally, "agreed"),
        last=last[0] if last else None,
        is_new=any(deal.id in unread for deal in last),
        follows=follower is not None and follower.state is FollowState.ACCEPTED,
    )


def _sum(tally: Mapping[DealState, int], group: str) -> int:
    return sum(tally.get(state, 0) for state in GROUPS[group])


# --- one vendor -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VendorView:
    """One vendor. `older` is where its deals go on, 0 at their end; `follower` is its follow, if any.

    Shapes: `block` is why its server is not heard, None where it is. It holds for all who live on the node,
            so `may_block` is true of whoever lives there alone; else whoever runs the node decides.
    """

    contact: Contact
    page: str
    is_node: bool
    terms: tuple[TermLine, ...]
    lacking: tuple[str, ...]
    open: int
    agreed: int
    deals: tuple[DealLine, ...]
    older: int
    is_first: bool
    feedback: tuple[Published, ...]
    follower: Follower | None
    drafts: int
    block: Block | None
    may_block: bool
    talk: str = ""
    """The conversation with it that changed last, "" where there is none."""
    following: Following | None = None
    shun: Shun | None = None

    @property
    def host(self) -> str:
        """Where it lives, with its port where there is one."""
        return self.contact.actor.split("://", 1)[-1].partition("/")[0]

    @property
    def domain(self) -> str:
        """The same as a block names it."""
        return domain_of(self.contact)

    @property
    def may_ask(self) -> bool:
        """Whether an answer of it would be heard."""
        return self.block is None and self.shun is None

    @property
    def ask_page(self) -> str:
        return f"/my/intents/new?vendor={place_of(self.contact.actor)}"

    @property
    def buy_page(self) -> str:
        return f"/my/buy?vendor={quote(self.contact.handle)}"

    @property
    def is_asking(self) -> bool:
        """Whether it asks to follow her."""
        return self.follower is not None and self.follower.state is FollowState.PENDING


def _following_of(desk: Desk, account: Account, actor: str) -> Following | None:
    """Whether the owner follows it, or has asked to."""
    found = desk.tx.follows.get(account.id, actor)
    return found if found is not None and found.state in _FOLLOWED else None


def domain_of(contact: Contact) -> str:
    """The domain on which it lives."""
    return urlsplit(contact.actor).hostname or ""


def _lies_in(domain: str, blocked: str) -> bool:
    return domain == blocked or domain.endswith(f".{blocked}")


def vendor_view(desk: Desk, account: Account, place: str, before: int | None = None) -> VendorView:
    """Raises: Missing."""
    contact = find_vendor(desk, account, place)
    talk = desk.tx.threads.newest_with(account.id, contact.actor)
    tally = desk.tx.overview.tally_with(account.id, contact.actor, _UNDER_WAY)
    found = desk.tx.overview.with_vendor(account.id, contact.actor, before=before, limit=DEALS_SHOWN + 1)
    shown = found[:DEALS_SHOWN]
    follower = desk.tx.followers.get(account.id, contact.actor)
    terms = term_lines(desk, account, contact)
    domain = domain_of(contact)
    return VendorView(
        contact=contact,
        page=vendor_page(contact.actor),
        is_node=PROTOCOL in contact.implements,
        terms=terms,
        lacking=lacking_of(desk, account, contact),
        open=_sum(tally, "open"),
        agreed=_sum(tally, "agreed"),
        deals=tuple(deal_line(desk, deal) for _, deal in shown),
        older=shown[-1][0] if len(found) > DEALS_SHOWN else 0,
        is_first=before is None,
        feedback=feedback_by(desk, account.id, contact.actor),
        follower=follower if follower is not None and follower.state is not FollowState.REMOVED else None,
        drafts=sum(
            contact.actor in (*draft.vendors, *draft.as_message) for draft in desk.tx.drafts.all(account.id)
        ),
        block=next((one for one in desk.tx.blocks.all() if _lies_in(domain, one.domain)), None),
        talk=f"/my/conversations/{talk.id}" if talk is not None else "",
        following=_following_of(desk, account, contact.actor),
        shun=desk.tx.shunned.get(account.id, contact.actor),
        may_block=not desk.is_ours(contact.actor) and len(desk.tx.accounts.all()) == 1,
    )


# --- looking somebody up ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FoundView:
    """The page of a look-up: before it, or with who was found."""

    who: str
    found: Acquaintance | None = None
    mark: str = ""
    terms: tuple[TermLine, ...] = ()
    lacking: tuple[str, ...] = ()
    action: str = field(default="/my/vendors/found")

    @property
    def page(self) -> str:
        """Of the one who was found, where she knows them already."""
        return vendor_page(self.found.contact.actor) if self.found is not None else ""


# --- how others find one's own account --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CodeView:
    """One's own address to be shown: `link` is the public page, `image` its code."""

    name: str
    handle: str
    link: str
    image: str
    keys: tuple[str, ...]


def code_view(desk: Desk, account: Account) -> CodeView:
    base = desk.setting.base_url
    keys = [row for row in desk.tx.keys.of(account.id) if row.algorithm == "ed25519"]
    return CodeView(
        name=account.display_name,
        handle=f"@{account.name}@{base.split('://', 1)[1]}",
        link=f"{base}/@{account.name}",
        image=f"/@{account.name}/qr.svg",
        keys=tuple(row.public for row in keys if row.revoked_at is None),
    )
