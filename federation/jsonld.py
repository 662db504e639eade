"""Reading compact JSON-LD as plain JSON without letting a context change what it says.

Documents are read by their compact keys. That is sound as long as no inline context gives one of the keys
that we read another meaning, and no keyword moves parts of the document about; both are refused here. What a
remote context says about other terms does not matter, so none is ever fetched (`security D10 to D12`). Full
JSON-LD processing lives in `federation.contexts` and is never on the path of a message.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from federation.errors import InvalidDocument
from federation.messages import JsonObject, JsonValue

__all__ = [
    "as_id",
    "as_list",
    "as_text",
    "check_context",
    "check_outer_contexts",
    "count_outer_contexts",
    "has_forbidden_keywords",
    "has_user_information",
    "type_names",
]

FORBIDDEN_KEYWORDS = frozenset({"@graph", "@included", "@reverse"})
_USER_INFORMATION = re.compile(r"https?:[/\\]{2}[^/?#\\\s]*@", re.IGNORECASE)


def as_list(value: JsonValue) -> list[JsonValue]:
    """One-or-many made many: a list stays, None is empty, all else is a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def as_id(value: JsonValue) -> str | None:
    """The id of a node given as a string, as an object with `id`, or as a list of just one of these."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) else None


def as_text(value: JsonValue) -> str | None:
    """The value if it is a string, else None."""
    return value if isinstance(value, str) else None


def type_names(document: JsonValue) -> tuple[str, ...]:
    """The type names of an object, none for what is no object."""
    if not isinstance(document, dict):
        return ()
    value = document.get("type")
    if isinstance(value, str):  # nearly always
        return (value,)
    return tuple(name for name in as_list(value) if isinstance(name, str))


def has_forbidden_keywords(document: JsonValue) -> bool:
    """Whether a keyword that rearranges the graph, or an alias for one, occurs anywhere.

    Spec: `security D10` (CVE-2026-46349, CVE-2022-24307).
    """
    stack: list[tuple[JsonValue, bool]] = [(document, False)]
    while stack:
        value, in_context = stack.pop()
        if isinstance(value, dict):
            if not FORBIDDEN_KEYWORDS.isdisjoint(value):
                return True
            stack.extend((child, in_context or key == "@context") for key, child in value.items())
        elif isinstance(value, list):
            stack.extend((child, in_context) for child in value)
        elif in_context and isinstance(value, str) and value in FORBIDDEN_KEYWORDS:
            return True
    return False


def has_user_information(document: JsonValue) -> bool:
    """Whether an address anywhere, in whatever property, names a user before its host.

    It shows one host to people and leads to another; nobody honest writes one into a document.
    Spec: `security C10`.
    """
    stack = [document]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            if _USER_INFORMATION.match(value):
                return True
        elif isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return False


def check_context(document: JsonValue, own_terms: Mapping[str, Collection[str]]) -> None:
    """Refuse a document in which an inline context redefines a term that we read.

    Shapes: `own_terms` maps a term or prefix to the IRIs that it may stand for (`vocab.AS_TERMS` and the
            application's own); terms that are not listed may be defined at will, they are not read.
    Raises: InvalidDocument with the JSON Pointer of the definition.
    Spec:   `security D11`.
    """
    for place, context in _inline_contexts(document):
        _check_terms(place, context, own_terms)


def count_outer_contexts(document: JsonObject) -> int:
    """How many of a document and its proof have an @context: nearly always all that there are."""
    proof = document.get("proof")
    return ("@context" in document) + (isinstance(proof, dict) and "@context" in proof)


def check_outer_contexts(document: JsonObject, own_terms: Mapping[str, Collection[str]]) -> None:
    """`check_context` for a document known to hold no @context but its own and its proof's.

    Raises: InvalidDocument.
    """
    own, proof = document.get("@context"), document.get("proof")
    outer: list[tuple[_Place, JsonValue]] = [((None, "@context"), own)]
    if isinstance(proof, dict) and proof.get("@context") != own:
        outer.append((((None, "proof"), "@context"), proof.get("@context")))
    for place, value in outer:
        if isinstance(value, dict):
            _check_terms(place, value, own_terms)
        for index, context in enumerate(value if isinstance(value, list) else ()):
            if isinstance(context, dict):
                _check_terms((place, index), context, own_terms)
            elif isinstance(context, list):  # no context of JSON-LD, so nobody's usual one
                check_context(document, own_terms)


def _check_terms(place: _Place, context: JsonObject, own_terms: Mapping[str, Collection[str]]) -> None:
    for term, definition in context.items():
        wanted = own_terms.get(term)
        if wanted is not None and _expanded(definition, context, own_terms) not in wanted:
            raise InvalidDocument(
                f"the inline @context gives {term!r} another meaning", place=_pointer(place, term)
            )


_Place = tuple[Any, str | int] | None
"""Where a value stands: the place above it, and its last step. Written out only for a refusal: with one long
key above a long list, the pointers of all values would take gigabytes.
"""


def _pointer(place: _Place, last: str) -> str:
    """The JSON Pointer of `last` below `place`, cut at 200 characters."""
    steps = [last]
    while place is not None:
        place, step = place
        steps.append(str(step)[:200])
    return "".join(f"/{step}" for step in reversed(steps))[:200]


def _inline_contexts(document: JsonValue) -> Iterator[tuple[_Place, JsonObject]]:
    """Every inline context with its place, nested ones and those scoped to terms included."""
    stack: list[tuple[_Place, JsonValue, bool]] = [(None, document, False)]
    while stack:
        place, value, is_context = stack.pop()
        if isinstance(value, dict):
            if is_context:
                yield place, value
            stack.extend(
                ((place, key), child, key == "@context")
                for key, child in value.items()
                if isinstance(child, dict | list)
            )
        elif isinstance(value, list):
            stack.extend(
                ((place, index), child, is_context)
                for index, child in enumerate(value)
                if isinstance(child, dict | list)
            )


def _expanded(definition: JsonValue, context: JsonObject, own_terms: Mapping[str, Collection[str]]) -> str:
    """The IRI that a term definition stands for, "" where it stands for none that we could know."""
    for _ in range(8):  # a prefix may be defined by another prefix; a circle must end
        iri = definition.get("@id") if isinstance(definition, dict) else definition
        if not isinstance(iri, str):
            return ""
        prefix, colon, rest = iri.partition(":")
        base = context.get(prefix) if colon else None
        if base is None or rest.startswith("//"):
            known = next(iter(own_terms.get(prefix, ())), None) if colon else None
            return iri if known is None or rest.startswith("//") else known + rest
        start = base.get("@id") if isinstance(base, dict) else base
        definition = start + rest if isinstance(start, str) else None
    return ""
