"""Actor documents: ours, built exactly as every peer reads them, and other people's, read with care."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from federation.errors import DocumentRefused, InvalidIri
from federation.ids import origin, parse_iri, same_origin, without_fragment
from federation.jsonld import as_id, as_list, as_text, has_forbidden_keywords, type_names
from federation.keys import PublicKey, keys_of_actor
from federation.messages import JsonObject, JsonValue
from federation.ports import HostState, SignatureSpec
from federation.vocab import (
    ACTOR_TYPES,
    AS_CONTEXT,
    CAPABILITY_FEP_8B32,
    CAPABILITY_RFC9421,
    CAPABILITY_RFC9421_ED25519,
    CID_CONTEXT,
    SECURITY_CONTEXT,
)

__all__ = [
    "FEP_8B32",
    "RFC9421",
    "Account",
    "Capability",
    "RemoteActor",
    "build_account",
    "build_node_actor",
    "build_persona",
    "learn_host",
    "parse_actor",
]

_IMPLEMENTS_TERM: JsonObject = {
    "implements": {"@id": "https://w3id.org/fep/844e/implements", "@type": "@id", "@container": "@list"}
}
_ACCOUNT_TERMS: JsonObject = {
    "toot": "http://joinmastodon.org/ns#",
    "discoverable": "toot:discoverable",
    "indexable": "toot:indexable",
    "featured": {"@id": "toot:featured", "@type": "@id"},
    "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
    **_IMPLEMENTS_TERM,
}


# --- ours ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing that a server says it implements (FEP-844e): `href` is what counts, `name` is for people."""

    href: str
    name: str


RFC9421 = Capability(CAPABILITY_RFC9421, "RFC-9421")
FEP_8B32 = Capability(CAPABILITY_FEP_8B32, "FEP-8b32")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What an account's actor document says; addresses below `id` follow from it.

    Shapes: `type` is Person or Organization; `page` the address for people; `summary` is HTML, "" for none;
            `followers_wait` says that a Follow waits for approval; `extra` holds the application's own
            properties and `extra_context` the definitions of their terms.
    """

    id: str
    type: str
    username: str
    name: str
    page: str
    published: datetime
    node_actor: str
    shared_inbox: str
    discoverable: bool = False
    indexable: bool = False
    followers_wait: bool = True
    summary: str = ""
    attachment: Sequence[JsonObject] = ()
    tag: Sequence[JsonObject] = ()
    extra: Mapping[str, JsonValue] = field(default_factory=dict)
    extra_context: Mapping[str, JsonValue] = field(default_factory=dict)


def build_account(
    account: Account, *, rsa: PublicKey, ed25519: PublicKey, implements: Sequence[Capability]
) -> JsonObject:
    """The actor document of an account.

    Shapes: `implements` are the capabilities of the node, as its node actor lists them.
    Spec:   ActivityPub §4; FEP-521a; FEP-844e; `interop §3.1`.
    """
    summary = {"summary": account.summary} if account.summary else {}
    return {
        "@context": [
            AS_CONTEXT,
            SECURITY_CONTEXT,
            CID_CONTEXT,
            {**_ACCOUNT_TERMS, **account.extra_context},
        ],
        "id": account.id,
        "type": account.type,
        "preferredUsername": account.username,
        "name": account.name,
        "url": account.page,
        **_mailboxes(account.id),
        "followers": f"{account.id}/followers",
        "following": f"{account.id}/following",
        "featured": f"{account.id}/featured",
        "endpoints": {"sharedInbox": account.shared_inbox},
        "published": account.published.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "discoverable": account.discoverable,
        "indexable": account.indexable,
        "manuallyApprovesFollowers": account.followers_wait,
        "attachment": list(account.attachment),
        "tag": list(account.tag),
        **summary,
        **account.extra,
        "generator": _generator(account.node_actor, implements),
        "publicKey": _public_key(rsa),
        "assertionMethod": [_multikey(ed25519)],
    }


def build_persona(
    persona_id: str,
    *,
    username: str,
    ed25519: PublicKey,
    node_actor: str,
    implements: Sequence[Capability],
) -> JsonObject:
    """The actor document of a throw-away actor: just enough to write to it and to check its signatures.

    Spec: `protocol §1`, Persona.
    """
    return {
        "@context": [AS_CONTEXT, CID_CONTEXT, dict(_IMPLEMENTS_TERM)],
        "id": persona_id,
        "type": "Person",
        "preferredUsername": username,
        **_mailboxes(persona_id),
        "generator": _generator(node_actor, implements),
        "assertionMethod": [_multikey(ed25519)],
    }


def build_node_actor(
    actor_id: str,
    *,
    host: str,
    page: str,
    inbox: str,
    rsa: PublicKey,
    implements: Sequence[Capability],
    extra_context: Mapping[str, JsonValue] | None = None,
) -> JsonObject:
    """The document of the node actor, which signs ordinary fetches and is served to everybody unsigned.

    Shapes: `host` is its username, which WebFinger resolves (`interop §1.6`); `inbox` is the shared inbox.
    """
    return {
        "@context": [
            AS_CONTEXT,
            SECURITY_CONTEXT,
            CID_CONTEXT,
            {**_ACCOUNT_TERMS, **(extra_context or {})},
        ],
        "id": actor_id,
        "type": "Application",
        "preferredUsername": host,
        "inbox": inbox,
        "outbox": f"{actor_id}/outbox",
        "url": page,
        "implements": _implements(implements),
        "publicKey": _public_key(rsa),
    }


def _mailboxes(actor_id: str) -> JsonObject:
    return {"inbox": f"{actor_id}/inbox", "outbox": f"{actor_id}/outbox"}


def _implements(capabilities: Sequence[Capability]) -> list[JsonObject]:
    return [{"href": capability.href, "name": capability.name} for capability in capabilities]


def _generator(node_actor: str, implements: Sequence[Capability]) -> JsonObject:
    return {"type": "Application", "id": node_actor, "implements": _implements(implements)}


def _public_key(key: PublicKey) -> JsonObject:
    return {"id": key.id, "owner": key.owner, "publicKeyPem": key.pem}


def _multikey(key: PublicKey) -> JsonObject:
    return {
        "id": key.id,
        "type": "Multikey",
        "controller": key.owner,
        "publicKeyMultibase": key.multibase,
    }


# --- other people's --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RemoteActor:
    """An actor of another server, as its own document shows it.

    Shapes: `inbox` and `shared_inbox` ("" for none) lie on the actor's own origin; `followers` is "" where
            there is none; `url` is the page for people, the id where it names no usable one; `implements`
            are the capability addresses of its server; `raw` is the whole document.
    """

    id: str
    type: str
    preferred_username: str
    name: str
    inbox: str
    shared_inbox: str
    followers: str
    url: str
    implements: frozenset[str]
    keys: tuple[PublicKey, ...]
    raw: JsonObject = field(repr=False)


def parse_actor(document: JsonObject, fetched_from: str) -> RemoteActor:
    """Read the actor document that was fetched from `fetched_from`.

    Raises: DocumentRefused for what is no actor, says another id than its address, or has no usable inbox: a
            stripped answer to a signature that was not understood is no actor (`interop §8` 6).
    Spec:   ActivityPub §4.1; FEP-fe34; `security E16`: an inbox on a foreign origin would let an actor point
            our deliveries at somebody else.
    """
    actor_id = _actor_id(document, fetched_from)
    types = [name for name in type_names(document) if name in ACTOR_TYPES]
    if len(types) != 1 or has_forbidden_keywords(document):
        raise DocumentRefused("not the document of one actor", url=fetched_from)
    inbox = _own_address(document.get("inbox"), actor_id)
    if not inbox:
        raise DocumentRefused("the actor has no inbox on its own origin", url=fetched_from)
    endpoints = document.get("endpoints")
    shared = endpoints.get("sharedInbox") if isinstance(endpoints, dict) else None
    return RemoteActor(
        id=actor_id,
        type=types[0],
        preferred_username=as_text(document.get("preferredUsername")) or "",
        name=as_text(document.get("name")) or "",
        inbox=inbox,
        shared_inbox=_own_address(shared, actor_id),
        followers=_own_address(document.get("followers"), actor_id),
        url=_page(document.get("url"), actor_id),
        implements=_capabilities(document),
        keys=tuple(keys_of_actor(document)),
        raw=document,
    )


def _actor_id(document: JsonObject, fetched_from: str) -> str:
    try:
        actor_id = parse_iri(document.get("id"))
        if "#" in actor_id or actor_id != without_fragment(fetched_from):
            raise DocumentRefused("the document says another id than its address", url=fetched_from)
    except InvalidIri as error:
        raise DocumentRefused(f"the document has no usable id: {error}", url=fetched_from) from None
    return actor_id


def _own_address(value: JsonValue, actor_id: str) -> str:
    """An address on the actor's own origin, "" for anything else."""
    address = as_id(value)
    return parse_iri(address) if same_origin(address, actor_id) else ""


