"""The evidence of one deal in one file: every message as it came, and who showed which key.

The exporter's word (times of receipt and of fetch) stands beside what is signed, and is never mixed with it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from federation.errors import InvalidIri, InvalidJson
from federation.ids import parse_iri
from federation.kept_signatures import ALGORITHMS, CAVAGE, RFC9421, KeptSignature
from federation.messages import JsonObject, JsonValue
from federation.strictjson import parse_json_object
from node.domain.errors import InvalidInput
from node.domain.values import format_time, parse_time

__all__ = [
    "FORMAT",
    "MOST_BYTES",
    "SALE_FORMAT",
    "ActorShown",
    "Bundle",
    "MessageKept",
    "build_bundle",
    "parse_bundle",
]

FORMAT = "obverse-bundle/1"
SALE_FORMAT = "obverse-sale/1"
"""A sale to a plain account: what binds there is a Note, and its signature may be the request's."""
MOST_BYTES = 64 * 1024 * 1024
MOST_MESSAGES = 1000
MOST_ACTORS = 50
MOST_BYTES_EACH = 1024 * 1024

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MessageKept:
    """One message: its exact bytes, the digest by which others cite it, and when the exporter received it.

    `signature` is of the request that brought it, None where it proves itself.
    """

    received_at: datetime
    digest: str
    body: bytes = field(repr=False)
    signature: KeptSignature | None = None


@dataclass(frozen=True, slots=True)
class ActorShown:
    """An actor document: its exact bytes, as fetched from `source` at `fetched_at`, so the exporter says."""

    fetched_at: datetime
    source: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What an export holds. Nothing of it is proven: that is `verification.verify_bundle`'s work."""

    exported_by: str
    exported_at: datetime
    deal_id: str
    messages: tuple[MessageKept, ...]
    actors: tuple[ActorShown, ...]
    format: str = FORMAT


def build_bundle(bundle: Bundle) -> JsonObject:
    """The file's JSON."""
    return {
        "format": bundle.format,
        "exportedBy": bundle.exported_by,
        "exportedAt": format_time(bundle.exported_at),
        "deal": bundle.deal_id,
        "messages": [
            {
                "receivedAt": format_time(message.received_at),
                "digest": message.digest,
                "bytes": base64.b64encode(message.body).decode(),
                **_signature_shown(message.signature),
            }
            for message in bundle.messages
        ],
        "actors": [
            {
                "fetchedAt": format_time(actor.fetched_at),
                "from": actor.source,
                "bytes": base64.b64encode(actor.body).decode(),
            }
            for actor in bundle.actors
        ],
    }


def _signature_shown(kept: KeptSignature | None) -> JsonObject:
    if kept is None:
        return {}
    return {
        "signature": {
            "scheme": kept.scheme,
            "algorithm": kept.algorithm,
            "keyId": kept.key_id,
            "base": base64.b64encode(kept.base).decode(),
            "value": base64.b64encode(kept.value).decode(),
        }
    }


# --- reading ----------------------------------------------------------------------------------------------


def parse_bundle(data: bytes) -> Bundle:
    """Read a bundle strictly: its members and no others, within bounds.

    Raises: InvalidInput, naming the place.
    """
    if len(data) > MOST_BYTES:
        raise _wrong("", f"is larger than {MOST_BYTES} bytes")
    try:
        found = parse_json_object(data, max_depth=4)
    except InvalidJson as error:
        raise _wrong("", f"is not one strict JSON document: {error.detail} {error.place}") from None
    if found.get("format") not in (FORMAT, SALE_FORMAT):
        raise _wrong("format", f"is not {FORMAT}, nor {SALE_FORMAT}")
    is_sale = found["format"] == SALE_FORMAT
    _only(found, "", ("format", "exportedBy", "exportedAt", "deal", "messages", "actors"))
    return Bundle(
        exported_by=_iri(found["exportedBy"], "exportedBy"),
        exported_at=_time(found["exportedAt"], "exportedAt"),
        deal_id=_iri(found["deal"], "deal"),
        messages=tuple(_each(found, "messages", MOST_MESSAGES, _said if is_sale else _message)),
        actors=tuple(_each(found, "actors", MOST_ACTORS, _actor)),
        format=SALE_FORMAT if is_sale else FORMAT,
    )


