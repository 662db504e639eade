"""Conversations with the fediverse, what was deleted before it came, quotes to plain accounts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from node.domain.notes import Visibility
from node.domain.plain_quotes import PlainQuote, QuoteState
from node.domain.talking import Earlier, Peer, Thread, ThreadState, Utterance
from node.domain.values import Money, Quantity
from node.store.ports import Database
from node.store.talking import GONE_KEPT, GONE_KEPT_OF_ONE
from tests.builders import ACCOUNT, NOW, VENDOR
from tests.contract.writing import each

pytestmark = pytest.mark.anyio

BEA = Peer(
    "https://social.example/users/bea", "https://social.example/inbox", NOW, "@bea@social.example", "Bea"
)


def a_thread(thread_id: str = "t1", **over: object) -> Thread:
    made = Thread(VENDOR, thread_id, BEA, NOW, NOW, context="https://social.example/contexts/1", unread=1)
    return replace(made, **over)  # type: ignore[arg-type]


def an_utterance(name: str = "1", **over: object) -> Utterance:
    made = Utterance(
        VENDOR, "t1", f"https://social.example/notes/{name}", BEA.actor, False, NOW, NOW,
        Visibility.DIRECT, "<p>Hello</p>", earlier=(Earlier("<p>Helo</p>", "", NOW),),
    )  # fmt: skip
    return replace(made, **over)  # type: ignore[arg-type]


def a_quote(reference: str = "7K3M-9QXT", **over: object) -> PlainQuote:
    made = PlainQuote(
        VENDOR, reference, f"https://shop.example/quotes/{reference}", f"secret-{reference}", "t1", BEA.actor,
        "Norrland Kid 340", Quantity(Decimal(1), "one"), Money(27350, "EUR"), "Delivered free.",
        NOW, NOW + timedelta(days=3),
    )  # fmt: skip
    return replace(made, **over)  # type: ignore[arg-type]


async def test_thread_comes_back_as_it_was_kept(db: Database) -> None:
    await db.write(lambda tx: tx.threads.save(a_thread()))
    assert await db.read(lambda tx: tx.threads.get(VENDOR, "t1")) == a_thread()
    assert await db.read(lambda tx: tx.threads.get(ACCOUNT, "t1")) is None
    assert await db.read(lambda tx: tx.threads.get(VENDOR, "t2")) is None


async def test_threads_are_paged_newest_change_first_and_a_look_moves_none(db: Database) -> None:
    await db.write(each(lambda tx: tx.threads.save, *(a_thread(f"t{n}") for n in range(4))))
    await db.write(lambda tx: tx.threads.save(a_thread("t0", changed_at=NOW + timedelta(seconds=1))))
    await db.write(lambda tx: tx.threads.save(a_thread("t1", unread=0)))
    page = await db.read(lambda tx: tx.threads.page(VENDOR, limit=2))
    assert [thread.id for _, thread in page] == ["t0", "t3"]
    rest = await db.read(lambda tx: tx.threads.page(VENDOR, before=page[-1][0]))
    assert [thread.id for _, thread in rest] == ["t2", "t1"]
    assert rest[-1][1].unread == 0
    assert await db.read(lambda tx: tx.threads.page(ACCOUNT)) == []


async def found_by(db: Database, words: str) -> list[str]:
    page = await db.read(lambda tx: tx.threads.page(VENDOR, words=words))
    return [thread.id for _, thread in page]


async def test_threads_are_listed_by_state_counted_and_searched(db: Database) -> None:
    other = Peer("https://far.example/u/7", "https://far.example/inbox", NOW, "", "Çelik")
    threads = [
        a_thread("t1"),
        a_thread("t2", state=ThreadState.ANSWERED, peer=other, unread=0),
        a_thread("t3", state=ThreadState.CLOSED),
        a_thread("t4", account=ACCOUNT),
    ]
    await db.write(each(lambda tx: tx.threads.save, *threads))
    found = await db.read(lambda tx: tx.threads.page(VENDOR, states=(ThreadState.OPEN, ThreadState.ANSWERED)))
    assert [thread.id for _, thread in found] == ["t2", "t1"]
    assert await db.read(lambda tx: tx.threads.tally(VENDOR)) == dict.fromkeys(ThreadState, 1)
    assert await db.read(lambda tx: tx.threads.unread(VENDOR)) == 1
    for words, expected in (
        ("çelik", ["t2"]),
        ("FAR.example u/7", ["t2"]),
        ("@bea", ["t3", "t1"]),
        ("x%", []),
    ):
        assert await found_by(db, words) == expected, words


async def test_newest_thread_with_a_peer_is_found_of_one_conversation_where_asked(db: Database) -> None:
    await db.write(each(lambda tx: tx.threads.save, a_thread("t1"), a_thread("t2", context="other")))
    newest = await db.read(lambda tx: tx.threads.newest_with(VENDOR, BEA.actor))
    named = await db.read(lambda tx: tx.threads.newest_with(VENDOR, BEA.actor, context=a_thread().context))
    assert (newest and newest.id, named and named.id) == ("t2", "t1")
    assert await db.read(lambda tx: tx.threads.newest_with(VENDOR, BEA.actor, context="nowhere")) is None
    assert await db.read(lambda tx: tx.threads.newest_with(ACCOUNT, BEA.actor)) is None


async def test_note_is_said_once_to_an_account_and_to_each_of_several(db: Database) -> None:
    assert await db.write(lambda tx: tx.threads.add(an_utterance()))
    assert not await db.write(lambda tx: tx.threads.add(an_utterance(content="<p>Other</p>")))
    assert await db.write(lambda tx: tx.threads.add(an_utterance(account=ACCOUNT, thread="theirs")))
    assert await db.read(lambda tx: tx.threads.utterance(VENDOR, an_utterance().id)) == an_utterance()
    both = await db.read(lambda tx: tx.threads.of_note(an_utterance().id))
    assert {said.account for said in both} == {VENDOR, ACCOUNT}
    assert await db.read(lambda tx: tx.threads.utterance(VENDOR, "https://social.example/notes/2")) is None


async def test_the_last_of_a_thread_come_oldest_first_with_their_changes(db: Database) -> None:
    await db.write(each(lambda tx: tx.threads.add, *(an_utterance(str(n)) for n in range(5))))
    await db.write(lambda tx: tx.threads.change(an_utterance("4", content="<p>Edited</p>")))
    await db.write(lambda tx: tx.threads.change(an_utterance("unknown")))
    said = await db.read(lambda tx: tx.threads.said_in(VENDOR, "t1", limit=2))
    assert [one.id[-1] for one in said] == ["3", "4"]
    assert said[-1].content == "<p>Edited</p>"
    assert await db.read(lambda tx: tx.threads.said_in(VENDOR, "t2")) == []


async def test_all_that_was_said_is_read_by_stretches(db: Database) -> None:
    mine = [an_utterance(str(n), thread=f"t{n % 2}") for n in range(5)]
    await db.write(each(lambda tx: tx.threads.add, an_utterance("x", account=ACCOUNT), *mine))
    first = await db.read(lambda tx: tx.threads.all_said(VENDOR, limit=3))
    rest = await db.read(lambda tx: tx.threads.all_said(VENDOR, after=first[-1][0]))
    assert [said for _, said in (*first, *rest)] == mine
    assert await db.read(lambda tx: tx.threads.all_said(VENDOR, after=rest[-1][0])) == []


async def test_what_a_peer_says_and_who_begins_is_counted_for_a_while(db: Database) -> None:
    await db.write(
        each(
            lambda tx: tx.threads.add,
            an_utterance("1", at=NOW - timedelta(days=2)),
            an_utterance("2"),
            an_utterance("3", account=ACCOUNT),
            an_utterance("4", author="https://social.example/users/cem"),
        )
    )
    day_ago = NOW - timedelta(days=1)
    assert await db.read(lambda tx: tx.threads.heard_since(VENDOR, BEA.actor, day_ago)) == 1
    times = (NOW - timedelta(days=3), NOW, NOW)
    await db.write(each(lambda tx: partial(tx.threads.note_beginning, VENDOR, "social.example"), *times))
    await db.write(each(lambda tx: partial(tx.threads.note_automatic, VENDOR, "social.example"), *times))
    long_ago = NOW - timedelta(days=9)
    assert await db.read(lambda tx: tx.threads.begun_since(VENDOR, "social.example", long_ago)) == 2
    assert await db.read(lambda tx: tx.threads.automatic_since(VENDOR, "social.example", long_ago)) == 2
    assert await db.read(lambda tx: tx.threads.begun_since(ACCOUNT, "social.example", long_ago)) == 0
    assert await db.read(lambda tx: tx.threads.begun_since(VENDOR, "far.example", long_ago)) == 0


async def test_automatic_answer_is_given_once(db: Database) -> None:
    assert await db.write(lambda tx: tx.threads.answer_once(VENDOR, "7K3M-9QXT late", NOW))
    assert not await db.write(lambda tx: tx.threads.answer_once(VENDOR, "7K3M-9QXT late", NOW))
    assert await db.write(lambda tx: tx.threads.answer_once(ACCOUNT, "7K3M-9QXT late", NOW))
    assert await db.write(lambda tx: tx.threads.answer_once(VENDOR, "7K3M-9QXT repeated", NOW))


async def test_peer_is_kept_as_it_was_seen_last(db: Database) -> None:
    await db.write(each(lambda tx: tx.peers.save, BEA, replace(BEA, handle="")))
    assert await db.read(lambda tx: tx.peers.get(BEA.actor)) == replace(BEA, handle="")
    assert await db.read(lambda tx: tx.peers.get("https://far.example/u/7")) is None


async def test_delete_before_its_create_is_remembered_for_a_while(db: Database) -> None:
    until = NOW + timedelta(hours=6)
    await db.write(lambda tx: tx.gone.add(BEA.actor, "https://social.example/notes/1", until))
    note = "https://social.example/notes/1"
    assert await db.read(lambda tx: tx.gone.has(BEA.actor, note, NOW))
    assert not await db.read(lambda tx: tx.gone.has(BEA.actor, note, until))
    assert not await db.read(lambda tx: tx.gone.has("https://social.example/users/mallory", note, NOW))
    assert not await db.read(lambda tx: tx.gone.has(BEA.actor, note + "0", NOW))


async def test_deletes_that_are_remembered_are_bounded_by_actor_and_over_all(db: Database) -> None:
    until = NOW + timedelta(hours=6)
    theirs = [(BEA.actor, f"https://social.example/notes/{n}", until) for n in range(GONE_KEPT_OF_ONE + 1)]
    await db.write(each(lambda tx: lambda one: tx.gone.add(*one), *theirs))
    first, second, last = theirs[0], theirs[1], theirs[-1]
    assert not await db.read(lambda tx: tx.gone.has(first[0], first[1], NOW))
    assert await db.read(lambda tx: tx.gone.has(second[0], second[1], NOW))
    assert await db.read(lambda tx: tx.gone.has(last[0], last[1], NOW))
    others = [(f"https://far.example/u/{n}", f"https://far.example/n/{n}", until) for n in range(GONE_KEPT)]
    await db.write(each(lambda tx: lambda one: tx.gone.add(*one), *others))
    assert not await db.read(lambda tx: tx.gone.has(last[0], last[1], NOW))
    assert await db.read(lambda tx: tx.gone.has(*others[0][:2], NOW))


async def test_quote_is_found_by_reference_secret_and_thread(db: Database) -> None:
    await db.write(each(lambda tx: tx.plain_quotes.save, a_quote(), a_quote("0000-0000", thread="t2")))
    assert await db.read(lambda tx: tx.plain_quotes.find("7K3M-9QXT")) == a_quote()
    assert await db.read(lambda tx: tx.plain_quotes.find("7K3M-9QXX")) is None
    assert await db.read(lambda tx: tx.plain_quotes.by_secret("secret-7K3M-9QXT")) == a_quote()
    assert await db.read(lambda tx: tx.plain_quotes.by_secret("")) is None
    assert await db.read(lambda tx: tx.plain_quotes.of_thread(VENDOR, "t1")) == [a_quote()]
    assert await db.read(lambda tx: tx.plain_quotes.of_thread(ACCOUNT, "t1")) == []


async def test_sales_are_told_by_whether_their_conversation_is_put_away(db: Database) -> None:
    sold = a_quote(state=QuoteState.CONCLUDED)
    away = a_quote("1111-1111", thread="t2", state=QuoteState.CONCLUDED)
    nowhere = a_quote("2222-2222", thread="gone", state=QuoteState.CONCLUDED)
    await db.write(each(lambda tx: tx.threads.save, a_thread()))
    closed = a_thread("t2", state=ThreadState.CLOSED)
    others = a_thread(account=ACCOUNT, state=ThreadState.CLOSED)
    await db.write(each(lambda tx: tx.threads.save, closed, others))
    await db.write(each(lambda tx: tx.plain_quotes.save, sold, away, nowhere, a_quote("3333-3333")))

    async def listed(is_put_away: bool | None) -> list[PlainQuote]:
        page = await db.read(
            lambda tx: tx.plain_quotes.page(VENDOR, states=[QuoteState.CONCLUDED], is_put_away=is_put_away)
        )
        return [quote for _, quote in page]

    assert (await listed(True), await listed(False)) == ([away], [nowhere, sold])
    assert await listed(None) == [nowhere, away, sold]
    tally = await db.read(lambda tx: tx.plain_quotes.tally(VENDOR))
    concluded = QuoteState.CONCLUDED
    assert tally == {(concluded, False): 2, (concluded, True): 1, (QuoteState.OPEN, False): 1}
    assert await db.read(lambda tx: tx.plain_quotes.tally(ACCOUNT)) == {}


async def test_quotes_are_paged_by_state_and_those_that_end_come_in_time(db: Database) -> None:
    concluded = a_quote("1111-1111", state=QuoteState.CONCLUDED, concluded_at=NOW, ends_at=NOW)
    later = a_quote("2222-2222", ends_at=NOW + timedelta(days=9))
    await db.write(each(lambda tx: tx.plain_quotes.save, a_quote(), concluded, later))
    page = await db.read(lambda tx: tx.plain_quotes.page(VENDOR, limit=1))
    assert [quote for _, quote in page] == [later]
    older = await db.read(lambda tx: tx.plain_quotes.page(VENDOR, before=page[0][0]))
    assert [quote for _, quote in older] == [concluded, a_quote()]
    sold = await db.read(lambda tx: tx.plain_quotes.page(VENDOR, states=(QuoteState.CONCLUDED,)))
    assert [quote for _, quote in sold] == [concluded]
    assert await db.read(lambda tx: tx.plain_quotes.next_end()) == a_quote().ends_at
    assert await db.read(lambda tx: tx.plain_quotes.due(NOW, 9)) == []
    assert await db.read(lambda tx: tx.plain_quotes.due(NOW + timedelta(days=10), 9)) == [a_quote(), later]
    await db.write(lambda tx: tx.plain_quotes.save(replace(later, state=QuoteState.EXPIRED)))
    await db.write(lambda tx: tx.plain_quotes.save(replace(a_quote(), state=QuoteState.WITHDRAWN)))
    assert await db.read(lambda tx: tx.plain_quotes.next_end()) is None
