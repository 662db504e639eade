import pytest

from federation.collections import build_collection, build_page, page_count, page_id, parse_page_path

OUTBOX = "https://ana.example/actors/ana/outbox"


def test_a_collection_names_its_pages_without_query_strings() -> None:
    document = build_collection(OUTBOX, total=45, pages=3, attributed_to="https://ana.example/actors/ana")
    assert document["first"] == OUTBOX + "/page/1"
    assert document["last"] == OUTBOX + "/page/3"
    assert document["totalItems"] == 45
    assert document["attributedTo"] == "https://ana.example/actors/ana"


def test_a_collection_that_is_not_shown_has_a_total_and_no_page() -> None:
    document = build_collection(OUTBOX, total=7)
    assert document.keys() == {"@context", "id", "type", "totalItems"}


def test_pages_are_chained_and_end() -> None:
    pages = [build_page(OUTBOX, number=n, pages=3, total=5, items=[f"urn:{n}"]) for n in (1, 2, 3)]
    assert [page.get("prev") for page in pages] == [None, page_id(OUTBOX, 1), page_id(OUTBOX, 2)]
    assert [page.get("next") for page in pages] == [page_id(OUTBOX, 2), page_id(OUTBOX, 3), None]
    assert pages[1]["partOf"] == OUTBOX
    assert pages[1]["orderedItems"] == ["urn:2"]


@pytest.mark.parametrize(("total", "pages"), [(0, 0), (1, 1), (20, 1), (21, 2)])
def test_pages_are_counted(total: int, pages: int) -> None:
    assert page_count(total, 20) == pages


def test_a_page_has_one_path() -> None:
    assert parse_page_path("/actors/ana/outbox/page/12") == ("/actors/ana/outbox", 12)
    for path in (
        "/outbox",
        "/outbox/page/",
        "/outbox/page/0",
        "/outbox/page/01",
        "/outbox/page/-1",
        "/outbox/page/٣",
        "/outbox/page/1234567890",
        "/outbox/page/1\n",
        "/outbox/page/1/2",
    ):
        assert parse_page_path(path) is None, path
