from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pyld.jsonld import JsonLdError

from federation.contexts import BUNDLED, expand, frozen_loader
from federation.errors import InvalidDocument
from federation.jsonld import check_context, has_forbidden_keywords
from federation.vocab import AS_CONTEXT, AS_NAMESPACE, AS_TERMS, CID_CONTEXT, SECURITY_CONTEXT

MESSAGES = sorted((Path(__file__).parents[3] / "golden" / "messages").glob("*.json"))
LOADER = frozen_loader()


def _documents() -> list[Any]:
    read = [(path.name, json.loads(path.read_text())) for path in MESSAGES]
    return [
        pytest.param(document, id=name)
        for name, document in read
        if isinstance(document, dict) and "@context" in document
    ]


def test_the_golden_messages_are_there() -> None:
    assert len(_documents()) > 30


@pytest.mark.parametrize("document", _documents())
def test_a_golden_message_expands_without_loss_and_redefines_nothing(document: dict[str, Any]) -> None:
    expanded = json.dumps(expand(document, loader=LOADER))
    assert '"_:' not in expanded
    assert not has_forbidden_keywords(document)
    check_context(document, AS_TERMS)


def test_terms_stand_for_what_the_published_contexts_say() -> None:
    context = [AS_CONTEXT, SECURITY_CONTEXT, CID_CONTEXT]
    # These are keywords, prefixes, scoped to other types, or defined by a later context.
    elsewhere = {"id", "type", "as", "sec", "proof", "publicKeyMultibase", "controller"}
    for term, iris in AS_TERMS.items():
        if term in elsewhere:
            continue
        if term[0].isupper():
            document: dict[str, Any] = {"@context": context, "id": "https://a.example/", "type": term}
            found = set(expand(document, loader=LOADER)[0]["@type"])
        else:
            found = set(expand({"@context": context, term: "https://a.example/"}, loader=LOADER)[0])
        assert found == {iris[0]}, term


def test_d12_an_unknown_context_is_never_fetched() -> None:
    with pytest.raises(JsonLdError, match="outside the allowed set"):
        LOADER("https://unknown.example/context", {})
    with pytest.raises(InvalidDocument):
        expand({"@context": "https://unknown.example/context", "name": "x"})


def test_every_bundled_file_is_a_context() -> None:
    for path in BUNDLED.values():
        assert "@context" in json.loads(path.read_text())


def test_a_large_document_is_refused_before_it_is_processed() -> None:
    with pytest.raises(InvalidDocument, match="larger"):
        expand({"@context": AS_CONTEXT, "content": "x" * 100}, max_bytes=100)


def test_a_deep_document_is_refused_not_crashed() -> None:
    document: dict[str, Any] = {"name": "end"}
    for _ in range(300):
        document = {"object": document}
    with pytest.raises(InvalidDocument, match="cannot be expanded"):
        expand({"@context": AS_CONTEXT, **document})


def test_d13_seven_linked_blank_nodes_take_no_time() -> None:
    nodes = [
        {"id": f"_:b{n}", AS_NAMESPACE + "tag": [{"id": f"_:b{m}"} for m in range(8) if m != n]}
        for n in range(8)
    ]
    assert expand({"@context": AS_CONTEXT, "tag": nodes}, loader=LOADER)
