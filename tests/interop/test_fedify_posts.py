"""What our accounts post, as a Fedify server reads it: to whom it goes, how it is changed and taken back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from federation.messages import JsonObject
from node.demo.neighbour import ActFailed, Neighbour
from tests.interop.peers import Street, posts_of

pytestmark = [pytest.mark.slow, pytest.mark.processes]
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


@pytest.fixture
def follower(street: Street, fedify: Neighbour) -> Iterator[Neighbour]:
    """The server, one of whose users, Mia, follows the shop; Ben follows nobody."""
    fedify.act("follow", user="mia", whom=street.shop.handle)
    street.awaits(
        "the Accept is there",
        lambda: fedify.act("people", user="mia")["following"].get(street.shop.actor) == "accepted",
    )
    yield fedify
    fedify.act("unfollow", user="mia", whom=street.shop.handle)
    street.awaits(
        "the shop has one follower less",
        lambda: fedify.actor("mia") not in str(street.shop.ask("followers.list")),
    )


def post_seen(street: Street, fedify: Neighbour, user: str, post: JsonObject) -> JsonObject:
    """A post of ours as this user reads it, once it is there."""
    return street.awaits(
        f"{user} reads the post",
        lambda: next((seen for seen in posts_of(fedify, user) if seen["id"] == post["id"]), None),
    )


def test_a_public_post_reaches_followers_and_whom_it_names_as_it_was_meant(
    street: Street, follower: Neighbour
) -> None:
    ben = follower.actor("ben")
    text = f"Open until eight. #bicycles Hello {follower.handle('ben')}"
    post = street.shop.ask("post.new", text=text, warning="Opening hours", language="en")
    for user in ("mia", "ben"):
        seen = post_seen(street, follower, user, post)
        assert (seen["type"], seen["author"]) == ("Note", street.shop.actor)
        assert (seen["summary"], seen["sensitive"]) == ("Opening hours", True)
        assert "Open until eight." in seen["contents"]["en"]
        assert seen["to"] == [PUBLIC]
        assert ben in seen["cc"]
        assert {(tag["type"], tag["href"]) for tag in seen["tags"]} == {
            ("Mention", ben),
            ("Hashtag", f"{street.shop.url}/tags/bicycles"),
        }


def test_a_post_is_changed_and_taken_back_where_it_was_read(street: Street, follower: Neighbour) -> None:
    post = street.shop.ask("post.new", text="Open until eight on Friday.")
    post_seen(street, follower, "mia", post)
    street.shop.ask("post.edit", post=post["id"], text="Open until nine on Friday.")
    street.awaits(
        "the words are changed", lambda: "nine" in post_seen(street, follower, "mia", post)["content"]
    )
    assert post_seen(street, follower, "mia", post)["updated"] is not None
    street.shop.ask("post.delete", post=post["id"])
    street.awaits(
        "the post is gone", lambda: post["id"] not in [seen["id"] for seen in posts_of(follower, "mia")]
    )
    left = follower.act("fetch", url=post["id"])
    assert left["status"] == 410
    assert "Tombstone" in left["text"]


def test_an_unlisted_post_is_for_followers_first(street: Street, follower: Neighbour) -> None:
    post = street.shop.ask("post.new", text="Not for the front page.", visibility="unlisted")
    seen = post_seen(street, follower, "mia", post)
    assert seen["to"] == [f"{street.shop.actor}/followers"]
    assert seen["cc"] == [PUBLIC]


def test_a_post_for_followers_can_be_read_by_them_alone(street: Street, follower: Neighbour) -> None:
    post = street.shop.ask("post.new", text="Just between us.", visibility="followers")
    assert post_seen(street, follower, "mia", post)["to"] == [f"{street.shop.actor}/followers"]
    assert "Just between us." in follower.act("see", user="mia", what=post["id"])["content"]
    with pytest.raises(ActFailed):
        follower.act("see", user="ben", what=post["id"])
    assert follower.act("fetch", url=post["id"])["status"] == 404


def test_a_direct_post_can_be_read_by_whom_it_names_alone(street: Street, follower: Neighbour) -> None:
    post = street.shop.ask(
        "post.new", text=f"Your bell is here, {follower.handle('ben')}.", visibility="direct"
    )
    seen = post_seen(street, follower, "ben", post)
    assert (seen["to"], seen["cc"]) == ([follower.actor("ben")], [])
    assert "Your bell is here" in follower.act("see", user="ben", what=post["id"])["content"]
    with pytest.raises(ActFailed):
        follower.act("see", user="mia", what=post["id"])
    assert follower.act("fetch", url=post["id"])["status"] == 404
    assert post["id"] not in [seen["id"] for seen in posts_of(follower, "mia")]


def test_a_standing_offer_changes_its_price_without_a_second_post(
    street: Street, follower: Neighbour
) -> None:
    def creates() -> int:
        lines = follower.act("received", user="mia")["activities"]
        return sum(line["type"] == "Create" and posted["id"] in str(line["object"]) for line in lines)

    item = street.shop.ask("catalogue.list", search="ball", limit=1)["items"][0]
    posted = street.shop.ask("post.add", sku=item["sku"], price="12.50")
    assert "12.50" in post_seen(street, follower, "mia", posted)["content"]
    street.shop.ask("post.change", offer=posted["id"], price="11.50")
    street.awaits(
        "the price is changed", lambda: "11.50" in post_seen(street, follower, "mia", posted)["content"]
    )
    assert creates() == 1


def test_a_pinned_post_stands_among_the_featured(street: Street, follower: Neighbour) -> None:
    post = street.shop.ask("post.new", text="How to find us.")
    street.shop.ask("post.pin", post=post["id"])
    featured = f"{street.shop.actor}/featured"
    listed = follower.act("list", user="mia", what=featured)["items"]
    assert post["id"] in [line["id"] for line in listed]
    street.shop.ask("post.unpin", post=post["id"])
    listed = follower.act("list", user="mia", what=featured)["items"]
    assert post["id"] not in [line["id"] for line in listed]
