"""What is known of others: their keys, and how their hosts behave."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from federation.keys import SigningKey, generate_ed25519, generate_rsa
from federation.ports import HostState, KnownKey, SignatureSpec
from node.store.ports import Database
from tests.builders import NOW

pytestmark = pytest.mark.anyio

BOB = "https://bob.example/users/bob"


def a_known_key(key: SigningKey, **over: object) -> KnownKey:
    known = KnownKey(key.public, BOB, b'{"id": "bob"} \xff', NOW.replace(microsecond=5))
    return replace(known, **over)  # type: ignore[arg-type]


@pytest.mark.parametrize("generate", [generate_rsa, generate_ed25519])
async def test_a_key_comes_back_and_verifies(db: Database, generate: type) -> None:
    key = generate(f"{BOB}#main-key", BOB)
    assert await db.public_keys.find(key.id) is None
    await db.public_keys.save(a_known_key(key))
    found = await db.public_keys.find(key.id)
    assert found == a_known_key(key)
    assert found.key.verify(b"data", key.sign(b"data"))


async def test_a_revoked_key_keeps_its_first_date_and_its_document(db: Database) -> None:
    key = generate_ed25519(f"{BOB}#k", BOB)
    await db.public_keys.save(a_known_key(key))
    await db.public_keys.revoke(key.id, NOW)
    await db.public_keys.revoke(key.id, NOW + timedelta(1))
    await db.public_keys.revoke("https://nobody.example#k", NOW)
    assert await db.public_keys.find(key.id) == a_known_key(key, revoked_at=NOW)


async def test_a_key_that_is_seen_again_is_replaced(db: Database) -> None:
    key = generate_ed25519(f"{BOB}#k", BOB)
    await db.public_keys.save(a_known_key(key, revoked_at=NOW))
    fresh = a_known_key(key, document=b"newer", fetched_at=NOW + timedelta(days=1))
    await db.public_keys.save(fresh)
    assert await db.public_keys.find(key.id) == fresh


async def test_keys_that_an_actor_no_longer_lists_are_revoked(db: Database) -> None:
    old, new, others = (generate_ed25519(f"{BOB}#{name}", BOB) for name in ("old", "new", "others"))
    for key in (old, new):
        await db.public_keys.save(a_known_key(key))
    await db.public_keys.save(a_known_key(others, actor="https://eve.example/u"))
    await db.public_keys.revoke_others(BOB, {new.id}, NOW)
    assert await db.public_keys.find(old.id) == a_known_key(old, revoked_at=NOW)
    assert await db.public_keys.find(new.id) == a_known_key(new)
    await db.public_keys.revoke_others(BOB, (), NOW + timedelta(1))
    assert await db.public_keys.find(old.id) == a_known_key(old, revoked_at=NOW)
    assert await db.public_keys.find(new.id) == a_known_key(new, revoked_at=NOW + timedelta(1))
    assert await db.public_keys.find(others.id) == a_known_key(others, actor="https://eve.example/u")


async def test_a_host_is_remembered_exactly(db: Database) -> None:
    assert await db.host_memory.find("https://bob.example") is None
    state = HostState("https://bob.example", SignatureSpec.RFC9421, True, NOW, 3, NOW, NOW + timedelta(1))
    await db.host_memory.save(HostState(state.origin))
    await db.host_memory.save(state)
    assert await db.host_memory.find(state.origin) == state
