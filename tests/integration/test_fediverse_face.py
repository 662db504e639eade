"""What others see of a node: followers get standing offers as ordinary posts, strangers get pages."""

from __future__ import annotations

from typing import Any

import pytest

from federation.messages import HttpMessage
from federation.strictjson import parse_json_object

pytestmark = pytest.mark.anyio
ACTIVITY = "application/activity+json"


async def get(home: Any, url: str, accept: str = ACTIVITY) -> HttpMessage:
    answered: HttpMessage = await home.node.client.send(HttpMessage.request("GET", url, {"accept": accept}))
    return answered


async def test_private_documents_answer_as_if_they_never_were(world: Any, shop: Any, cast: Any) -> None:
    ana, north = await world.person("ana"), await shop.stocked("north", rule=True)
    intent = await cast(ana, "north")
    await world.settle()
    deal = (await ana.deal()).id
    await ana.ask("deal.accept", offer=deal)
    await world.settle()
    shown = await ana.ask("deal.show", deal=deal)
    private = [
        intent["id"],
        deal,
        shown["proposal"]["id"],
        shown["agreement"]["id"],
        shown["messages"][0]["id"],
    ]
    never = await get(north, "https://ana.example/deals/never")
    for url in private:
        answered = await get(north, url)
        assert (answered.status, answered.body) == (404, never.body), url


async def test_standing_offer_has_a_page_and_a_signed_document_at_one_address(world: Any, shop: Any) -> None:
    north = await shop.stocked("north")
    posted = await north.ask("post.add", sku="MILK", text="Milk & honey <b>")
    for url in (posted["url"], posted["id"]):
        page, document = await get(north, url, "text/html"), await get(north, url)
        assert (page.status, document.status) == (200, 200)
        assert b"Milk &amp; honey &lt;b&gt;" in page.body
        note = parse_json_object(document.body)
        assert (note["type"], note["id"]) == ("Note", posted["id"])
        assert note["proof"]["verificationMethod"] == "https://north.example/actors/north#ed25519-key"
        assert "stock" not in document.body.decode().lower()
        assert "accept" in {name.strip().lower() for name in (page.header("vary") or "").split(",")}


async def test_persona_shows_nothing_of_who_she_is(world: Any, shop: Any, cast: Any) -> None:
    ana = await world.person("ana")
    await shop.stocked("north")
    await cast(ana, "north")
    persona = (await ana.deal()).own
    document = parse_json_object((await get(ana, persona)).body)
    assert set(document) == {
        "@context", "id", "type", "preferredUsername", "inbox", "outbox", "assertionMethod", "generator",
    }  # fmt: skip
    name = document["preferredUsername"]
    found = await get(ana, f"https://ana.example/.well-known/webfinger?resource=acct:{name}@ana.example")
    assert found.status == 404
    assert (await get(ana, f"https://ana.example/@{name}", "text/html")).status == 404


async def test_terms_of_every_vendor_are_published(world: Any) -> None:
    town = await world.node("town", ana="person", shop="vendor")
    listed = parse_json_object((await get(town, "https://town.example/.well-known/myterms.json", "*/*")).body)
    assert "https://town.example/actors/shop" in str(listed)
    assert "SD-BASE-DP" in str(listed)
    assert "actors/ana" not in str(listed)
