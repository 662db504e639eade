"""Passwords: what a hash costs, how many at once, and that none tells whether a name exists."""

from __future__ import annotations

import threading

import anyio
import pytest
from argon2 import PasswordHasher

from node.domain.errors import InvalidInput
from node.web.gate import Gate, TooMany
from node.web.passkeys import Passkeys
from node.web.passwords import Busy, Passwords
from tests.unit.node.web.private.conftest import CHEAP, HASHED, PASSWORD, START

pytestmark = pytest.mark.anyio


class Slow(PasswordHasher):
    """Waits until it is let go; counts how many wait at once."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.go = threading.Event()
        self.inside = 0
        self.most = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]  # noqa: A002
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.go.wait(20)
        self.inside -= 1
        return bool(super().verify(hash, password))


async def test_hash_costs_what_the_standard_says() -> None:
    hashed = await Passwords().hash(PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert not Passwords().needs_rehash(hashed)
    assert Passwords().needs_rehash(HASHED)


async def test_right_password_fits_and_others_do_not() -> None:
    passwords = Passwords(PasswordHasher.from_parameters(CHEAP))
    assert await passwords.verify(PASSWORD, HASHED)
    assert not await passwords.verify("another one", HASHED)
    assert not await passwords.verify(PASSWORD, None)
    assert not await passwords.verify("nobody has this password", None)
    assert not await passwords.verify(PASSWORD, "no hash at all")


@pytest.mark.parametrize("password", ["short", "abababababababab", ""])
async def test_poor_password_is_not_hashed(password: str) -> None:
    with pytest.raises(InvalidInput):
        await Passwords().hash(password)


async def test_two_are_checked_at_once_and_a_few_wait(anyio_backend: str) -> None:
    slow = Slow()
    passwords = Passwords(slow)
    outcomes: list[bool] = []

    async def check() -> None:
        outcomes.append(await passwords.verify(PASSWORD, HASHED))

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(check)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(Busy):
            await passwords.verify(PASSWORD, HASHED)
        slow.go.set()
    assert outcomes == [True] * 10
    assert slow.most <= 2


async def test_gate_says_when_to_come_back_where_too_many_are_checked() -> None:
    slow = Slow()
    gate = Gate(Passkeys("https://ana.example", secret=b"s"), passwords=Passwords(slow))

    async def check(name: str) -> None:
        await gate.is_password(name, PASSWORD, HASHED, START)

    async with anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(check, f"name{number}")
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(TooMany):
            await gate.is_password("late", PASSWORD, HASHED, START)
        with pytest.raises(TooMany):
            await gate.hash(PASSWORD)
        slow.go.set()
