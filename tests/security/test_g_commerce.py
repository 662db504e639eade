"""Group G: messages that are authentic, and mean what they must not. V is the shop, then the customer."""

from __future__ import annotations

import pytest

from tests.security.commerce import *
from tests.security.world import World

pytestmark = pytest.mark.anyio


async def test_smoke(world: World) -> None:
    await stocked(world.v)
    c = a_customer(world)
    s = await concluded(c)
    print((await deal_of(world.v, "shop", s.deal)).state)
    for m in c.heard:
        print(m["type"], m.get("instrument"), m.get("content"))
    print([(n.text, n.reason) for n in await world.v.notices("shop")])
    assert s.conclusion


async def test_smoke2(world: World) -> None:
    vd = a_vendor(world)
    s = await accepted(world, vd)
    await vd.tell(vd.conclude(s.accept))
    print((await deal_of(world.v, "ana", s.deal)).state)
    for m in vd.heard:
        print(m["type"], m.get("instrument"), m.get("content"))
    print([(n.text, n.reason) for n in await world.v.notices("ana")])
    assert 0
