"""Sessions as browsers have them, passkeys, tickets, attempts to log in, preferences."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from node.store.ports import (
    ATTEMPTS_KEPT,
    Attempt,
    Database,
    Flash,
    Passkey,
    Preferences,
    Session,
    Ticket,
    Tx,
)
from tests.builders import NOW

pytestmark = pytest.mark.anyio

ANA = "https://ana.example/actors/ana"
SHOP = "https://ana.example/actors/shop"
HOUR = timedelta(hours=1)


def a_passkey(passkey_id: str = "first", **over: object) -> Passkey:
    made = Passkey(passkey_id, ANA, "Phone", b"\x00\xffkey", 3, NOW, NOW + HOUR, ("internal", "hybrid"), True)
    return replace(made, **over)  # type: ignore[arg-type]


def a_ticket(token_hash: str = "hash", **over: object) -> Ticket:
    return replace(Ticket(token_hash, "log-in", ANA, NOW, NOW + HOUR), **over)  # type: ignore[arg-type]


async def test_session_keeps_what_the_next_page_says_and_when_its_owner_confirmed(db: Database) -> None:
    session = Session(
        "h", ANA, NOW, NOW, "Firefox", NOW + HOUR, "passkey", (Flash("Saved."), Flash("No.", "bad"))
    )
    await db.write(lambda tx: tx.sessions.save(session))
    assert await db.read(lambda tx: tx.sessions.get("h")) == session


async def test_all_sessions_but_one_end_together(db: Database) -> None:
    def fill(tx: Tx) -> None:
        for name, account in (("a", ANA), ("b", ANA), ("c", ANA), ("d", SHOP)):
            tx.sessions.save(Session(name, account, NOW, NOW, ""))

    await db.write(fill)
    assert await db.write(lambda tx: tx.sessions.remove_all(ANA, besides="b")) == 2
    assert [one.token_hash for one in await db.read(lambda tx: tx.sessions.all(ANA))] == ["b"]
    assert [one.token_hash for one in await db.read(lambda tx: tx.sessions.all(SHOP))] == ["d"]


async def test_idle_and_old_sessions_are_dropped(db: Database) -> None:
    def fill(tx: Tx) -> None:
        tx.sessions.save(Session("idle", ANA, NOW, NOW, ""))
        tx.sessions.save(Session("old", ANA, NOW - 9 * HOUR, NOW + HOUR, ""))
        tx.sessions.save(Session("good", ANA, NOW, NOW + HOUR, ""))

    await db.write(fill)
    gone = await db.write(
        lambda tx: tx.sessions.remove_idle(ANA, seen_before=NOW + HOUR, made_before=NOW - HOUR)
    )
    assert gone == 2
    assert [one.token_hash for one in await db.read(lambda tx: tx.sessions.all(ANA))] == ["good"]


async def test_passkeys_are_kept_whole_and_listed_oldest_first(db: Database) -> None:
    first, second = a_passkey(), a_passkey("second", created_at=NOW - HOUR, last_used_at=None)

    def fill(tx: Tx) -> None:
        for passkey in (first, second, a_passkey("other", account=SHOP)):
            tx.passkeys.save(passkey)
        tx.passkeys.save(replace(first, sign_count=4))

    await db.write(fill)
    assert await db.read(lambda tx: tx.passkeys.all(ANA)) == [second, replace(first, sign_count=4)]
    assert await db.read(lambda tx: tx.passkeys.get("second")) == second
    assert await db.write(lambda tx: tx.passkeys.remove("second"))
    assert not await db.write(lambda tx: tx.passkeys.remove("second"))
    assert await db.read(lambda tx: tx.passkeys.get("second")) is None


async def test_ticket_is_used_up_by_whoever_comes_first(db: Database) -> None:
    await db.write(lambda tx: tx.tickets.save(a_ticket()))
    assert await db.read(lambda tx: tx.tickets.get("hash", "log-in", NOW)) == a_ticket()
    assert await db.write(lambda tx: tx.tickets.take("hash", "log-in", NOW)) == a_ticket()
    assert await db.write(lambda tx: tx.tickets.take("hash", "log-in", NOW)) is None


async def test_ticket_opens_nothing_else_and_not_for_ever(db: Database) -> None:
    await db.write(lambda tx: tx.tickets.save(a_ticket()))
    assert await db.write(lambda tx: tx.tickets.take("hash", "set-up", NOW)) is None
    assert await db.write(lambda tx: tx.tickets.take("hash", "log-in", NOW + HOUR)) is None
    assert await db.write(lambda tx: tx.tickets.take("hash", "log-in", NOW)) is not None


async def test_new_ticket_sweeps_those_whose_time_is_over(db: Database) -> None:
    await db.write(lambda tx: tx.tickets.save(a_ticket("old")))
    await db.write(lambda tx: tx.tickets.save(a_ticket("new", made_at=NOW + HOUR, until=NOW + 2 * HOUR)))
    assert await db.read(lambda tx: tx.tickets.get("old", "log-in", NOW)) is None


async def test_tickets_of_one_purpose_are_cleared_together(db: Database) -> None:
    def fill(tx: Tx) -> None:
        for name, purpose in (("a", "set-up"), ("b", "set-up"), ("c", "log-in")):
            tx.tickets.save(a_ticket(name, purpose=purpose))

    await db.write(fill)
    assert await db.write(lambda tx: tx.tickets.clear("set-up")) == 2
    assert await db.read(lambda tx: tx.tickets.get("c", "log-in", NOW)) is not None


async def test_only_the_last_attempts_of_an_account_are_kept(db: Database) -> None:
    def fill(tx: Tx) -> None:
        for number in range(ATTEMPTS_KEPT + 5):
            tx.attempts.add(Attempt(ANA, NOW + number * HOUR, number % 2 == 0, "password", "Firefox"))
        tx.attempts.add(Attempt(SHOP, NOW, True, "passkey", "Chromium"))

    await db.write(fill)
    kept = await db.read(lambda tx: tx.attempts.recent(ANA, limit=1000))
    assert len(kept) == ATTEMPTS_KEPT
    assert kept[0] == Attempt(ANA, NOW + (ATTEMPTS_KEPT + 4) * HOUR, True, "password", "Firefox")
    assert len(await db.read(lambda tx: tx.attempts.recent(SHOP))) == 1


async def test_preferences_are_empty_until_they_are_chosen(db: Database) -> None:
    assert await db.read(lambda tx: tx.preferences.get(ANA)) == Preferences(ANA)
    chosen = Preferences(ANA, "de", "Europe/Berlin", "dark")
    await db.write(lambda tx: tx.preferences.save(chosen))
    assert await db.read(lambda tx: tx.preferences.get(ANA)) == chosen
