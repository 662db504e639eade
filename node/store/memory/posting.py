"""What our accounts say, in memory."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from node.domain.notes import Visibility
from node.domain.offers import StandingOffer
from node.store.memory.tables import Repository
from node.store.ports import Post
from node.store.posting import EVERYBODY, Edit, Utterance

__all__ = ["MemoryPosts"]


class MemoryPosts(Repository):
    def get(self, post_id: str) -> Post | None:
        return self._t.posts.get(post_id)

    def all(
        self, account: str, kind: str, *, limit: int = 100, offset: int = 0, since: datetime | None = None
    ) -> list[Post]:
        of_kind = (post for post in self._t.posts.values() if (post.account, post.kind) == (account, kind))
        kept = [post for post in of_kind if post.deleted_at is None and (since is None or post.at >= since)]
        return sorted(kept, key=lambda post: post.at)[::-1][offset : offset + limit]

    def own(
        self,
        account: str,
        *,
        visibilities: Collection[Visibility] = EVERYBODY,
        kinds: Collection[str] = (),
        limit: int = 100,
        offset: int = 0,
    ) -> list[Post]:
        found = self._own(account, visibilities, kinds)
        return sorted(found, key=lambda post: post.at)[::-1][offset : offset + limit]

    def count_own(
        self,
        account: str,
        *,
        visibilities: Collection[Visibility] = EVERYBODY,
        kinds: Collection[str] = (),
    ) -> int:
        return len(self._own(account, visibilities, kinds))

    def _own(
        self, account: str, visibilities: Collection[Visibility] = EVERYBODY, kinds: Collection[str] = ()
    ) -> list[Post]:
        return [
            post
            for post in self._t.posts.values()
            if post.account == post.author == account
            and post.deleted_at is None
            and post.visibility in visibilities
            and (not kinds or post.kind in kinds)
        ]

    def pinned(self, account: str) -> list[Post]:
        found = [(post.pinned_at, post) for post in self._own(account) if post.pinned_at is not None]
        return [post for _, post in sorted(found, key=lambda pair: pair[0])[::-1]]

    def tagged(self, topic: str, *, limit: int = 50, offset: int = 0) -> list[Post]:
        found = sorted(self._tagged(topic), key=lambda post: (post.at, post.id))
        return found[::-1][offset : offset + limit]

    def count_tagged(self, topic: str) -> int:
        return len(self._tagged(topic))

    def _tagged(self, topic: str) -> list[Post]:
        return [
            post
            for post in self._t.posts.values()
            if post.note is not None
            and post.deleted_at is None
            and post.visibility is Visibility.PUBLIC
            and topic.casefold() in {one.casefold() for one in post.note.hashtags}
        ]

    def save(self, post: Post) -> None:
        self._t.posts[post.id] = post

    def add_edit(self, edit: Edit) -> None:
        self._t.post_edits[edit.post] = (*self._t.post_edits.get(edit.post, ()), edit)

    def edits(self, post_id: str) -> list[Edit]:
        return list(self._t.post_edits.get(post_id, ()))

    def drop_edits(self, post_id: str) -> None:
        self._t.post_edits.pop(post_id, None)

    # --- threads ------------------------------------------------------------------------------------------

    def hear(self, said: Utterance) -> None:
        self._t.utterances.setdefault(said.id, said)

    def unhear(self, post_id: str) -> None:
        self._t.utterances.pop(post_id, None)

    def heard(self, post_id: str) -> Utterance | None:
        return self._t.utterances.get(post_id)

    def authors_heard(self) -> list[str]:
        return sorted({said.author for said in self._t.utterances.values()})

    def heard_of(self, author: str) -> list[Utterance]:
        found = (said for said in self._t.utterances.values() if said.author == author)
        return sorted(found, key=lambda said: (said.at, said.id))

    def replies(self, post_id: str, *, limit: int = 50, offset: int = 0) -> list[Utterance]:
        return self._heard("in_reply_to", post_id)[offset : offset + limit]

    def count_replies(self, post_id: str) -> int:
        return len(self._heard("in_reply_to", post_id))

    def in_context(self, context: str, *, limit: int = 50, offset: int = 0) -> list[Utterance]:
        return self._heard("context", context)[offset : offset + limit]

    def count_in_context(self, context: str) -> int:
        return len(self._heard("context", context))

    def _heard(self, name: str, value: str) -> list[Utterance]:
        found = (said for said in self._t.utterances.values() if value and getattr(said, name) == value)
        return sorted(found, key=lambda said: (said.at, said.id))

    # --- standing offers ----------------------------------------------------------------------------------

    def offer(self, post_id: str) -> StandingOffer | None:
        row = self._t.offers.get(post_id)
        return None if row is None else row[1]

    def save_offer(self, account: str, offer: StandingOffer) -> None:
        self._t.offers[offer.id] = (account, offer)

    def run_out(self, now: datetime, limit: int) -> list[str]:
        ended = sorted((end, post_id) for end, post_id in self._ends() if end <= now)
        return [post_id for _, post_id in ended[:limit]]

    def next_end(self) -> datetime | None:
        return min((end for end, _ in self._ends()), default=None)

    def _ends(self) -> list[tuple[datetime, str]]:
        return [(offer.ends_at, offer.id) for _, offer in self._t.offers.values() if offer.is_running]
