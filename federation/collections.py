"""Ordered collections and their pages. Pages are paths (`/outbox/page/2`), never query strings: peers differ
in whether they sign a query.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from federation.messages import JsonObject, JsonValue
from federation.vocab import AS_CONTEXT

__all__ = ["build_collection", "build_page", "page_count", "page_id", "parse_page_path"]


def page_id(collection: str, number: int) -> str:
    """The id of one page; pages count from 1."""
    return f"{collection}/page/{number}"


def parse_page_path(path: str) -> tuple[str, int] | None:
    """Split `/…/outbox/page/2` into (`/…/outbox`, 2); None where it is not the path of a page.

    One spelling a page: `page/02`, `page/0` and digits of other scripts are no pages, so that caches and
    signatures see one id.
    """
    collection, separator, digits = path.rpartition("/page/")
    if not separator or not re.fullmatch("[1-9][0-9]{0,8}", digits):
        return None
    return collection, int(digits)


def page_count(total: int, per_page: int) -> int:
    """How many pages hold `total` items; an empty collection has none."""
    return -(-total // per_page)


def build_collection(
    collection: str, *, total: int, pages: int | None = None, attributed_to: str | None = None
) -> JsonObject:
    """The collection itself: its total, and its first and last page when it has any.

    Shapes: `pages` is the number of pages that a reader may open; None or 0 shows the total alone (a network
            or a private collection that is counted but not shown).
    Spec:   ActivityStreams 2.0 §4 (OrderedCollection).
    """
    document: JsonObject = {
        "@context": AS_CONTEXT,
        "id": collection,
        "type": "OrderedCollection",
        "totalItems": total,
    }
    if attributed_to:
        document["attributedTo"] = attributed_to
    if pages:
        document["first"] = page_id(collection, 1)
        document["last"] = page_id(collection, pages)
    return document


def build_page(
    collection: str, *, number: int, pages: int, total: int, items: Sequence[JsonValue]
) -> JsonObject:
    """One page, newest items first; `items` are ids as strings, or whole public activities.

    Shapes: `number` counts from 1 to `pages`; `prev` and `next` stand only where there is such a page.
    """
    document: JsonObject = {
        "@context": AS_CONTEXT,
        "id": page_id(collection, number),
        "type": "OrderedCollectionPage",
        "partOf": collection,
        "totalItems": total,
        "orderedItems": list(items),
    }
    if number > 1:
        document["prev"] = page_id(collection, number - 1)
    if number < pages:
        document["next"] = page_id(collection, number + 1)
    return document
