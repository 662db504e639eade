"""Which message an activity is, by its shape; and whether it claims to be one at all.

Two questions, kept apart on purpose. `is_deal_message` is asked before anything is believed and errs on the
side of yes: whatever it lets pass as somebody else's business is never read as a message of ours, since
`kind_of` asks it first. `kind_of` reads one spelling only, so that no message has two meanings.
"""

from __future__ import annotations

from functools import lru_cache

from federation.jsonld import as_list
from federation.messages import JsonObject, JsonValue
from federation.vocab import DATA_INTEGRITY_CONTEXT, is_public
from node.domain.messages import Kind
from node.wire.contexts import context_for, plain_name
from node.wire.reading import Reader, UnknownMessage, malformed
from node.wire.rejects import is_refusal

__all__ = ["DIGESTS", "is_deal_message", "kind_of"]

DIGESTS = ("proposalDigest", "offerDigest", "acceptDigest", "digest")
"""The members by which a message names what it answers."""

_VERBS = frozenset({"Create", "Update", "Delete", "Offer", "Undo", "Accept", "TentativeAccept", "Reject"})
_OURS = frozenset(
    {
        "Agreement", "Cancellation", "DeletionReceipt", "EconomicEvent", "Grant", "Issue", "Proposal",
        "Remedy", "VerifiableCredential",
    }
)  # fmt: skip
"""Types that only a message of this protocol carries, those of later parts included."""
_LATER = frozenset({"DeletionReceipt", "Grant", "Issue", "Remedy"})
_LATER_SHAPES = frozenset({("Delete", "Tombstone"), ("Create", "Note"), ("Reject", "")})
"""What this version knows by name only."""
_BINDING = ("result", "feedbackKey", "disclosed", "purchaseCredential")
"""Members that make a message binding."""
_REASON_MEMBERS = frozenset({"reasonCode", "mayAnswer"})
_SHORT = 100
_TELLING = frozenset({*DIGESTS, *_BINDING[1:]})
"""Members of an activity that say as much as its object's type."""


# --- does it claim to be one of ours? -------------------------------------------------------------------


def is_deal_message(activity: JsonObject) -> bool:
    """Whether this claims to be a message of this protocol, so that it must carry a valid proof of its actor.

    Shapes: any parsed JSON object; names are compared without prefix or namespace, singly or in lists, in
            `type` or `@type`. Follows, likes, ordinary notes and their Accepts are none.
    Raises: nothing, whatever the document holds.
    Spec:   `protocol §2` "Objects".
    """
    if _VERBS.isdisjoint(_types(activity)):
        return False
    carried = _carried_types(activity)
    if not _OURS.isdisjoint(carried) or "Reason" in carried:
        return True
    if not _TELLING.isdisjoint(map(_plain, activity)):
        return True
    return "Note" in carried and any(
        _is_private_note(activity, note) for note in as_list(activity.get("object"))
    )


def _carried_types(activity: JsonObject) -> set[str]:
    """The types of what an activity carries, what a Tombstone was, and that of a Reason that has none."""
    found: set[str] = set()
    for name in ("object", "result", "instrument"):
        for value in as_list(activity.get(name)):
            if isinstance(value, dict):
                found.update(_types(value))
                if "formerType" in value:
                    found.update(_plain(was) for was in as_list(value["formerType"]) if isinstance(was, str))
                if not _REASON_MEMBERS.isdisjoint(map(_plain, value)):
                    found.add("Reason")
    return found


def _types(value: JsonObject) -> list[str]:
    names = as_list(value.get("type"))
    if "@type" in value:
        names = [*names, *as_list(value["@type"])]
    return [_plain(name) for name in names if isinstance(name, str)]


def _plain(name: str) -> str:
    return plain_name(name) if len(name) > _SHORT else _remembered(name)


@lru_cache(1024)
def _remembered(name: str) -> str:
    # The same few dozen names stand in every message; long ones would fill the memory.
    return plain_name(name)


def _is_private_note(activity: JsonObject, note: JsonValue) -> bool:
    """Whether a Create of a Note is a word on a deal: to one actor, in a `context`, made to be proven.

    Other software too sends direct Notes in a context; few do so with a proof, none with our very context.
    """
    if not isinstance(note, dict):
        return False
    if "grant" in note:
        return True
    if not isinstance(activity.get("context"), str):
        return False
    contexts = as_list(activity.get("@context"))
    if "proof" not in activity and DATA_INTEGRITY_CONTEXT not in contexts:
        return False
    audience = [name for part in (activity, note) for key in ("to", "cc") for name in as_list(part.get(key))]
    if any(is_public(name) for name in audience):
        return False
    is_reply = isinstance(note.get("inReplyTo"), str) and note.get("context") == activity["context"]
    return contexts == context_for({}) or (is_reply and len(set(map(str, audience))) == 1)


# --- which one is it? -----------------------------------------------------------------------------------

