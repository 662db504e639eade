"""Views that are right by default; a test changes the one field that matters."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from markupsafe import Markup

from node.domain.values import Quantity
from node.web.views import (
    AspectLine,
    FeedbackLine,
    FeedbackView,
    FrontView,
    OfferLine,
    Party,
    Price,
    ProfileView,
    StandingOfferView,
)

__all__ = ["feedback", "front", "offer", "profile"]

DPV = "https://w3id.org/dpv/standards/ieee/7012#"
SHOP = Party("North Bicycles", "@shop@shop.example", "https://shop.example/@shop")
ANA = Party("Ana", "@ana@ana.example", "https://ana.example/@ana")
OFFER_PAGE = "https://shop.example/@shop/GpuRMVDVbCJKh3mRD6c48Q"
MILK = Price(Decimal("1.35"), "EUR", Quantity(Decimal(1), "litre"))
FEEDBACK_PAGE = "https://ana.example/@ana/DM6BZF1JugaBFypdfx9HdY"


@pytest.fixture
def front() -> FrontView:
    return FrontView(
        host="shop.example",
        page="https://shop.example/",
        actor="https://shop.example/actor",
        accounts=(SHOP, Party("Glasgow Repairs", "@repairs@shop.example", "https://shop.example/@repairs")),
    )


@pytest.fixture
def profile() -> ProfileView:
    return ProfileView(
        host="shop.example",
        page="https://shop.example/@shop",
        actor="https://shop.example/actors/shop",
        name="North Bicycles",
        handle="@shop@shop.example",
        is_vendor=True,
        since=datetime(2026, 10, 1, tzinfo=UTC),
        summary=Markup("<p>Bicycles and repairs in Glasgow.</p>"),
        terms=(f"{DPV}PDC-INTENT", f"{DPV}SD-BASE", f"{DPV}SD-BASE-DP"),
        offers=(
            OfferLine("Whole milk", OFFER_PAGE, MILK, datetime(2026, 12, 1, 6, tzinfo=UTC)),
            OfferLine(
                "Winter check-up of a bicycle",
                "https://shop.example/@shop/b2",
                Price(Decimal("39.00"), "EUR", Quantity(Decimal(1), "one")),
                datetime(2027, 2, 28, tzinfo=UTC),
            ),
        ),
        feedback=(
            FeedbackLine(
                "Swapped at my door", FEEDBACK_PAGE, ANA, datetime(2026, 12, 10, 8, tzinfo=UTC), True
            ),
            FeedbackLine(
                "Never got an answer",
                "https://bo.example/@bo/x1",
                Party("Bo", "@bo@bo.example"),
                datetime(2026, 12, 3, 8, tzinfo=UTC),
            ),
        ),
        indexed=True,
        description="Bicycles and repairs in Glasgow.",
        feed="https://shop.example/@shop/feed.atom",
    )


@pytest.fixture
def offer() -> StandingOfferView:
    return StandingOfferView(
        host="shop.example",
        page=OFFER_PAGE,
        object_id="https://shop.example/posts/GpuRMVDVbCJKh3mRD6c48Q",
        vendor=SHOP,
        title="Whole milk",
        price=MILK,
        published_at=datetime(2026, 11, 1, 6, tzinfo=UTC),
        ends_at=datetime(2026, 12, 1, 6, tzinfo=UTC),
        content=Markup("<p>Whole milk from two farms north of the city, bottled the same morning.</p>"),
        least=Quantity(Decimal(6), "litre"),
        terms=(f"{DPV}SD-BASE", f"{DPV}SD-BASE-DP"),
    )


@pytest.fixture
def feedback() -> FeedbackView:
    return FeedbackView(
        host="ana.example",
        page=FEEDBACK_PAGE,
        object_id="https://ana.example/posts/DM6BZF1JugaBFypdfx9HdY",
        author=ANA,
        vendor=SHOP,
        title="Swapped at my door",
        published_at=datetime(2026, 12, 10, 8, tzinfo=UTC),
        standing="from a purchase",
        from_a_purchase=True,
        content=Markup("<p>Swapped a faulty bicycle at my door within a week. The app nags, though.</p>"),
        aspects=(
            AspectLine("after-sales", "at my door, in a week", "delighted"),
            AspectLine("app", "nags", "annoyed"),
            AspectLine("price", "as agreed"),
        ),
    )
