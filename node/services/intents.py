"""The customer's side before an agreement: cast, update, withdraw, and what an intent's deals share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.deals import Deal, DealState
from node.domain.errors import InvalidInput
from node.domain.intents import Budget, Intent, IntentState, PersonaMode, Place, Proposal, Wish
from node.domain.messages import Cast, Sender, Update, Withdraw
from node.domain.policy import PROTOCOL
from node.domain.sayings import said
from node.domain.terms import missing_terms, short_name
from node.domain.values import Money, Quantity
from node.sending import attest
from node.services.accounts import kept_actor, persona_for
from node.services.dealing import act, envelope
from node.services.plain_casts import (
    MessagePreview,
    cast_as_messages,
    check_plain,
    preview_as_messages,
    restate_casts,
    withdraw_casts,
)

__all__ = [
    "HOLD_GRACE",
    "LONGEST_HOLD",
    "IntentChange",
    "Preview",
    "Wanted",
    "cast_intent",
    "check_audience",
    "find_intent",
    "owner_of",
    "preview_casts",
    "preview_messages",
    "update_intent",
    "withdraw_deal",
    "withdraw_intent",
]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a customer asks for, as a form gives it."""

    name: str
    category: str
    quantity: Quantity
    currency: str | None
    action: str = "transfer"
    content: str | None = None
    budget: Money | None = None
    share_budget: bool = False
    lasts: timedelta | None = None
    due_at: datetime | None = None
    place: Place | None = None
    wishes: tuple[Wish, ...] = ()
    terms: tuple[str, ...] = ()
    persona_mode: PersonaMode = PersonaMode.PER_DEAL


@dataclass(frozen=True, slots=True)
class IntentChange:
    """What an update changes; None leaves a member as it is."""

    name: str | None = None
    content: str | None = None
    lasts: timedelta | None = None
    due_at: datetime | None = None
    quantity: Quantity | None = None


def check_audience(vendors: tuple[Contact, ...], terms: tuple[str, ...]) -> None:
    """Nothing leaves for a vendor that does not speak the protocol or does not accept the terms.

    Raises: InvalidInput, naming the vendor and what it lacks. Spec: `protocol §4`, cast.
    """
    if not vendors:
        raise InvalidInput(
            "to", "no vendor is named", "Name one with --to; add them with `obverse vendors add`."
        )
    for vendor in vendors:
        if PROTOCOL not in vendor.implements:
            wrong = said("%(vendor)s is no Obverse node", vendor=vendor.handle)
            right = "Ask it with a message instead (--as-message), or choose a vendor that is one."
            raise InvalidInput("to", wrong, right)
        lacking = missing_terms(terms, vendor.terms_accepted)
        if lacking:
            names = tuple(short_name(term) for term in lacking)
            accepted = tuple(short_name(term) for term in vendor.terms_accepted) or ("none",)
            raise InvalidInput(
                "terms",
                said("%(vendor)s does not accept %(terms)s", vendor=vendor.handle, terms=names),
                said("It accepts %(terms)s; use --terms, or leave it out.", terms=accepted),
            )


HOLD_GRACE = timedelta(seconds=3)
"""So much longer than it can be taken back a cast waits: who asks what is due may have asked a moment ago."""
LONGEST_HOLD = timedelta(minutes=10)
MOST_ASKED = 30
"""As many as one intent may be answered by (`protocol §6`)."""


def cast_intent(
    desk: Desk,
    account: Account,
    wanted: Wanted,
    vendors: tuple[Contact, ...],
    *,
    as_message: tuple[Contact, ...] = (),
    hold: timedelta = timedelta(0),
    ref: str | None = None,
) -> Intent:
    """Make the intent and one deal for each vendor, with ids, context and (by default) persona of its own.

    Shapes: `as_message` have no node: they get a message in words from the account itself, and she has said
            that they may. For as long as `hold` nothing leaves, and `holding.take_back` undoes all of it.
            `ref` is the last part of the intent's id, which no vendor learns; without one it is drawn.
    Raises: InvalidInput before anything is kept or sent.
    """
    if not timedelta(0) <= hold <= LONGEST_HOLD:
        raise InvalidInput("hold", said("%(span)s is out of bounds", span=hold), "Choose up to ten minutes.")
    intent = _new_intent(desk, account, wanted, ref)
    _check_everybody(desk, account, intent, vendors, as_message)
    if hold:
        if intent.ends_at <= desk.now + hold + timedelta(minutes=1):
            raise InvalidInput("until", "it would end before it leaves", "Choose a later end.")
        intent = replace(intent, held_until=desk.now + hold)
    deals = [_cast_to(desk, account, intent, vendor) for vendor in vendors]
    intent = replace(intent, deal_ids=tuple(deal.id for deal in deals))
    desk.tx.intents.save(intent)
    cast_as_messages(desk, account, intent, as_message, _starts_at(desk, intent))
    return intent


