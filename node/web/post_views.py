"""What an owner has said, as the pages list and show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from node.desk import Desk
from node.domain.accounts import Account
from node.domain.notes import Attachment, Visibility
from node.store.ports import Post
from node.store.posting import EVERYBODY, Edit
from node.store.reading import Tally
from node.web.i18n import N_
from node.web.unseen import show_unseen_in_prose
from node.wire.html import clean_html, plain_text

__all__ = [
    "KIND_WORDS",
    "VISIBILITY_WORDS",
    "PostLine",
    "PostPage",
    "PostsView",
    "find_post",
    "post_page",
    "posts_view",
]

PER_PAGE = 30
_BEGINNING = 140
VISIBILITY_WORDS = {
    Visibility.PUBLIC: N_("Everybody"),
    Visibility.UNLISTED: N_("Everybody who has its address"),
    Visibility.FOLLOWERS: N_("Your followers"),
    Visibility.DIRECT: N_("Whom it names"),
}
KIND_WORDS = {
    "standing offer": N_("Offer to everybody"),
    "feedback": N_("Feedback"),
    "reply": N_("Answer to feedback"),
    "request": N_("Looking for"),
}


@dataclass(frozen=True, slots=True)
class PostLine:
    """A post in the list. `page` is where it is looked after; `kind` in words, "" for an ordinary post."""

    page: str
    public_page: str
    kind: str
    visibility: Visibility
    at: datetime
    words: str
    is_pinned: bool
    is_changed: bool
    replies: int
    likes: int
    shares: int


@dataclass(frozen=True, slots=True)
class PostsView:
    """A stretch of an account's posts, for one kind of readers or all (`show` is "")."""

    show: str
    lines: tuple[PostLine, ...]
    newer: str
    older: str
    followers: int


@dataclass(frozen=True, slots=True)
class PostPage:
    """One post with what its owner may do with it: `can_change` its words, `can_pin` it, take it back."""

    line: PostLine
    content: Markup
    warning: str
    language: str
    text: str
    pictures: tuple[Attachment, ...]
    named: tuple[str, ...]
    edits: tuple[Edit, ...]
    can_change: bool
    can_pin: bool
    answers: str


def find_post(desk: Desk, account: Account, name: str) -> Post | None:
    """A post of this account by the last part of its id, None for none that still stands."""
    post = desk.tx.posts.get(f"{desk.setting.base_url}/posts/{name}")
    is_own = post is not None and post.account == post.author == account.id and post.deleted_at is None
    return post if is_own else None


def posts_view(desk: Desk, account: Account, show: str, number: int) -> PostsView:
    """Newest first; page numbers count from 1."""
    visibilities = EVERYBODY if not show else {Visibility(show)}
    first = (number - 1) * PER_PAGE
    found = desk.tx.posts.own(account.id, visibilities=visibilities, limit=PER_PAGE + 1, offset=first)
    tallies = desk.tx.reactions.tally([post.id for post in found])
    place = f"/my/posts?show={show}&page="
    return PostsView(
        show=show,
        lines=tuple(_line(desk, post, tallies.get(post.id, Tally())) for post in found[:PER_PAGE]),
        newer=f"{place}{number - 1}" if number > 1 else "",
        older=f"{place}{number + 1}" if len(found) > PER_PAGE else "",
        followers=desk.tx.followers.count(account.id),
    )


def post_page(desk: Desk, account: Account, name: str) -> PostPage | None:
    """One post of an account's own, None where there is none."""
    post = find_post(desk, account, name)
    if post is None:
        return None
    note, tally = post.note, desk.tx.reactions.tally([post.id]).get(post.id, Tally())
    content = note.content if note is not None else ""
    return PostPage(
        line=_line(desk, post, tally),
        content=Markup(show_unseen_in_prose(clean_html(content))),  # noqa: S704 - sanitised just here
        warning=note.summary if note is not None else "",
        language=note.language if note is not None else "",
        text=post.text,
        pictures=note.attachments if note is not None else (),
        named=tuple(mention.handle for mention in note.mentions) if note is not None else (),
        edits=tuple(reversed(desk.tx.posts.edits(post.id))),
        can_change=note is not None and post.kind == "note",
        can_pin=post.visibility.is_open,
        answers=post.in_reply_to,
    )


def _line(desk: Desk, post: Post, tally: Tally) -> PostLine:
    note, offer = post.note, desk.tx.posts.offer(post.id)
    html = note.content if note is not None else offer.content if offer is not None else ""
    words = " ".join((post.text or plain_text(html)).split())
    name = post.id.rpartition("/")[2]
    host_page = f"/@{post.author.rpartition('/')[2]}/{name}"
    return PostLine(
        page=f"/my/posts/{name}",
        public_page=host_page if post.visibility.is_open else "",
        kind=KIND_WORDS.get(post.kind, ""),
        visibility=post.visibility,
        at=post.at,
        words=words if len(words) <= _BEGINNING else f"{words[: _BEGINNING - 1].rstrip()}…",
        is_pinned=post.pinned_at is not None,
        is_changed=note is not None and note.updated_at is not None,
        replies=desk.tx.posts.count_replies(post.id),
        likes=tally.likes,
        shares=tally.shares,
    )
