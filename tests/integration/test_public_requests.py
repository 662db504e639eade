"""What a person wants, said to everybody: an ordinary post for all, a proposal for those who read it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from federation.messages import HttpMessage
from federation.proofs import proof_claim
from federation.vocab import PUBLIC
from node.domain.errors import InvalidInput
from node.domain.intents import Weight, Wish
from node.domain.values import parse_quantity
from node.services.intents import Wanted
from node.services.requests import post_request
from node.wire.messages import is_deal_message
from node.wire.requests import is_request

pytestmark = pytest.mark.anyio
BICYCLE = "https://www.wikidata.org/wiki/Q11442"


async def note_of(home: Any, address: str) -> Any:
    asked = HttpMessage.request("GET", address, {"accept": "application/activity+json"})
    return json.loads((await home.node.client.send(asked)).body)


async def test_a_request_is_a_public_note_with_the_proposal_in_it(world: Any) -> None:
    ana = await world.person("ana")
    posted = await ana.ask(
        "post.request",
        name="child bicycle",
        category="Q11442",
        budget="300 EUR",
        until="14d",
        text="Red, if there is one.",
        place={"name": "Glasgow"},
        wishes=[{"wish": "for a child of 115 cm", "weight": "must"}],
    )
    note = await note_of(ana, posted["id"])
    assert (note["type"], note["purpose"], note["to"]) == ("Note", "request", [PUBLIC])
    assert note["attributedTo"] == "https://ana.example/actors/ana"
    assert "name" not in note
    assert note["unitBased"] is False
    assert note["publishes"]["id"] == f"{posted['id']}#primary"
    assert note["publishes"]["resourceConformsTo"] == BICYCLE
    assert note["reciprocal"]["id"] == f"{posted['id']}#reciprocal"
    assert note["endTime"] == note["hasEnd"] == "2026-12-07T09:00:00Z"
    assert note["wishes"][0]["wish"] == "for a child of 115 cm"
    for words in ("Looking for: child bicycle.", "In Glasgow.", "until 07 December 2026", "Red, if there"):
        assert words in note["content"]
    assert "300" not in json.dumps(note), "the budget stays with her"
    claim = proof_claim(note)
    assert claim is not None
    assert claim.verification_method == "https://ana.example/actors/ana#ed25519-key"
    assert is_request(note)
    assert not is_deal_message({"type": "Create", "actor": note["attributedTo"], "object": note})
    page = HttpMessage.request("GET", posted["url"], {"accept": "text/html"})
    assert b"Looking for" in (await ana.node.client.send(page)).body


async def test_a_budget_is_told_only_by_whom_it_belongs_to(world: Any) -> None:
    ana = await world.person("ana")
    posted = await ana.ask(
        "post.request", name="bicycle", category="Q11442", budget="300 EUR", share_budget=True
    )
    note = await note_of(ana, posted["id"])
    assert note["budget"]["max"] == "300.00"
    assert "Up to 300.00 EUR." in note["content"]


@pytest.mark.parametrize(
    ("over", "wrong"), [({"until": "91d"}, "at most 90 days"), ({"currency": None}, "currency: is missing")]
)
async def test_what_cannot_be_asked_is_refused(world: Any, refused: Any, over: Any, wrong: str) -> None:
    ana = await world.person("ana")
    asked = {"name": "bicycle", "category": "Q11442", "currency": "EUR", **over}
    with pytest.raises(refused, match=wrong):
        await ana.ask("post.request", **asked)


async def test_a_shop_posts_no_request_and_nothing_without_a_name_is_posted(world: Any) -> None:
    home = await world.node("ana", ana="person", shop="vendor")
    wish = Wish("w1", "red", Weight.NICE)
    wanted = Wanted("bicycle", BICYCLE, parse_quantity("2", "one"), None, wishes=(wish,))
    shop = await home.node.look(lambda desk: desk.tx.accounts.by_name("shop"))
    ana = await home.node.look(lambda desk: desk.tx.accounts.by_name("ana"))
    with pytest.raises(InvalidInput, match="vendor's account"):
        await home.node.work(lambda desk: post_request(desk, shop, wanted))
    nameless = Wanted(" ", BICYCLE, wanted.quantity, None)
    with pytest.raises(InvalidInput, match="it is empty"):
        await home.node.work(lambda desk: post_request(desk, ana, nameless))
    post = await home.node.work(lambda desk: post_request(desk, ana, wanted))
    note = await note_of(home, post.id)
    assert "reciprocal" not in note, "a gift"
    assert "– red" in note["content"]


async def test_answers_to_a_request_are_talk_and_it_is_taken_back_like_any_post(world: Any) -> None:
    ana, north = await world.person("ana"), await world.vendor("north")
    posted = await ana.ask("post.request", name="bicycle", category="Q11442", currency="EUR")
    with pytest.raises(Exception, match="no post that can be changed"):
        await ana.ask("post.edit", post=posted["id"], text="boat")
    await ana.ask("post.pin", post=posted["id"])
    assert (await note_of(ana, "https://ana.example/actors/ana/featured"))["totalItems"] == 1
    await ana.ask("post.delete", post=posted["id"])
    asked = HttpMessage.request("GET", posted["id"], {"accept": "application/activity+json"})
    assert (await ana.node.client.send(asked)).status == 410
    assert await north.deals() == []