def _check_everybody(
    desk: Desk,
    account: Account,
    intent: Intent,
    vendors: tuple[Contact, ...],
    as_message: tuple[Contact, ...],
) -> None:
    """Raises: InvalidInput."""
    if vendors or not as_message:
        check_audience(vendors, intent.terms)
    check_plain(desk, account, as_message)
    if len(vendors) + len(as_message) > MOST_ASKED:
        wrong = said("%(n)s vendors are named", n=len(vendors) + len(as_message))
        raise InvalidInput("to", wrong, said("Name at most %(most)s.", most=MOST_ASKED))


def _starts_at(desk: Desk, intent: Intent) -> datetime:
    return desk.now if intent.held_until is None else intent.held_until + HOLD_GRACE


def _new_intent(desk: Desk, account: Account, wanted: Wanted, ref: str | None = None) -> Intent:
    policy = desk.setting.policy
    lasts = wanted.lasts or policy.intent_default
    if not timedelta(0) < lasts <= policy.intent_max:
        raise InvalidInput("until", "an intent lasts at most 90 days", "Choose an earlier end.")
    if wanted.due_at is not None and wanted.due_at <= desk.now:
        raise InvalidInput("due", "that time is past", "Name a later one.")
    if not wanted.name.strip():
        raise InvalidInput("name", "it is empty", "Say in a few words what you want.")
    return Intent(
        id=desk.iri("intents", ref),
        account=account.id,
        name=wanted.name.strip(),
        category=wanted.category,
        quantity=wanted.quantity,
        created_at=desk.signing_time,
        ends_at=desk.signing_time + lasts,
        action=wanted.action,
        content=wanted.content,
        currency=wanted.currency,
        budget=wanted.budget,
        share_budget=wanted.share_budget,
        due_at=wanted.due_at,
        place=wanted.place,
        wishes=wanted.wishes,
        terms=wanted.terms,
        persona_mode=wanted.persona_mode,
    )


def _cast_to(desk: Desk, account: Account, intent: Intent, vendor: Contact) -> Deal:
    own = persona_for(desk, account, vendor.actor, intent.persona_mode)
    deal = _deal_with(desk, own, intent, vendor)
    leaves_at = _starts_at(desk, intent) + timedelta(seconds=desk.setting.cast_spread_s * desk.fraction())
    return act(desk, deal, _cast_message(desk, intent, deal), due_at=leaves_at)[0]


def _deal_with(desk: Desk, own: str, intent: Intent, vendor: Contact) -> Deal:
    return Deal(
        id=desk.iri("deals"),
        own=own,
        peer=vendor.actor,
        side=Sender.CUSTOMER,
        account=intent.account,
        peer_inbox=vendor.inbox,
        intent_id=intent.id,
    )


def _cast_message(desk: Desk, intent: Intent, deal: Deal) -> Cast:
    proposal = proposal_of(intent, deal, proposal_id=desk.iri("proposals"), published_at=desk.signing_time)
    return Cast(**envelope(desk, deal), proposal=proposal)


@dataclass(frozen=True, slots=True)
class Preview:
    """What one vendor would get if it were cast now: the bytes but for the proof, under ids of their own."""

    vendor: Contact
    body: bytes


def preview_casts(
    desk: Desk, account: Account, wanted: Wanted, vendors: tuple[Contact, ...]
) -> tuple[Preview, ...]:
    """What `cast_intent` would send to each, from the same code; nothing is kept, no key made, none used.

    Raises: InvalidInput.
    """
    intent = _new_intent(desk, account, wanted)
    previews = []
    for vendor in vendors:
        own = kept_actor(desk, account, vendor.actor, intent.persona_mode) or desk.iri("p")
        deal = _deal_with(desk, own, intent, vendor)
        previews.append(Preview(vendor, attest.unsigned(_cast_message(desk, intent, deal))))
    return tuple(previews)


def preview_messages(
    desk: Desk, account: Account, wanted: Wanted, vendors: tuple[Contact, ...]
) -> tuple[MessagePreview, ...]:
    """What those without a node would read if it were cast now; nothing is kept. Raises: InvalidInput."""
    return preview_as_messages(desk, account, _new_intent(desk, account, wanted), vendors)


