"""Evidence of real deals: exported by either side, judged by each, and by strangers."""

from __future__ import annotations

from typing import Any

import pytest

from federation.messages import JsonObject, Limits
from federation.strictjson import dump_json
from node.wire.verification import Report, verify_bundle

pytestmark = pytest.mark.anyio


async def judged_by(home: Any, bundle: JsonObject, *, pinned: Any = None) -> Report:
    """What a node's owner finds, with what the node itself knows; None is a stranger without one."""
    data, limits = dump_json(bundle), Limits()
    now = home.node.now()
    first = verify_bundle(data, pinned=pinned or {}, known={}, now=now, limits=limits)
    asked = [key.key_id for party in first.parties for key in party.keys]
    known = (await home.ask("evidence.keys", keys=asked))["keys"]
    return verify_bundle(data, pinned=pinned or {}, known=known, now=now, limits=limits)


def judged_by_stranger(home: Any, bundle: JsonObject) -> Report:
    return verify_bundle(dump_json(bundle), pinned={}, known={}, now=home.node.now(), limits=Limits())


async def agreed(world: Any, shop: Any, cast: Any) -> tuple[Any, Any, str]:
    ana, north = await world.person("ana"), await shop.stocked("north", rule=True)
    await cast(ana, "north")
    await world.settle()
    deal = await ana.deal()
    await ana.ask("deal.accept", offer=deal.id, disclose={"name": "Ana Perez"})
    await world.settle()
    return ana, north, deal.id


async def test_deal_is_proven_by_either_sides_export(world: Any, shop: Any, cast: Any) -> None:
    ana, north, deal = await agreed(world, shop, cast)
    for home in (ana, north):
        bundle = (await home.ask("deal.export", deal=deal))["bundle"]
        report = await judged_by(home, bundle)
        assert report.problems == ()
        assert [seen.kind for seen in report.messages] == ["cast", "offer", "accept", "conclude"]
        assert str(report.agreement.agreement.price if report.agreement else "") == "289.00 EUR"
        assert report.exit_code == 0, "each side knows its own key, and has met the other's"


async def test_both_exports_hold_the_same_messages(world: Any, shop: Any, cast: Any) -> None:
    ana, north, deal = await agreed(world, shop, cast)
    hers, theirs = [(await home.ask("deal.export", deal=deal))["bundle"] for home in (ana, north)]
    assert [m["bytes"] for m in hers["messages"]] == [m["bytes"] for m in theirs["messages"]]
    assert hers["deal"] == theirs["deal"]


async def test_stranger_is_told_that_only_the_exporter_vouches(world: Any, shop: Any, cast: Any) -> None:
    ana, _, deal = await agreed(world, shop, cast)
    bundle = (await ana.ask("deal.export", deal=deal))["bundle"]
    assert judged_by_stranger(ana, bundle).exit_code == 3


async def test_node_that_never_met_them_knows_no_keys(world: Any, shop: Any, cast: Any) -> None:
    ana, _, deal = await agreed(world, shop, cast)
    bundle = (await ana.ask("deal.export", deal=deal))["bundle"]
    carl = await world.person("carl")
    assert (await judged_by(carl, bundle)).exit_code == 3


async def test_evidence_outlives_the_peer(world: Any, shop: Any, cast: Any) -> None:
    """Case G28: both are judged offline, from what was kept."""
    ana, north, deal = await agreed(world, shop, cast)
    await north.stack.aclose()
    world.network.down.add("north.example")
    del world.homes["north"]
    report = await judged_by(ana, (await ana.ask("deal.export", deal=deal))["bundle"])
    assert (report.problems, report.exit_code) == ((), 0)


async def test_whole_story_is_proven(world: Any, shop: Any, cast: Any) -> None:
    ana, north, deal = await agreed(world, shop, cast)
    await north.ask("deal.progress", deal=deal, stage="dispatched")
    await north.ask("deal.progress", deal=deal, stage="delivered")
    await north.ask("deal.receipt", deal=deal)
    await world.settle()
    await ana.ask("deal.confirm", deal=deal)
    await world.settle()
    for home in (ana, north):
        report = await judged_by(home, (await home.ask("deal.export", deal=deal))["bundle"])
        assert report.problems == ()
        assert [seen.kind for seen in report.messages][-2:] == ["receipt", "confirm"]
        assert report.exit_code == 0


async def test_refused_message_is_no_part_of_the_evidence(world: Any, shop: Any, cast: Any) -> None:
    ana, north = await world.person("ana"), await shop.stocked("north", rule=True)
    await cast(ana, "north")
    await world.settle()
    deal = (await ana.deal()).id
    world.clock.forward(days=40)
    await world.settle()
    for home in (ana, north):
        assert (await judged_by(home, (await home.ask("deal.export", deal=deal))["bundle"])).problems == ()


async def test_order_is_proven_with_the_standing_offer_that_it_binds(
    world: Any, shop: Any, cast: Any
) -> None:
    ana, north = await world.person("ana"), await shop.stocked("north")
    posted = await north.ask("post.add", sku="MILK", lasts="30d")
    await ana.ask("order.buy", url=posted["id"], quantity="2")
    await world.settle()
    deal = (await ana.deal()).id
    for home in (ana, north):
        bundle = (await home.ask("deal.export", deal=deal))["bundle"]
        report = await judged_by(home, bundle)
        assert report.problems == ()
        assert [seen.kind for seen in report.messages] == ["standing offer", "order", "order accepted"]
        assert report.exit_code == 0


async def test_customer_and_vendor_of_one_node_prove_their_deal(world: Any, cast: Any) -> None:
    home = await world.node("town", ana="person", north="vendor")
    await cast(home, to=["@north@town.example"], account="ana")
    await world.settle()
    deal = (await home.deal("north")).id
    await home.ask("deal.offer", deal=deal, price="280.00", name="Kid", account="north")
    await world.settle()
    await home.ask("deal.accept", offer=deal, account="ana")
    await world.settle()
    for account in ("ana", "north"):
        report = await judged_by(home, (await home.ask("deal.export", deal=deal, account=account))["bundle"])
        assert (report.problems, report.exit_code) == ((), 0)
