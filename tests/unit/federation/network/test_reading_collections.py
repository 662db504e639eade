"""Somebody else's collections, read within bounds."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from federation.collections import read_collection
from federation.errors import DocumentRefused
from federation.fetching import FetchBudget, Fetcher

HOME = "https://t.example/outbox"


def a_page(
    number: int | str, *items: str, following: Any = None, kind: str = "orderedItems"
) -> dict[str, Any]:
    page: dict[str, Any] = {"id": f"{HOME}/{number}", "type": "OrderedCollectionPage", kind: list(items)}
    if following is not None:
        page["next"] = following
    return page


def read(fetcher: Fetcher, **bounds: Any) -> list[Any]:
    return asyncio.run(read_collection(fetcher, HOME, **bounds))


def test_pages_are_followed_in_order(world: Any, fetcher: Fetcher) -> None:
    world.put(HOME, {"id": HOME, "type": "OrderedCollection", "first": f"{HOME}/1"})
    world.put(f"{HOME}/1", a_page(1, "a", "b", following=f"{HOME}/2"))
    world.put(f"{HOME}/2", a_page(2, "c", kind="items"))
    assert read(fetcher) == ["a", "b", "c"]
    assert read(fetcher, items=2) == ["a", "b"]
    assert world.urls[-1] == f"{HOME}/1", "what is not wanted any more is not asked for"


def test_what_is_embedded_is_read_without_asking(world: Any, fetcher: Fetcher) -> None:
    inline = {"id": HOME, "type": "OrderedCollection", "orderedItems": ["x"], "first": a_page(1, "a")}
    world.put(HOME, inline)
    assert read(fetcher) == ["x", "a"]
    assert world.urls == [HOME]


@pytest.mark.parametrize("elsewhere", ["https://other.example/outbox/1", "nonsense", 7, None])
def test_a_page_elsewhere_is_not_asked_for(elsewhere: Any, world: Any, fetcher: Fetcher) -> None:
    world.put(HOME, {"id": HOME, "type": "OrderedCollection", "first": elsewhere})
    assert read(fetcher) == []
    assert world.urls == [HOME]


def test_pages_are_bounded_by_number_and_by_budget(world: Any, fetcher: Fetcher) -> None:
    world.put(HOME, {"id": HOME, "type": "OrderedCollection", "first": f"{HOME}/0"})
    for number in range(30):
        world.put(f"{HOME}/{number}", a_page(number, str(number), following=f"{HOME}/{number + 1}"))
    assert read(fetcher, pages=3) == ["0", "1", "2"]
    with pytest.raises(DocumentRefused, match="may not cause more"):
        read(fetcher, budget=FetchBudget(3))
