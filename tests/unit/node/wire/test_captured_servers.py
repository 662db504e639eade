"""What GoToSocial 0.20, snac 2.94 and Takahē 0.11 really sent to two of our nodes, and what we make of it.

`interop/captured/MAKE/NAME.json` is the message itself; `request-NAME.json` the whole request with the bytes
of its body, whose signature is verified here as it was when it came; `document-NAME.json` what was fetched.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from federation.activity import Activity, parse_activity
from federation.actors import parse_actor
from federation.client import AsgiEngine, Client, ClientConfig
from federation.fetching import Fetcher
from federation.inbox import InboxDependencies, Receipt, receive
from federation.keyring import Keyring
from federation.keys import KeyAlgorithm
from federation.memory import MemoryHostMemory, MemoryInboxLog, MemoryPublicKeys
from federation.messages import HttpMessage, JsonObject, Limits
from node.domain.notes import Mention, Note, Visibility
from node.domain.plain_quotes import Act, read_word
from node.wire.fediverse import parse_note
from node.wire.html import plain_text
from node.wire.plainly import plain_words

CAPTURED = Path(__file__).parents[3] / "interop" / "captured"
LATER = datetime(2100, 1, 1, tzinfo=UTC)
SOUTH, ANA = "https://south.example/actors/south", "https://ana.example/actors/ana"
SENDERS = {
    "gotosocial": "https://gts.example/users/gus",
    "snac": "https://snac.example/sam",
    "takahe": "https://takahe.example/@tak@takahe.example/",
}
NAMES = {"@south", "@south@south.example"}
FILES = sorted(path.relative_to(CAPTURED) for make in SENDERS for path in (CAPTURED / make).glob("*.json"))
SENT = [
    path.with_suffix("").as_posix() for path in FILES if not path.name.startswith(("document-", "request-"))
]
REQUESTS = [path.with_suffix("").as_posix() for path in FILES if path.name.startswith("request-")]
SAID = [name for name in SENT if "/said-" in name]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def document(name: str) -> Any:
    return json.loads((CAPTURED / name).with_suffix(".json").read_bytes())


def sent(name: str) -> Activity:
    return parse_activity((CAPTURED / name).with_suffix(".json").read_bytes())


def told(name: str) -> JsonObject:
    found = sent(name).object
    assert isinstance(found, dict)
    return found


def noted(name: str) -> Note:
    return parse_note(told(name), author=sent(name).actor, received_at=LATER)


# --- who sends ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", SENDERS)
def test_an_account_is_read_with_its_key(make: str) -> None:
    actor = parse_actor(document(f"{make}/document-actor"), SENDERS[make])
    [key] = actor.keys
    assert (key.algorithm, key.owner) == (KeyAlgorithm.RSA, actor.id)
    name = {"gotosocial": "gus", "snac": "sam", "takahe": "tak"}[make]
    assert (actor.preferred_username, actor.type) == (name, "Person")
    shared = {"takahe": "https://takahe.example/inbox/"}
    assert actor.shared_inbox == shared.get(make, "")


@pytest.mark.parametrize("name", SENT)
def test_all_that_they_send_is_read(name: str) -> None:
    activity = sent(name)
    assert activity.actor == SENDERS[name.partition("/")[0]]
    assert activity.id.startswith(activity.actor.partition("/users/")[0].rstrip("/"))
    assert activity.object_id


@pytest.mark.parametrize("name", SENT)
def test_kinds_are_told_apart(name: str) -> None:
    activity, stem = sent(name), name.partition("/")[2]
    kinds = {
        "accept-follow": ("Accept", "Follow"),
        "announce": ("Announce", ""),
        "block": ("Block", ""),
        "edit": ("Update", "Note"),
        "emoji-react": ("EmojiReact", ""),
        "follow": ("Follow", ""),
        "like": ("Like", ""),
        "reject-follow": ("Reject", "Follow"),
        "said-edit": ("Update", "Note"),
        "undo-announce": ("Undo", "Announce"),
        "undo-block": ("Undo", "Block"),
        "undo-like": ("Undo", "Like"),
        "unfollow": ("Undo", "Follow"),
        "update-actor": ("Update", "Person"),
    }
    gone = {"gotosocial/delete": "", "snac/delete": "Tombstone", "takahe/delete": "Note"}
    if stem == "delete":
        assert (activity.type, activity.object_type) == ("Delete", gone[name])
    else:
        assert (activity.type, activity.object_type) == kinds.get(stem, ("Create", "Note"))


@pytest.mark.parametrize("name", [name for name in SENT if name.endswith(("accept-follow", "reject-follow"))])
def test_an_answer_to_our_follow_names_it_by_its_id_and_by_its_content(name: str) -> None:
    follow = told(name)
    assert str(follow["id"]).startswith("https://ana.example/activities/")
    assert (follow["actor"], follow["object"]) == (ANA, sent(name).actor)


@pytest.mark.parametrize("make", SENDERS)
def test_who_ends_a_follow_names_the_follow_and_whom(make: str) -> None:
    ended = told(f"{make}/unfollow")
    assert (ended["type"], ended["actor"], ended["object"]) == ("Follow", SENDERS[make], SOUTH)


@pytest.mark.parametrize("make", SENDERS)
def test_what_is_liked_and_shared_is_a_post_of_ours_and_so_it_is_where_that_is_taken_back(make: str) -> None:
    for name in ("like", "announce"):
        assert str(sent(f"{make}/{name}").object_id).startswith("https://south.example/posts/")
    undone = sent(f"{make}/undo-like")
    assert undone.object_id == sent(f"{make}/like").id


# --- what they say -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stem", "visibility"),
    [
        ("note-public", Visibility.PUBLIC),
        ("note-unlisted", Visibility.UNLISTED),
        ("note-followers", Visibility.FOLLOWERS),
        ("note-direct", Visibility.DIRECT),
        ("note-direct-answer", Visibility.DIRECT),
        ("said-bare", Visibility.DIRECT),
        ("said-direct", Visibility.DIRECT),
        ("said-unlisted", Visibility.UNLISTED),
        ("edit", Visibility.PUBLIC),
    ],
)
def test_who_may_read_it_is_known(stem: str, visibility: Visibility) -> None:
    found = [name for name in SENT if name.endswith(f"/{stem}")]
    assert found
    assert {noted(name).visibility for name in found} == {visibility}


@pytest.mark.parametrize("name", SAID)
def test_whom_a_message_is_for_is_known_by_its_mention(name: str) -> None:
    assert noted(name).mentions == (Mention(SOUTH, "@south@south.example"),)


@pytest.mark.parametrize(
    ("stem", "words"),
    [
        ("gotosocial/note-direct", "@south good evening, have you bells?"),
        ("gotosocial/note-answer", "@south how many?"),
        ("gotosocial/note-followers", "For followers only"),
        ("gotosocial/edit", "Market day is on Sunday"),
        ("snac/note-unlisted", "Quiet"),
        ("snac/edit", "Tea at six #tea"),
        ("takahe/note-public", "Rice at five #rice"),
        ("takahe/edit", "Rice at six #rice"),
    ],
)
def test_the_words_are_those_that_were_typed(stem: str, words: str) -> None:
    assert plain_text(noted(stem).content).strip() == words


@pytest.mark.parametrize(
    ("make", "warning"), [("gotosocial", "news"), ("snac", "spiders"), ("takahe", "spiders")]
)
def test_a_warning_and_topics_are_read(make: str, warning: str) -> None:
    warned = noted(f"{make}/note-warned")
    assert (warned.summary, warned.is_sensitive) == (warning, make != "gotosocial")
    topics = {
        "gotosocial/note-warned": ("market",),
        "snac/edit": ("tea",),
        "takahe/note-public": ("rice",),
    }
    assert {name: noted(name).hashtags for name in topics if name.startswith(make)} == {
        name: hashtags for name, hashtags in topics.items() if name.startswith(make)
    }


@pytest.mark.parametrize(
    "name", [name for name in SENT if name.endswith(("-answer", "said-reply", "said-bare"))]
)
def test_an_answer_names_the_post_of_ours(name: str) -> None:
    assert noted(name).in_reply_to.startswith("https://south.example/posts/")


@pytest.mark.parametrize("name", [name for name in SENT if name.endswith("edit")])
def test_an_edit_says_when_it_was_made(name: str) -> None:
    note = noted(name)
    assert note.updated_at is not None
    assert note.updated_at > note.published_at


# --- what binds --------------------------------------------------------------------------------------------


def taken(name: str) -> Act | None:
    """As the node judges it: nothing but the words, which are shown so, and not edited."""
    note, plain = noted(name), plain_words(told(name))
    shown = plain_text(note.content)
    is_new = note.updated_at is None or note.updated_at <= note.published_at
    is_bare = plain is not None and plain.split() == shown.split() and is_new
    word = read_word(shown, NAMES) if is_bare else None
    return word.act if word is not None else None


@pytest.mark.parametrize("name", SAID)
def test_an_acceptance_counts_as_it_was_typed_and_with_nothing_beside_it(name: str) -> None:
    counts = {"direct", "reply", "bare", "lines", "bold", "unlisted", "public"}
    says_more = {"more", "code", "warned", "edit"}
    how = name.partition("/said-")[2]
    assert how in counts | says_more
    assert taken(name) == (Act.ACCEPT if how in counts else None)


def test_each_make_has_said_yes_by_a_mention_in_an_answer_and_with_more_than_that() -> None:
    for make in SENDERS:
        said = {name.partition("/said-")[2] for name in SAID if name.startswith(make)}
        assert {"direct", "reply", "lines", "more", "warned", "edit"} <= said


# --- whose signature it was --------------------------------------------------------------------------------


def request(name: str, **changed: Any) -> HttpMessage:
    captured = {**document(name), **changed}
    body = str(captured["body"]).encode()
    return HttpMessage.request(captured["method"], captured["url"], captured["headers"], body)


def answering(make: str) -> Starlette:
    """Their server, as far as it is asked: the account, and GoToSocial's key at an address of its own."""

    def serving(name: str) -> Callable[[Request], Awaitable[JSONResponse]]:
        async def serve(_: Request) -> JSONResponse:
            return JSONResponse(document(f"{make}/{name}"), media_type="application/activity+json")

        return serve

    paths = {SENDERS[make]: "document-actor"}
    if make == "gotosocial":
        paths[f"{SENDERS[make]}/main-key"] = "document-key"
    return Starlette(routes=[Route("/" + url.split("/", 3)[3], serving(name)) for url, name in paths.items()])


