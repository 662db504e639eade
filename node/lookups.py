"""What must be asked of the network before a use case; it is stored with its time, and services read it.

Actors of this node are read from the store, never fetched: a node does not speak to itself over a socket.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

from federation.actors import RemoteActor, learn_host, parse_actor
from federation.errors import DocumentRefused, FederationError, InvalidIri, KeyRefused, ProofInvalid
from federation.fetching import FetchBudget
from federation.ids import origin, parse_iri, same_origin
from federation.jsonld import as_list
from federation.keys import KeyAlgorithm, PublicKey
from federation.messages import JsonObject
from federation.proofs import proof_claim, verify_proof
from federation.strictjson import dump_json, parse_json_object
from federation.vocab import FEP_3B86, JRD_JSON, JSON, REL_SUBSCRIBE
from federation.webfinger import Handle, lookup, parse_handle
from node.context import Node
from node.documents import Documents
from node.domain.accounts import Account, Contact
from node.domain.errors import InvalidInput
from node.domain.sayings import said
from node.signing import public_key_of

__all__ = [
    "FollowPlace",
    "SeenActor",
    "VerifiedPost",
    "contact_of",
    "fetch_post",
    "find_ask_place",
    "find_contact",
    "find_follow_place",
    "key_for_proof",
    "known_contact",
    "known_key_for_proof",
    "local_key",
    "resolve",
    "see_actor",
]

FRESH = timedelta(days=1)
"""Vendor documents are cached for a day, never fetched per cast (`protocol §1`)."""


@dataclass(frozen=True, slots=True)
class SeenActor:
    """An actor document with the exact bytes and the time at which it was seen."""

    actor: RemoteActor
    body: bytes = field(repr=False)
    fetched_at: datetime


async def see_actor(node: Node, actor_id: str) -> SeenActor:
    """The actor's document: ours from the store, another's fetched and remembered.

    Raises: FetchError, InvalidIri.
    """
    if origin(actor_id) == node.config.base_url:
        documents = Documents(node.config.base_url)
        document = await node.look(lambda desk: documents.actor(desk.tx, actor_id))
        if document is None:
            raise DocumentRefused("there is no such actor here", url=actor_id)
        return SeenActor(parse_actor(document, actor_id), dump_json(document), node.now())
    fetched = await node.fetcher.fetch(actor_id)
    actor = parse_actor(fetched.json, fetched.url)
    state = await node.db.host_memory.find(origin(actor.id))
    learned = learn_host(actor, state, fetched.fetched_at)
    if learned is not None:
        await node.db.host_memory.save(learned)
    return SeenActor(actor, fetched.body, fetched.fetched_at)


async def find_contact(node: Node, account: Account, reference: str, *, fresh: bool = False) -> Contact:
    """The vendor that a user names by handle or address, from what we know or from the network; saved.

    Raises: InvalidInput, in words for the user.
    """
    known = await node.look(lambda desk: known_contact(desk.tx.contacts.all(account.id), reference))
    if known is not None and not fresh and node.now() - known.fetched_at < FRESH:
        return known
    try:
        actor_id = known.actor if known is not None else await resolve(node, reference)
        seen = await see_actor(node, actor_id)
    except (FederationError, OSError) as error:
        raise InvalidInput(
            "vendor",
            said("%(reference)s was not found: %(error)s", reference=reference, error=error),
            "Check the handle, and that its server is up.",
        ) from None
    proven_at = seen.fetched_at if known is None and not _is_address(reference) else None
    contact = contact_of(account, seen, proven_at=proven_at)
    if known is not None and known.handle == contact.handle:
        contact = replace(contact, proven_at=known.proven_at)
    await node.work(lambda desk: desk.tx.contacts.save(contact))
    return contact


def contact_of(account: Account, seen: SeenActor, *, proven_at: datetime | None = None) -> Contact:
    """What an account remembers of an actor whose document was just seen.

    Units: `proven_at` is when the host of its handle was heard to name it, None for not at all.
    """
    actor = seen.actor
    return Contact(
        account=account.id,
        actor=actor.id,
        handle=f"@{actor.preferred_username}@{origin(actor.id).split('://', 1)[1]}",
        name=actor.name or actor.preferred_username,
        inbox=actor.inbox,
        fetched_at=seen.fetched_at,
        terms_accepted=_terms(actor.raw),
        implements=tuple(sorted(actor.implements)),
        url=actor.url,
        keys=tuple(key.multibase for key in actor.keys if key.algorithm is KeyAlgorithm.ED25519),
        proven_at=proven_at,
    )


def _terms(document: JsonObject) -> tuple[str, ...]:
    terms = document.get("termsAccepted")
    listed = terms if isinstance(terms, list) else [terms]
    return tuple(term for term in listed[:50] if isinstance(term, str))


def known_contact(contacts: list[Contact], reference: str) -> Contact | None:
    """By actor id, page, full handle, or the handle's first half where it is the only one."""
    text = reference.removeprefix("acct:").removeprefix("@").casefold()
    for contact in contacts:
        if reference in (contact.actor, contact.url) or contact.handle.removeprefix("@").casefold() == text:
            return contact
    named = [contact for contact in contacts if contact.handle.split("@")[1].casefold() == text]
    return named[0] if len(named) == 1 else None


