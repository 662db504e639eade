"""Saying what one wants, part after part: drafts, what is still wrong with one, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.deals import Deal
from node.domain.drafts import Draft, Part, Template
from node.domain.errors import InvalidInput
from node.domain.intents import Intent, PersonaMode
from node.domain.plain_casts import PlainCast
from node.domain.policy import PROTOCOL
from node.domain.sayings import said
from node.domain.terms import DEFAULT_PROFFER, missing_terms, parse_terms
from node.domain.values import Quantity, parse_quantity
from node.services.intents import (
    MOST_ASKED,
    Preview,
    Wanted,
    cast_intent,
    preview_casts,
    preview_messages,
)
from node.services.plain_casts import MessagePreview

__all__ = [
    "MOST_DRAFTS",
    "MOST_VENDORS",
    "MOST_WISHES",
    "Flaw",
    "Trouble",
    "cast_draft",
    "draft_of",
    "keep_part",
    "plain_vendors_of",
    "preview_draft",
    "preview_draft_messages",
    "start_draft",
    "troubles_of",
    "vendors_of",
    "wanted_of",
]

MOST_DRAFTS = 30
MOST_WISHES = 30
MOST_VENDORS = MOST_ASKED


class Flaw(StrEnum):
    """Why a draft cannot be cast as it is."""

    UNANSWERED = "unanswered"
    ENDED = "ended"
    TOO_LONG = "too long"
    DUE_PASSED = "due passed"
    NO_VENDOR = "no vendor"
    NO_NODE = "no node"
    IS_NODE = "is node"
    """It was to be asked by a message, and answers with signed offers."""
    TERMS = "terms"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One reason, in which part it is mended, and which vendor and terms it is about, if any."""

    part: Part
    flaw: Flaw
    vendor: Contact | None = None
    lacking: tuple[str, ...] = ()


def start_draft(desk: Desk, account: Account, template: Template, asked: Contact | None = None) -> Draft:
    """A new draft with the terms and the persona that are the default, for `asked` to begin with.

    Whoever has no node is asked by a message: the way here says so, and so does the check before it leaves.

    Raises: InvalidInput.
    """
    last = next(iter(desk.tx.intents.all(account.id, limit=1)), None)
    draft = Draft(
        id=desk.new_id(),
        account=account.id,
        template=template,
        created_at=desk.now,
        changed_at=desk.now,
        currency=None if template.is_gift else (last.currency if last is not None else None),
        quantity=_one(),
        vendors=(asked.actor,) if asked is not None and PROTOCOL in asked.implements else (),
        as_message=(asked.actor,) if asked is not None and PROTOCOL not in asked.implements else (),
        terms=desk.tx.preferences.get(account.id).terms or parse_terms(DEFAULT_PROFFER),
        persona_mode=PersonaMode.PER_DEAL,
    )
    _keep(desk, draft)
    return draft


def _one() -> Quantity:
    return parse_quantity("1", "one")


def _keep(desk: Desk, draft: Draft) -> None:
    others = [kept for kept in desk.tx.drafts.all(draft.account) if kept.id != draft.id]
    if len(others) >= MOST_DRAFTS:
        raise InvalidInput("draft", said("there are %(n)s drafts", n=len(others)), "Discard one first.")
    desk.tx.drafts.save(draft)


def keep_part(desk: Desk, draft: Draft, part: Part) -> Draft:
    """Save a draft of which a part was answered just now."""
    answered = tuple(one for one in Part if one in draft.answered or one is part)
    kept = replace(draft, answered=answered, changed_at=max(desk.now, draft.changed_at))
    desk.tx.drafts.save(kept)
    return kept


def draft_of(desk: Desk, intent: Intent, deals: list[Deal], casts: list[PlainCast], *, is_new: bool) -> Draft:
    """An intent as a draft again, saved: one that was taken back, or (`is_new`) one to be said once more.

    What is said once more has an end of its own; a time that is past is left out. Raises: InvalidInput.
    """
    is_due = intent.due_at is not None and intent.due_at > desk.now
    draft = Draft(
        id=desk.new_id(),
        account=intent.account,
        template=_template_of(intent),
        created_at=desk.now,
        changed_at=desk.now,
        answered=tuple(part for part in Part if not (is_new and part is Part.TERMS)),
        name=intent.name,
        content=intent.content or "",
        category=intent.category,
        quantity=intent.quantity,
        wishes=intent.wishes,
        currency=intent.currency,
        budget=intent.budget,
        share_budget=intent.share_budget,
        due_at=intent.due_at if is_due else None,
        place=intent.place,
        vendors=tuple(dict.fromkeys(deal.peer for deal in deals)),
        terms=intent.terms,
        persona_mode=intent.persona_mode,
        ends_at=None if is_new else intent.ends_at,
        as_message=tuple(dict.fromkeys(cast.vendor.actor for cast in casts)),
    )
    _keep(desk, draft)
    return draft


