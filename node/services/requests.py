"""What a person wants, said to everybody: a post under her own name, with the proposal in it.

Nobody is bound by it and no deal begins: whoever can help answers, and she casts an intent to whom she likes.
"""

from __future__ import annotations

from node.desk import Desk
from node.domain.accounts import Account, AccountKind
from node.domain.drafts import Draft
from node.domain.errors import InvalidInput
from node.domain.intents import Budget, Proposal
from node.domain.notes import Visibility
from node.sending import attest
from node.services.composing import wanted_of
from node.services.intents import Wanted
from node.services.posting import Saying, say
from node.store.ports import Post

__all__ = ["REQUEST", "post_draft", "post_request", "preview_request"]

REQUEST = "request"


def post_draft(desk: Desk, account: Account, draft: Draft) -> Post:
    """Say to everybody what a draft says; the draft stays, to be cast to whom she chooses.

    Raises: InvalidInput.
    """
    return post_request(desk, account, wanted_of(desk, draft))


def post_request(desk: Desk, account: Account, wanted: Wanted, *, language: str = "") -> Post:
    """Say to everybody what is wanted; its budget only where she shares it. Raises: InvalidInput."""
    if account.kind is not AccountKind.PERSON:
        raise InvalidInput("account", "this is a vendor's account", "A person posts what she wants.")
    name = desk.new_id()
    proposal = _proposal_of(desk, account, wanted, name)
    saying = Saying(text=words_of(proposal), visibility=Visibility.PUBLIC, language=language)
    return say(desk, account, saying, kind=REQUEST, inline=attest.build_request(proposal), name=name)


def preview_request(desk: Desk, account: Account, draft: Draft) -> str:
    """The words that everybody would read. Raises: InvalidInput."""
    return words_of(_proposal_of(desk, account, wanted_of(desk, draft), "preview"))


def _proposal_of(desk: Desk, account: Account, wanted: Wanted, name: str) -> Proposal:
    policy = desk.setting.policy
    lasts = wanted.lasts or policy.intent_default
    if not wanted.name.strip() or not wanted.category:
        raise InvalidInput("name", "it is empty", "Say in a few words what you want.")
    if lasts.total_seconds() <= 0 or lasts > policy.intent_max:
        raise InvalidInput("until", "it lasts at most 90 days", "Choose an earlier end.")
    return Proposal(
        id=desk.iri("posts", name),
        deal_id="",
        author=account.id,
        addressee="",
        category=wanted.category,
        quantity=wanted.quantity,
        published_at=desk.signing_time,
        ends_at=desk.signing_time + lasts,
        action=wanted.action,
        currency=wanted.currency,
        name=wanted.name.strip(),
        content=wanted.content,
        due_at=wanted.due_at,
        place=wanted.place,
        wishes=wanted.wishes,
        terms=wanted.terms,
        budget=Budget(wanted.budget) if wanted.share_budget and wanted.budget is not None else None,
        sequence=None,
    )


def words_of(proposal: Proposal) -> str:
    """What everybody reads: what it is, until when, the wishes, her own words."""
    how_much = "" if proposal.quantity.text == "1" else f", {proposal.quantity}"
    facts = [f"Looking for: {proposal.name}{how_much}."]
    if proposal.budget is not None:
        facts.append(f"Up to {proposal.budget.maximum}.")
    if proposal.place is not None and proposal.place.name:
        facts.append(f"In {proposal.place.name}.")
    if proposal.due_at is not None:
        facts.append(f"Needed by {proposal.due_at:%d %B %Y}.")
    facts.append(f"Answers are welcome until {proposal.ends_at:%d %B %Y}.")
    wishes = "\n".join(f"– {wish.text}" for wish in proposal.wishes)
    return "\n\n".join(part for part in (" ".join(facts), wishes, proposal.content or "") if part)
