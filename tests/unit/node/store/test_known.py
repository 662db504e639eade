"""What one transaction reads or saves it asks of the file once, and nothing of that outlives it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlite_utils import Database

from node.domain.accounts import Account, AccountKind, Persona
from node.domain.deals import Deal
from node.store.ports import KeyRow, StoreRefused
from node.store.sqlite import SqliteDatabase, schema
from node.store.sqlite.dealings import SqliteDeals
from node.store.sqlite.transaction import SqliteTx
from tests.builders import ACCOUNT, NOW, a_deal, a_rule
from tests.unit.node.store.steps import steps_of

pytestmark = pytest.mark.anyio

OTHER = "another"


def an_account(name: str) -> Account:
    return Account(ACCOUNT, name, AccountKind.PERSON, name, NOW)


def a_key(name: str) -> KeyRow:
    return KeyRow(name, ACCOUNT, "ed25519", "z6Mk", b"sealed", NOW)


async def statements(store: SqliteDatabase, fn: Callable[[SqliteTx], object], of: str) -> int:
    """How many statements about a table the writer is given by one function."""
    told: list[str] = []
    await store.write(lambda tx: tx.connection.set_trace_callback(told.append))
    await store.write(fn)
    await store.write(lambda tx: tx.connection.set_trace_callback(None))
    return sum(f" {of} " in text for text in told)


async def test_a_function_reads_each_row_once_an_absent_one_too(store: SqliteDatabase) -> None:
    await store.write(lambda tx: tx.accounts.save(an_account("ana")))

    def read_twice(tx: SqliteTx) -> None:
        for _ in range(2):
            assert tx.accounts.get(ACCOUNT) == an_account("ana")
            assert tx.accounts.get("nobody") is None
            assert tx.personas.get("nobody") is None
            assert tx.keys.of(ACCOUNT) == []
            assert tx.deals.get("a", "b") is None

    told = [await statements(store, read_twice, table) for table in ("account", "persona", "own_key", "deal")]
    assert told == [2, 1, 1, 1]


async def test_a_function_sees_what_it_has_saved(store: SqliteDatabase) -> None:
    persona = Persona("https://ana.example/personas/1", ACCOUNT, NOW)

    def save_and_read(tx: SqliteTx) -> None:
        assert tx.accounts.get(ACCOUNT) is None
        assert tx.personas.get(persona.id) is None
        assert tx.keys.of(ACCOUNT) == []
        tx.accounts.save(an_account("ana"))
        tx.personas.save(persona)
        tx.keys.save(a_key("k1"))
        assert tx.accounts.get(ACCOUNT) == an_account("ana")
        assert tx.personas.get(persona.id) == persona
        tx.keys.of(ACCOUNT).clear()
        assert tx.keys.of(ACCOUNT) == [a_key("k1")]
        tx.keys.save(replace(a_key("k1"), revoked_at=NOW))
        assert tx.keys.of(ACCOUNT) == [replace(a_key("k1"), revoked_at=NOW)]

    await store.write(save_and_read)


async def test_a_deal_that_is_saved_twice_is_written_once_and_as_it_was_last(store: SqliteDatabase) -> None:
    deal = a_deal()
    last = replace(deal, notes=7)

    def save_twice(tx: SqliteTx) -> None:
        tx.deals.save(deal, None)
        tx.deals.save(last, NOW)

    assert await statements(store, save_twice, "deal (own,") == 1
    assert await store.read(lambda tx: tx.deals.get(deal.own, deal.id)) == last
    assert await store.read(lambda tx: tx.deals.next_wake()) == NOW


QUESTIONS: dict[str, Callable[[SqliteTx, Deal], object]] = {
    "get": lambda tx, deal: [tx.deals.get(deal.own, deal.id)],
    "all": lambda tx, deal: tx.deals.all(deal.account),
    "of_intent": lambda tx, deal: tx.deals.of_intent(deal.intent_id or ""),
    "due": lambda tx, deal: tx.deals.due(NOW, 9),
    "find": lambda tx, deal: tx.deals.find(deal.account, deal.id[-5:]),
}


@pytest.mark.parametrize("asked", QUESTIONS)
async def test_every_question_finds_a_deal_that_the_same_function_has_saved(
    store: SqliteDatabase, asked: str
) -> None:
    deal = a_deal(intent_id="the intent")

    def save_and_ask(tx: SqliteTx) -> object:
        tx.deals.save(deal, NOW)
        assert asked == "get" or tx.deals.next_wake() == NOW
        tx.deals.save(replace(deal, notes=8), NOW)
        return QUESTIONS[asked](tx, deal)

    assert await store.write(save_and_ask) == [replace(deal, notes=8)]


async def test_deals_are_numbered_in_the_order_of_their_last_saves(store: SqliteDatabase) -> None:
    first, second = a_deal(id="https://ana.example/deals/1"), a_deal(id="https://ana.example/deals/2")

    def save(tx: SqliteTx) -> None:
        for deal in (first, second, first):
            tx.deals.save(deal, None)

    await store.write(save)
    assert await store.read(lambda tx: tx.deals.all(first.account)) == [first, second]


async def test_only_the_ids_that_are_new_are_written_for_the_search(store: SqliteDatabase) -> None:
    deal = a_deal()
    await store.write(lambda tx: tx.deals.save(deal, None))

    def move(tx: SqliteTx, account: str) -> None:
        known = tx.deals.get(deal.own, deal.id)
        assert known is not None
        tx.deals.save(replace(known, account=account), None)

    assert await statements(store, lambda tx: move(tx, deal.account), "deal_handle") == 0
    assert await statements(store, lambda tx: move(tx, OTHER), "deal_handle") > 0
    assert await store.read(lambda tx: len(tx.deals.find(OTHER, deal.id[-5:]))) == 1


async def test_what_a_failed_function_had_is_not_known_to_the_next(store: SqliteDatabase) -> None:
    deal = a_deal()

    def fail(tx: SqliteTx) -> None:
        tx.accounts.save(an_account("ana"))
        tx.deals.save(deal, NOW)
        raise ValueError("no")

    def look(tx: SqliteTx) -> object:
        return tx.accounts.get(ACCOUNT), tx.deals.get(deal.own, deal.id), tx.deals.next_wake()

    # The first batch is run again under savepoints; the second runs under them from the start.
    for _ in range(2):
        failed, seen = await asyncio.gather(store.write(fail), store.write(look), return_exceptions=True)
        assert isinstance(failed, ValueError)
        assert seen == (None, None, None)


async def test_one_transaction_does_not_answer_for_the_next(store: SqliteDatabase) -> None:
    async def name() -> str:
        account = await store.write(lambda tx: tx.accounts.get(ACCOUNT))
        return account.name if account else ""

    await store.write(lambda tx: tx.accounts.save(an_account("ana")))
    assert await name() == "ana"
    query = "UPDATE account SET data = json_set(data, '$.name', 'eva')"
    await store.write(lambda tx: tx.connection.execute(query))
    assert await name() == "eva"


async def test_functions_that_share_a_transaction_read_each_row_once(store: SqliteDatabase) -> None:
    rule = a_rule()
    await store.write(lambda tx: tx.rules.save(ACCOUNT, rule))
    told: list[str] = []
    await store.write(lambda tx: tx.connection.set_trace_callback(told.append))

    def read(tx: SqliteTx) -> object:
        return tx.rules.all(ACCOUNT), tx.accounts.get(ACCOUNT), tx.keys.of(ACCOUNT)

    assert await asyncio.gather(*(store.write(read) for _ in range(5))) == [([rule], None, [])] * 5
    assert told.count("COMMIT") == 2  # that of the trace, and that of all five
    assert sum(" FROM " in text for text in told) == 3


async def test_functions_that_share_a_transaction_see_what_the_others_changed(store: SqliteDatabase) -> None:
    first, second = a_rule(id="1"), a_rule(id="2")
    seen = await asyncio.gather(
        store.write(lambda tx: tx.rules.save(ACCOUNT, first)),
        store.write(lambda tx: tx.rules.all(ACCOUNT)),
        store.write(lambda tx: tx.rules.save(ACCOUNT, second)),
        store.write(lambda tx: tx.rules.all(ACCOUNT)),
        store.write(lambda tx: tx.rules.remove(ACCOUNT, first.id)),
        store.write(lambda tx: tx.rules.all(ACCOUNT)),
    )
    assert list(seen) == [None, [first], None, [first, second], True, [second]]


async def test_what_was_not_committed_is_not_known(store: SqliteDatabase) -> None:
    def save_and_break_off(tx: SqliteTx) -> None:
        tx.accounts.save(an_account("ana"))
        tx.connection.execute("ROLLBACK")

    with pytest.raises(StoreRefused):
        await store.write(save_and_break_off)
    assert await store.write(lambda tx: tx.accounts.get(ACCOUNT)) is None


async def test_outside_of_a_run_each_save_is_written_at_once(store: SqliteDatabase) -> None:
    deal = a_deal()

    def save_bare(tx: SqliteTx) -> int:
        bare = SqliteTx(tx.connection)
        bare.deals.save(deal, None)
        assert bare.deals.get(deal.own, deal.id) == deal
        tx.connection.execute("UPDATE deal SET data = json_set(data, '$.notes', 9)")
        found = bare.deals.get(deal.own, deal.id)
        return found.notes if found else 0

    assert await store.write(save_bare) == 9


def test_a_store_of_before_goes_on_numbering_its_deals() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    database = Database(connection)
    schema._steps().apply(database, stop_before="0006-fewer-indexes")
    first, second = a_deal(id="https://ana.example/deals/1"), a_deal(id="https://ana.example/deals/2")
    elsewhere = a_deal(id="https://ana.example/deals/3", account=OTHER)
    deals = SqliteDeals(connection)
    for deal in (first, second, elsewhere):
        deals.save(deal, None)
    connection.execute("UPDATE deal SET changed = changed + 40")
    schema.migrate(database)
    deals.save(first, None)
    assert deals.all(first.account) == [first, second]
    assert deals.all(OTHER) == [elsewhere]
    connection.close()


def test_to_save_a_deal_costs_the_same_however_many_there_are() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(Database(connection))
    deals = SqliteDeals(connection)

    def save(number: int) -> int:
        deal = a_deal(id=f"https://ana.example/deals/{number}")
        return steps_of(connection, lambda: deals.save(deal, None), by=10)

    before = save(0)
    for number in range(1, 500):
        deals.save(a_deal(id=f"https://ana.example/deals/{number}"), None)
    assert save(500) <= 2 * before
    connection.close()
