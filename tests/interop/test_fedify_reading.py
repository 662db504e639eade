"""What our person reads of users of a Fedify server, and what goes back: likes, shares, answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from federation.messages import JsonObject
from node.demo.neighbour import Neighbour
from tests.interop.peers import Street, posts_of

pytestmark = [pytest.mark.slow, pytest.mark.processes]


@pytest.fixture
def followed(street: Street, fedify: Neighbour) -> Iterator[Neighbour]:
    """The server, one of whose users, Mia, is followed by Ana."""
    mia, ana = fedify.actor("mia"), street.ana
    follow(street, fedify, "mia")
    yield fedify
    ana.ask("following.remove", who=mia)
    street.awaits("it is over", lambda: ana.actor not in fedify.act("people", user="mia")["followers"])


def follow(street: Street, fedify: Neighbour, user: str) -> None:
    """Ana follows a user of theirs, and knows that she does."""
    actor, ana = fedify.actor(user), street.ana
    ana.ask("following.add", who=fedify.handle(user))

    def state() -> str:
        lines = ana.ask("following.list")["following"]
        return str(next((one["state"] for one in lines if one["actor"] == actor), ""))

    street.awaits(f"{user}'s server has accepted", lambda: state() == "accepted")


def readings(street: Street) -> list[JsonObject]:
    found: list[JsonObject] = street.ana.ask("reading.list")["readings"]
    return found


def read(street: Street, post: JsonObject) -> JsonObject:
    """A post as Ana reads it, once it is there."""
    return street.awaits(
        f"Ana reads {post['id']}",
        lambda: next((one for one in readings(street) if one["id"] == post["id"]), None),
    )


def kinds_received(fedify: Neighbour, user: str, about: str) -> list[str]:
    """The kinds of activities about something that reached a user of theirs, in their order."""
    lines = fedify.act("received", user=user)["activities"]
    return [line["type"] for line in lines if about in str(line["object"])]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"text": "Good morning", "language": "en"}, {"form": "Note", "visibility": "public"}),
        ({"text": "By the way", "visibility": "unlisted"}, {"visibility": "unlisted"}),
        ({"text": "Just for you all", "visibility": "followers"}, {"visibility": "followers"}),
        ({"text": "I fell", "summary": "A broken bicycle"}, {"warning": "A broken bicycle"}),
        ({"text": "Which?", "choices": ["Red", "Blue"]}, {"form": "Question", "text": "Which?\nRed\nBlue"}),
    ],
)
def test_what_a_followed_user_says_is_read(
    street: Street, followed: Neighbour, said: dict[str, object], shown: dict[str, object]
) -> None:
    post = followed.act("post", user="mia", **said)
    one = read(street, post)
    assert one["author"] == followed.actor("mia")
    assert one["by"] == followed.handle("mia")
    assert str(said["text"]) in one["text"]
    assert {name: one[name] for name in shown} == shown


def test_pictures_are_named_and_not_fetched(street: Street, followed: Neighbour) -> None:
    picture = f"{followed.plan.origin}/picture.png"
    post = followed.act("post", user="mia", text="Look", images=[{"url": picture, "alt": "A dot"}])
    assert read(street, post)["pictures"] == [{"url": picture, "type": "image/png", "alt": "A dot"}]
    assert picture not in [line["url"] for line in followed.act("wire")["received"]]


def test_what_is_changed_and_taken_back_there_is_so_here(street: Street, followed: Neighbour) -> None:
    post = followed.act("post", user="mia", text="Good morning")
    read(street, post)
    followed.act("wait", seconds=1.1)
    followed.act("edit", user="mia", id=post["id"], text="Good evening")
    street.awaits("it says so here", lambda: "Good evening" in read(street, post)["text"])
    assert read(street, post)["edited"]
    followed.act("delete", user="mia", id=post["id"])
    street.awaits("it is gone here", lambda: post["id"] not in [one["id"] for one in readings(street)])


def test_the_author_hears_who_likes_shares_and_answers(street: Street, followed: Neighbour) -> None:
    ana = street.ana
    post = followed.act("post", user="mia", text="Who comes along?")
    read(street, post)
    ana.ask("reading.like", post=post["id"])
    ana.ask("reading.share", post=post["id"])
    answer = ana.ask("reading.answer", post=post["id"], text="I do.")
    seen = street.awaits(
        "Mia reads the answer",
        lambda: next((one for one in posts_of(followed, "mia") if one["id"] == answer["id"]), None),
    )
    assert seen["inReplyTo"] == post["id"]
    street.awaits(
        "she hears of all three",
        lambda: sorted(kinds_received(followed, "mia", post["id"])) == ["Announce", "Create", "Like"],
    )
    ana.ask("reading.unlike", post=post["id"])
    ana.ask("reading.unshare", post=post["id"])
    street.awaits(
        "and that two of them are taken back",
        lambda: kinds_received(followed, "mia", post["id"]).count("Undo") == 2,
    )


def test_what_a_followed_user_passes_on_is_read_from_its_author(street: Street, followed: Neighbour) -> None:
    post = street.shop.ask("post.new", text="Open until nine.")
    followed.act("announce", user="mia", what=post["id"])
    one = read(street, post)
    assert one["author"] == street.shop.actor
    assert one["shared_by"] in ("Mia", followed.handle("mia"))


def test_likes_and_shares_of_a_post_of_ours_are_counted_once_and_taken_back(
    street: Street, fedify: Neighbour
) -> None:
    shop = street.shop
    post = shop.ask("post.new", text="Open until ten.")

    def counts() -> tuple[int, int]:
        shown = shop.ask("post.show", post=post["id"])
        return shown["likes"], shown["shares"]

    likes = [fedify.act("like", user=user, what=post["id"])["id"] for user in ("mia", "mia", "ben")]
    share = fedify.act("announce", user="ben", what=post["id"])["id"]
    street.awaits("two like it, one shares it", lambda: counts() == (2, 1))
    fedify.act("undo", user="ben", id=likes[2])
    fedify.act("undo", user="ben", id=share)
    street.awaits("one likes it still", lambda: counts() == (1, 0))


def test_who_is_followed_no_more_is_read_no_more(street: Street, fedify: Neighbour) -> None:
    ana, ben = street.ana, fedify.actor("ben")
    follow(street, fedify, "ben")
    read(street, fedify.act("post", user="ben", text="One"))
    ana.ask("following.remove", who=ben)
    street.awaits("it is over", lambda: ana.actor not in fedify.act("people", user="ben")["followers"])
    unread = fedify.act("post", user="ben", text="Two")
    later = fedify.act("post", user="ben", text="Three", mentions=[ana.handle])
    street.awaits("Ana hears what names her", lambda: "Three" in str(ana.ask("talk.list")["threads"]))
    assert {unread["id"], later["id"]}.isdisjoint({one["id"] for one in readings(street)})
