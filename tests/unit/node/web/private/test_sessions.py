"""A session is its account's own: nobody else ends it."""

from __future__ import annotations

import pytest

from node.web.sessions import end_session
from tests.unit.node.web.private.conftest import House

pytestmark = pytest.mark.anyio


async def test_session_of_another_account_is_as_good_as_none(house: House) -> None:
    ana, bob = await house.move_in("ana"), await house.move_in("bob")
    await house.logged_in("bob")
    (his,) = await house.node.look(lambda desk: desk.tx.sessions.all(bob.id))
    assert not await house.node.work(lambda desk: end_session(desk, ana.id, his.token_hash))
    assert await house.node.look(lambda desk: desk.tx.sessions.get(his.token_hash)) is not None
    assert await house.node.work(lambda desk: end_session(desk, bob.id, his.token_hash))
    assert await house.node.look(lambda desk: desk.tx.sessions.get(his.token_hash)) is None