def _template_of(intent: Intent) -> Template:
    if intent.currency is None:
        return Template.DONATION
    return Template.PRODUCT if intent.action == "transfer" else Template.SERVICE


def vendors_of(desk: Desk, draft: Draft) -> tuple[Contact, ...]:
    """The contacts that it names and that are still known."""
    return _contacts(desk, draft, draft.vendors)


def plain_vendors_of(desk: Desk, draft: Draft) -> tuple[Contact, ...]:
    """The contacts that it names as those who get a message, and that are still known."""
    return _contacts(desk, draft, draft.as_message)


def _contacts(desk: Desk, draft: Draft, actors: tuple[str, ...]) -> tuple[Contact, ...]:
    found = (desk.tx.contacts.get(draft.account, actor) for actor in actors)
    return tuple(contact for contact in found if contact is not None)


def troubles_of(desk: Desk, draft: Draft) -> tuple[Trouble, ...]:
    """All that keeps a draft from being cast now."""
    troubles = [Trouble(part, Flaw.UNANSWERED) for part in Part if part not in draft.answered]
    if draft.due_at is not None and draft.due_at <= desk.now:
        troubles.append(Trouble(Part.LIMITS, Flaw.DUE_PASSED))
    if Part.TERMS in draft.answered and draft.ends_at is not None:
        if draft.ends_at <= desk.now + timedelta(hours=1):
            troubles.append(Trouble(Part.TERMS, Flaw.ENDED))
        elif draft.ends_at > desk.signing_time + desk.setting.policy.intent_max:
            troubles.append(Trouble(Part.TERMS, Flaw.TOO_LONG))
    vendors, plain = vendors_of(desk, draft), plain_vendors_of(desk, draft)
    if Part.VENDORS in draft.answered and not vendors and not plain:
        troubles.append(Trouble(Part.VENDORS, Flaw.NO_VENDOR))
    for vendor in vendors:
        lacking = missing_terms(draft.terms, vendor.terms_accepted)
        if PROTOCOL not in vendor.implements:
            troubles.append(Trouble(Part.VENDORS, Flaw.NO_NODE, vendor))
        elif lacking:
            troubles.append(Trouble(Part.TERMS, Flaw.TERMS, vendor, lacking))
    troubles += [Trouble(Part.VENDORS, Flaw.IS_NODE, one) for one in plain if PROTOCOL in one.implements]
    return tuple(troubles)


def wanted_of(desk: Desk, draft: Draft) -> Wanted:
    """What is asked for by a draft. A service is one piece of work unless its quantity says otherwise."""
    is_gift = draft.template.is_gift
    return Wanted(
        name=draft.name,
        category=draft.category,
        quantity=draft.quantity or _one(),
        currency=None if is_gift else draft.currency,
        action="deliverService" if draft.template.is_work else "transfer",
        content=draft.content or None,
        budget=None if is_gift else draft.budget,
        share_budget=draft.share_budget,
        lasts=draft.ends_at - desk.signing_time if draft.ends_at is not None else None,
        due_at=draft.due_at,
        place=draft.place,
        wishes=draft.wishes,
        terms=draft.terms,
        persona_mode=draft.persona_mode or PersonaMode.PER_DEAL,
    )


def preview_draft(desk: Desk, account: Account, draft: Draft) -> tuple[Preview, ...]:
    """What each vendor would get. Raises: InvalidInput."""
    return preview_casts(desk, account, wanted_of(desk, draft), vendors_of(desk, draft))


def preview_draft_messages(desk: Desk, account: Account, draft: Draft) -> tuple[MessagePreview, ...]:
    """What those without a node would read. Raises: InvalidInput."""
    return preview_messages(desk, account, wanted_of(desk, draft), plain_vendors_of(desk, draft))


def cast_draft(desk: Desk, account: Account, draft: Draft, hold: timedelta) -> Intent:
    """Cast it, and let the draft go; whoever clicks twice casts once.

    The intent is called by the draft's id, so that an old page of the draft leads to what became of it.
    Raises: InvalidInput, where anything is in the way or the draft is gone.
    """
    if troubles_of(desk, draft) or not desk.tx.drafts.remove(draft.account, draft.id):
        raise InvalidInput("draft", "it cannot be sent as it is", "Look through its parts.")
    wanted, vendors = wanted_of(desk, draft), vendors_of(desk, draft)
    plain = plain_vendors_of(desk, draft)
    return cast_intent(desk, account, wanted, vendors, as_message=plain, hold=hold, ref=draft.id)
