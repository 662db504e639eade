"""Reading a message member by member: each comes out as what it must be, or is refused by its name.

Nothing is guessed or repaired. A refusal names the member and says what would be right; members that nobody
asks for are left alone, they carry no meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import TypeVar

from federation.errors import InvalidIri, InvalidJson
from federation.ids import parse_iri, same_origin
from federation.jsonld import as_list
from federation.messages import JsonObject, JsonValue
from federation.strictjson import parse_json_object
from node.domain.errors import Reason, Refusal
from node.domain.values import is_category, parse_time
from node.wire.contexts import plain_code

__all__ = ["CONTENT_CHARS", "NAME_CHARS", "Reader", "UnknownMessage", "malformed"]

NAME_CHARS = 500
CONTENT_CHARS = 20_000
CODE_CHARS = 100
DIGEST_CHARS = 200

T = TypeVar("T")


class UnknownMessage(Exception):
    """Not a message of this protocol, or of a part of it that this version does not read."""


def malformed(path: str, right: str) -> Refusal:
    """The refusal of one member: where it is, and what would be right."""
    return Refusal(Reason.MALFORMED, f"{path or 'the message'}: {right}")


class Reader:
    """One object of a message, and the path by which it was reached ("" is the message itself).

    The plain methods raise Refusal(malformed) where a member is missing; those named `maybe_` give None.
    A member that is null counts as missing.
    """

    __slots__ = ("json", "path")

    def __init__(self, json: JsonObject, path: str = "") -> None:
        self.json = json
        self.path = path

    def at(self, name: str) -> str:
        """The path of a member."""
        return f"{self.path}.{name}" if self.path else name

    def refuse(self, name: str, right: str) -> Refusal:
        return malformed(self.at(name), right)

    def has(self, name: str) -> bool:
        return self.json.get(name) is not None

    def read(self, name: str, parse: Callable[[JsonValue], T]) -> T:
        """The member by a parser of the domain, whose words become the refusal."""
        value = self.json.get(name)
        if value is None:
            raise self.refuse(name, "is missing")
        try:
            return parse(value)
        except (TypeError, ValueError) as error:
            raise self.refuse(name, str(error)) from None

    def forbid(self, *names: str, why: str) -> None:
        """None of these members is there: with one, the message could be read in two ways."""
        for name in names:
            if self.has(name):
                raise self.refuse(name, f"must not be here: {why}")

    # --- texts ------------------------------------------------------------------------------------------

    def text(self, name: str, limit: int = NAME_CHARS) -> str:
        """A string that is not empty, of at most `limit` characters."""
        found = self.maybe_text(name, limit)
        if found is None or not found.strip():
            raise self.refuse(name, "must be a text that is not empty")
        return found

    def maybe_text(self, name: str, limit: int = NAME_CHARS) -> str | None:
        value = self.json.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or len(value) > limit:
            raise self.refuse(name, f"must be a text of at most {limit} characters")
        return value

    def maybe_content(self) -> str | None:
        """HTML from outside, kept as it came; whoever shows it cleans it first."""
        return self.maybe_text("content", CONTENT_CHARS)

    def digest(self, name: str) -> str:
        """The name of an earlier message: multibase, beginning with `zQm`."""
        found = self.text(name, DIGEST_CHARS)
        if not (found.startswith("zQm") and found.isascii() and found.isalnum()):
            raise self.refuse(name, "must be a digest, as multibase base58btc of a sha2-256 multihash")
        return found

    def choice(self, name: str, allowed: Collection[str]) -> str:
        """One of a closed set of words."""
        found = self.maybe_choice(name, allowed)
        if found is None:
            raise self.refuse(name, f"is missing; one of {', '.join(allowed)}")
        return found

    def maybe_choice(self, name: str, allowed: Collection[str]) -> str | None:
        found = self.maybe_text(name, CODE_CHARS)
        if found is not None and found not in allowed:
            raise self.refuse(name, f"must be one of {', '.join(allowed)}")
        return found

    def maybe_code(self, name: str, allowed: Collection[str]) -> str | None:
        """One of a closed set of our own codes, written `obv:code`."""
        found = self.maybe_text(name, CODE_CHARS)
        if found is None:
            return None
        code = plain_code(found)
        if code is None or code not in allowed:
            raise self.refuse(name, f"must be one of obv:{', obv:'.join(allowed)}")
        return code

    def maybe_flag(self, name: str) -> bool | None:
        value = self.json.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.refuse(name, "must be true or false")
        return value

    def maybe_whole(self, name: str, low: int, high: int) -> int | None:
        """A whole number between two bounds, both included."""
        value = self.json.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.refuse(name, f"must be a whole number from {low} to {high}")
        return value

    def maybe_number(self, name: str, low: float, high: float) -> float | None:
        """A number between two bounds, both included; for coordinates only, never for money."""
        value = self.json.get(name)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise self.refuse(name, f"must be a number from {low:g} to {high:g}")
        return value

    def time(self, name: str) -> datetime:
        """An RFC 3339 time with its zone."""
        return self.read(name, parse_time)

    def maybe_time(self, name: str) -> datetime | None:
        return self.time(name) if self.has(name) else None

    def category(self, name: str) -> str:
        """A Wikidata item, in the one spelling that we compare."""
        value = self.json.get(name)
        if not is_category(value):
            raise self.refuse(name, "must be a Wikidata URI such as https://www.wikidata.org/wiki/Q11442")
        return "https://www.wikidata.org/wiki/" + str(value).rpartition("/")[2]

    # --- ids --------------------------------------------------------------------------------------------

    def iri(self, name: str) -> str:
        """An id: one absolute http(s) IRI as a string, in canonical spelling."""
        found = self.maybe_iri(name)
        if found is None:
            raise self.refuse(name, "is missing; an absolute http(s) IRI")
        return found

    def maybe_iri(self, name: str) -> str | None:
        value = self.json.get(name)
        return None if value is None else self._iri(value, name)

    def own_iri(self, name: str, maker: str) -> str:
        """An id that the sender makes: on the sender's own origin (FEP-fe34)."""
        found = self.iri(name)
        if not same_origin(found, maker):
            raise self.refuse(name, "must be on the sender's own origin")
        return found

    def iris(self, name: str, limit: int) -> tuple[str, ...]:
        """One or many ids, each once."""
        listed = as_list(self.json.get(name))
        if len(listed) > limit:
            raise self.refuse(name, f"at most {limit} of them")
        found = tuple(self._iri(value, name) for value in listed)
        if len(set(found)) != len(found):
            raise self.refuse(name, "each only once")
        return found

    def _iri(self, value: JsonValue, name: str) -> str:
        try:
            return parse_iri(value)
        except InvalidIri as error:
            raise self.refuse(name, f"must be an absolute http(s) IRI: {error}") from None

    def same(self, name: str, wanted: str, what: str) -> str:
        """An id that may only be `wanted`."""
        if self.iri(name) != wanted:
            raise self.refuse(name, f"must be {what}, {wanted}")
        return wanted

    # --- nested -----------------------------------------------------------------------------------------

    def child(self, name: str, kind: str | None = None) -> Reader:
        """One nested object, by its type where `kind` names one."""
        found = self.maybe_child(name, kind)
        if found is None:
            raise self.refuse(name, "is missing; an object")
        return found

    def maybe_child(self, name: str, kind: str | None = None) -> Reader | None:
        value = self.json.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.refuse(name, "must be one object")
        found = Reader(value, self.at(name))
        if kind is not None and value.get("type") != kind:
            raise found.refuse("type", f'must be "{kind}"')
        return found

    def children(self, name: str, limit: int) -> tuple[Reader, ...]:
        """Several nested objects, at most `limit`; a single one counts as a list of one."""
        listed = as_list(self.json.get(name))
        if len(listed) > limit:
            raise self.refuse(name, f"at most {limit} of them")
        found = []
        for index, value in enumerate(listed):
            if not isinstance(value, dict):
                raise self.refuse(f"{name}[{index}]", "must be an object")
            found.append(Reader(value, self.at(f"{name}[{index}]")))
        return tuple(found)

    def embedded(self, name: str, limit: int) -> tuple[str, Reader]:
        """JSON that travels as text in a string: the text as it came, and what it says, strictly read."""
        text = self.text(name, limit)
        try:
            return text, Reader(parse_json_object(text.encode()), self.at(name))
        except InvalidJson as error:
            raise self.refuse(
                name, f"must be one JSON object as text: {error.detail} {error.place}"
            ) from None