def _is_address(reference: str) -> bool:
    return reference.startswith(("https://", "http://"))


async def resolve(node: Node, reference: str) -> str:
    """The actor's id, or the address that leads to it, for a handle or an address.

    A handle is checked in both directions. Raises: InvalidIri, FetchError.
    """
    if _is_address(reference):
        return parse_iri(reference)
    handle: Handle = parse_handle(reference)
    if handle.host == node.config.host:
        found = await node.look(lambda desk: desk.tx.accounts.by_name(handle.user.casefold()))
        if found is None:
            raise InvalidIri(f"{reference} is not an account of this node")
        return found.id
    return await lookup(node.fetcher, handle, scheme=_scheme_of(node, handle))


def _scheme_of(node: Node, handle: Handle) -> str:
    return "http" if f"{handle.host}" in node.config.allowed and _is_plain(node) else "https"


def _is_plain(node: Node) -> bool:
    """Whether this node itself speaks plain http, as only a closed network for tests does."""
    return node.config.base_url.startswith("http://")


# --- following from elsewhere -----------------------------------------------------------------------------

_FOLLOWING = ((f"{FEP_3B86}Follow", "object"), (REL_SUBSCRIBE, "uri"))
_ASKING = ((f"{FEP_3B86}Offer", "target"),)
"""Where a server asks its user whether to follow, or what to ask of a vendor, the better way first: relation
and the actor's variable."""
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_MAX_TEMPLATE = 1000
_PLAIN_ADDRESS = re.compile(r"[!#-;=?-\[\]_a-z~]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class FollowPlace:
    """The address at which a visitor's own server asks him what to do, and the host that it is on."""

    address: str
    host: str


async def find_follow_place(node: Node, visitor: Handle, actor: str) -> FollowPlace | None:
    """Ask the server of a visitor's handle where he can follow `actor`; None where it names no such place.

    Raises: FederationError or OSError where the server cannot be asked.
    Spec:   FEP-3b86; OStatus subscription 1.0; interop §3.3; `security U03`.
    """
    return await _find_place(node, visitor, actor, _FOLLOWING)


async def find_ask_place(node: Node, visitor: Handle, actor: str) -> FollowPlace | None:
    """Ask the same where he can cast an intent to `actor`, a vendor: a node of our kind names such a place.

    Raises: as `find_follow_place`.
    """
    return await _find_place(node, visitor, actor, _ASKING)


async def _find_place(
    node: Node, handle: Handle, actor: str, templates: tuple[tuple[str, str], ...]
) -> FollowPlace | None:
    """The first of these templates that the server names for the visitor, filled in.

    What it names is http only where we ourselves are: a template of another scheme, or one that leaves the
    host to be filled in, is no place. Whoever is led there is shown the host first.
    """
    if handle.host == node.config.host:
        scheme, documents = node.config.base_url.partition("://")[0], Documents(node.config.base_url)
        ours = await node.look(lambda desk: documents.webfinger(desk.tx, handle.acct))
        answered: JsonObject = ours or {}
        if actor in as_list(answered.get("aliases")):
            return None  # nobody follows, or asks, themselves
    else:
        scheme = _scheme_of(node, handle)
        url = f"{scheme}://{handle.host}/.well-known/webfinger?resource={quote(handle.acct, safe=':@')}"
        answered = (await node.fetcher.fetch_json(url, f"{JRD_JSON}, {JSON}")).json
    links = [link for link in as_list(answered.get("links"))[:50] if isinstance(link, dict)]
    for rel, variable in templates:
        for link in links:
            if link.get("rel") == rel and (place := _place(link.get("template"), variable, actor, scheme)):
                return place
    return None


def _place(template: object, variable: str, actor: str, scheme: str) -> FollowPlace | None:
    if not isinstance(template, str) or len(template) > _MAX_TEMPLATE:
        return None
    address = _VARIABLE.sub(lambda match: quote(actor, safe="") if match[1] == variable else "", template)
    try:
        there, named = urlsplit(address), urlsplit(template)
        host = there.hostname or ""
    except ValueError:
        return None
    # The host must be the template's own, spelt out, and nothing in the address may hide another.
    is_plain = bool(_PLAIN_ADDRESS.fullmatch(address)) and "@" not in there.netloc
    if there.scheme != scheme or not host or there.netloc != named.netloc or not is_plain:
        return None
    return FollowPlace(address, there.netloc)


# --- keys and posts ---------------------------------------------------------------------------------------


async def local_key(node: Node, key_id: str) -> PublicKey | None:
    """The public half of a key of this node."""
    row = await node.look(lambda desk: desk.tx.keys.get(key_id))
    return public_key_of(row) if row is not None else None


async def key_for_proof(node: Node, method: str, actor: str) -> PublicKey | None:
    """The key of an object proof of `actor`, ours or another's; None where it cannot be shown to be its."""
    try:
        if origin(actor) == node.config.base_url:
            found = await local_key(node, method)
            return found if found is not None and found.owner == actor else None
        budget = FetchBudget(node.config.limits.fetches_per_message)
        return (await node.keyring.resolve_for_proof(method, actor, budget=budget)).key
    except (FederationError, KeyRefused):
        return None


async def known_key_for_proof(node: Node, method: str, actor: str) -> PublicKey | None:
    """The same of what is known already, and nobody is asked.

    For what a message carries: its own proof was verified when it came, so that the document which lists all
    keys of its actor has been seen. Asking for each key that a stranger names would have the worker wait.
    """
    try:
        known = await node.db.public_keys.find(parse_iri(method))
    except InvalidIri:
        return None
    is_usable = known is not None and known.revoked_at is None
    return await key_for_proof(node, method, actor) if is_usable or _is_ours(node, actor) else None


def _is_ours(node: Node, actor: str) -> bool:
    return same_origin(actor, node.config.base_url)


@dataclass(frozen=True, slots=True)
class VerifiedPost:
    """A public post fetched from its own origin, with its own valid proof by its author."""

    url: str
    author: str
    document: JsonObject
    body: bytes = field(repr=False)


async def fetch_post(node: Node, url: str) -> VerifiedPost:
    """Fetch a public posting and prove who wrote it. Raises: InvalidInput, in words for the user."""
    right = said("Take the link from the vendor's own page.")
    try:
        if origin(url) == node.config.base_url:
            document, body, address = await _own_post(node, url)
        else:
            fetched = await node.fetcher.fetch(url)
            document, body, address = fetched.json, fetched.body, fetched.url
    except (FederationError, OSError) as error:
        wrong = said("%(url)s could not be read: %(error)s", url=url, error=error)
        raise InvalidInput("offer", wrong, right) from None
    author, claim = document.get("attributedTo"), proof_claim(document)
    if not isinstance(author, str) or claim is None or not claim.usable:
        wrong = said("%(url)s carries no signature that binds its author", url=url)
        raise InvalidInput("offer", wrong, right)
    key = await key_for_proof(node, claim.verification_method, author)
    if key is None:
        raise InvalidInput("offer", said("the signature of %(url)s is not its author's", url=url), right)
    try:
        verify_proof(document, key, now=node.now(), limits=node.config.limits)
    except ProofInvalid as error:
        wrong = said("the signature of %(url)s does not hold: %(error)s", url=url, error=error)
        raise InvalidInput("offer", wrong, right) from None
    return VerifiedPost(address, author, document, body)


async def _own_post(node: Node, url: str) -> tuple[JsonObject, bytes, str]:
    post = await node.look(lambda desk: desk.tx.posts.get(_own_post_id(node, url)))
    if post is None or post.deleted_at is not None or post.author != post.account:
        raise DocumentRefused("there is no such post here", url=url)
    return parse_json_object(post.body), post.body, post.id


def _own_post_id(node: Node, url: str) -> str:
    """A post of ours is named by its id, or by its page `/@NAME/POST`."""
    name = url.removeprefix(f"{node.config.base_url}/@").partition("/")[2]
    return f"{node.config.base_url}/posts/{name}" if url.startswith(f"{node.config.base_url}/@") else url
