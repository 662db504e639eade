"""Our own keys in memory: kept while they are used, bounded, and gone when destroyed."""

from __future__ import annotations

import pytest

from federation.errors import KeyRefused
from federation.keys import SigningKey, generate_ed25519, generate_rsa
from node.signing import OwnKeys
from node.store.ports import KeyRow
from tests.builders import NOW

KEEPS = 1024
"""As many keys as the cache of the Ed25519 ones holds."""


def a_key(number: int) -> SigningKey:
    return generate_ed25519(f"https://ana.example/p/{number}#key", f"https://ana.example/p/{number}")


@pytest.fixture
def keys() -> OwnKeys:
    return OwnKeys(bytes(32))


def destroyed(row: KeyRow) -> KeyRow:
    return KeyRow(row.key_id, row.owner, row.algorithm, row.public, None, row.created_at, NOW)


def test_key_in_use_is_unsealed_once(keys: OwnKeys) -> None:
    row = keys.row(a_key(0), NOW)
    assert keys.unsealed(row) is keys.unsealed(row)


def test_keys_of_old_personas_leave_memory_and_can_be_unsealed_again(keys: OwnKeys) -> None:
    rows = [keys.row(a_key(number), NOW) for number in range(KEEPS + 2)]
    first, second = keys.unsealed(rows[0]), keys.unsealed(rows[1])
    for row in rows[2:]:
        keys.unsealed(row)
        assert keys.unsealed(rows[1]) is second, "what is used stays"
    again = keys.unsealed(rows[0])
    assert again is not first
    assert again.public == first.public


def test_rsa_key_stays_however_many_personas_come(keys: OwnKeys) -> None:
    row = keys.row(generate_rsa("https://ana.example/actor#main-key", "https://ana.example/actor"), NOW)
    slow = keys.unsealed(row)
    for number in range(KEEPS + 1):
        keys.unsealed(keys.row(a_key(number), NOW))
    assert keys.unsealed(row) is slow


def test_destroyed_key_is_gone_from_memory(keys: OwnKeys) -> None:
    row = keys.row(a_key(0), NOW)
    keys.unsealed(row)
    with pytest.raises(KeyError):
        keys.unsealed(destroyed(row))
    assert not keys.opens(destroyed(row))
    with pytest.raises(KeyRefused):
        OwnKeys(b"1" * 32).unsealed(row)
