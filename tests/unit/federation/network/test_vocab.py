from __future__ import annotations

import pytest

from federation.vocab import (
    LD_JSON_PROFILE,
    is_activity_content_type,
    is_inbox_content_type,
    is_json_content_type,
    is_public,
)


@pytest.mark.parametrize(
    "header",
    [
        "application/activity+json",
        "Application/Activity+JSON; charset=utf-8",
        LD_JSON_PROFILE,
        'application/ld+json;profile="https://www.w3.org/ns/activitystreams";charset=utf-8',
        'application/ld+json; charset=utf-8; profile="https://www.w3.org/ns/activitystreams"',
        'application/ld+json; profile="https://a.example/ https://www.w3.org/ns/activitystreams"',
        "application/activity+json;",
    ],
)
def test_activity_documents_come_under_these_types(header: str) -> None:
    assert is_activity_content_type(header)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "application/json",
        "application/ld+json",
        'application/ld+json; profile="https://www.w3.org/ns/activitystreams/x"',
        "text/html",
        "application/activity+json, text/html",
        'text/plain; x="application/activity+json"',
        "application/activity+jsonx",
        "application/ld+json" + "; " * 600,
    ],
)
def test_c07_c08_uploads_are_not_taken_for_activity_documents(header: str | None) -> None:
    assert not is_activity_content_type(header)


def test_an_inbox_takes_both_json_types_with_any_parameters() -> None:
    assert is_inbox_content_type("application/activity+json; charset=utf-8")
    assert is_inbox_content_type("application/ld+json")
    assert is_inbox_content_type(LD_JSON_PROFILE)
    assert not is_inbox_content_type("application/json")
    assert not is_inbox_content_type("multipart/form-data; boundary=x")
    assert not is_inbox_content_type(None)


def test_discovery_documents_are_jrd_or_plain_json() -> None:
    assert is_json_content_type("application/jrd+json; charset=utf-8")
    assert is_json_content_type("application/json")
    assert not is_json_content_type("text/html")


def test_all_three_spellings_of_public_are_public_and_nothing_else_is() -> None:
    for spelling in ("https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"):
        assert is_public(spelling)
    others: list[object] = ["public", "https://a.example/followers", None, ["Public"], {}]
    for other in others:
        assert not is_public(other)
