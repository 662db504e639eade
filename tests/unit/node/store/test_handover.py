from __future__ import annotations

from federation.ports import InboundEntry
from node.store.sqlite.handover import Handover
from tests.builders import NOW


def an_entry(name: str, size: int = 10) -> InboundEntry:
    return InboundEntry("r", "a", name, b"x" * size, "d", NOW)


def test_an_entry_is_handed_over_once_under_its_id() -> None:
    handover = Handover()
    handover.put(7, an_entry("one"))
    found = handover.take(7)
    assert found is not None
    assert (found.id, found.activity_id) == (7, "one")
    assert handover.take(7) is None
    assert handover.take(8) is None


def test_what_is_kept_is_bounded_in_bytes_and_the_oldest_leave() -> None:
    handover = Handover(30_000)
    for number in range(3):
        handover.put(number, an_entry(str(number), 10_000))
    handover.put(3, an_entry("3", 1))
    assert [number for number in range(4) if handover.take(number)] == [1, 2, 3]
    handover.put(5, an_entry("5", 30_001))
    assert handover.take(5) is None, "it alone is too much"


def test_short_bodies_count_for_what_is_parsed_of_them() -> None:
    handover = Handover(40_960)
    for number in range(100):
        handover.put(number, an_entry(str(number), 1))
    assert [number for number in range(100) if handover.take(number)] == list(range(90, 100))
    for number in range(10):
        handover.put(number, an_entry(str(number), 1))
    assert all(handover.take(number) for number in range(10)), "what was taken counts no more"
