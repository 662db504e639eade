"""The customer's answers to offers, and words on a deal from either side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from federation.keys import did_key, ed25519_from_seed
from node.desk import Desk
from node.domain.deals import Deal, OfferRecord
from node.domain.errors import InvalidInput
from node.domain.messages import Accept, Ask, Counter, Decline, Shortlist
from node.domain.reasons import DECLINE_REASONS
from node.domain.sayings import said, said_by
from node.domain.values import Money, parse_amount
from node.sending import attest
from node.services.dealing import act, envelope, offer_named
from node.services.deciding import check_free_to_accept
from node.services.disclosure import disclose

__all__ = [
    "LosersWord",
    "accept",
    "ask",
    "counter",
    "decline",
    "new_feedback_key",
    "shortlist",
]


@dataclass(frozen=True, slots=True)
class LosersWord:
    """What those hear whose offer was not taken; her choice, and saying nothing is one."""

    reason: str | None = None
    may_answer: bool = False


def ask(desk: Desk, deal: Deal, content: str) -> Deal:
    """Say something on the deal; it answers the last word of the other side, else the proposal."""
    if not content.strip():
        raise InvalidInput("text", "it is empty", "Say what you want to know.")
    message = Ask(
        **envelope(desk, deal),
        note_id=desk.iri("messages"),
        in_reply_to=_last_word(desk, deal),
        content=attest.html_of(content),
    )
    return act(desk, deal, message)[0]


def _last_word(desk: Desk, deal: Deal) -> str:
    for stored in reversed(desk.tx.evidence.of_deal(deal.own, deal.id)):
        if stored.kind == Ask.kind and stored.actor == deal.peer and not stored.refused:
            return attest.object_id_of(stored.body)
    if deal.proposal is not None:
        return deal.proposal.id
    return deal.post_id or deal.id


def shortlist(desk: Desk, deal: Deal, reference: str = "") -> Deal:
    offer = offer_named(deal, reference or deal.id)
    message = Shortlist(**envelope(desk, deal), offer_id=offer.id, offer_digest=offer.digest)
    return act(desk, deal, message)[0]


def counter(desk: Desk, deal: Deal, reference: str, price: str, content: str | None = None) -> Deal:
    """End an offer by saying at which price she would take it. Raises: InvalidInput, Refusal."""
    offer = offer_named(deal, reference)
    old = deal.proposal
    if old is None or old.currency is None:
        raise InvalidInput("price", "nothing is paid in this deal", "Ask instead: `obverse ask`.")
    try:
        amount: Money = parse_amount(price, old.currency)
    except ValueError as error:
        raise InvalidInput("price", said_by(error), "Write a plain decimal such as 270.00.") from None
    at = desk.after(old.stated_at)
    proposal = replace(
        old,
        id=desk.iri("proposals"),
        supersedes=old.id,
        price=amount,
        published_at=at,
        updated_at=None,
        ends_at=max(min(old.ends_at, at + desk.setting.policy.counter), at + timedelta(hours=1)),
        name=None,
        content=None,
        due_at=None,
        place=None,
        wishes=(),
        budget=None,
        named_parties=False,
        sequence=None,
    )
    message = Counter(
        **envelope(desk, deal, at=at),
        offer_id=offer.id,
        offer_digest=offer.digest,
        proposal=proposal,
        content=attest.html_of(content) if content else None,
    )
    return act(desk, deal, message)[0]


def new_feedback_key(desk: Desk) -> str:
    """A fresh did:key, used for nothing but to show later that feedback comes from this purchase."""
    seed = desk.random_bytes(32)
    did = did_key(ed25519_from_seed("did:key", "did:key", seed).public)
    desk.tx.keys.save(desk.setting.keys.row(ed25519_from_seed(did, did, seed), desk.now))
    return did


def accept(
    desk: Desk,
    deal: Deal,
    reference: str,
    *,
    fields: Mapping[str, str],
    losers: LosersWord,
    expect_price: Money | None = None,
) -> Deal:
    """Accept an offer: bound until the vendor concludes, or the Accept's own end.

    Shapes: `fields` are what she ticked, by JSContact name; `expect_price` is what the page had shown.
    Raises: InvalidInput, Refusal.
    """
    offer = offer_named(deal, reference)
    check_free_to_accept(desk, deal)
    if expect_price is not None and offer.agreement.price != expect_price:
        raise InvalidInput(
            "price",
            said("the offer says %(price)s", price=offer.agreement.price),
            "Look at it again, then accept.",
        )
    _remember_losers_word(desk, deal, losers)
    message = Accept(
        **envelope(desk, deal),
        offer_id=offer.id,
        offer_digest=offer.digest,
        agreement_id=desk.iri("agreements"),
        agreement=offer.agreement,
        agreement_digest=offer.agreement_digest,
        terms=offer.terms,
        ends_at=desk.signing_time + desk.setting.policy.conclude_within,
        feedback_key=new_feedback_key(desk),
        disclosed=disclose(offer.fields_asked, fields),
    )
    return act(desk, deal, message)[0]


def _remember_losers_word(desk: Desk, deal: Deal, losers: LosersWord) -> None:
    _check_reason(losers.reason)
    intent = desk.tx.intents.get(deal.intent_id or "")
    if intent is not None:
        told = replace(intent, losers_reason=losers.reason, losers_may_answer=losers.may_answer)
        desk.tx.intents.save(told)


def _check_reason(reason: str | None) -> None:
    if reason is not None and reason not in DECLINE_REASONS:
        right = said("Choose from %(choices)s, or leave it out.", choices=tuple(DECLINE_REASONS))
        raise InvalidInput("reason", said("'%(reason)s' is none of ours", reason=reason), right)


def decline(
    desk: Desk, deal: Deal, reference: str, word: LosersWord, content: str | None = None
) -> tuple[Deal, OfferRecord]:
    """Decline an offer; the reason is hers to give or keep. Raises: InvalidInput, Refusal."""
    _check_reason(word.reason)
    offer = offer_named(deal, reference)
    message = Decline(
        **envelope(desk, deal),
        offer_id=offer.id,
        offer_digest=offer.digest,
        reason=word.reason,
        may_answer=True if word.may_answer else None,
        content=attest.html_of(content) if content else None,
    )
    return act(desk, deal, message)[0], offer