def _page(value: JsonValue, actor_id: str) -> str:
    """The page for people: the first plain address on the actor's origin, else its id (`security U03`)."""
    for item in as_list(value):
        href = item.get("href") if isinstance(item, dict) else item
        if same_origin(href, actor_id):
            return parse_iri(href)
    return actor_id


def _capabilities(document: JsonObject) -> frozenset[str]:
    """FEP-844e: `implements` of the document (a node actor) or of its `generator`, one or many, id or object.

    The generator counts only where it lies on the actor's own origin: nobody speaks for another server.
    """
    found = as_list(document.get("implements"))
    for generator in as_list(document.get("generator")):
        if isinstance(generator, dict) and same_origin(as_id(generator), document.get("id")):
            found = found + as_list(generator.get("implements"))
    hrefs = (item.get("href") or item.get("id") if isinstance(item, dict) else item for item in found[:100])
    return frozenset(href for href in hrefs if isinstance(href, str))


def learn_host(actor: RemoteActor, state: HostState | None, now: datetime) -> HostState | None:
    """What an actor's document teaches about the signatures that its server reads; None for nothing new.

    Spec: `protocol §2`, Sending; `interop §1.5` (a). A server that verifies RFC 9421 and publishes FEP-8b32
          reads Ed25519 keys; that is so for nodes of our own kind, which sign requests with them.
    """
    if CAPABILITY_RFC9421 not in actor.implements and CAPABILITY_RFC9421_ED25519 not in actor.implements:
        return None
    ed25519 = bool(actor.implements & {CAPABILITY_RFC9421_ED25519, CAPABILITY_FEP_8B32})
    known = state or HostState(origin(actor.id))
    fresh = known.learned_at is not None and now - known.learned_at < timedelta(days=1)
    if fresh and known.spec is SignatureSpec.RFC9421 and known.ed25519 >= ed25519:
        return None
    return replace(known, spec=SignatureSpec.RFC9421, ed25519=ed25519 or known.ed25519, learned_at=now)
