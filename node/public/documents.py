"""What this node serves to other servers: actors, collections, posts and discovery, built from the store.

Private documents (proposals, agreements, receipts, deals) are never served: messages carry them whole, and
everybody who asks for one gets the same 404 as for something that never was (`protocol §2`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from federation.actors import Account as AccountDocument
from federation.actors import Capability, build_account, build_node_actor, build_persona
from federation.collections import build_collection, build_page, page_count, parse_page_path
from federation.errors import InvalidIri
from federation.ids import parse_iri
from federation.messages import JsonObject
from federation.strictjson import parse_json_object
from federation.vocab import CAPABILITY_FEP_8B32, CAPABILITY_RFC9421, FEP_3B86
from federation.webfinger import build_jrd, parse_handle
from node.domain.accounts import Account, AccountKind, Persona, PersonaState
from node.domain.notes import Visibility
from node.domain.policy import PROTOCOL
from node.domain.terms import short_name
from node.public.listed import PER_PAGE, Listed, is_readable
from node.signing import public_key_of
from node.store.following import Following
from node.store.media import KeptPicture, Purpose
from node.store.ports import Follower, FollowState, KeyRow, Post, Tx
from node.wire.posts import build_tombstone

__all__ = ["CAPABILITIES", "Documents", "may_read"]

CAPABILITIES = (
    Capability(CAPABILITY_RFC9421, "RFC-9421"),
    Capability(CAPABILITY_FEP_8B32, "FEP-8b32"),
    Capability(PROTOCOL, "Obverse protocol 1"),
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_TERMS_CONTEXT: JsonObject = {
    "obv": "https://w3id.org/obverse/ns#",
    "termsAccepted": {"@id": "obv:termsAccepted", "@type": "@id"},
}
INTERACTION_PAGE = "/authorize_interaction"
"""Where whoever has an account here is asked what to do with somebody, or something, found elsewhere; it
asks, and does nothing. The name is that which servers guess where they find no template (`interop §3.4`)."""
MOST_SHOWN = 2_000
"""So many of those who follow, or are followed, are shown to strangers, where their owner shows them."""
_MOVING_CONTEXT: JsonObject = {
    "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
    "movedTo": {"@id": "as:movedTo", "@type": "@id"},
}

_PORTRAITS: dict[Purpose, str] = {Purpose.ICON: "icon", Purpose.HEADER: "image"}


class Documents:
    """Builds documents of one node. Paths are raw; a path that names nothing gives None."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.host = base_url.split("://", 1)[1]
        self.node_actor = f"{base_url}/actor"
        self._listed = Listed(base_url)

    # --- actors -------------------------------------------------------------------------------------------

    def actor(self, tx: Tx, actor: str) -> JsonObject | None:
        """The document of any actor of ours, by its id."""
        if actor == self.node_actor:
            return self._node(tx)
        account = tx.accounts.get(actor)
        if account is not None:
            return self._account(tx, account)
        persona = tx.personas.get(actor)
        return self._persona(tx, persona) if persona is not None else None

    def _node(self, tx: Tx) -> JsonObject:
        return build_node_actor(
            self.node_actor,
            host=self.host,
            page=f"{self.base_url}/",
            inbox=f"{self.base_url}/inbox",
            rsa=public_key_of(_current(tx, self.node_actor, "rsa")),
            implements=CAPABILITIES,
            extra_context=_TERMS_CONTEXT,
        )

    def _account(self, tx: Tx, account: Account) -> JsonObject:
        extra: JsonObject = {"termsAccepted": list(account.terms_accepted)} if account.terms_accepted else {}
        extra |= {"alsoKnownAs": list(account.also_known_as)} if account.also_known_as else {}
        extra |= {"movedTo": account.moved_to} if account.moved_to else {}
        extra |= self._portraits(tx, account)
        is_vendor = account.kind is AccountKind.VENDOR
        return build_account(
            AccountDocument(
                id=account.id,
                type="Organization" if is_vendor else "Person",
                username=account.name,
                name=account.display_name,
                page=f"{self.base_url}/@{account.name}",
                published=account.created_at,
                node_actor=self.node_actor,
                shared_inbox=f"{self.base_url}/inbox",
                discoverable=account.is_discoverable,
                indexable=account.is_indexable,
                followers_wait=account.approves_followers,
                summary=account.summary or "",
                extra=extra,
                extra_context=_TERMS_CONTEXT | _MOVING_CONTEXT,
            ),
            rsa=public_key_of(_current(tx, account.id, "rsa")),
            ed25519=public_key_of(_current(tx, account.id, "ed25519")),
            implements=CAPABILITIES,
        )

    def _portraits(self, tx: Tx, account: Account) -> JsonObject:
        """Its image and its header, as everybody names them (`interop §3.1`)."""
        worn = tx.media.all(account.id, _PORTRAITS, place=account.id)
        return {_PORTRAITS[one.purpose]: _image(self.base_url, one) for one in worn}

    def _persona(self, tx: Tx, persona: Persona) -> JsonObject | None:
        if persona.state is PersonaState.CLOSED:
            return None
        return build_persona(
            persona.id,
            username=persona.id.rsplit("/", 1)[-1],
            ed25519=public_key_of(_current(tx, persona.id, "ed25519")),
            node_actor=self.node_actor,
            implements=CAPABILITIES,
        )

    # --- everything by its path ---------------------------------------------------------------------------

    def at(self, tx: Tx, path: str) -> JsonObject | bytes | None:
        """The public document at a raw path; bytes are signed JSON as it was published."""
        iri = self.base_url + path
        if path.startswith(("/posts/", "/contexts/", "/tags/")):
            post = tx.posts.get(iri) if path.startswith("/posts/") else None
            return _note_of(post) if post is not None and is_readable(post) else self._listed.at(tx, path)
        return self.actor(tx, iri) or self._collection(tx, path)

    def tombstone(self, tx: Tx, path: str) -> JsonObject | None:
        """What stands at the path of a post of ours that everybody could read and that is taken back."""
        post = tx.posts.get(self.base_url + path)
        if post is None or post.deleted_at is None or not is_readable(replace(post, deleted_at=None)):
            return None
        return build_tombstone(post.id, post.deleted_at)

    def hidden_post(self, tx: Tx, path: str) -> Post | None:
        """A post of ours at a path that some may read, if they show who they are (`may_read`)."""
        post = tx.posts.get(self.base_url + path)
        is_there = post is not None and post.deleted_at is None and post.author == post.account
        return post if post is not None and is_there and not post.visibility.is_open else None

    def inbox_owner(self, path: str) -> str | None:
        """The actor whose inbox lies at a path, "" for the shared one, None for none."""
        if path == "/inbox":
            return ""
        owner, slash, name = path.rpartition("/")
        is_actor = owner.startswith(("/actors/", "/p/")) and owner.count("/") == 2
        return self.base_url + owner if slash and name == "inbox" and is_actor else None

    def _collection(self, tx: Tx, path: str) -> JsonObject | None:
        paged = parse_page_path(path)
        collection, number = paged or (path, 0)
        owner, _, name = collection.rpartition("/")
        actor = self.base_url + owner
        account = tx.accounts.get(actor)
        is_ours = account is not None or actor == self.node_actor or self._is_persona(tx, actor)
        if not is_ours or name not in ("outbox", "followers", "following", "featured"):
            return None
        if account is not None and name in ("outbox", "featured"):
            shelf = self._listed.outbox if name == "outbox" else self._listed.featured
            return shelf(tx, account, number)
        total, items = _network_of(tx, account, name) if account is not None else (0, [])
        pages = page_count(len(items), PER_PAGE)
        if not paged:
            return build_collection(self.base_url + collection, total=total, pages=pages, attributed_to=actor)
        if number > pages:
            return None
        shown = items[(number - 1) * PER_PAGE : number * PER_PAGE]
        return build_page(self.base_url + collection, number=number, pages=pages, total=total, items=shown)

    def _is_persona(self, tx: Tx, actor: str) -> bool:
        persona = tx.personas.get(actor)
        return persona is not None and persona.state is not PersonaState.CLOSED

    # --- discovery ----------------------------------------------------------------------------------------

    def webfinger(self, tx: Tx, resource: str) -> JsonObject | None:
        """The JRD of an account or of the node; None also for resources of other kinds.

        Raises: InvalidIri for what is no URI.
        Spec:   RFC 7033 §4.2, §4.5.
        """
        scheme = _SCHEME.match(resource)
        if scheme is None:
            raise InvalidIri("a resource is named by a URI, such as acct:NAME@HOST")
        if scheme[0].lower() in ("https:", "http:"):
            return self._webfinger_of_url(tx, parse_iri(resource))
        if scheme[0].lower() != "acct:":
            return None
        handle = parse_handle(resource)
        if handle.host != self.host:
            return None
        if handle.user.casefold() == self.host:
            return self._node_jrd()
        account = tx.accounts.by_name(handle.user.casefold())
        return self._jrd(account) if account is not None else None

    def _webfinger_of_url(self, tx: Tx, url: str) -> JsonObject | None:
        if url in (self.base_url, f"{self.base_url}/", self.node_actor):
            return self._node_jrd()
        page = url.removeprefix(f"{self.base_url}/@")
        account = tx.accounts.by_name(page) if page != url else tx.accounts.get(url)
        return self._jrd(account) if account is not None else None

    def _jrd(self, account: Account) -> JsonObject:
        return build_jrd(
            subject=f"acct:{account.name}@{self.host}",
            actor=account.id,
            profile=f"{self.base_url}/@{account.name}",
            subscribe=f"{self.base_url}{INTERACTION_PAGE}?uri={{uri}}",
            templates=_intents(self.base_url, account),
        )

    def _node_jrd(self) -> JsonObject:
        return build_jrd(
            subject=f"acct:{self.host}@{self.host}", actor=self.node_actor, service=self.node_actor
        )

    def myterms(self, tx: Tx) -> JsonObject:
        """`/.well-known/myterms.json`: which agreements each vendor of this node accepts (`protocol §1`)."""
        vendors = [account for account in tx.accounts.all() if account.terms_accepted]
        since = min((account.created_at for account in vendors), default=None)
        return {
            "effective_date": (since.date().isoformat() if since else None),
            "agreements": [
                {"actor": account.id, "id": short_name(term), "url": term}
                for account in vendors
                for term in account.terms_accepted
            ],
        }


