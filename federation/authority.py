"""Who may say what (FEP-fe34): owners, origins, and what a sender may make. Pure.

The one rule: an object belongs to its owner, and a message may make, change or end only what belongs to the
actor that was proven to send it. Anything else that is embedded is somebody's claim about somebody else's
object; its id may be taken and fetched, its content may not.
"""

from __future__ import annotations

from collections.abc import Collection

from federation.errors import AuthenticationFailed, Forbidden, InvalidDocument, InvalidIri
from federation.ids import origin, parse_iri, same_origin
from federation.jsonld import as_id, as_list, type_names
from federation.messages import JsonObject, JsonValue
from federation.vocab import ACTIVITY_TYPES, ACTOR_TYPES

__all__ = ["check_origins", "check_sender", "is_same_owner", "owner_of"]

_MAKING = frozenset({"Create", "Update", "Offer"})
"""Activities whose object, where it is embedded, is made by the sender."""

_OWN_ONLY = frozenset({"Update", "Delete", "Undo"})
"""Activities whose object must be the sender's, even where only its id is named."""


def owner_of(document: JsonValue) -> str | None:
    """The id of the actor that a document says it belongs to, None where it does not say so plainly.

    Spec: FEP-fe34: `id` of actors, `actor` of activities, `owner` or `controller` of keys, `attributedTo`
          of all else.
    """
    if not isinstance(document, dict):
        return None
    types = type_names(document)
    if any(name in ACTOR_TYPES for name in types):
        return as_id(document.get("id"))
    if any(name in ACTIVITY_TYPES for name in types) or "actor" in document:
        # A poll is a Question, an activity by its type, yet it is attributed like a post.
        return as_id(document.get("actor")) or as_id(document.get("attributedTo"))
    if "publicKeyPem" in document or "publicKeyMultibase" in document:
        return as_id(document.get("owner")) or as_id(document.get("controller"))
    return as_id(document.get("attributedTo"))


def is_same_owner(one: JsonValue, other: JsonValue) -> bool:
    """Whether both documents name one owner; documents without an owner have none in common."""
    owner = owner_of(one)
    return owner is not None and owner == owner_of(other)


def check_sender(
    activity: JsonObject, signer_actor: str, *, own_origins: Collection[str] = frozenset()
) -> None:
    """Refuse an activity that says what `signer_actor` has no right to say.

    Shapes: `signer_actor` is the actor whose key was shown to have signed; `own_origins` are ours, nothing on
            them is made from outside.
    Raises: AuthenticationFailed when the activity's actor is somebody else, Forbidden for ids on an origin
            that is not the sender's, InvalidDocument without a usable actor.
    Spec:   FEP-fe34; `security C01, C05, C22, F01 to F03, F06`.
    """
    if _actor_of(activity) != signer_actor:
        raise AuthenticationFailed("the signature is not by the activity's actor", place="/actor")
    check_origins(activity, own_origins=own_origins)


def check_origins(activity: JsonObject, *, own_origins: Collection[str] = frozenset()) -> None:
    """The part of `check_sender` that needs no signature: every id that the sender makes is on its origin.

    Raises: Forbidden, InvalidDocument.
    """
    actor = _actor_of(activity)
    if origin(actor) in own_origins:
        raise Forbidden("an actor of this node does not come in from outside", place="/actor")
    if "id" in activity and not same_origin(activity["id"], actor):
        raise Forbidden("the activity's id is not on its actor's origin", place="/id")
    types = type_names(activity)
    is_own_only = not _OWN_ONLY.isdisjoint(types)
    if is_own_only or not _MAKING.isdisjoint(types):
        for made in as_list(activity.get("object")):
            if isinstance(made, dict):
                _check_made(made, actor, "/object")
            elif is_own_only:
                _check_on_origin(made, actor, "/object")
    for result in as_list(activity.get("result")):
        if isinstance(result, dict):
            _check_made(result, actor, "/result")
        else:
            _check_on_origin(result, actor, "/result")


def _actor_of(activity: JsonObject) -> str:
    """The activity's actor, canonical. Raises: InvalidDocument."""
    try:
        return parse_iri(as_id(activity.get("actor")))
    except InvalidIri as error:
        raise InvalidDocument(f"an activity needs one actor: {error}", place="/actor") from None


def _is(iri: str | None, canonical: str) -> bool:
    try:
        return parse_iri(iri) == canonical
    except InvalidIri:
        return False


def _check_on_origin(made_id: JsonValue, actor: str, place: str) -> None:
    if made_id is not None and not same_origin(made_id, actor):
        raise Forbidden("names an id on another origin as the sender's own", place=place)


def _check_made(made: JsonObject, actor: str, place: str) -> None:
    """An embedded object that the sender makes: its id on the sender's origin, its owner the sender."""
    _check_on_origin(made.get("id"), actor, place + "/id")
    if not ACTOR_TYPES.isdisjoint(type_names(made)) and not _is(as_id(made.get("id")), actor):
        raise Forbidden("an actor document of somebody else", place=place + "/id")
    for term in ("attributedTo", "actor"):
        stated = made.get(term)
        if stated is None or stated == actor:  # nearly always; the actor is canonical, and of its own origin
            continue
        owners = [as_id(owner) for owner in as_list(stated)]
        # PeerTube lists a person and a channel of one server; the sender must be among them.
        is_owner = any(_is(owner, actor) for owner in owners)
        if owners and not (is_owner and all(same_origin(owner, actor) for owner in owners)):
            raise Forbidden(f"an object that is {term} somebody else", place=f"{place}/{term}")
