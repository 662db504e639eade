"""What a Fedify server makes of our documents: by its own JSON-LD, its own WebFinger, its own signatures."""

from __future__ import annotations

import pytest

from federation.messages import JsonObject
from node.demo.neighbour import ActFailed, Neighbour
from tests.interop.peers import SET_UPS, Street

pytestmark = [pytest.mark.slow, pytest.mark.processes]
SIGNED_BY = {"newest": "rfc9421", "newest-closed": "rfc9421", "usual": "cavage", "usual-closed": "cavage"}


def test_a_vendor_is_found_by_its_handle_and_is_who_it_says(street: Street, fedify: Neighbour) -> None:
    found = fedify.act("lookup", user="mia", whom=street.shop.handle)
    assert (found["id"], found["type"]) == (street.shop.actor, "Organization")
    named = fedify.act("webfinger", resource=f"acct:{street.shop.handle[1:]}")["found"]
    assert named["subject"] == f"acct:{street.shop.handle[1:]}"
    selves = [link for link in named["links"] if link["rel"] == "self"]
    assert [link["href"] for link in selves] == [street.shop.actor]


def test_collections_of_a_vendor_are_walked_to_their_end(street: Street, fedify: Neighbour) -> None:
    item = street.shop.ask("catalogue.list", search="book", limit=1)["items"][0]
    posted = street.shop.ask("post.add", sku=item["sku"])
    actor = fedify.act("lookup", user="mia", whom=street.shop.handle)["json"]
    outbox, featured, followers = (
        fedify.act("list", user="mia", what=actor[name]) for name in ("outbox", "featured", "followers")
    )
    assert f"{posted['id']}#create" in [line["id"] for line in outbox["items"]]
    assert outbox["total"] == len(outbox["items"])
    assert posted["id"] in [line["id"] for line in featured["items"]]
    assert followers["type"] == "OrderedCollection"


def test_what_the_node_says_of_itself_is_read(street: Street, fedify: Neighbour) -> None:
    found = fedify.act("nodeinfo", url=street.shop.url)["found"]
    assert found["software"]["name"] == "obverse"
    assert found["protocols"] == ["activitypub"]


def test_each_side_takes_the_others_signature_at_the_first_knock(street: Street, fedify: Neighbour) -> None:
    before = len(posts_in(fedify.act("wire")["sent"]))
    fedify.act("follow", user="ben", whom=street.shop.handle)
    street.awaits(
        "the Accept is there",
        lambda: fedify.act("people", user="ben")["following"].get(street.shop.actor) == "accepted",
    )
    fedify.act("unfollow", user="ben", whom=street.shop.handle)
    set_up = fedify.plan.host.removesuffix(".example")
    wire = fedify.act("wire")
    theirs = posts_in(wire["sent"])
    came = [line for line in posts_in(wire["received"]) if fedify.actor("zoe") not in line["url"]]  # is gone
    ours = [
        line for line in came if line["signature"]
    ]  # a look from outside knocks without one, and is sent away
    # once a GET by one kind was 404, it remembers the other: only its first message is as it was set up
    assert theirs[0]["signature"] == SIGNED_BY[set_up]
    assert {line["status"] for line in theirs[before:]} == {202}  # not what others left, such as farewells
    assert [line for line in ours if line["status"] != 202] == []
    assert {line["signature"] for line in ours} <= {"rfc9421", "cavage"}


def test_who_reads_nothing_unsigned_is_read_by_our_signature(street: Street, fedify: Neighbour) -> None:
    fedify.act("follow", user="ben", whom=street.shop.handle)
    who = fedify.actor("ben")
    unsigned = fedify.act("fetch", url=who)["status"]
    assert unsigned == (401 if fedify.plan.authorized_fetch else 200)
    asked = [line for line in fedify.act("wire")["received"] if line["url"] == who and line["signature"]]
    assert {line["status"] for line in asked} == {200}
    street.awaits(
        "the Accept is there",
        lambda: fedify.act("people", user="ben")["following"].get(street.shop.actor) == "accepted",
    )
    fedify.act("unfollow", user="ben", whom=street.shop.handle)


def test_nothing_outside_this_street_is_asked_for(street: Street) -> None:
    with pytest.raises(ActFailed, match=r"elsewhere\.example is not in this neighbourhood"):
        street.neighbour(next(iter(SET_UPS))).act("fetch", url="https://elsewhere.example/a")


def posts_in(lines: list[JsonObject]) -> list[JsonObject]:
    return [line for line in lines if line["method"] == "POST"]
