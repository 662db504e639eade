"""Standing offers and the one-off path: post, order with a throw-away persona, accept at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.catalogue import CatalogueItem
from node.domain.deals import Deal, DealKind
from node.domain.errors import InvalidInput, Reason, Refusal
from node.domain.intents import PersonaMode
from node.domain.messages import Order, OrderAccept, Sender
from node.domain.offers import AgreementTerms, Item, StandingOffer
from node.domain.sayings import said, said_by
from node.domain.terms import missing_terms
from node.domain.transitions import Outcome, apply
from node.domain.values import CURRENCIES, Quantity, parse_quantity, price_for
from node.sending import attest, publish
from node.services.accounts import persona_for
from node.services.dealing import act, envelope
from node.services.disclosure import disclose
from node.services.intents import check_audience
from node.services.negotiating import new_feedback_key
from node.services.standing import LONGEST, content_of
from node.store.ports import Direction, Post, StoredMessage

__all__ = ["Purchase", "answer_order", "buy", "check_order", "end_posting", "keep_posting", "post_offer"]

KIND = "standing offer"


def post_offer(
    desk: Desk,
    account: Account,
    item: CatalogueItem,
    *,
    lasts: timedelta,
    minimum: Decimal,
    words: str | None,
) -> StandingOffer:
    """Publish a standing offer of a catalogue item: an ordinary post with the proposal in it.

    Raises: InvalidInput.
    """
    if not timedelta(0) < lasts <= LONGEST:
        raise InvalidInput("until", "a standing offer lasts at most 90 days", "Choose an earlier end.")
    ends_at = desk.signing_time + lasts
    price = Decimal(item.price.amount_minor).scaleb(-CURRENCIES[item.price.currency].exponent)
    name = desk.new_id()
    draft = StandingOffer(
        id=desk.iri("posts", name),
        author=account.id,
        category=item.category,
        unit=item.unit,
        per_quantity=Decimal(1),
        minimum_quantity=minimum,
        unit_price=price,
        currency=item.price.currency,
        content="",
        url=f"{desk.setting.base_url}/@{account.name}/{name}",
        published_at=desk.signing_time,
        ends_at=ends_at,
        terms_accepted=account.terms_accepted,
        name=item.name,
        sku=item.sku,
        words=(words or "").strip(),
    )
    offer, note, body = attest.sign_posting(desk, replace(draft, content=content_of(draft)))
    desk.tx.posts.save(Post(offer.id, account.id, account.id, KIND, body, desk.now))
    desk.tx.posts.save_offer(account.id, offer)
    publish.announce_note(desk, account, note)
    return offer


def end_posting(desk: Desk, account: Account, post_id: str) -> StandingOffer:
    """Take a standing offer back before its time: nobody can order from it any more.

    Orders that were accepted stand, and keep the posting as it was. Raises: InvalidInput.
    """
    post, offer = desk.tx.posts.get(post_id), desk.tx.posts.offer(post_id)
    if post is None or offer is None or post.account != account.id or post.deleted_at is not None:
        raise InvalidInput("offer", "there is no such standing offer", "It may have been taken back already.")
    ended = replace(offer, withdrawn_at=desk.signing_time)
    desk.tx.posts.save_offer(account.id, ended)
    desk.tx.posts.save(replace(post, deleted_at=desk.now))
    publish.withdraw_post(desk, account, ended)
    return ended


@dataclass(frozen=True, slots=True)
class Purchase:
    """How much of a standing offer, and what the customer lets the vendor know."""

    quantity: str
    terms: tuple[str, ...]
    fields: Mapping[str, str]


def buy(desk: Desk, account: Account, vendor: Contact, posting: StandingOffer, purchase: Purchase) -> Deal:
    """Order from a standing offer with a fresh persona: no follow, no grant. Raises: InvalidInput, Refusal.

    Shapes: `posting` was fetched from its origin and its proof verified just before.
    """
    try:
        quantity = parse_quantity(purchase.quantity, posting.unit)
    except ValueError as error:
        right = said("It is sold by the %(unit)s.", unit=posting.unit)
        raise InvalidInput("quantity", said_by(error), right) from None
    problem = _quantity_problem(posting, quantity)
    if problem:
        least = Quantity(posting.minimum_quantity, posting.unit)
        raise InvalidInput("quantity", problem, said("At least %(quantity)s.", quantity=least))
    if posting.ends_at <= desk.now:
        raise InvalidInput("offer", "it has ended", "Ask the vendor: `obverse intent cast`.")
    if lacking := missing_terms(purchase.terms, posting.terms_accepted):
        raise InvalidInput(
            "terms",
            said("the vendor does not accept %(terms)s", terms=tuple(lacking)),
            "Choose among its own.",
        )
    check_audience((vendor,), purchase.terms)
    own = persona_for(desk, account, vendor.actor, PersonaMode.PER_DEAL)
    deal = Deal(
        id=desk.iri("deals"),
        own=own,
        peer=vendor.actor,
        side=Sender.CUSTOMER,
        account=account.id,
        kind=DealKind.ORDER,
        peer_inbox=vendor.inbox,
        category=posting.category,
        post_id=posting.id,
    )
    agreement = AgreementTerms(
        primary=f"{posting.id}#primary",
        quantity=quantity,
        reciprocal=f"{posting.id}#reciprocal",
        price=price_for(posting.unit_price / posting.per_quantity, posting.currency, quantity.value),
        item=Item(name=posting.name or "Standing offer"),
    )
    message = Order(
        **envelope(desk, deal),
        post_digest=posting.digest,
        agreement=agreement,
        agreement_digest=attest.agreement_digest_of(agreement),
        ends_at=desk.signing_time + desk.setting.policy.order_default,
        feedback_key=new_feedback_key(desk),
        terms=purchase.terms,
        disclosed=disclose((), purchase.fields),
    )
    return act(desk, deal, message)[0]


def keep_posting(desk: Desk, deal: Deal, posting: StandingOffer, body: bytes, *, document: str = "") -> None:
    """Keep the standing offer with the order that binds it: the page that showed it may change or go.

    Shapes: `body` is the signed Note as it was read; `document` the digest of the actor document that showed
            its key, "" where the key is our own.
    """
    desk.tx.evidence.add(
        StoredMessage(
            own=deal.own,
            deal_id=deal.id,
            activity_id=posting.id,
            direction=Direction.OUT if deal.side is Sender.VENDOR else Direction.IN,
            kind=KIND,
            actor=posting.author,
            digest=posting.digest,
            body=body,
            at=desk.now,
            document=document,
        )
    )


def _quantity_problem(posting: StandingOffer, quantity: Quantity) -> str:
    if quantity.unit != posting.unit:
        return said("%(unit)s where it is sold by the %(sold)s", unit=quantity.unit, sold=posting.unit)
    if quantity.value < posting.minimum_quantity:
        return said("%(quantity)s is less than the minimum", quantity=quantity)
    if quantity.value % posting.per_quantity:
        return said("%(quantity)s is no multiple of %(step)s", quantity=quantity, step=posting.per_quantity)
    return ""


def check_order(desk: Desk, message: Order, *, now: datetime) -> StandingOffer:
    """The posting that an order binds, if the order fits it. Raises: Refusal.

    Units:  `now` is when the order was received.
    An order of an older statement of the post is superseded; the price must be exact.
    """
    post_id = message.agreement.primary.removesuffix("#primary")
    posting = desk.tx.posts.offer(post_id)
    if posting is None or posting.author != message.to:
        raise Refusal(Reason.NOT_ADDRESSED, "no such standing offer")
    if posting.withdrawn_at is not None:
        raise Refusal(Reason.WITHDRAWN, "the standing offer was withdrawn")
    if posting.ends_at <= now:
        raise Refusal(Reason.EXPIRED, "the standing offer has ended")
    if posting.digest != message.post_digest:
        raise Refusal(Reason.SUPERSEDED, "the standing offer was changed since")
    agreement = message.agreement
    if problem := _quantity_problem(posting, agreement.quantity):
        raise Refusal(Reason.MALFORMED, problem)
    try:
        price = price_for(
            posting.unit_price / posting.per_quantity, posting.currency, agreement.quantity.value
        )
    except ValueError as error:
        raise Refusal(Reason.MALFORMED, said_by(error)) from None
    if agreement.price != price or agreement.reciprocal != f"{posting.id}#reciprocal":
        raise Refusal(Reason.MALFORMED, said("the price is %(price)s", price=price))
    if lacking := missing_terms(message.terms, posting.terms_accepted):
        words = said("not accepted here: %(terms)s", terms=tuple(lacking))
        raise Refusal(Reason.TERMS_NOT_ACCEPTED, words)
    return posting


def answer_order(
    desk: Desk, deal: Deal, message: Order, posting: StandingOffer
) -> tuple[Outcome, attest.Signed]:
    """The vendor's Accept, which is the conclusion (`protocol §4`, one-off path). Raises: Refusal."""
    post = desk.tx.posts.get(posting.id)
    if post is not None:
        keep_posting(desk, deal, posting, post.body)
    draft = OrderAccept(
        **envelope(desk, deal),
        order_id=message.id,
        order_digest=message.digest,
        agreement_id=desk.iri("agreements"),
        agreement=message.agreement,
        agreement_digest=message.agreement_digest,
        terms=message.terms,
        credential=attest.purchase_credential(desk, deal, message.feedback_key),
    )
    signed = attest.sign(desk, draft)
    outcome = apply(deal, signed.message, sender=Sender.VENDOR, now=desk.now, policy=desk.setting.policy)
    return outcome, signed
