"""The collections of posts that this node serves: what an account says and shows first, threads, topics.

All of them hold what everybody may read and nothing else, not even in their totals (`security P05`); they are
bounded, and paged by path.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from urllib.parse import quote, unquote_to_bytes

from federation.collections import build_collection, build_page, page_count, page_id, parse_page_path
from federation.messages import JsonObject, JsonValue
from federation.strictjson import parse_json_object
from federation.vocab import AS_CONTEXT
from node.domain.accounts import Account
from node.store.ports import Post, Tx
from node.store.posting import OPEN
from node.store.reading import GivenReaction, ReactionKind
from node.wire.reactions import build_share

__all__ = ["MOST_LISTED", "PER_PAGE", "Listed", "is_readable", "topic_of"]

PER_PAGE = 20
MOST_SHARES = 200
"""So many of the newest that an account passed on stand in its outbox."""
MOST_LISTED = 1_000
"""So many items of a thread or a topic can be paged through; the total says how many there are."""
TOPIC_CHARS = 100
_REACTIONS = ("likes", "shares")
_Items = Callable[[int, int], Sequence[JsonValue]]
"""(limit, offset) → so many items from there on."""


def is_readable(post: Post | None) -> bool:
    """Whether a post is one of ours that everybody may read."""
    return (
        post is not None
        and post.author == post.account
        and post.deleted_at is None
        and post.visibility.is_open
    )


def topic_of(path: str) -> str | None:
    """The topic that lies at `/tags/…`, None for what is none or is spelt otherwise than we spell it."""
    spelt = path.removeprefix("/tags/")
    try:
        topic = unquote_to_bytes(spelt).decode("utf-8")
    except UnicodeDecodeError:
        return None
    is_ours = quote(topic.casefold(), safe="") == spelt
    is_word = topic.replace("_", "").isalnum() and len(topic) <= TOPIC_CHARS
    return topic if path != spelt and is_ours and is_word else None


class Listed:
    """Builds the collections of posts of one node. Paths are raw; a path that names none gives None."""

    def __init__(self, base_url: str) -> None:
        self._base = base_url

    def at(self, tx: Tx, path: str) -> JsonObject | None:
        """What lies at a path below `/posts/`, `/contexts/` or `/tags/`."""
        collection, number = parse_page_path(path) or (path, 0)
        if path.startswith("/contexts/"):
            return self._thread(tx, collection, number)
        if path.startswith("/tags/"):
            return self._topic(tx, collection, number)
        owner, _, name = collection.rpartition("/")
        post = tx.posts.get(self._base + owner)
        if post is None or not is_readable(post):
            return None
        if name == "replies":
            return self._replies(tx, post, number)
        return self._reactions(tx, post, name) if name in _REACTIONS and not number else None

    def outbox(self, tx: Tx, account: Account, number: int) -> JsonObject | None:
        """Creates of its public and unlisted posts, and Announces of others' of late, newest first."""
        shares = tx.reactions.all_given(account.id, kind=ReactionKind.SHARE, limit=MOST_SHARES)
        posts = tx.posts.count_own(account.id, visibilities=OPEN)

        def items(limit: int, offset: int) -> list[JsonValue]:
            first = max(0, offset - len(shares))
            window = tx.posts.own(account.id, visibilities=OPEN, limit=offset - first + limit, offset=first)
            return _merged(window, min(first, posts), shares, limit, offset)

        return self._ordered(f"{account.id}/outbox", number, posts + len(shares), items, owner=account.id)

    def featured(self, tx: Tx, account: Account, number: int) -> JsonObject | None:
        """What it shows first: pinned posts, then the standing offers that can be ordered from."""
        pinned = [post.id for post in tx.posts.pinned(account.id) if is_readable(post)]
        posts = tx.posts.all(account.id, "standing offer", limit=MOST_LISTED)
        offers = (tx.posts.offer(post.id) for post in posts)
        running = [offer.id for offer in offers if offer is not None and offer.is_running]
        found = list(dict.fromkeys((*pinned, *running)))

        def items(limit: int, offset: int) -> list[str]:
            return found[offset : offset + limit]

        return self._ordered(f"{account.id}/featured", number, len(found), items, owner=account.id)

    def _thread(self, tx: Tx, path: str, number: int) -> JsonObject | None:
        """A thread that began here, oldest first (FEP-7888)."""
        context = self._base + path
        total = tx.posts.count_in_context(context)
        root = tx.posts.get(self._base + path.replace("/contexts/", "/posts/", 1))
        if not total:
            return None

        def items(limit: int, offset: int) -> list[str]:
            return [said.id for said in tx.posts.in_context(context, limit=limit, offset=offset)]

        return self._ordered(context, number, total, items, owner=root.author if root is not None else "")

    def _topic(self, tx: Tx, path: str, number: int) -> JsonObject | None:
        topic = topic_of(path)
        total = tx.posts.count_tagged(topic) if topic is not None else 0
        if topic is None or not total:
            return None

        def items(limit: int, offset: int) -> list[str]:
            return [post.id for post in tx.posts.tagged(topic, limit=limit, offset=offset)]

        return self._ordered(self._base + path, number, total, items)

    def _ordered(
        self, collection: str, number: int, total: int, items: _Items, *, owner: str = ""
    ) -> JsonObject | None:
        pages = page_count(min(total, MOST_LISTED), PER_PAGE)
        if not number:
            return build_collection(collection, total=total, pages=pages, attributed_to=owner or None)
        if number > pages:
            return None
        shown = items(PER_PAGE, (number - 1) * PER_PAGE)
        return build_page(collection, number=number, pages=pages, total=total, items=shown)

    def _replies(self, tx: Tx, post: Post, number: int) -> JsonObject | None:
        """Answers that everybody may read, by their ids; the first page stands in the collection itself.

        Spec: interop §4.5 (`replies`).
        """
        collection = f"{post.id}/replies"
        total = tx.posts.count_replies(post.id)
        pages = max(1, page_count(min(total, MOST_LISTED), PER_PAGE))
        if number > pages:
            return None
        shown = tx.posts.replies(post.id, limit=PER_PAGE, offset=max(0, number - 1) * PER_PAGE)
        page: JsonObject = {
            "id": page_id(collection, number or 1),
            "type": "CollectionPage",
            "partOf": collection,
            "items": [said.id for said in shown],
        }
        if (number or 1) < pages:
            page["next"] = page_id(collection, (number or 1) + 1)
        if number:
            return {"@context": AS_CONTEXT, **page}
        return {
            "@context": AS_CONTEXT,
            "id": collection,
            "type": "Collection",
            "attributedTo": post.author,
            "totalItems": total,
            "first": page,
        }

    def _reactions(self, tx: Tx, post: Post, name: str) -> JsonObject:
        """How many like it, or passed it on; who they are is not shown."""
        tally = tx.reactions.tally([post.id]).get(post.id)
        total = 0 if tally is None else tally.likes if name == "likes" else tally.shares
        return {
            "@context": AS_CONTEXT,
            "id": f"{post.id}/{name}",
            "type": "Collection",
            "attributedTo": post.author,
            "totalItems": total,
        }


