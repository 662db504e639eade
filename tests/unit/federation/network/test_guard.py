"""What the guard remembers is bounded, and what is slow to resolve waits apart."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from federation import guard as guard_module
from federation.errors import AddressRefused
from federation.guard import Guard, SystemLookup


async def nowhere(host: str, port: int) -> list[str]:
    raise OSError("no such name")


def a_guard(*allowed: str) -> Guard:
    return Guard(allowed, {}, nowhere)


@pytest.mark.parametrize(
    ("url", "host", "port", "authority", "path"),
    [
        ("https://a.example/", "a.example", 443, "a.example", "/"),
        ("https://a.example/x?y=/:@", "a.example", 443, "a.example", "/x?y=/:@"),
        ("https://[2606:4700::1]/x", "2606:4700::1", 443, "[2606:4700::1]", "/x"),
        ("http://b.example:8080/x", "b.example", 8080, "b.example:8080", "/x"),
        ("http://[::1]:8080/x", "::1", 8080, "[::1]:8080", "/x"),
        ("http://c.example/x", "c.example", 80, "c.example", "/x"),
    ],
)
def test_a_url_is_taken_apart_where_it_says(
    url: str, host: str, port: int, authority: str, path: str
) -> None:
    target = a_guard("b.example:8080", "[::1]:8080", "c.example:80").vet(url)
    assert (target.host, target.port, target.authority, target.path) == (host, port, authority, path)
    assert target.scheme == url.split(":")[0]


def test_what_was_vetted_is_remembered_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard_module, "_URLS_REMEMBERED", 2)
    guard = a_guard()
    targets = [guard.vet(f"https://a.example/{n}") for n in range(3)]
    assert guard.vet("https://a.example/2") is targets[2]
    assert guard.vet("https://a.example/0") is not targets[0]
    with pytest.raises(AddressRefused):
        guard.vet("https://127.0.0.1/")


def test_names_that_failed_are_remembered_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard_module, "_REMEMBERED", 2)
    asked: list[str] = []

    async def failing(host: str, port: int) -> list[str]:
        asked.append(host)
        return []

    async def story() -> None:
        guard = Guard([], {}, failing)
        for name in ("a", "b", "c", "c", "a"):
            with pytest.raises(OSError, match=r"no address|a moment ago"):
                await guard.addresses(f"{name}.example", 443)

    asyncio.run(story())
    assert [name[0] for name in asked] == ["a", "b", "c", "a"]


def test_a_name_that_took_long_waits_apart_until_it_is_quick_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard_module, "_SLOW_S", 0.05)
    monkeypatch.setattr(guard_module, "_REMEMBERED", 1)
    threads: list[str] = []
    wait_s = 0.1

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        threads.append(threading.current_thread().name.split("_")[0])
        threading.Event().wait(wait_s)
        return [(2, 1, 6, "", ("93.184.215.14", port))]

    async def story() -> None:
        nonlocal wait_s
        lookup = SystemLookup(resolve)
        try:
            assert await lookup("a.example", 443) == ["93.184.215.14"]
            wait_s = 0.0
            await lookup("a.example", 443)
            await lookup("a.example", 443)
            wait_s = 0.1
            await lookup("a.example", 443)
            await lookup("b.example", 443)
            await lookup("a.example", 443)
        finally:
            lookup.close()

    asyncio.run(story())
    assert threads == ["dns", "slow-dns", "dns", "dns", "dns", "dns"]