def _message(entry: JsonObject, path: str) -> MessageKept:
    _only(entry, path, ("receivedAt", "digest", "bytes"))
    digest = entry["digest"]
    if not isinstance(digest, str) or len(digest) > 200:
        raise _wrong(f"{path}.digest", "is no digest")
    return MessageKept(
        _time(entry["receivedAt"], f"{path}.receivedAt"), digest, _bytes(entry["bytes"], f"{path}.bytes")
    )


def _said(entry: JsonObject, path: str) -> MessageKept:
    """A message of a sale, which may stand with the signature of its request."""
    bare = {name: value for name, value in entry.items() if name != "signature"}
    kept = _message(bare, path)
    if "signature" not in entry:
        return kept
    return replace(kept, signature=_signature(entry["signature"], f"{path}.signature"))


def _signature(found: JsonValue, path: str) -> KeptSignature:
    if not isinstance(found, dict):
        raise _wrong(path, "is no object")
    _only(found, path, ("scheme", "algorithm", "keyId", "base", "value"))
    if found["scheme"] not in (RFC9421, CAVAGE):
        raise _wrong(f"{path}.scheme", f"is neither {RFC9421} nor {CAVAGE}")
    algorithm = found["algorithm"]
    if algorithm not in ALGORITHMS.values():
        raise _wrong(f"{path}.algorithm", "is none that signs here")
    kept = KeptSignature(
        str(found["scheme"]),
        str(algorithm),
        _iri(found["keyId"], f"{path}.keyId"),
        _bytes(found["base"], f"{path}.base"),
        _bytes(found["value"], f"{path}.value"),
    )
    if not kept.is_small:
        raise _wrong(path, "is larger than any signature of a request")
    return kept


def _actor(entry: JsonObject, path: str) -> ActorShown:
    _only(entry, path, ("fetchedAt", "from", "bytes"))
    return ActorShown(
        _time(entry["fetchedAt"], f"{path}.fetchedAt"),
        _iri(entry["from"], f"{path}.from"),
        _bytes(entry["bytes"], f"{path}.bytes"),
    )


def _each(found: JsonObject, name: str, most: int, read: Callable[[JsonObject, str], T]) -> list[T]:
    listed = found[name]
    if not isinstance(listed, list) or len(listed) > most:
        raise _wrong(name, f"is not a list of at most {most}")
    entries = []
    for index, entry in enumerate(listed):
        if not isinstance(entry, dict):
            raise _wrong(f"{name}[{index}]", "is no object")
        entries.append(read(entry, f"{name}[{index}]"))
    return entries


def _only(found: JsonObject, path: str, names: Sequence[str]) -> None:
    """Exactly these members: what nobody reads must not stand in evidence."""
    odd = sorted(set(found) ^ set(names))
    if odd:
        wrong = "is missing" if odd[0] in names else "has no meaning in a bundle"
        raise _wrong(f"{path}.{odd[0]}" if path else odd[0], wrong)


def _iri(value: JsonValue, path: str) -> str:
    try:
        return parse_iri(value)
    except InvalidIri as error:
        raise _wrong(path, f"is no usable id: {error}") from None


def _time(value: JsonValue, path: str) -> datetime:
    try:
        return parse_time(value)
    except (TypeError, ValueError) as error:
        raise _wrong(path, str(error)) from None


def _bytes(value: JsonValue, path: str) -> bytes:
    """Base64 in its one spelling, within bounds."""
    text = value if isinstance(value, str) else ""
    try:
        raw = base64.b64decode(text.encode(), validate=True)
    except ValueError:
        raise _wrong(path, "is not base64") from None
    if not raw or len(raw) > MOST_BYTES_EACH or base64.b64encode(raw).decode() != text:
        raise _wrong(path, f"is not base64 of 1 to {MOST_BYTES_EACH} bytes in its one spelling")
    return raw


def _wrong(path: str, wrong: str) -> InvalidInput:
    return InvalidInput(
        f"bundle {path}".strip(), wrong, "Take the file as `obverse export` wrote it, unchanged."
    )
