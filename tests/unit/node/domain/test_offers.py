"""Price parts add up, and only the vendor's own links are links."""

from __future__ import annotations

import pytest

from node.domain.errors import Reason, Refusal
from node.domain.offers import PartKind, PricePart, check_price_parts, is_trusted_link
from tests.builders import VENDOR, money

GOODS = PricePart("North Kid 20", PartKind.GOODS, money("279.00"))
DELIVERY = PricePart("Delivery", PartKind.DELIVERY, money("10.00"))
DISCOUNT = PricePart("Spring", PartKind.DISCOUNT, money("29.00"))


def test_parts_that_sum_to_the_price_are_taken() -> None:
    check_price_parts((GOODS, DELIVERY, DISCOUNT), money("260.00"))


def test_an_offer_needs_no_parts() -> None:
    check_price_parts((), money("289.00"))
    check_price_parts((), None)


@pytest.mark.parametrize("price", ["289.01", "288.99", "318.00"])
def test_parts_that_do_not_sum_are_malformed(price: str) -> None:
    with pytest.raises(Refusal, match="do not sum") as refused:
        check_price_parts((GOODS, DELIVERY), money(price))
    assert refused.value.reason is Reason.MALFORMED


def test_parts_of_a_gift_are_malformed() -> None:
    with pytest.raises(Refusal, match="without a price"):
        check_price_parts((GOODS,), None)


def test_parts_in_another_currency_do_not_count() -> None:
    yen = PricePart("North Kid 20", PartKind.GOODS, money("289.00", "USD"))
    with pytest.raises(Refusal, match="not in EUR"):
        check_price_parts((yen,), money("289.00"))


@pytest.mark.parametrize(
    "href", ["https://shop.example/pay/1", "HTTPS://shop.example/pay", "https://shop.example"]
)
def test_a_link_on_the_vendors_own_origin_is_trusted(href: str) -> None:
    assert is_trusted_link(href, VENDOR)


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//shop.example/pay",
        "/pay",
        "",
        "http://shop.example/pay",
        "https://shop.example.evil.example/pay",
        "https://shop.example@evil.example/pay",
        "https://shop.example:8443/pay",
        "https://[shop.example/pay",
        "ftp://shop.example/pay",
    ],
)
def test_any_other_link_is_not(href: str) -> None:
    assert not is_trusted_link(href, VENDOR)
