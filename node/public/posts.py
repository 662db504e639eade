"""The pages of posts: one by itself, an account's newest, and those of a topic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from markupsafe import Markup

from node.domain.accounts import Account
from node.domain.notes import Note, Visibility
from node.public.listed import topic_of
from node.store.ports import Post, Tx
from node.store.reading import Tally
from node.web.unseen import show_unseen_in_prose
from node.web.views import FeedLine, Party, PictureLine, PostLine, PostView, ReplyLine, TopicView
from node.wire.html import clean_html, plain_text
from node.wire.written import tag_address

__all__ = ["POST_KINDS", "feed_lines_of_posts", "post_lines", "post_view", "topic_view"]

POST_KINDS = ("note", "request")
"""What has a page of this sort."""
_PUBLIC = frozenset({Visibility.PUBLIC})
SHOWN = 20
"""So many posts stand on the page of an account, or of a topic."""
REPLIES_SHOWN = 50
_TITLE_CHARS = 80


def _prose(html: str) -> Markup:
    return Markup(show_unseen_in_prose(clean_html(html)))  # noqa: S704 - sanitised just here


def title_of(note: Note) -> str:
    """What a post is called where it needs a name: its warning, or how it begins."""
    words = " ".join((note.summary or plain_text(note.content)).split())
    return words if len(words) <= _TITLE_CHARS else f"{words[: _TITLE_CHARS - 1].rstrip()}…"


def post_view(tx: Tx, host: str, author: Account, party: Party, post: Post) -> PostView | None:
    """The page of one post; None for a kind that has no such page."""
    note = post.note
    if note is None or post.kind not in POST_KINDS:
        return None
    replies = tx.posts.replies(post.id, limit=REPLIES_SHOWN)
    tally = tx.reactions.tally([post.id]).get(post.id, Tally())
    return PostView(
        host=host,
        page=note.url,
        object_id=post.id,
        author=party,
        title=title_of(note),
        published_at=note.published_at,
        updated_at=note.updated_at,
        content=_prose(note.content),
        warning=note.summary,
        language=note.language,
        is_request=post.kind == "request",
        answers=note.in_reply_to,
        pictures=_pictures(note),
        replies=tuple(ReplyLine(_writer(tx, said.author), said.id, said.at) for said in replies),
        reply_count=tx.posts.count_replies(post.id),
        likes=tally.likes,
        shares=tally.shares,
        indexed=author.is_indexable and note.visibility is Visibility.PUBLIC,
        description=note.summary or plain_text(note.content),
        feed=f"{party.page}/feed.atom",
    )


def _writer(tx: Tx, actor: str) -> Party:
    """Who answered: one of ours by name, others by where they are at home."""
    account = tx.accounts.get(actor)
    name = account.display_name if account is not None else urlsplit(actor).netloc
    return Party(name, actor, actor)


def _pictures(note: Note) -> tuple[PictureLine, ...]:
    return tuple(
        PictureLine(found.url, found.alt, found.width, found.height)
        for found in note.attachments
        if found.media_type.startswith("image/")
    )


def post_lines(tx: Tx, account: Account) -> tuple[PostLine, ...]:
    """What stands on the page of an account: what it has pinned, then its newest public posts."""
    pinned = [post for post in tx.posts.pinned(account.id) if post.visibility is Visibility.PUBLIC]
    newest = tx.posts.own(account.id, visibilities=_PUBLIC, kinds=POST_KINDS, limit=SHOWN)
    first = {post.id for post in pinned}
    return _lines((*pinned, *(post for post in newest if post.id not in first)))


def _lines(posts: Iterable[Post], authors: Mapping[str, Party] | None = None) -> tuple[PostLine, ...]:
    return tuple(
        PostLine(
            page=post.note.url,
            title=title_of(post.note),
            published_at=post.note.published_at,
            content=_prose(post.note.content),
            warning=post.note.summary,
            language=post.note.language,
            is_pinned=post.pinned_at is not None,
            is_request=post.kind == "request",
            is_answer=bool(post.note.in_reply_to),
            author=(authors or {}).get(post.author),
        )
        for post in posts
        if post.note is not None and post.kind in POST_KINDS
    )


def topic_view(tx: Tx, host: str, base_url: str, path: str) -> TopicView | None:
    """The newest public posts of a topic, on this node alone; None where nobody has marked it."""
    topic = topic_of(path)
    posts = tx.posts.tagged(topic, limit=SHOWN) if topic is not None else []
    if topic is None or not posts:
        return None
    return TopicView(
        host=host,
        page=tag_address(f"{base_url}/tags", topic),
        topic=topic,
        lines=_lines(posts, {post.author: _writer(tx, post.author) for post in posts}),
        total=tx.posts.count_tagged(topic),
    )


def feed_lines_of_posts(tx: Tx, account: Account, party: Party, limit: int) -> list[FeedLine]:
    """An account's public posts for its feed."""
    posts = tx.posts.own(account.id, visibilities=_PUBLIC, kinds=POST_KINDS, limit=limit)
    return [
        FeedLine(
            id=post.id,
            page=post.note.url,
            title=title_of(post.note),
            author=party,
            published_at=post.note.published_at,
            updated_at=post.note.updated_at or post.note.published_at,
            content=_prose(post.note.content),
            kind="post",
        )
        for post in posts
        if post.note is not None
    ]
