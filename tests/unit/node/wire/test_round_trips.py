"""Whatever the domain can say, the wire carries: built and read again it is the same fact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from federation.digest import object_digest
from federation.keys import did_key, ed25519_from_seed
from federation.proofs import add_proof
from federation.strictjson import dump_json, parse_json_object
from node.domain.errors import Reason
from node.domain.feedback import MOODS, FeedbackPost
from node.domain.intents import Budget, Place, Proposal, Weight, Wish
from node.domain.messages import (
    Accept,
    Ask,
    Aspect,
    Cancel,
    CancelAccept,
    CancelReject,
    Cast,
    Conclude,
    Confirm,
    Counter,
    Decline,
    Feedback,
    Message,
    NoBid,
    Offer,
    Order,
    OrderAccept,
    Progress,
    Receipt,
    Refuse,
    Shortlist,
    Stage,
    Undo,
    Update,
    Withdraw,
)
from node.domain.offers import (
    AgreementTerms,
    Answer,
    FieldAsked,
    Item,
    Link,
    Meets,
    PartKind,
    PricePart,
    Recurring,
    StandingOffer,
)
from node.domain.reasons import CANCEL_REASONS, DECLINE_REASONS, NO_BID_REASONS
from node.domain.values import CURRENCIES, UNITS, Money, Quantity
from node.wire.agreements import agreement_digest_of
from node.wire.credentials import build_credential
from node.wire.feedback import build_feedback_post, parse_feedback_post
from node.wire.messages import build_message, is_deal_message, parse_message
from node.wire.postings import build_posting, parse_posting
from node.wire.receipts import build_receipt_credential
from node.wire.rejects import REFUSED_DIGESTS

ANA = "https://ana.example/p/NNQSzoUrVZvVMmYqduP3mq"
SHOP = "https://shop.example/actors/shop"
Priced = tuple[str | None, Message]
SHOP_KEY = ed25519_from_seed(f"{SHOP}#ed25519-key", SHOP, b"s" * 32)
START = datetime(2026, 11, 21, 10, tzinfo=UTC)

names = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=30).filter(
    lambda text: bool(text.strip())
)
contents = st.none() | names
times = st.integers(0, 40_000_000).map(lambda s: START + timedelta(seconds=s))
tokens = st.text("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789", min_size=22, max_size=22)
digests = tokens.map(lambda token: f"zQm{token}")
currencies = st.sampled_from(sorted(CURRENCIES))
categories = st.integers(1, 10**9).map(lambda n: f"https://www.wikidata.org/wiki/Q{n}")
terms = st.lists(tokens.map(lambda token: f"https://terms.example/{token}"), max_size=4, unique=True).map(
    tuple
)
feedback_keys = st.binary(min_size=32, max_size=32).map(
    lambda seed: did_key(ed25519_from_seed("k", "k", seed).public)
)
credential_texts = st.builds(
    lambda key, category: dump_json(
        add_proof(
            build_credential(issuer=SHOP, feedback_key=key, category=category, month="2026-11"),
            SHOP_KEY,
            created=START,
        )
    ).decode(),
    feedback_keys,
    categories,
)
cards = st.none() | names.map(lambda name: dump_json({"@type": "Card", "name": {"full": name}}).decode())


def made_by(owner: str, path: str) -> st.SearchStrategy[str]:
    origin = owner.split("/", 3)
    return tokens.map(lambda token: f"{origin[0]}//{origin[2]}/{path}/{token}")


def money(currency: str) -> st.SearchStrategy[Money]:
    return st.integers(0, 10**13).map(lambda minor: Money(minor, currency))


@st.composite
def quantities(draw: st.DrawFn) -> Quantity:
    unit = draw(st.sampled_from(sorted(UNITS)))
    if not UNITS[unit].divisible:
        return Quantity(Decimal(draw(st.integers(1, 999_999))), unit)
    value = Decimal(draw(st.integers(1, 10**9 - 1))).scaleb(-draw(st.integers(0, 4)))
    return Quantity(value.normalize() if value % 1 else value.to_integral_value(), unit)


def envelope(actor: str, to: str) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "id": made_by(actor, "activities"),
        "deal_id": made_by(ANA, "deals"),
        "actor": st.just(actor),
        "to": st.just(to),
        "at": times,
        "digest": digests,
    }


customer = envelope(ANA, SHOP)
vendor = envelope(SHOP, ANA)
offer_ids = made_by(SHOP, "activities")
accept_ids = made_by(ANA, "activities")

wishes = st.builds(
    Wish,
    id=tokens,
    text=names,
    weight=st.sampled_from(Weight),
    prop=contents,
    op=st.none() | st.sampled_from(["is", "min", "max", "fits"]),
    value=contents,
    unit=contents,
)
places = st.builds(
    Place,
    name=contents,
    latitude=st.none() | st.integers(-900, 900).map(lambda tenths: tenths / 10),
    longitude=st.none() | st.integers(-1800, 1800).map(lambda tenths: tenths / 10),
    radius=st.none() | st.integers(0, 100),
    units=st.none() | st.just("km"),
)


@st.composite
def proposals(draw: st.DrawFn, deal_id: str, at: datetime, *, updated: bool = False) -> Proposal:
    currency = draw(st.none() | currencies)
    ends_at = at + timedelta(seconds=draw(st.integers(1, 7_000_000)))
    budget = draw(st.booleans()) and currency is not None
    return Proposal(
        id=draw(made_by(ANA, "proposals")),
        deal_id=deal_id,
        author=ANA,
        addressee=SHOP,
        category=draw(categories),
        quantity=draw(quantities()),
        published_at=at - timedelta(seconds=draw(st.integers(0, 1000))),
        ends_at=ends_at,
        action=draw(st.sampled_from(["transfer", "deliverService"])),
        currency=currency,
        price=draw(st.none() | money(currency)) if currency else None,
        name=draw(contents),
        content=draw(contents),
        updated_at=at if updated else None,
        due_at=draw(st.none() | times),
        place=draw(st.none() | places),
        wishes=draw(st.lists(wishes, max_size=3, unique_by=lambda wish: wish.id).map(tuple)),
        terms=draw(terms),
        budget=Budget(draw(money(currency or "EUR"))) if budget else None,
        supersedes=draw(st.none() | made_by(ANA, "proposals")),
        named_parties=draw(st.booleans()),
        sequence=draw(st.none() | st.integers(0, 1000)),
    )


@st.composite
def proposal_messages(draw: st.DrawFn) -> Message:
    head: dict[str, Any] = {name: draw(strategy) for name, strategy in customer.items()}
    kind: type[Cast | Update | Counter] = draw(st.sampled_from([Cast, Update, Counter]))
    proposal = draw(proposals(head["deal_id"], head["at"], updated=kind is Update))
    if kind is Counter:
        cited: dict[str, Any] = {
            "offer_id": draw(offer_ids),
            "offer_digest": draw(digests),
            "content": draw(contents),
        }
        return Counter(**head, **cited, proposal=proposal)
    return kind(**head, proposal=proposal)


items = st.builds(
    Item,
    name=names,
    sku=contents,
    gtin=contents,
    brand=contents,
    condition=st.none() | st.sampled_from(["new", "used", "refurbished"]),
    url=contents,
)


@st.composite
def agreements(draw: st.DrawFn, currency: str | None) -> AgreementTerms:
    proposal = draw(made_by(ANA, "proposals"))
    return AgreementTerms(
        primary=f"{proposal}#primary",
        quantity=draw(quantities()),
        reciprocal=f"{proposal}#reciprocal" if currency else None,
        price=draw(money(currency)) if currency else None,
        due_at=draw(st.none() | times),
        item=draw(st.none() | items),
    )


links = st.lists(
    st.builds(Link, name=st.just("") | names, href=names, rel=st.lists(tokens, max_size=2).map(tuple)),
    max_size=3,
).map(tuple)
answers = st.lists(
    st.builds(Answer, wish=tokens, text=st.just("") | names, meets=st.sampled_from(Meets)), max_size=3
).map(tuple)
fields_asked = st.lists(
    st.builds(FieldAsked, attribute=tokens, purpose=st.just("https://w3id.org/dpv#DeliveryOfGoods")),
    max_size=3,
).map(tuple)


@st.composite
def offers(draw: st.DrawFn, currency: str | None) -> Offer:
    agreement = draw(agreements(currency))
    parts: st.SearchStrategy[tuple[PricePart, ...]] = st.just(())
    recurring: st.SearchStrategy[Recurring | None] = st.none()
    if currency:
        part = st.builds(PricePart, name=names, kind=st.sampled_from(PartKind), amount=money(currency))
        parts = st.lists(part, max_size=3).map(tuple)
        period = st.sampled_from(["P1M", "P1Y6M", "P2W", "PT12H", "P1DT6H30M"])
        recurring = st.none() | st.builds(
            Recurring, amount=money(currency), period=period, times=st.integers(1, 120)
        )
    return Offer(
        **{name: draw(strategy) for name, strategy in vendor.items()},
        proposal_digest=draw(digests),
        agreement=agreement,
        agreement_digest=agreement_digest_of(agreement),
        ends_at=draw(times),
        firm=draw(st.none() | st.booleans()),
        supersedes=draw(st.none() | offer_ids),
        terms_accepted=draw(terms),
        content=draw(contents),
        answers=draw(answers),
        price_parts=draw(parts),
        recurring=draw(recurring),
        fields_asked=draw(fields_asked),
        links=draw(links),
    )


@st.composite
def orders(draw: st.DrawFn, currency: str | None) -> Order:
    agreement = draw(agreements(currency))
    return Order(
        **{name: draw(strategy) for name, strategy in customer.items()},
        post_digest=draw(digests),
        agreement=agreement,
        agreement_digest=agreement_digest_of(agreement),
        ends_at=draw(times),
        feedback_key=draw(feedback_keys),
        terms=draw(terms),
        disclosed=draw(cards),
    )


@st.composite
def accepts(draw: st.DrawFn, currency: str | None) -> Accept:
    agreement = draw(agreements(currency))
    return Accept(
        **{name: draw(strategy) for name, strategy in customer.items()},
        offer_id=draw(offer_ids),
        offer_digest=draw(digests),
        agreement_id=draw(made_by(ANA, "agreements")),
        agreement=agreement,
        agreement_digest=agreement_digest_of(agreement),
        terms=draw(terms),
        ends_at=draw(times),
        feedback_key=draw(feedback_keys),
        disclosed=draw(cards),
    )


@st.composite
def order_accepts(draw: st.DrawFn, currency: str | None) -> OrderAccept:
    agreement = draw(agreements(currency))
    return OrderAccept(
        **{name: draw(strategy) for name, strategy in vendor.items()},
        order_id=draw(accept_ids),
        order_digest=draw(digests),
        agreement_id=draw(made_by(SHOP, "agreements")),
        agreement=agreement,
        agreement_digest=agreement_digest_of(agreement),
        terms=draw(terms),
        credential=draw(credential_texts),
        links=draw(links),
    )


@st.composite
def progress_reports(draw: st.DrawFn, currency: str | None) -> Progress:
    is_money = currency is not None and draw(st.booleans())
    agreement_id = draw(made_by(ANA, "agreements"))
    return Progress(
        **{name: draw(strategy) for name, strategy in vendor.items()},
        event_id=draw(made_by(SHOP, "events")),
        accept_digest=draw(digests),
        fulfills=f"{agreement_id}#{'reciprocal' if is_money else 'primary'}",
        stage=draw(st.sampled_from(Stage)),
        happened_at=draw(times),
        quantity=None if is_money else draw(quantities()),
        amount=draw(money(currency)) if is_money and currency else None,
        action=draw(st.sampled_from(["transfer", "deliverService"])),
        name=draw(contents),
        content=draw(contents),
    )


@st.composite
def receipts(draw: st.DrawFn) -> Receipt:
    head: dict[str, Any] = {name: draw(strategy) for name, strategy in vendor.items()}
    dates = st.none() | st.dates(datetime(2026, 1, 1).date(), datetime(2999, 1, 1).date()).map(str)
    said: dict[str, Any] = {
        "receipt_id": draw(made_by(SHOP, "receipts")),
        "agreement_id": draw(made_by(ANA, "agreements")),
        "accept_digest": draw(digests),
        "category": draw(categories),
        "total": draw(st.none() | currencies.flatmap(money)),
        "valid_from": draw(times),
        "return_until": draw(dates),
        "guarantee_until": draw(dates),
    }
    unsigned = build_receipt_credential(issuer=SHOP, customer=ANA, **said)
    signed = dump_json(add_proof(unsigned, SHOP_KEY, created=START)).decode()
    return Receipt(**head, **said, credential=signed)


aspects = st.lists(
    st.builds(Aspect, name=names, content=st.just("") | names, mood=st.none() | st.sampled_from(MOODS)),
    max_size=3,
).map(tuple)
PLAIN: dict[str, st.SearchStrategy[Message]] = {
    "withdraw": st.builds(
        Withdraw, **customer, proposal_id=made_by(ANA, "proposals"), proposal_digest=digests
    ),
    "ask": st.builds(
        Ask, **vendor, note_id=made_by(SHOP, "notes"), in_reply_to=made_by(ANA, "proposals"), content=names
    ),
    "answer": st.builds(
        Ask, **customer, note_id=made_by(ANA, "notes"), in_reply_to=made_by(SHOP, "notes"), content=names
    ),
    "no bid": st.builds(
        NoBid,
        **vendor,
        cast_id=made_by(ANA, "activities"),
        proposal_digest=digests,
        reason=st.sampled_from(NO_BID_REASONS),
        content=contents,
    ),
    "undo": st.builds(Undo, **vendor, offer_id=offer_ids, offer_digest=digests),
    "shortlist": st.builds(Shortlist, **customer, offer_id=offer_ids, offer_digest=digests),
    "conclude": st.builds(
        Conclude,
        **vendor,
        accept_id=accept_ids,
        offer_digest=digests,
        accept_digest=digests,
        credential=credential_texts,
    ),
    "decline": st.builds(
        Decline,
        **customer,
        offer_id=offer_ids,
        offer_digest=digests,
        reason=st.none() | st.sampled_from(DECLINE_REASONS),
        may_answer=st.none() | st.booleans(),
        content=contents,
    ),
    "cancel": st.builds(
        Cancel,
        **customer,
        accept_digest=digests,
        ends_at=times,
        reason=st.sampled_from(CANCEL_REASONS),
        content=contents,
    ),
    "cancellation accepted": st.builds(
        CancelAccept, **vendor, cancel_id=accept_ids, cancel_digest=digests, accept_digest=digests
    ),
    "cancellation rejected": st.builds(
        CancelReject,
        **vendor,
        cancel_id=accept_ids,
        cancel_digest=digests,
        accept_digest=digests,
        reason=st.none() | st.sampled_from(CANCEL_REASONS),
        content=contents,
    ),
    "confirm": st.builds(
        Confirm,
        **customer,
        document_id=made_by(ANA, "confirmations"),
        accept_digest=digests,
        agreement_id=made_by(ANA, "agreements"),
        receipt_id=st.none() | made_by(SHOP, "receipts"),
    ),
    "feedback": st.builds(
        Feedback,
        **customer,
        note_id=made_by(ANA, "notes"),
        accept_digest=digests,
        content=names,
        aspects=aspects,
    ),
    "refuse": st.builds(
        Refuse,
        **vendor,
        object_id=accept_ids,
        reason=st.sampled_from(Reason),
        object_digest=digests,
        digest_member=st.sampled_from(REFUSED_DIGESTS),
        content=contents,
    ),
    "refuse without a deal": st.builds(
        Refuse, **(customer | {"deal_id": st.just("")}), object_id=offer_ids, reason=st.sampled_from(Reason)
    ),
    "receipt": receipts(),
    "cast, update and counter": proposal_messages(),
}


def priced(make: Callable[[str | None], st.SearchStrategy[Message]]) -> st.SearchStrategy[Priced]:
    """A currency, or none for a gift, and a message in it."""
    return (st.none() | currencies).flatmap(lambda currency: st.tuples(st.just(currency), make(currency)))


PRICED: dict[str, st.SearchStrategy[Priced]] = {
    "offer": priced(offers),
    "order": priced(orders),
    "accept": priced(accepts),
    "order accepted": priced(order_accepts),
    "progress": priced(progress_reports),
}
quick = settings(
    max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def carried(message: Message, currency: str | None = None) -> Message:
    """Built, sent as bytes, and read again."""
    activity = parse_json_object(dump_json(build_message(message)))
    assert is_deal_message(activity)
    return parse_message(activity, digest=message.digest, currency=currency)


@pytest.mark.parametrize("kind", PLAIN)
@quick
@given(st.data())
def test_message_without_amounts_is_carried_whole(kind: str, data: st.DataObject) -> None:
    message = data.draw(PLAIN[kind])
    assert carried(message) == message


@pytest.mark.parametrize("kind", PRICED)
@quick
@given(st.data())
def test_message_with_amounts_is_carried_whole(kind: str, data: st.DataObject) -> None:
    currency, message = data.draw(PRICED[kind])
    assert carried(message, currency) == message


@quick
@given(st.one_of(*PLAIN.values()))
def test_signed_message_has_one_digest_on_both_sides(message: Message) -> None:
    key = ed25519_from_seed(f"{message.actor}#key", message.actor, b"k" * 32)
    signed = add_proof(build_message(message), key, created=message.at)
    assert object_digest(parse_json_object(dump_json(signed))) == object_digest(signed)
    assert parse_message(signed, digest="zQm") == replace(message, digest="zQm")


@st.composite
def standing_offers(draw: st.DrawFn) -> StandingOffer:
    quantity, least = draw(quantities()), draw(quantities())
    published_at = draw(times)
    post = draw(made_by(SHOP, "posts"))
    return StandingOffer(
        id=post,
        author=SHOP,
        category=draw(categories),
        unit=quantity.unit,
        per_quantity=quantity.value,
        minimum_quantity=least.value if least.unit == quantity.unit else quantity.value,
        unit_price=Decimal(draw(st.integers(0, 10**9))).scaleb(-6),
        currency=draw(currencies),
        content=draw(names),
        url=draw(made_by(SHOP, "@shop")),
        published_at=published_at,
        ends_at=draw(times),
        terms_accepted=draw(terms),
        updated_at=draw(st.none() | st.just(published_at)),
    )


@quick
@given(standing_offers())
def test_standing_offer_is_carried_whole(offer: StandingOffer) -> None:
    note = parse_json_object(dump_json(build_posting(offer)))
    assert parse_posting(note) == replace(offer, digest=object_digest(note))


posts = st.builds(
    FeedbackPost,
    activity_id=made_by(ANA, "activities"),
    note_id=made_by(ANA, "posts"),
    author=st.just(ANA),
    vendor=st.just(SHOP),
    published_at=times,
    url=made_by(ANA, "@ana"),
    content=names,
    title=names,
    text=names,
    mention=st.just("@shop@shop.example"),
    followers=st.just(f"{ANA}/followers"),
    aspects=aspects,
    credential=st.none() | credential_texts,
    purchase_proof=st.none() | digests,
    digest=digests,
)


@quick
@given(posts)
def test_public_feedback_is_carried_whole(post: FeedbackPost) -> None:
    activity = parse_json_object(dump_json(build_feedback_post(post)))
    assert not is_deal_message(activity)
    assert parse_feedback_post(activity, digest=post.digest) == post