def _network_of(tx: Tx, account: Account, name: str) -> tuple[int, list[str]]:
    """How many follow, or are followed, and who: only where the owner shows it (`security P05`)."""
    rows: Sequence[Follower | Following]
    if name == "followers":
        total = tx.followers.count(account.id)
        rows = tx.followers.newest(account.id, limit=MOST_SHOWN) if account.shows_network else []
    else:
        total = tx.follows.count(account.id)
        rows = tx.follows.newest(account.id, limit=MOST_SHOWN) if account.shows_network else []
    return total, [row.actor for row in rows]


def _intents(base_url: str, account: Account) -> dict[str, str]:
    """Where other servers lead whoever has an account here with what they want to do there (FEP-3b86)."""
    ends = "on-success={on-success}&on-cancel={on-cancel}"
    templates = {
        "Follow": f"{base_url}{INTERACTION_PAGE}?uri={{object}}&{ends}",
        "Object": f"{base_url}{INTERACTION_PAGE}?uri={{object}}&{ends}",
        "Create": f"{base_url}{INTERACTION_PAGE}/create?text={{content}}&reply={{inReplyTo}}&{ends}",
    }
    if account.kind is AccountKind.PERSON:
        templates["Offer"] = f"{base_url}{INTERACTION_PAGE}/offer?to={{target}}&about={{object}}&{ends}"
    return {f"{FEP_3B86}{name}": template for name, template in templates.items()}


