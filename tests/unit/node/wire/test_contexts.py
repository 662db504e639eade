"""The table of terms, and the least context of a document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.vocab import AS_CONTEXT, DATA_INTEGRITY_CONTEXT
from node.wire.contexts import (
    PREFIXES,
    READ_TERMS,
    TERMS,
    context_for,
    has_only_our_contexts,
    is_plainly_written,
    obv,
    odd_member,
    plain_code,
)

BARE = [AS_CONTEXT, DATA_INTEGRITY_CONTEXT]


def test_document_without_our_terms_needs_no_inline_context() -> None:
    assert context_for({"type": "Note", "content": "x"}) == BARE


def test_prefixes_come_first_and_only_those_in_use() -> None:
    inline = context_for({"firm": True, "action": "transfer"})[2]
    assert list(inline) == ["vf", "obv", "action", "firm"]


def test_prefix_of_a_value_is_stated() -> None:
    assert context_for({"name": "obv:yes"}) == [*BARE, {"obv": PREFIXES["obv"]}]
    assert context_for({"name": "obv: yes, really"}) == BARE


def test_type_names_are_terms_and_values_are_not() -> None:
    assert context_for({"formerType": "Proposal"}) == BARE
    assert "Proposal" in context_for({"type": ["Note", "Proposal"]})[2]


def test_object_with_a_context_of_its_own_counts_for_nothing() -> None:
    assert context_for({"object": {"@context": BARE, "firm": True}}) == BARE


def test_stated_context_is_not_read_as_content() -> None:
    assert context_for({"@context": {"firm": "obv:firm"}}) == BARE


def test_every_term_may_be_read_as_it_is_written() -> None:
    for term, definition in TERMS.items():
        iri = definition["@id"] if isinstance(definition, dict) else definition
        prefix, _, name = iri.partition(":")
        assert (PREFIXES[prefix] + name if prefix in PREFIXES else iri) in READ_TERMS[term]


def test_code_is_read_with_prefix_or_namespace_only() -> None:
    assert plain_code(obv("timing")) == "timing"
    assert plain_code("https://w3id.org/obverse/ns#timing") == "timing"
    assert plain_code("timing") is None


@pytest.mark.parametrize(
    ("document", "odd"),
    [
        ({"object": {"as:to": []}}, "as:to"),
        ({"object": [{"@id": "x"}]}, "@id"),
        ({"object": {"vf:hasUnit": "one", "other:thing": 1, "https://x.example/ns#y": 2}}, None),
        ({"@context": {"@vocab": "x"}, "object": {"@context": [], "obv:category": 1}}, None),
    ],
)
def test_other_spelling_of_a_member_is_found(document: dict[str, object], odd: str | None) -> None:
    assert odd_member(document) == odd


# --- one walk in place of two ------------------------------------------------------------------------------

MESSAGES = Path(__file__).parents[3] / "golden" / "messages"
_keys = st.sampled_from(["a", "to", "as:to", "om2:hasUnit", "@type", "@graph", "@context", "x:y", "b@c"])
_leaves = st.sampled_from(["a", AS_CONTEXT, 1, None, {"obv": PREFIXES["obv"]}, {"obv": "https://x.example/"}])
_documents = st.dictionaries(
    _keys,
    st.recursive(
        _leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@pytest.mark.parametrize("name", ["01-intent", "06-offer", "10-accept", "12-refusal"])
def test_the_messages_of_a_deal_are_plainly_written(name: str) -> None:
    (path,) = MESSAGES.glob(f"{name[:2]}-*.json")
    assert is_plainly_written(json.loads(path.read_bytes()))


@given(_documents)
def test_what_is_plainly_written_has_nothing_odd_and_no_other_context(document: dict[str, Any]) -> None:
    if is_plainly_written(document):
        assert odd_member(document) is None
        assert has_only_our_contexts(document)


def test_a_context_that_unsays_a_term_is_not_ours() -> None:
    document = {"@context": [*BARE, {"content": None}], "content": "half of it"}
    assert not is_plainly_written(document)
    assert not has_only_our_contexts(document)


@pytest.mark.parametrize("nested", [BARE, [*BARE, {"obv": PREFIXES["obv"]}]])
def test_each_context_is_looked_at_and_not_only_the_first(nested: list[object]) -> None:
    evil = [*BARE, {"obv": "https://x.example/"}]
    assert is_plainly_written({"@context": BARE, "object": {"@context": nested}})
    assert not is_plainly_written({"@context": BARE, "object": {"@context": evil}})
    assert not is_plainly_written({"@context": nested, "object": [{"proof": {"@context": evil}}]})


def test_a_prefix_of_a_key_or_type_is_stated() -> None:
    assert context_for({"type": ["vf:Proposal"]}) == [*BARE, {"vf": PREFIXES["vf"]}]
    assert context_for({"om2:hasUnit": "x"}) == [*BARE, {"om2": PREFIXES["om2"]}]


def test_a_context_that_is_changed_by_its_owner_changes_no_other() -> None:
    context_for({"wish": "x"})[-1]["wish"] = "spoilt"
    assert context_for({"wish": "x"})[-1]["wish"] == TERMS["wish"]
