"""A user of a Fedify server follows a vendor of ours, sees what it posts, and leaves again."""

from __future__ import annotations

import pytest

from node.demo.neighbour import Neighbour
from tests.interop.peers import Street, posts_of

pytestmark = [pytest.mark.slow, pytest.mark.processes]


def followers(street: Street) -> set[str]:
    return {str(line["actor"]) for line in street.shop.ask("followers.list")["followers"]}


def test_a_fediverse_user_follows_a_vendor_sees_its_standing_offer_and_unfollows(
    street: Street, fedify: Neighbour
) -> None:
    mia = fedify.actor("mia")
    followed = fedify.act("follow", user="mia", whom=street.shop.handle)
    assert followed["actor"] == street.shop.actor
    street.awaits(
        "the Accept is there",
        lambda: fedify.act("people", user="mia")["following"].get(street.shop.actor) == "accepted",
    )
    assert mia in followers(street)
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
    street.awaits("the shop has one follower less", lambda: mia not in followers(street))
    assert fedify.act("refused")["errors"] == []
