"""Ordered collections and their pages: ours built, those of others read within bounds.

Pages of ours are paths (`/outbox/page/2`), never query strings: peers differ in whether they sign a query.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from federation.errors import InvalidIri
from federation.fetching import FetchBudget, Fetcher
from federation.ids import origin, parse_iri, without_fragment
from federation.jsonld import as_id, as_list
from federation.messages import JsonObject, JsonValue
from federation.vocab import AS_CONTEXT

__all__ = [
    "build_collection",
    "build_page",
    "page_count",
    "page_id",
    "parse_page_path",
    "read_collection",
]


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


async def read_collection(
    fetcher: Fetcher, url: str, *, items: int = 1000, pages: int = 10, budget: FetchBudget | None = None
) -> list[JsonValue]:
    """The first items of somebody else's collection, as they stand there: ids or whole objects, unverified.

    Shapes: at most `items` of at most `pages` pages, each page once and on the collection's own origin; what
            is embedded is read without asking. Whoever links a page to itself, or counts to a million, has
            his first items read and no more.
    Raises: InvalidIri, and as `Fetcher.fetch`, whose size cap and budget hold for every page.
    Spec:   ActivityStreams 2.0 §4; `security E14`.
    """
    budget = budget or FetchBudget(pages + 1)
    document = (await fetcher.fetch(url, budget=budget)).json
    home, found, seen = origin(url), _items_of(document), {without_fragment(url)}
    upcoming = document.get("first")
    for _ in range(pages):
        page = upcoming if isinstance(upcoming, dict) else None
        if page is None:
            address = _page_address(upcoming, home)
            if address is None or address in seen or len(found) >= items:
                break
            seen.add(address)
            page = (await fetcher.fetch(address, budget=budget)).json
        found += _items_of(page)
        upcoming = page.get("next")
    return found[:items]


def _items_of(document: JsonObject) -> list[JsonValue]:
    return [item for name in ("orderedItems", "items") for item in as_list(document.get(name))]


def _page_address(value: JsonValue, home: str) -> str | None:
    """The address of a page that may be asked for: none on another origin, which could be anybody's."""
    try:
        address = without_fragment(parse_iri(as_id(value)))
    except InvalidIri:
        return None
    return address if origin(address) == home else None