def _merged(
    window: Sequence[Post], first: int, shares: Sequence[GivenReaction], limit: int, offset: int
) -> list[JsonValue]:
    """So many of both from an offset on, newest first.

    Shapes: `window` are the posts from the `first` on, that of the offset among them: no more shares than
            there are come before it.
    """
    left = list(shares)
    if first and window:
        left = [share for share in shares if share.at <= window[0].at]
    elif first:  # every post comes before
        left = list(shares[max(0, offset - first) :])
    place = first + len(shares) - len(left)
    items: list[JsonValue] = []
    posts = deque(window)
    waiting = deque(left)
    while (posts or waiting) and len(items) < limit:
        is_post = bool(posts) and (not waiting or posts[0].at >= waiting[0].at)
        item = _create_of(posts.popleft()) if is_post else _announce_of(waiting.popleft())
        if place >= offset:
            items.append(item)
        place += 1
    return items


def _announce_of(given: GivenReaction) -> JsonObject:
    """The Announce as it was sent."""
    built = build_share(
        given.activity_id, given.account, given.object_id, given.author, given.at, is_listed=given.is_listed
    )
    return {name: value for name, value in built.items() if name != "@context"}


def _create_of(post: Post) -> JsonObject:
    """The Create that announced a post; it refers to the post by its id."""
    kept = parse_json_object(post.body)
    note = kept["object"] if kept.get("type") == "Create" else kept
    return {
        "id": post.activity_id or f"{post.id}#create",
        "type": "Create",
        "actor": post.author,
        "to": note["to"],
        "cc": note["cc"],
        "published": note["published"],
        "object": post.id,
    }
