"""What this node serves to other servers: actors, collections, posts and discovery, built from the store.

Private documents (proposals, agreements, receipts, deals) are never served: messages carry them whole, and
everybody who asks for one gets the same 404 as for something that never was (`protocol §2`).
"""

from __future__ import annotations

from federation.actors import Account as AccountDocument
from federation.actors import Capability, build_account, build_node_actor, build_persona
from federation.collections import build_collection, build_page, page_count, parse_page_path
from federation.ids import parse_iri
from federation.messages import JsonObject
from federation.strictjson import parse_json_object
from federation.vocab import CAPABILITY_FEP_8B32, CAPABILITY_RFC9421
from federation.webfinger import build_jrd, parse_handle
from node.domain.accounts import Account, AccountKind, Persona, PersonaState
from node.domain.policy import PROTOCOL
from node.domain.terms import short_name
from node.signing import public_key_of
from node.store.ports import KeyRow, Post, Tx

__all__ = ["CAPABILITIES", "Documents"]

CAPABILITIES = (
    Capability(CAPABILITY_RFC9421, "RFC-9421"),
    Capability(CAPABILITY_FEP_8B32, "FEP-8b32"),
    Capability(PROTOCOL, "Obverse protocol 1"),
)
_TERMS_CONTEXT: JsonObject = {
    "obv": "https://w3id.org/obverse/ns#",
    "termsAccepted": {"@id": "obv:termsAccepted", "@type": "@id"},
}
PER_PAGE = 20
ADD_PAGE = "/my/vendors/add?who={uri}"
"""Where a person is asked whether to add somebody whom she found elsewhere; it asks, and does nothing."""
_POST_KINDS = ("standing offer", "feedback", "reply")


class Documents:
    """Builds documents of one node. Paths are raw; a path that names nothing gives None."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.host = base_url.split("://", 1)[1]
        self.node_actor = f"{base_url}/actor"

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
        extra = {"termsAccepted": list(account.terms_accepted)} if account.terms_accepted else {}
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
                discoverable=is_vendor,
                followers_wait=account.approves_followers,
                summary=account.summary or "",
                extra=extra,
                extra_context=_TERMS_CONTEXT,
            ),
            rsa=public_key_of(_current(tx, account.id, "rsa")),
            ed25519=public_key_of(_current(tx, account.id, "ed25519")),
            implements=CAPABILITIES,
        )

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
        if path.startswith("/posts/"):
            post = tx.posts.get(iri)
            mine = post is not None and post.deleted_at is None and post.author == post.account
            if post is not None and not post.visibility.is_open:
                return None  # for whom it was sent to alone, and they have it
            return _note_of(post) if post is not None and mine else None
        return self.actor(tx, iri) or self._collection(tx, path)

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
        items = self._items(tx, account, name)
        total = tx.followers.count(actor) if name == "followers" else len(items)
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

    def _items(self, tx: Tx, account: Account | None, name: str) -> list[JsonObject | str]:
        """Public activities for the outbox; private ones are neither shown nor counted (case P05)."""
        if account is None or name not in ("outbox", "featured"):
            return []
        posts = [post for kind in _POST_KINDS for post in tx.posts.all(account.id, kind, limit=1000)]
        mine = sorted((post for post in posts if post.author == account.id), key=lambda post: post.at)
        if name == "featured":
            return [post.id for post in reversed(mine) if post.kind == "standing offer"]
        return [_create_of(post) for post in reversed(mine)]

    # --- discovery ----------------------------------------------------------------------------------------

    def webfinger(self, tx: Tx, resource: str) -> JsonObject | None:
        """The JRD of an account or of the node. Raises: InvalidIri for what is no resource."""
        if resource.startswith(("https://", "http://")):
            return self._webfinger_of_url(tx, parse_iri(resource))
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
            subscribe=f"{self.base_url}{ADD_PAGE}" if account.kind is AccountKind.PERSON else None,
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


def _create_of(post: Post) -> JsonObject:
    """The Create that announced a post, for the outbox; it refers to the post by its id."""
    note = parse_json_object(post.body)
    note = note["object"] if post.kind == "feedback" else note
    return {
        "id": post.activity_id or f"{post.id}#create",
        "type": "Create",
        "actor": post.author,
        "to": note["to"],
        "cc": note["cc"],
        "published": note["published"],
        "object": post.id,
    }
