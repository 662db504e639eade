"""Following, both ways between our nodes and a Fedify server: asked, answered, approved, ended."""

from __future__ import annotations

import pytest

from federation.messages import JsonObject
from node.demo.neighbour import Neighbour
from node.demo.stage import Player
from tests.interop.peers import Street, posts_of

pytestmark = [pytest.mark.slow, pytest.mark.processes]


def followers(player: Player) -> dict[str, str]:
    """Who follows an account of ours, or asks to, and the state of it."""
    return {str(line["actor"]): str(line["state"]) for line in player.ask("followers.list")["followers"]}


def followed(player: Player) -> dict[str, str]:
    """Whom an account of ours follows, or asks to, and the state of it."""
    return {str(line["actor"]): str(line["state"]) for line in player.ask("following.list")["following"]}


def people(fedify: Neighbour, user: str) -> JsonObject:
    return fedify.act("people", user=user)


def test_a_fediverse_user_follows_a_vendor_sees_its_standing_offer_and_unfollows(
    street: Street, fedify: Neighbour
) -> None:
    mia = fedify.actor("mia")
    asked = fedify.act("follow", user="mia", whom=street.shop.handle)
    assert asked["actor"] == street.shop.actor
    street.awaits(
        "the Accept is there",
        lambda: people(fedify, "mia")["following"].get(street.shop.actor) == "accepted",
    )
    assert followers(street.shop)[mia] == "accepted"
    item = street.shop.ask("catalogue.list", search="ball", limit=1)["items"][0]
    posted = street.shop.ask("post.add", sku=item["sku"], text="Pumped up, and ready to kick.")
    seen = street.awaits(
        "the standing offer is on the timeline",
        lambda: next((post for post in posts_of(fedify, "mia") if post["id"] == posted["id"]), None),
    )
    assert seen["type"] == "Note"
    assert (seen["author"], seen["url"]) == (street.shop.actor, posted["url"])
    assert "Pumped up, and ready to kick." in seen["content"]
    fedify.act("unfollow", user="mia", whom=street.shop.handle)
    street.awaits("the shop has one follower less", lambda: mia not in followers(street.shop))
    assert fedify.act("refused")["errors"] == []


def test_a_follow_that_is_repeated_is_answered_again(street: Street, fedify: Neighbour) -> None:
    def accepts() -> int:
        lines = fedify.act("received", user="mia")["activities"]
        return sum(line["type"] == "Accept" and line["actor"] == street.shop.actor for line in lines)

    before = accepts()
    for count in (1, 2):
        fedify.act("follow", user="mia", whom=street.shop.handle)
        street.awaits(f"Accept number {count}", lambda: accepts() == before + count)  # noqa: B023
    assert list(followers(street.shop)).count(fedify.actor("mia")) == 1
    fedify.act("unfollow", user="mia", whom=street.shop.handle)
    street.awaits("one Undo ends both", lambda: fedify.actor("mia") not in followers(street.shop))


def test_a_person_lets_a_fediverse_user_follow_when_she_has_seen_who_asks(
    street: Street, fedify: Neighbour
) -> None:
    mia, ana = fedify.actor("mia"), street.ana
    fedify.act("follow", user="mia", whom=ana.handle)
    street.awaits("Ana is asked", lambda: followers(ana).get(mia) == "pending")
    assert people(fedify, "mia")["following"][ana.actor] == "pending"
    ana.ask("followers.approve", who=mia)
    street.awaits("she has said yes", lambda: people(fedify, "mia")["following"].get(ana.actor) == "accepted")
    ana.ask("followers.remove", who=mia)
    street.awaits("the follower is removed", lambda: ana.actor not in people(fedify, "mia")["following"])
    assert mia not in followers(ana)


def test_our_person_follows_a_fediverse_user_and_leaves_again(street: Street, fedify: Neighbour) -> None:
    ana, ben = street.ana, fedify.actor("ben")
    asked = ana.ask("following.add", who=fedify.handle("ben"))
    assert (asked["actor"], asked["handle"]) == (ben, fedify.handle("ben"))
    street.awaits("ben's server has accepted", lambda: followed(ana).get(ben) == "accepted")
    assert people(fedify, "ben")["followers"] == [ana.actor]
    ana.ask("following.remove", who=fedify.handle("ben"))
    street.awaits("ben has no follower", lambda: people(fedify, "ben")["followers"] == [])
    assert ben not in followed(ana)


def test_our_person_waits_for_the_approval_of_a_fediverse_user(street: Street, fedify: Neighbour) -> None:
    ana, lena = street.ana, fedify.actor("lena")
    ana.ask("following.add", who=fedify.handle("lena"))
    street.awaits("Lena is asked", lambda: people(fedify, "lena")["waiting"] == [ana.actor])
    assert followed(ana)[lena] == "pending"
    fedify.act("approve", user="lena", whom=ana.actor)
    street.awaits("Lena has said yes", lambda: followed(ana).get(lena) == "accepted")
    fedify.act("remove", user="lena", whom=ana.actor)
    street.awaits("Lena has thought better of it", lambda: lena not in followed(ana))


def test_who_blocks_a_vendor_follows_it_no_more(street: Street, fedify: Neighbour) -> None:
    shop, lena = street.shop, fedify.actor("lena")
    fedify.act("follow", user="lena", whom=shop.handle)
    street.awaits("the shop has a follower", lambda: followers(shop).get(lena) == "accepted")
    fedify.act("block", user="lena", whom=shop.handle)
    street.awaits("the shop has lost it", lambda: lena not in followers(shop))


def test_an_account_that_is_closed_follows_nobody(street: Street, fedify: Neighbour) -> None:
    shop, zoe = street.shop, fedify.actor("zoe")
    fedify.act("follow", user="zoe", whom=shop.handle)
    street.awaits("the shop has a follower", lambda: followers(shop).get(zoe) == "accepted")
    fedify.act("leave", user="zoe")
    street.awaits("the shop has lost it", lambda: zoe not in followers(shop))