_BY_OBJECT: dict[tuple[str, str], Kind] = {
    ("Create", "Proposal"): Kind.CAST,
    ("Update", "Proposal"): Kind.UPDATE,
    ("Create", "EconomicEvent"): Kind.PROGRESS,
    ("Create", "VerifiableCredential"): Kind.RECEIPT,
    ("Create", "Document"): Kind.CONFIRM,
    ("Offer", "Cancellation"): Kind.CANCEL,
}
_EXPECTED: dict[Kind, frozenset[str]] = {
    Kind.CAST: frozenset(),
    Kind.UPDATE: frozenset(),
    Kind.ASK: frozenset(),
    Kind.WITHDRAW: frozenset({"proposalDigest"}),
    Kind.NO_BID: frozenset({"proposalDigest"}),
    Kind.OFFER: frozenset({"proposalDigest"}),
    Kind.ORDER: frozenset({"proposalDigest"}),
    Kind.UNDO: frozenset({"offerDigest"}),
    Kind.SHORTLIST: frozenset({"offerDigest"}),
    Kind.COUNTER: frozenset({"offerDigest"}),
    Kind.DECLINE: frozenset({"offerDigest"}),
    Kind.ACCEPT: frozenset({"offerDigest"}),
    Kind.ORDER_ACCEPT: frozenset({"offerDigest"}),
    Kind.CONCLUDE: frozenset({"offerDigest", "acceptDigest"}),
    Kind.CANCEL: frozenset({"acceptDigest"}),
    Kind.CANCEL_ACCEPT: frozenset({"acceptDigest", "digest"}),
    Kind.CANCEL_REJECT: frozenset({"acceptDigest", "digest"}),
    Kind.PROGRESS: frozenset({"acceptDigest"}),
    Kind.RECEIPT: frozenset({"acceptDigest"}),
    Kind.CONFIRM: frozenset({"acceptDigest"}),
    Kind.FEEDBACK: frozenset({"acceptDigest"}),
}
"""The digests that each message carries, all of them and no other."""
_MAY_BIND: dict[Kind, frozenset[str]] = {
    Kind.ACCEPT: frozenset({"result", "feedbackKey", "disclosed"}),
    Kind.CONCLUDE: frozenset({"purchaseCredential"}),
    Kind.ORDER: frozenset({"feedbackKey", "disclosed"}),
    Kind.ORDER_ACCEPT: frozenset({"result", "purchaseCredential"}),
    Kind.COUNTER: frozenset({"result"}),
}
"""Which messages may bind, and by what."""


def kind_of(activity: JsonObject) -> Kind:
    """The one message that this activity is.

    Raises: UnknownMessage for what is not of this protocol or of a later part of it; Refusal(malformed) for
            what could be read in two ways.
    Spec:   `protocol §4`.
    """
    if not is_deal_message(activity):
        raise UnknownMessage("not a message of this protocol")
    kind = _kind(activity, _one_type(activity, ""), _object_type(activity.get("object")))
    present = {name for name in DIGESTS if activity.get(name) is not None}
    if kind is Kind.REFUSE and len(present) > 1:
        raise malformed(", ".join(sorted(present)), "a refusal names one digest of what it refuses")
    expected = _EXPECTED.get(kind, present)
    for name in sorted(present ^ expected):
        right = "is missing" if name in expected else f"must not be here: this is a message of kind {kind}"
        raise malformed(name, right)
    for name in _BINDING:
        if activity.get(name) is not None and name not in _MAY_BIND.get(kind, ()):
            raise malformed(name, f"must not be here: this is a message of kind {kind}")
    return kind


def _kind(activity: JsonObject, verb: str, sort: str) -> Kind:
    found = _BY_OBJECT.get((verb, sort)) or _by_members(Reader(activity), verb, sort)
    if found is not None:
        return found
    if sort in _LATER or (verb, sort) in _LATER_SHAPES or set(DIGESTS) & set(activity) == {"digest"}:
        raise UnknownMessage(f"{verb} of {sort or 'an id'} is not read by this version")
    raise malformed("object", f"{verb} of {sort or 'an id'} is no message of this protocol")


def _by_members(activity: Reader, verb: str, sort: str) -> Kind | None:
    match verb, sort:
        case "Create", "Note" if "grant" not in activity.json["object"]:
            return Kind.FEEDBACK if activity.has("acceptDigest") else Kind.ASK
        case "Offer", "Agreement":
            return Kind.ORDER if activity.has("feedbackKey") else Kind.OFFER
        case "Delete", "Tombstone":
            return Kind.WITHDRAW if activity.json["object"].get("formerType") == "Proposal" else None
        case "Undo", ("" | "Offer"):
            return Kind.UNDO
        case "TentativeAccept", "":
            return Kind.SHORTLIST
        case "Accept", "":
            return _accept_kind(activity)
        case "Reject", "":
            return _reject_kind(activity)
        case _:
            return None


def _accept_kind(activity: Reader) -> Kind | None:
    if activity.has("acceptDigest"):
        return Kind.CANCEL_ACCEPT if activity.has("digest") else Kind.CONCLUDE
    if activity.has("offerDigest"):
        return Kind.ORDER_ACCEPT if activity.has("purchaseCredential") else Kind.ACCEPT
    return None


def _reject_kind(activity: Reader) -> Kind | None:
    if is_refusal(activity.json):
        # What is refused under a grant belongs to no deal and to a later part.
        return None if "grant" in activity.json["instrument"] else Kind.REFUSE
    if activity.has("offerDigest"):
        return Kind.COUNTER if activity.has("result") else Kind.DECLINE
    if activity.has("proposalDigest"):
        return Kind.NO_BID
    if activity.has("acceptDigest"):
        return Kind.CANCEL_REJECT if activity.has("digest") else Kind.REFUSE
    return None


def _object_type(value: JsonValue) -> str:
    """The plain type of the embedded object; "" for an id."""
    if isinstance(value, dict):
        return _one_type(value, "object")
    if isinstance(value, str):
        return ""
    raise malformed("object", "must be one object, or the id of one")


def _one_type(value: JsonObject, path: str) -> str:
    """The type, written as one plain name; a credential has a list of two, as its standard wants."""
    named = value.get("type")
    if isinstance(named, list) and "VerifiableCredential" in named:
        return "VerifiableCredential"
    if not isinstance(named, str) or "@type" in value or _plain(named) != named:
        raise malformed(f"{path}.type" if path else "type", "must be one plain name, without a prefix")
    return named