async def received(message: HttpMessage, *, make: str, now: datetime) -> tuple[Receipt, MemoryInboxLog]:
    limits, log, keys, hosts = Limits(), MemoryInboxLog(), MemoryPublicKeys(), MemoryHostMemory()
    client = Client(
        ClientConfig(limits=limits), engine=AsgiEngine({SENDERS[make].split("/")[2]: answering(make)})
    )
    fetcher = Fetcher(client, lambda: None, hosts, lambda: now, limits)

    async def known(actor: str) -> bool:
        return actor in (SOUTH, ANA)

    async def no_key(_: str) -> None:
        return None

    deps = InboxDependencies(
        limits=limits,
        keyring=Keyring(keys, fetcher, lambda: now, limits, lambda _: False),
        keys=keys,
        fetcher=fetcher,
        hosts=hosts,
        log=log,
        clock=lambda: now,
        own_origins=frozenset({"https://south.example", "https://ana.example"}),
        is_blocked=lambda _: False,
        requires_proof=lambda _: False,
        known_recipient=known,
        local_key=no_key,
    )
    recipient = message.url.removesuffix("/inbox") if "/actors/" in message.url else ""
    return await receive(message, recipient=recipient, deps=deps), log


def when(message: HttpMessage) -> datetime:
    return parsedate_to_datetime(message.header("date") or "").astimezone(UTC)


