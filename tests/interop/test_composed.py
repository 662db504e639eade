"""Documents in the shapes of ten makes of server, composed after what those send, and what we make of them.

`composed/MAKE/NAME.json`: each make's actor is the sender, `https://v.example/actors/shop` is ours, and
`https://v.example/posts/7` a post of ours. What a real server sent lies under `captured/`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from federation.activity import Activity, parse_activity
from federation.actors import parse_actor
from federation.errors import DocumentRefused
from federation.messages import JsonObject
from node.domain.errors import Refusal
from node.domain.notes import Note
from node.wire.fediverse import is_vote, parse_note
from tests.interop.corpora.running import described

COMPOSED = Path(__file__).with_name("composed")
LATER = datetime(2100, 1, 1, tzinfo=UTC)
POST = "https://v.example/posts/7"
SHOP, AT_SHOP = "https://v.example/actors/shop", "@shop@v.example"
ACTORS = sorted(path.relative_to(COMPOSED).as_posix() for path in COMPOSED.glob("*/actor.json"))
ACTIVITIES = sorted(
    path.relative_to(COMPOSED).with_suffix("").as_posix()
    for path in COMPOSED.glob("*/*.json")
    if path.stem not in ("actor", "group")
)


def document(name: str) -> JsonObject:
    found: JsonObject = json.loads((COMPOSED / name).with_suffix(".json").read_bytes())
    return found


def sent(name: str) -> Activity:
    return parse_activity((COMPOSED / name).with_suffix(".json").read_bytes())


def noted(name: str) -> Note:
    activity = sent(name)
    told = activity.object
    assert isinstance(told, dict)
    return parse_note(told, author=activity.actor, received_at=LATER)


# --- who they are ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "username", "page", "shared"),
    [
        ("akkoma/actor", "ada", "https://akkoma.example/users/ada", "https://akkoma.example/inbox"),
        ("gotosocial/actor", "gus", "https://gts.example/@gus", "https://gts.example/inbox"),
        ("lemmy/actor", "lea", "https://lemmy.example/u/lea", "https://lemmy.example/inbox"),
        ("lemmy/group", "bikes", "https://lemmy.example/c/bikes", "https://lemmy.example/inbox"),
        ("mastodon/actor", "bob", "https://mastodon.example/@bob", "https://mastodon.example/inbox"),
        ("misskey/actor", "mei", "https://misskey.example/@mei", "https://misskey.example/inbox"),
        ("mitra/actor", "mia", "https://mitra.example/@mia", "https://mitra.example/inbox"),
        (
            "peertube/actor",
            "tom",
            "https://peertube.example/accounts/tom",
            "https://peertube.example/inbox",
        ),
        (
            "threads/actor",
            "frank",
            "https://threads.example/ap/users/17841400000000001/",
            "https://threads.example/ap/inbox/",
        ),
        (
            "wordpress/actor",
            "wim",
            "https://wordpress.example/author/wim/",
            "https://wordpress.example/wp-json/activitypub/1.0/inbox",
        ),
    ],
)
def test_an_actor_of_each_make_is_read_with_its_key(name: str, username: str, page: str, shared: str) -> None:
    told = document(name)
    actor = parse_actor(told, str(told["id"]))
    assert (actor.preferred_username, actor.url, actor.shared_inbox) == (username, page, shared)
    rsa = [key for key in actor.keys if key.id.endswith(("#main-key", "/main-key"))]
    assert len(rsa) == 1
    assert rsa[0].owner == actor.id


@pytest.mark.parametrize("name", ACTORS)
def test_an_actor_that_was_stripped_is_none(name: str) -> None:
    """As servers answer who may not see it, or whose signature they cannot read."""
    told = {key: value for key, value in document(name).items() if key not in ("inbox", "outbox")}
    with pytest.raises(DocumentRefused, match="inbox"):
        parse_actor(told, str(told["id"]))


# --- what they do ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIVITIES)
def test_an_activity_of_each_make_is_read(name: str) -> None:
    activity = sent(name)
    assert activity.object_id
    assert activity.actor.startswith("https://")


@pytest.mark.parametrize(
    ("stem", "kinds"),
    [
        ("follow", {("Follow", "")}),
        ("undo-follow", {("Undo", "Follow")}),
        ("like", {("Like", "")}),
        ("reaction", {("Like", "")}),
        ("emoji-react", {("EmojiReact", "")}),
        ("undo-like", {("Undo", "Like")}),
        ("undo-reaction", {("Undo", "Like")}),
        ("undo-emoji-react", {("Undo", "EmojiReact")}),
        ("announce", {("Announce", "")}),
        ("renote", {("Announce", "")}),
        ("announce-page", {("Announce", "Create")}),
        ("accept-follow", {("Accept", "Follow"), ("Accept", "")}),
        ("reject-follow", {("Reject", "Follow")}),
        ("delete", {("Delete", "Tombstone"), ("Delete", "")}),
        ("question", {("Create", "Question")}),
    ],
)
def test_kinds_of_activities_are_told_apart(stem: str, kinds: set[tuple[str, str]]) -> None:
    found = [sent(name) for name in ACTIVITIES if name.partition("/")[2] == stem]
    assert {(activity.type, activity.object_type) for activity in found} == kinds


def test_an_undo_and_a_delete_name_what_they_are_about() -> None:
    for name in ACTIVITIES:
        make, _, stem = name.partition("/")
        if stem in ("undo-follow", "undo-like"):
            assert sent(name).object_id == sent(f"{make}/{stem[5:]}").id
    for gone, said in (
        ("akkoma/delete", "akkoma/note-direct"),
        ("gotosocial/delete", "gotosocial/note-direct"),
        ("lemmy/delete-message", "lemmy/private-message"),
        ("mastodon/delete", "mastodon/note-direct"),
        ("misskey/delete", "misskey/note-specified"),
        ("mitra/delete", "mitra/note-direct"),
    ):
        assert sent(gone).object_id == noted(said).id


def test_a_vote_is_known_and_shown_nowhere() -> None:
    told = sent("mastodon/vote").object
    assert isinstance(told, dict)
    assert is_vote(told)
    with pytest.raises(Refusal, match="vote"):
        noted("mastodon/vote")


# --- what they say -----------------------------------------------------------------------------------------

PAGE = 'href="https://v.example/@shop"'
HCARD = f'<span class="h-card"><a {PAGE} class="u-url mention">@<span>shop</span></a></span>'
AKKOMA = f'<span class="h-card"><a class="u-url mention" {PAGE}>@<span>shop</span></a></span>'


def page(number: int) -> str:
    return f"https://mastodon.example/@bob/1156{number:014d}"


SAID: dict[str, dict[str, Any]] = {
    "akkoma/note-public": {
        "content": "hi<br>there",
        "language": "en",
        "attachments": ["image/png https://akkoma.example/media/1.png “a bell”"],
    },
    "akkoma/note-followers": {"content": "us", "language": "en", "visibility": "followers"},
    "akkoma/note-direct": {
        "content": f"{AKKOMA} ping",
        "language": "en",
        "visibility": "direct",
        "mentions": [AT_SHOP],
    },
    "akkoma/edit": {
        "content": "ping again",
        "language": "en",
        "visibility": "direct",
        "mentions": [AT_SHOP],
    },
    "akkoma/note-quote": {
        "content": f"so true<br><br>RT: {POST}",
        "language": "en",
        "quotes": POST,
    },
    "akkoma/question": {"content": "which?<ul><li>yes</li><li>no</li></ul>", "language": "en"},
    "gotosocial/note-public": {
        "content": "<p>hello everyone!</p>",
        "language": "en",
        "page": "https://gts.example/@gus/statuses/01JD0000000000000000000001",
    },
    "gotosocial/note-direct": {
        "content": f"<p>{HCARD} hi</p>",
        "language": "en",
        "visibility": "direct",
        "page": "https://gts.example/@gus/statuses/01JD0000000000000000000002",
        "mentions": [AT_SHOP],
        "attachments": ["image/webp https://gts.example/fileserver/1/attachment/original/1.webp “a cow”"],
    },
    "lemmy/page": {
        "title": "Best bike shop & why",
        "content": "<p>This <em>one</em></p>",
        "language": "en",
        "hashtags": ["bikes"],
        "attachments": ["text/html https://v.example/@shop"],
    },
    "lemmy/comment": {"content": "<p>fair price</p>", "answers": POST, "mentions": [AT_SHOP]},
    "lemmy/private-message": {"content": "<p>open today?</p>", "visibility": "direct"},
    "mastodon/note-public": {
        "content": '<p>New <a href="https://mastodon.example/tags/bike" class="mention hashtag">'
        '#<span>bike</span></a>! See <a href="https://example.com/"><span class="invisible">https://</span>'
        '<span>example.com/</span><span class="invisible"></span></a> :blobcat:</p>',
        "language": "en",
        "page": page(1),
        "hashtags": ["bike"],
        "attachments": ["image/jpeg https://mastodon.example/media/1.jpg “A red bicycle”"],
    },
    "mastodon/note-unlisted": {
        "content": "<p>Quietly</p>",
        "language": "en",
        "visibility": "unlisted",
        "page": page(2),
    },
    "mastodon/note-followers": {
        "content": "<p>Among us</p>",
        "language": "en",
        "visibility": "followers",
        "page": page(3),
    },
    "mastodon/note-direct": {
        "content": f"<p>{HCARD} do you have it in red?</p>",
        "language": "en",
        "visibility": "direct",
        "page": page(4),
        "mentions": [AT_SHOP],
    },
    "mastodon/edit": {
        "content": f"<p>{HCARD} do you have it in blue?</p>",
        "language": "en",
        "visibility": "direct",
        "page": page(4),
        "mentions": [AT_SHOP],
    },
    "mastodon/note-mention": {
        "content": f"<p>{HCARD} thanks</p>",
        "language": "en",
        "page": page(5),
        "mentions": [AT_SHOP],
    },
    "mastodon/note-reply": {
        "content": f"<p>{HCARD} how much?</p>",
        "language": "en",
        "page": page(6),
        "answers": POST,
        "mentions": [AT_SHOP],
    },
    "mastodon/note-warned": {
        "warning": "spiders",
        "content": "<p>Many legs</p>",
        "sensitive": True,
        "language": "en",
        "page": page(7),
    },
    "mastodon/note-quote": {
        "content": '<p>RE: <a href="https://mitra.example/objects/1"><span class="invisible">https://</span>'
        '<span>mitra.example/objects/1</span><span class="invisible"></span></a></p><p>Look</p>',
        "language": "en",
        "page": page(8),
        "quotes": "https://mitra.example/objects/1",
    },
    "mastodon/question": {
        "content": "<p>Which colour?</p><ul><li>red</li><li>blue</li></ul>",
        "language": "en",
        "page": page(9),
    },
    "misskey/note-public": {
        "content": "<p><span>こんにちは </span>"
        '<a href="https://misskey.example/tags/%E8%87%AA%E8%BB%A2%E8%BB%8A">#自転車</a></p>',
        "sensitive": True,
        "hashtags": ["自転車"],
        "attachments": ["image/webp https://media.misskey.example/files/1.webp"],
    },
    "misskey/note-home": {"content": "<p><span>home</span></p>", "visibility": "unlisted"},
    "misskey/note-followers": {"content": "<p><span>followers</span></p>", "visibility": "followers"},
    "misskey/note-specified": {
        "content": '<p><a href="https://v.example/@shop" class="u-url mention">@shop@v.example</a>'
        "<span> in stock?</span></p>",
        "visibility": "direct",
        "mentions": [AT_SHOP],
    },
    "misskey/note-quote": {
        "content": f'<p><span>nice<br><br>RE: </span><a href="{POST}">{POST}</a></p>',
        "quotes": POST,
    },
    "misskey/question": {"content": "<p><span>Which?</span></p><ul><li>a</li><li>b</li></ul>"},
    "mitra/note-direct": {
        "content": '<p><span class="h-card"><a class="u-url mention" href="https://v.example/actors/shop">@shop'
        f'</a></span> RE: <a href="{POST}">{POST}</a></p>',
        "language": "de",
        "visibility": "direct",
        "quotes": POST,
        "mentions": [AT_SHOP],
    },
    "peertube/video": {
        "title": "How to mend a <chain>",
        "content": "<p>Tools: **two**</p><p>https://example.com</p>",
        "language": "en",
        "hashtags": ["repair"],
        "attachments": ["image/jpeg https://peertube.example/lazy-static/previews/1.jpg"],
    },
    "peertube/comment": {
        "content": "<p>@shop@v.example is it **new**?</p>",
        "answers": POST,
        "mentions": [AT_SHOP],
    },
    "pleroma/chat-message": {"content": "Hi!", "visibility": "direct"},
    "threads/note-reply": {
        "content": "<p>Is it still there?</p>",
        "page": "https://www.threads.example/@frank/post/C8abc",
        "answers": POST,
        "mentions": [AT_SHOP],
    },
    "wordpress/article": {
        "title": "A bicycle, taken apart",
        "content": "<p><strong>The frame</strong></p>\n<p>It’s light.</p>\n"
        '<p><a href="https://wordpress.example/wp-content/uploads/frame.jpg">A frame</a></p>'
        "<p>The frame</p>\n<ul><li>steel</li></ul>",
        "language": "de",
        "page": "https://wordpress.example/2026/11/a-bicycle/",
        "hashtags": ["bike"],
        "attachments": ["image/jpeg https://wordpress.example/wp-content/uploads/frame.jpg “A frame”"],
    },
    "wordpress/comment": {
        "content": "<p>Nice! Hello from WordPress!</p>",
        "language": "de",
        "page": "https://wordpress.example/2026/11/a-bicycle/#comment-148",
        "answers": POST,
        "mentions": [AT_SHOP],
    },
}


@pytest.mark.parametrize("name", SAID)
def test_what_each_make_says_is_read_as_it_was_meant(name: str) -> None:
    shown = described(noted(name), LATER)
    shown["content"] = shown["content"].replace(' rel="nofollow noopener"', "")
    assert shown == SAID[name]


def test_nothing_that_is_said_is_left_without_an_expectation() -> None:
    said = {name for name in ACTIVITIES if sent(name).type in ("Create", "Update")}
    assert said - SAID.keys() == {"mastodon/vote"}


def test_what_was_said_before_an_edit_is_not_taken_from_the_edit() -> None:
    """Akkoma sends all earlier wordings along."""
    assert "formerRepresentations" in str(document("akkoma/edit"))
    edited = noted("akkoma/edit")
    assert edited.content == "ping again"
    assert edited.updated_at is not None
    assert edited.updated_at > edited.published_at
