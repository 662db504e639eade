"""What a public page says to programs that read schema.org: the same as to people, as JSON-LD in the head.

It is data, not script: a strict policy lets it stand, and nothing runs it.
"""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup

from node.domain.values import UNITS, Quantity, format_time, unit_price_text
from node.web.templating import is_web_address
from node.web.unseen import show_unseen
from node.web.views import (
    AnswerView,
    FeedbackView,
    FrontView,
    Party,
    PostView,
    Price,
    ProfileView,
    StandingOfferView,
)

__all__ = ["linked_data"]

_CONTEXT = "https://schema.org"
_ESCAPED = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}
_NOTHING: tuple[object, ...] = ("", None, [], {})


def linked_data(view: object) -> Markup:
    """The element for the head, or nothing where schema.org has no word for what the page is about.

    Spec: HTML §4.12.1 (data block); `security P09`: no text can end the element.
    """
    said = _said(view)
    if not said:
        return Markup()
    text = json.dumps({"@context": _CONTEXT, **_present(said)}, ensure_ascii=False, separators=(",", ":"))
    # All three characters occur within JSON strings alone, where the escapes mean the same.
    data = Markup(text.translate(_ESCAPED))  # noqa: S704  nothing is left in it that is markup
    return Markup('<script type="application/ld+json">{}</script>').format(data)


def _said(view: object) -> dict[str, Any]:
    if isinstance(view, ProfileView):
        return _profile(view)
    if isinstance(view, StandingOfferView):
        return _offer(view)
    if isinstance(view, FeedbackView):
        return _review(view)
    if isinstance(view, AnswerView):
        return _answer(view)
    if isinstance(view, PostView):
        return _post(view)
    if isinstance(view, FrontView):
        return {"@type": "WebSite", "@id": view.page, "url": view.page, "name": view.host}
    return {}


def _profile(view: ProfileView) -> dict[str, Any]:
    said: dict[str, Any] = {
        "@type": "Organization" if view.is_vendor else "Person",
        "@id": view.actor,
        "url": view.page,
        "name": show_unseen(view.name),
        "alternateName": view.handle,
        "description": show_unseen(view.description),
    }
    if view.is_vendor:
        said["makesOffer"] = [
            {
                "@type": "Offer",
                "@id": line.page,
                "url": line.page,
                "name": show_unseen(line.title),
                **_price(line.price),
                "validThrough": format_time(line.ends_at),
            }
            for line in view.offers
        ]
    return said


def _offer(view: StandingOfferView) -> dict[str, Any]:
    return {
        "@type": "Offer",
        "@id": view.object_id,
        "url": view.page,
        "name": show_unseen(view.title),
        "description": show_unseen(view.description),
        "category": view.category,
        **_price(view.price),
        "eligibleQuantity": _quantity(view.least, "minValue") if view.least is not None else None,
        "validFrom": format_time(view.published_at),
        "validThrough": format_time(view.ends_at),
        "availability": None if view.is_open else f"{_CONTEXT}/Discontinued",
        "offeredBy": _party(view.vendor, "Organization"),
    }


def _review(view: FeedbackView) -> dict[str, Any]:
    return {
        "@type": "Review",
        "@id": view.object_id,
        "url": view.page,
        "name": show_unseen(view.title),
        "reviewBody": show_unseen(view.description),
        "datePublished": format_time(view.published_at),
        "author": _party(view.author, "Person"),
        "itemReviewed": _party(view.vendor, "Organization"),
    }


def _answer(view: AnswerView) -> dict[str, Any]:
    return {
        "@type": "Comment",
        "@id": view.object_id,
        "url": view.page,
        "text": show_unseen(view.description),
        "datePublished": format_time(view.published_at),
        "author": _party(view.author, "Organization"),
    }


def _post(view: PostView) -> dict[str, Any]:
    return {
        "@type": "SocialMediaPosting",
        "@id": view.object_id,
        "url": view.page,
        "headline": show_unseen(view.title),
        "text": show_unseen(view.description),
        "inLanguage": view.language,
        "datePublished": format_time(view.published_at),
        "dateModified": format_time(view.updated_at) if view.updated_at is not None else None,
        "author": _party(view.author, "Person"),
    }


def _price(price: Price) -> dict[str, Any]:
    amount = unit_price_text(price.amount, price.currency)
    return {
        "price": amount,
        "priceCurrency": price.currency,
        "priceSpecification": {
            "@type": "UnitPriceSpecification",
            "price": amount,
            "priceCurrency": price.currency,
            "referenceQuantity": _quantity(price.per, "value"),
        },
    }


def _quantity(amount: Quantity, name: str) -> dict[str, Any]:
    return {"@type": "QuantitativeValue", name: amount.text, "unitCode": UNITS[amount.unit].code}


def _party(who: Party, kind: str) -> dict[str, Any]:
    page = who.page if is_web_address(who.page) else None
    return _present({"@type": kind, "name": show_unseen(who.name), "url": page})


def _present(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in _NOTHING}