@pytest.mark.anyio
@pytest.mark.parametrize("name", REQUESTS)
async def test_a_request_is_taken_by_its_signature_as_it_was_when_it_came(name: str) -> None:
    make, message = name.partition("/")[0], request(name)
    receipt, log = await received(message, make=make, now=when(message) + timedelta(seconds=2))
    assert (receipt.status, receipt.actor) == (202, SENDERS[make])
    [entry] = await log.claim(9, LATER)
    assert (entry.signer, entry.body) == (SENDERS[make], message.body)
    assert entry.key_id == parse_actor(document(f"{make}/document-actor"), SENDERS[make]).keys[0].id


@pytest.mark.anyio
@pytest.mark.parametrize("name", REQUESTS)
async def test_a_request_is_refused_with_a_byte_changed_elsewhere_or_too_late(name: str) -> None:
    make, captured = name.partition("/")[0], document(name)
    message = request(name)
    now = when(message)
    changed = request(name, body=str(captured["body"]).replace(SOUTH, SOUTH[:-1] + "s"))
    elsewhere = request(name, url=str(captured["url"]).replace("south", "ana"))
    headers = [
        (key, value.replace('signature="', 'signature="AAAA') if key == "signature" else value)
        for key, value in captured["headers"]
    ]
    for altered in (changed, elsewhere, request(name, headers=headers)):
        receipt, log = await received(altered, make=make, now=now)
        assert receipt.status == 401
        assert not await log.claim(9, LATER)
    late, _ = await received(message, make=make, now=now + timedelta(hours=2))
    assert late.status == 401


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_holds_the_message_that_is_kept_beside_it(name: str) -> None:
    make, _, stem = name.partition("/request-")
    assert json.loads(document(name)["body"]) == document(f"{make}/{stem}")
