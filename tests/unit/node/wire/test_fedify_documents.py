"""What a Fedify server really sent (`python -m tests.interop.capture`), read by the readers of a node."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from federation.activity import Activity, parse_activity
from federation.actors import parse_actor
from federation.keys import KeyAlgorithm
from federation.messages import JsonObject
from node.domain.notes import Attachment, Mention, Note, Visibility
from node.wire.fediverse import parse_note

CAPTURED = Path(__file__).parents[3] / "interop" / "captured" / "fedify"
MIA, SHOP = "https://fedi.example/users/mia", "https://shop.example/actors/south"
FOLLOWERS = f"{MIA}/followers"
LATER = datetime(2100, 1, 1, tzinfo=UTC)
ACTIVITIES = sorted(path.stem for path in CAPTURED.glob("*.json") if not path.stem.startswith("document-"))


def sent(name: str) -> Activity:
    return parse_activity((CAPTURED / f"{name}.json").read_bytes())


def noted(name: str) -> Note:
    activity = sent(name)
    document = activity.json["object"]
    assert isinstance(document, dict)
    return parse_note(document, author=activity.actor, received_at=LATER, followers=FOLLOWERS)


@pytest.mark.parametrize("name", ACTIVITIES)
def test_an_activity_of_fedify_is_read(name: str) -> None:
    activity = sent(name)
    assert activity.id.startswith("https://fedi.example/users/")
    assert activity.actor in (MIA, MIA.replace("mia", "ben"))
    assert activity.object_id


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("follow", "Follow"),
        ("unfollow", "Undo"),
        ("note-public", "Create"),
        ("question", "Create"),
        ("edit", "Update"),
        ("delete", "Delete"),
        ("like", "Like"),
        ("announce", "Announce"),
        ("block", "Block"),
    ],
)
def test_kinds_of_activities_are_told_apart(name: str, kind: str) -> None:
    assert sent(name).type == kind


@pytest.mark.parametrize(
    ("name", "visibility"),
    [
        ("note-public", Visibility.PUBLIC),
        ("note-unlisted", Visibility.UNLISTED),
        ("note-followers", Visibility.FOLLOWERS),
        ("note-direct", Visibility.DIRECT),
        ("question", Visibility.PUBLIC),
    ],
)
def test_who_may_read_a_note_of_fedify_is_known(name: str, visibility: Visibility) -> None:
    assert noted(name).visibility is visibility


def test_a_mention_and_a_topic_are_read_though_one_stands_without_a_list() -> None:
    note = noted("note-public")
    assert note.mentions == (Mention(SHOP, "@south@shop.example"),)
    assert note.hashtags == ("bicycles",)
    assert noted("note-direct").mentions == note.mentions
    assert noted("note-direct").to == (SHOP,)


def test_words_of_a_note_are_read_in_their_paragraphs() -> None:
    content = noted("note-direct").content
    assert "How much?" in content
    assert "<p>For two.</p>" in content


def test_what_a_note_answers_quotes_shows_and_warns_of_is_read() -> None:
    assert noted("note-reply").in_reply_to.startswith("https://shop.example/posts/")
    assert noted("note-quote").quoted.startswith("https://shop.example/posts/")
    warned = noted("note-warned")
    assert (warned.summary, warned.is_sensitive) == ("A broken bicycle", True)
    picture = Attachment("https://fedi.example/picture.png", "image/png", "A dot")
    assert noted("note-picture").attachments == (picture,)


def test_the_language_of_a_note_is_read() -> None:
    note = noted("note-language")
    assert note.language == "de"
    assert "Guten Tag" in note.content


def test_a_poll_is_shown_with_its_choices() -> None:
    content = noted("question").content
    assert "Which?" in content
    assert "Red" in content
    assert "Blue" in content


def test_an_edit_says_when_it_was_made() -> None:
    note = noted("edit")
    assert "Is it blue?" in note.content
    assert note.updated_at is not None
    assert note.updated_at >= note.published_at


def test_an_account_of_fedify_is_read_with_both_its_keys() -> None:
    document: JsonObject = json.loads((CAPTURED / "document-actor.json").read_bytes())
    actor = parse_actor(document, MIA)
    assert actor.id == MIA
    assert actor.inbox == f"{MIA}/inbox"
    assert actor.shared_inbox == "https://fedi.example/inbox"
    assert {key.algorithm for key in actor.keys} == {KeyAlgorithm.RSA, KeyAlgorithm.ED25519}
