from __future__ import annotations

from typing import Any

import pytest

from federation.errors import InvalidDocument
from federation.jsonld import (
    as_id,
    as_list,
    as_text,
    check_context,
    has_forbidden_keywords,
    has_user_information,
    type_names,
)
from federation.vocab import AS_CONTEXT, AS_TERMS

OWN = {**AS_TERMS, "price": ("https://w3id.org/obverse/ns#price",), "obv": ("https://w3id.org/obverse/ns#",)}


def test_one_or_many_is_read_as_many() -> None:
    assert as_list(None) == []
    assert as_list("a") == ["a"]
    assert as_list(["a", "b"]) == ["a", "b"]
    assert as_list({"id": "a"}) == [{"id": "a"}]


def test_a_node_is_an_id_an_object_or_a_list_of_one() -> None:
    assert as_id("https://a.example/") == "https://a.example/"
    assert as_id({"id": "https://a.example/"}) == "https://a.example/"
    assert as_id([{"id": "https://a.example/"}]) == "https://a.example/"
    for nothing in (None, 7, [], ["a", "b"], {}, {"id": 7}, [["a"]]):
        assert as_id(nothing) is None


def test_only_strings_are_texts() -> None:
    assert as_text("a") == "a"
    assert as_text(["a"]) is None


def test_types_are_names_and_nothing_else() -> None:
    assert type_names({"type": "Note"}) == ("Note",)
    assert type_names({"type": ["Note", 7, "Article"]}) == ("Note", "Article")
    assert type_names({}) == ()
    assert type_names("Note") == ()


@pytest.mark.parametrize("keyword", ["@graph", "@included", "@reverse"])
def test_d10_a_keyword_that_rearranges_is_found_anywhere(keyword: str) -> None:
    assert has_forbidden_keywords({"object": [{"tag": {keyword: []}}]})
    assert has_forbidden_keywords({"@context": {"x": {keyword: "as:object"}}})
    assert has_forbidden_keywords({"@context": [AS_CONTEXT, {"x": keyword}]})
    assert has_forbidden_keywords({"@context": {"x": {"@id": keyword}}})


def test_a_keyword_in_mere_text_is_harmless() -> None:
    assert not has_forbidden_keywords({"content": "@graph", "tag": ["@included"], "n": 7})


@pytest.mark.parametrize(
    "address", ["https://t@m.example/", "HTTP://a:b@m.example", "https:\\\\t@m/", "https://@m"]
)
def test_c10_a_user_before_a_host_is_found_anywhere(address: str) -> None:
    assert has_user_information({"object": [{"inReplyTo": {"id": address}}]})


def test_c10_an_at_sign_in_a_path_or_in_words_is_harmless() -> None:
    assert not has_user_information(
        {
            "url": "https://m.example/@ana",
            "a": ["x@https://y", "write to https://t@m"],
            "n": 7,
            "q": "https://m?@",
        }
    )


def test_d10_a_very_deep_document_is_walked_without_recursion() -> None:
    document: Any = {"@graph": []}
    for _ in range(100_000):
        document = [document]
    assert has_forbidden_keywords(document)


@pytest.mark.parametrize(
    "context",
    [
        {"actor": "https://evil.example/ns#actor"},
        {"actor": "as:object"},
        {"actor": {"@id": "as:attributedTo", "@type": "@id"}},
        {"actor": None},
        {"actor": {"@type": "@id"}},
        {"actor": 7},
        {"type": "@id"},
        {"price": "obv:other"},
        {"obv": "https://evil.example/ns#"},
        {"as": "https://evil.example/ns#", "x": "as:y"},
        {"p": "https://evil.example/", "price": "p:price"},
        {"p": {"@id": "https://evil.example/"}, "price": "p:price"},
        {"p": 7, "price": "p:price"},
        {"p": "q:", "q": "p:", "price": "p:x"},
        {"Wish": {"@id": "obv:Wish", "@context": {"actor": "obv:actor"}}},
    ],
)
def test_d11_an_inline_context_may_not_redefine_what_we_read(context: dict[str, Any]) -> None:
    for document in ({"@context": [AS_CONTEXT, context]}, {"object": {"@context": context}}):
        with pytest.raises(InvalidDocument, match="another meaning") as refused:
            check_context(document, OWN)
        assert "@context" in refused.value.place


@pytest.mark.parametrize(
    "context",
    [
        {"actor": {"@id": "as:actor", "@type": "@id"}},
        {"actor": "https://www.w3.org/ns/activitystreams#actor"},
        {"type": "@type", "id": "@id"},
        {"obv": "https://w3id.org/obverse/ns#", "price": "obv:price"},
        {"price": "obv:price"},
        {"p": "https://w3id.org/obverse/", "price": "p:ns#price"},
        {"q": "https://w3id.org/", "p": "q:obverse/", "price": "p:ns#price"},
        {"schema": "http://schema.org#", "value": "schema:value"},
        {"publicKey": {"@id": "sec:publicKey", "@type": "@id"}},
    ],
)
def test_an_inline_context_may_define_other_terms_and_repeat_ours(context: dict[str, Any]) -> None:
    check_context({"@context": [AS_CONTEXT, "https://unknown.example/context", context]}, OWN)


def test_a_document_that_is_no_object_has_no_context_to_refuse() -> None:
    check_context("https://a.example/", OWN)
    check_context(None, OWN)
