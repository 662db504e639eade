"""The envelope of an activity: its few common properties in one shape, beside the JSON and the bytes as
received.

Reading is tolerant where peers differ (one or many, id or object) and strict where a second reading would be
possible: that is where forgeries live.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from federation.errors import InvalidDocument, InvalidIri, TooLarge
from federation.ids import parse_iri
from federation.jsonld import (
    as_id,
    as_list,
    check_context,
    check_outer_contexts,
    count_outer_contexts,
    has_forbidden_keywords,
    has_user_information,
    type_names,
)
from federation.messages import JsonObject, JsonValue, Limits
from federation.strictjson import parse_json_object
from federation.vocab import ACTIVITY_TYPES, AS_TERMS, is_public

__all__ = ["ADDRESSING", "Activity", "parse_activity", "read_activity"]

ADDRESSING = ("to", "cc", "bto", "bcc", "audience")
"""The properties that name recipients (ActivityPub §6)."""
_USER_INFORMATION = re.compile(rb':(?:\\?/|\\\\){2}[^/?#"]*@')
_KEYWORDS = re.compile(rb"@(?:graph|included|reverse)")
_HIDDEN = re.compile(rb"\\u00(?:2[fF]|3[aA]|[4-7])")
"""Escapes of the letters and marks that what is searched for consists of: under one, anything may hide."""


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity, read once.

    Shapes: `json` is the whole document and `body` the bytes that it was parsed from; `id` and `actor` are
            canonical IRIs; `type` is the one activity type (an unknown one is kept as it is); `object_id` is
            the id of the one object, None where there is none or several; `object_type` is "" where the
            object is given by id alone; `to` and `cc` are the strings found there, in order.
    """

    json: JsonObject = field(repr=False)
    body: bytes = field(repr=False)
    id: str
    type: str
    actor: str
    object_id: str | None = None
    object_type: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()

    @property
    def object(self) -> JsonValue:
        """The object as it stands in the document; a list of one is that one."""
        value = self.json.get("object")
        return value[0] if isinstance(value, list) and len(value) == 1 else value

    @property
    def is_public(self) -> bool:
        """Whether it is addressed to the public, in any spelling, by `to` or `cc`."""
        return any(is_public(name) for name in self.to + self.cc)

    @property
    def is_self_delete(self) -> bool:
        """Whether an actor says that it is gone (`interop §4.4`)."""
        return self.type == "Delete" and self.object_id == self.actor


def parse_activity(
    body: bytes, *, limits: Limits | None = None, terms: Mapping[str, Collection[str]] = AS_TERMS
) -> Activity:
    """Read one activity from the bytes of a stranger.

    Shapes: `terms` are the terms that the application reads, with the IRIs they may stand for: no inline
            context may give them another meaning.
    Raises: InvalidJson, InvalidDocument (`place` is a JSON Pointer), TooLarge for too many recipients.
    Spec:   ActivityPub §3, §6; `security D01 to D12, F17`.
    """
    bounds = limits or Limits()
    document = parse_json_object(body, max_depth=bounds.json_depth)
    return read_activity(document, body, limits=bounds, terms=terms)


def read_activity(
    document: JsonObject, body: bytes, *, limits: Limits, terms: Mapping[str, Collection[str]] = AS_TERMS
) -> Activity:
    """The same for a document that the strict parser has read already; `body` are its bytes.

    Raises: InvalidDocument, TooLarge.
    """
    contexts, is_bare = _search(body)
    if not is_bare and has_forbidden_keywords(document):
        raise InvalidDocument("@graph, @included and @reverse rearrange a document and are not read")
    if contexts is not None and contexts == count_outer_contexts(document):
        check_outer_contexts(document, terms)
    else:
        check_context(document, terms)
    if _count_recipients(document) >= limits.recipients:
        raise TooLarge(f"an activity names fewer than {limits.recipients} recipients")
    subject = document.get("object")
    subject = subject[0] if isinstance(subject, list) and len(subject) == 1 else subject
    activity = Activity(
        json=document,
        body=body,
        id=_iri(document.get("id"), "/id"),
        type=_activity_type(document),
        actor=_iri(as_id(document.get("actor")), "/actor"),
        object_id=as_id(subject),
        object_type=(type_names(subject) or ("",))[0],
        to=_names(document.get("to")),
        cc=_names(document.get("cc")),
    )
    if not is_bare and has_user_information(document):
        raise InvalidDocument("an address with a user before its host is not read")
    return activity


def _count_recipients(document: JsonObject) -> int:
    count = 0
    for name in ADDRESSING:
        value = document.get(name)
        if value is not None:
            count += len(value) if isinstance(value, list) else 1
    return count


def _search(body: bytes) -> tuple[int | None, bool]:
    """What the bytes show, which are cheap to search; only where they leave a doubt is the document walked.

    Shapes: how often "@context" stands there, None where it may also be hidden; whether neither a forbidden
            keyword nor an address with a user can be there.
    """
    if _HIDDEN.search(body) is not None:
        return None, False
    contexts, marks = body.count(b"@context"), body.count(b"@")
    if marks == contexts:
        return contexts, True
    # A mark at the beginning of a string has no address before it.
    is_plain = marks == body.count(b'"@') or _USER_INFORMATION.search(body) is None
    return contexts, is_plain and _KEYWORDS.search(body) is None


def _iri(value: object, place: str) -> str:
    try:
        return parse_iri(value)
    except InvalidIri as error:
        raise InvalidDocument(f"not an absolute http(s) IRI: {error}", place=place) from None


def _activity_type(document: JsonObject) -> str:
    """The one type that decides who handles it; two known ones would be two activities in one."""
    names = type_names(document)
    known = [name for name in names if name in ACTIVITY_TYPES]
    if not names or len(known) > 1:
        raise InvalidDocument("an activity has one type", place="/type")
    return known[0] if known else names[0]


def _names(value: JsonValue) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(name for item in as_list(value) if (name := as_id(item)) is not None)