def proposal_of(intent: Intent, deal: Deal, *, proposal_id: str, published_at: datetime) -> Proposal:
    """What one vendor is told of an intent: nothing of the others, and the budget only if she shares it."""
    budget = Budget(intent.budget) if intent.budget is not None and intent.share_budget else None
    return Proposal(
        id=proposal_id,
        deal_id=deal.id,
        author=deal.own,
        addressee=deal.peer,
        category=intent.category,
        quantity=intent.quantity,
        published_at=published_at,
        ends_at=intent.ends_at,
        action=intent.action,
        currency=intent.currency,
        name=intent.name,
        content=attest.html_of(intent.content) if intent.content else None,
        due_at=intent.due_at,
        place=intent.place,
        wishes=intent.wishes,
        terms=intent.terms,
        budget=budget,
    )


def find_intent(desk: Desk, account: str, reference: str) -> Intent:
    """The intent that a user names by the end of its id. Raises: InvalidInput."""
    ending = reference.rsplit("/", 1)[-1]
    found = desk.tx.intents.find(account, ending)
    if len(found) == 1 and len(ending) >= 4:
        return found[0]
    raise InvalidInput(
        "intent",
        said("%(n)s intents end with '%(reference)s'", n=len(found), reference=ending),
        "List them with `obverse intent list`.",
    )


_STATABLE = (DealState.OPEN, DealState.OFFERED, DealState.COUNTERED, DealState.NO_BID)


def update_intent(desk: Desk, intent: Intent, change: IntentChange) -> tuple[Intent, list[Deal]]:
    """State an intent anew to every vendor that still may answer; live offers to the old statement end.

    Raises: InvalidInput when it was decided or withdrawn, or nothing can be changed any more.
    """
    if intent.state is not IntentState.LIVE:
        raise InvalidInput("intent", said("it is %(state)s", state=intent.state), "Cast a new one.")
    lasts = intent.ends_at if change.lasts is None else desk.signing_time + change.lasts
    if lasts > desk.signing_time + desk.setting.policy.intent_max or lasts <= desk.now:
        raise InvalidInput("until", "an intent ends within 90 days from now", "Choose another end.")
    changed = replace(
        intent,
        name=change.name or intent.name,
        content=intent.content if change.content is None else change.content,
        due_at=change.due_at or intent.due_at,
        quantity=change.quantity or intent.quantity,
        ends_at=lasts,
    )
    open_deals = [deal for deal in desk.tx.deals.of_intent(intent.id) if deal.state in _STATABLE]
    told = restate_casts(desk, owner_of(desk, intent), changed)
    if not open_deals and not told:
        raise InvalidInput("intent", "no vendor can answer it any more", "Cast a new one.")
    deals = [_restate(desk, changed, deal) for deal in open_deals]
    desk.tx.intents.save(changed)
    return changed, deals


def owner_of(desk: Desk, intent: Intent) -> Account:
    """Whose intent it is."""
    account = desk.tx.accounts.get(intent.account)
    assert account is not None
    return account


def _restate(desk: Desk, intent: Intent, deal: Deal) -> Deal:
    assert deal.proposal is not None
    at = desk.after(deal.proposal.stated_at)
    proposal = replace(
        proposal_of(intent, deal, proposal_id=deal.proposal.id, published_at=deal.proposal.published_at),
        updated_at=at,
    )
    return act(desk, deal, Update(**envelope(desk, deal, at=at), proposal=proposal))[0]


def withdraw_intent(desk: Desk, intent: Intent) -> list[Deal]:
    """Take an intent back from every vendor that may still answer. Raises: InvalidInput."""
    if intent.state is not IntentState.LIVE:
        wrong = said("it is %(state)s", state=intent.state)
        raise InvalidInput("intent", wrong, "There is nothing to withdraw.")
    deals = desk.tx.deals.of_intent(intent.id)
    if any(deal.state is DealState.ACCEPTING for deal in deals):
        raise InvalidInput(
            "intent", "you have accepted an offer of it", "Wait for the conclusion, then cancel."
        )
    desk.tx.intents.save(replace(intent, state=IntentState.WITHDRAWN))
    withdraw_casts(desk, owner_of(desk, intent), intent)
    return [withdraw_deal(desk, deal) for deal in deals if deal.state in (*_STATABLE, DealState.ANSWERABLE)]


def withdraw_deal(desk: Desk, deal: Deal) -> Deal:
    """Take an intent back from one vendor that has made no offer."""
    assert deal.proposal is not None
    message = Withdraw(
        **envelope(desk, deal), proposal_id=deal.proposal.id, proposal_digest=deal.proposal_digest
    )
    return act(desk, deal, message)[0]