def _image(base_url: str, worn: KeptPicture) -> JsonObject:
    words = {"name": worn.alt, "summary": worn.alt} if worn.alt else {}
    return {"type": "Image", "mediaType": worn.media_type, "url": f"{base_url}/media/{worn.name}", **words}


def _current(tx: Tx, owner: str, algorithm: str) -> KeyRow:
    rows = [row for row in tx.keys.of(owner) if row.algorithm == algorithm and row.revoked_at is None]
    return rows[-1]


def _note_of(post: Post) -> JsonObject | bytes:
    """The post itself: a standing offer is stored as its signed Note, feedback as the Create around it."""
    if post.kind != "feedback":
        return post.body
    activity = parse_json_object(post.body)
    note: JsonObject = {"@context": activity["@context"], **activity["object"]}
    return note


def may_read(tx: Tx, post: Post, actor: str) -> bool:
    """Whether a post of ours is for this actor, who has shown who it is: it names him, or is for followers.

    Whom its account has blocked reads nothing that is not for everybody.

    Spec: interop §1.6; `security P05`.
    """
    note = post.note
    if tx.shunned.is_blocked(post.account, actor):
        return False
    if note is not None and note.names(actor):
        return True
    follower = tx.followers.get(post.account, actor)
    follows = follower is not None and follower.state is FollowState.ACCEPTED
    return follows and post.visibility is Visibility.FOLLOWERS
