"""Case G28: what an exported deal proves when nobody can be asked any more, and what it never does."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest

from federation.digest import object_digest
from federation.messages import JsonObject, Limits
from federation.proofs import add_proof
from node.domain.accounts import AccountKind
from node.domain.errors import InvalidInput
from node.wire.verification import Report, Whose, verify_bundle
from tests.security.commerce import Customer, a_customer, concluded, owner, stocked
from tests.security.peers import Peer
from tests.security.world import World

pytestmark = pytest.mark.anyio


async def _exported(world: World, customer: Customer) -> JsonObject:
    """The bundle of a deal with V's shop, as its owner exports it."""
    await stocked(world.v)
    scene = await concluded(customer, sku="NK20")
    await owner(world.v, "shop", "deal.progress", deal=scene.deal, stage="delivered")
    await owner(world.v, "shop", "deal.receipt", deal=scene.deal)
    await world.v.settle()
    await customer.tell(customer.confirm(scene.accept))
    return dict((await owner(world.v, "shop", "deal.export", deal=scene.deal))["bundle"])


async def _keys(world: World) -> dict[str, set[str]]:
    """The true keys of shop and customer."""
    shop = world.v.actor("shop")
    rows = await world.v.open.node.look(lambda desk: desk.tx.keys.of(shop))
    return {
        shop: {row.public for row in rows if row.algorithm == "ed25519"},
        world.m.id: {world.m.ed25519.public.multibase},
    }


def _judge(
    world: World, bundle: JsonObject, pinned: Mapping[str, set[str]] | None = None, **known: set[str]
) -> Report:
    data = json.dumps(bundle).encode()
    now = world.clock.now
    return verify_bundle(data, pinned=pinned or {}, known=known, now=now, limits=Limits())


async def test_g28_evidence_is_signed_and_bound_offline_when_both_peers_are_gone(world: World) -> None:
    bundle, keys = await _exported(world, a_customer(world)), await _keys(world)
    world.hosts.clear()
    world.apps.clear()
    sent = len(world.v.engine.sent)
    report = _judge(world, bundle, keys)
    assert (report.problems, report.signed, report.whose, report.exit_code) == ((), True, Whose.PINNED, 0)
    assert [seen.kind for seen in report.messages][:4] == ["cast", "offer", "accept", "conclude"]
    assert report.agreement is not None
    assert len(world.v.engine.sent) == sent
    bare = _judge(world, bundle)
    assert (bare.signed, bare.whose, bare.exit_code) == (True, Whose.RECORDED, 3)


async def test_g28_variant_bundle_forged_with_fresh_keys_is_never_the_shops(world: World) -> None:
    """The forger plays the whole deal between nodes of those names in a world of his own."""
    keys = await _keys(world)
    async with AsyncExitStack() as stack:
        forged = World(world.clock, {}, {}, world.rsa_keys, world.directory / "forged", stack)
        forged.directory.mkdir()
        forged.m = forged.peer("m.example", "mallory", rsa=1)
        await forged.node("v.example", {"shop": AccountKind.VENDOR})
        bundle = await _exported(forged, a_customer(forged))
    for pinned in (keys, {world.v.actor("shop"): keys[world.v.actor("shop")]}):
        report = _judge(world, bundle, pinned)
        assert (report.whose, report.exit_code) == (Whose.CONTRADICTED, 1)
    known = verify_bundle(
        json.dumps(bundle).encode(), pinned={}, known=keys, now=world.clock.now, limits=Limits()
    )
    assert (known.whose, known.exit_code) == (Whose.RECORDED, 3), "it may have another key since"
    bare = _judge(world, bundle)
    assert (bare.whose, bare.exit_code) == (Whose.RECORDED, 3)
    customer_only = _judge(world, bundle, {forged.m.id: {forged.m.ed25519.public.multibase}})
    assert (customer_only.whose, customer_only.exit_code) == (Whose.RECORDED, 3)


def _body(message: JsonObject) -> JsonObject:
    raw: JsonObject = json.loads(base64.b64decode(message["bytes"]))
    return raw


def _replace(message: JsonObject, body: JsonObject) -> None:
    message["bytes"] = base64.b64encode(json.dumps(body).encode()).decode()
    message["digest"] = object_digest(body)


def _signed_anew(peer: Peer, body: JsonObject, **changes: Any) -> JsonObject:
    unsigned = {name: value for name, value in body.items() if name != "proof"}
    return add_proof({**unsigned, **changes}, peer.ed25519, created=peer.host.clock.now)


@pytest.mark.parametrize("index", range(7))
async def test_g28_variant_message_left_out_or_altered_is_told(world: World, index: int) -> None:
    bundle, keys = await _exported(world, a_customer(world)), await _keys(world)
    messages = bundle["messages"]
    assert len(messages) == 7
    altered = json.loads(json.dumps(bundle))
    body = _body(altered["messages"][index])
    _replace(altered["messages"][index], {**body, "content": "<p>And a helmet.</p>"})
    assert _judge(world, altered, keys).exit_code == 1

    stale = json.loads(json.dumps(bundle))
    stale["messages"][index]["digest"] = object_digest({})
    assert _judge(world, stale, keys).exit_code == 1

    if index < 4:
        shorter = {**bundle, "messages": [*messages[:index], *messages[index + 1 :]]}
        report = _judge(world, shorter, keys)
        assert report.exit_code == 1 or report.agreement is None, "without the conclusion there is none"


async def test_g28_variant_customer_cannot_rewrite_her_accept_afterwards(world: World) -> None:
    """She signs another one with her true key; the shop's conclusion still cites the first."""
    bundle, keys = await _exported(world, a_customer(world)), await _keys(world)
    accept = _body(bundle["messages"][2])
    card = '{"@type":"Card","version":"1.0","name":{"full":"Somebody Else"}}'
    _replace(bundle["messages"][2], _signed_anew(world.m, accept, disclosed=card))
    report = _judge(world, bundle, keys)
    assert (report.signed, report.exit_code) == (False, 1)


async def test_g28_variant_key_under_the_name_of_another_actor_is_told(world: World) -> None:
    bundle, keys = await _exported(world, a_customer(world)), await _keys(world)
    for actor in bundle["actors"]:
        document = json.loads(base64.b64decode(actor["bytes"]))
        document["assertionMethod"][0]["publicKeyMultibase"] = world.t.ed25519.public.multibase
        actor["bytes"] = base64.b64encode(json.dumps(document).encode()).decode()
    assert _judge(world, bundle, keys).exit_code == 1
    assert _judge(world, {**bundle, "actors": []}, keys).exit_code == 1


@pytest.mark.parametrize(
    "change",
    [
        {"messages": []},
        {"messages": None},
        {"deal": "https://m.example/deals/other"},
        {"exportedAt": "2031-01-01T00:00:00Z"},
        {"format": "obverse-bundle/9"},
    ],
)
async def test_g28_variant_bundle_that_is_none_is_never_good(world: World, change: JsonObject) -> None:
    bundle, keys = await _exported(world, a_customer(world)), await _keys(world)
    name = next(iter(change))
    if name not in bundle:
        pytest.fail(f"a bundle has no {name}: {sorted(bundle)}")
    try:
        report = _judge(world, {**bundle, **change}, keys)
    except InvalidInput:
        return
    if name == "exportedAt":
        assert report.exit_code in (0, 1), "the exporter's word is never mixed with what is signed"
        return
    assert report.exit_code == 1
