"""What every message has: its id, who speaks to whom, when, and on which deal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from federation.ids import same_origin
from federation.jsonld import as_list
from federation.messages import JsonObject
from federation.vocab import is_public
from node.domain.messages import Message
from node.domain.values import format_time, parse_time
from node.wire.contexts import context_for
from node.wire.reading import Reader

__all__ = [
    "Header",
    "build_activity",
    "names_public",
    "present",
    "read_deal_id",
    "read_end",
    "read_header",
    "read_made_object",
]

_HIDDEN_AUDIENCES = ("cc", "bto", "bcc", "audience")
_AHEAD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Header:
    """The envelope of a message; `digest` is given by whoever had its bytes."""

    id: str
    actor: str
    to: str
    at: datetime
    digest: str

    def on(self, deal_id: str) -> dict[str, Any]:
        """The members that every message of this deal begins with."""
        return {
            "id": self.id,
            "deal_id": deal_id,
            "actor": self.actor,
            "to": self.to,
            "at": self.at,
            "digest": self.digest,
        }


def read_header(activity: Reader, digest: str) -> Header:
    """The envelope, strictly: one actor, exactly one addressee and nobody beside it.

    Raises: Refusal(malformed).
    Spec:   `protocol §2` "Who may send"; `security G26`.
    """
    actor = activity.iri("actor")
    if not isinstance(activity.json.get("to"), list | str):
        raise activity.refuse("to", "must name the one receiving actor")
    named = activity.iris("to", limit=10)
    if len(named) != 1 or is_public(named[0]):
        raise activity.refuse("to", "must name exactly one receiving actor")
    for part in _addressed(activity):
        _check_addressing(part, named[0])
    at = activity.time("published")
    _check_signing_time(activity, at)
    return Header(activity.own_iri("id", actor), actor, named[0], at, digest)


def _addressed(activity: Reader) -> list[Reader]:
    """The activity and what it carries: none of them may have another audience."""
    nested = [
        Reader(activity.json[n], n) for n in ("object", "result") if isinstance(activity.json.get(n), dict)
    ]
    return [activity, *nested]


def _check_addressing(part: Reader, to: str) -> None:
    for name in _HIDDEN_AUDIENCES:
        if as_list(part.json.get(name)):
            raise part.refuse(name, "must not be here: a message of the deal has one addressee")
    if part.has("to") and part.iris("to", limit=10) != (to,):
        raise part.refuse("to", f"must be the receiving actor alone, {to}")


def _check_signing_time(activity: Reader, at: datetime) -> None:
    """`published` must not run ahead of the proof, whose time is bounded by our clock on arrival."""
    proof = activity.json.get("proof")
    if not isinstance(proof, dict):
        return
    try:
        created = parse_time(proof.get("created"))
    except (TypeError, ValueError):
        raise activity.refuse("proof.created", "must be a time such as 2026-11-24T10:00:00Z") from None
    if at > created + _AHEAD:
        raise activity.refuse("published", "must not be later than the proof's created")


def read_deal_id(activity: Reader, *, made_by: str | None = None) -> str:
    """The deal that the message belongs to (`context`); `made_by` is set where the sender makes it."""
    deal_id = activity.iri("context")
    if made_by is not None and not same_origin(deal_id, made_by):
        raise activity.refuse("context", "must be on the sender's own origin")
    return deal_id


def read_made_object(activity: Reader, kind: str, header: Header, name: str = "object") -> Reader:
    """An object that the sender makes: of this type, on its origin, attributed to it."""
    made = activity.child(name, kind)
    made.own_iri("id", header.actor)
    made.same("attributedTo", header.actor, "the sender")
    return made


def read_end(reader: Reader, at: datetime, lasts: timedelta) -> datetime:
    """When it ends: `endTime`, else so long after it was said; `hasEnd`, where present, equals it.

    Spec: `protocol §3` "Time"; `security G11, G12`.
    """
    if not reader.has("endTime"):
        reader.forbid("hasEnd", why="it only repeats an endTime")
        return at + lasts
    ends_at = reader.time("endTime")
    if reader.has("hasEnd") and reader.time("hasEnd") != ends_at:
        raise reader.refuse("hasEnd", "must equal endTime")
    return ends_at


def names_public(reader: Reader) -> bool:
    """Whether `to` or `cc` names the public, in any of its spellings."""
    return any(is_public(name) for key in ("to", "cc") for name in as_list(reader.json.get(key)))


def present(**members: object) -> JsonObject:
    """These members without those that have nothing to say (None, or an empty list)."""
    return {name: value for name, value in members.items() if value is not None and value != []}


def build_activity(message: Message, verb: str, members: JsonObject) -> JsonObject:
    """The unsigned activity of a message: its context first, `published` last."""
    activity: JsonObject = {
        "id": message.id,
        "type": verb,
        "actor": message.actor,
        "to": [message.to],
        **members,
        "published": format_time(message.at),
    }
    return {"@context": context_for(activity), **activity}
