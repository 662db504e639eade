"""Keys that messages name in what they carry: nobody is asked for them while others wait."""

from __future__ import annotations

import json

import pytest

from tests.security.commerce import a_vendor, accepted, deal_of
from tests.security.forging import a_cast
from tests.security.peers import PUBLIC, a_note
from tests.security.world import World

pytestmark = pytest.mark.anyio


async def test_a_key_that_a_part_of_a_message_names_is_never_asked_for(world: World) -> None:
    """Of one sender's thousand messages each could have had the worker wait for a server that is slow."""
    v, before = world.v, len(world.v.engine.gets)
    for name in (
        "https://m.example/slow",
        "https://t.example/slow",
        "no address",
        "https://v.example/actor#x",
    ):
        cast = a_cast(world.m, v.actor("shop"))
        cast["object"]["proof"] = {"verificationMethod": name}
        assert (await v.tell(world.m, cast, "shop")).status == 202
    assert v.engine.gets[before:] == [world.m.id], "the sender's own, once"


async def test_feedback_about_another_vendor_asks_nobody_for_its_key(world: World) -> None:
    v, before = world.v, len(world.v.engine.gets)
    vendor = a_vendor(world)
    credential = json.loads(vendor.credential("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"))
    credential["proof"]["verificationMethod"] = "https://m.example/slow"
    post = a_note(world.m, v.actor("shop"))
    post["to"] = post["object"]["to"] = [PUBLIC]
    post["cc"] = post["object"]["cc"] = [vendor.id]
    post["object"] |= {"withRegardTo": vendor.id, "purchaseCredential": json.dumps(credential)}
    assert (await v.tell(world.m, post, "shop")).status == 202
    assert v.engine.gets[before:] == [world.m.id]


async def test_a_credential_by_the_key_of_its_vendor_still_holds(world: World) -> None:
    """The conclusion's own proof has shown the document in which all the vendor's keys are."""
    vendor = a_vendor(world)
    scene = await accepted(world, vendor)
    await vendor.tell(vendor.conclude(scene.accept))
    assert (await deal_of(world.v, "ana", scene.deal)).state == "concluded"
