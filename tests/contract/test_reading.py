"""Timelines: each Note once, the newest kept; and likes and shares: each actor once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from node.domain.notes import Attachment, Mention, Note, Visibility
from node.store import reading as ports
from node.store.ports import Database, Tx
from node.store.reading import GivenReaction, Reaction, ReactionKind, Reading, Tally
from tests.builders import NOW

pytestmark = pytest.mark.anyio

ANA = "https://ana.example/actors/ana"
BEA = "https://ana.example/actors/bea"
BOB = "https://fedi.example/users/bob"
EVE = "https://else.example/users/eve"
POST = "https://ana.example/posts/1"
HOUR = timedelta(hours=1)


def a_note(number: int = 1, **over: object) -> Note:
    made = Note(
        id=f"https://fedi.example/notes/{number}",
        author=BOB,
        content="<p>Hello</p>",
        published_at=NOW,
        visibility=Visibility.UNLISTED,
        updated_at=NOW + HOUR,
        summary="Greeting",
        language="en",
        mentions=(Mention(ANA, "@ana@ana.example"),),
        hashtags=("milk",),
        attachments=(Attachment("https://fedi.example/x.png", "image/png", "A cow", 4, 3),),
        to=(ANA,),
    )
    return replace(made, **over)  # type: ignore[arg-type]


def a_reading(number: int = 1, **over: object) -> Reading:
    made = Reading(ANA, a_note(number), NOW, name="Bob", handle="@bob@fedi.example", is_offer=True)
    return replace(made, **over)  # type: ignore[arg-type]


def a_reaction(actor: str = BOB, kind: ReactionKind = ReactionKind.LIKE, **over: object) -> Reaction:
    made = Reaction(POST, actor, kind, f"{actor}/{kind}/1", NOW, "🥛")
    return replace(made, **over)  # type: ignore[arg-type]


async def shelve(db: Database, *readings: Reading) -> list[bool]:
    return await db.write(lambda tx: [tx.readings.add(reading) for reading in readings])


async def react(db: Database, *reactions: Reaction) -> None:
    def fill(tx: Tx) -> None:
        for reaction in reactions:
            tx.reactions.add(reaction)

    await db.write(fill)


# --- timelines -----------------------------------------------------------------------------------------


async def test_a_note_comes_back_whole_and_stands_once_in_each_timeline(db: Database) -> None:
    assert await shelve(db, a_reading(), a_reading(account=BEA)) == [True, True]
    assert await shelve(db, a_reading(name="Robert")) == [False]
    assert await db.read(lambda tx: tx.readings.get(ANA, a_note().id)) == a_reading()
    assert await db.read(lambda tx: tx.readings.get(ANA, "nothing")) is None
    assert await db.read(lambda tx: tx.readings.of_note(a_note().id)) == [a_reading(), a_reading(account=BEA)]


async def test_a_timeline_is_read_newest_first_and_goes_on_where_it_stopped(db: Database) -> None:
    await shelve(db, *(a_reading(n) for n in range(5)), a_reading(9, account=BEA))
    page = await db.read(lambda tx: tx.readings.page(ANA, limit=2))
    assert [one.note.id[-1] for _, one in page] == ["4", "3"]
    rest = await db.read(lambda tx: tx.readings.page(ANA, before=page[-1][0], limit=9))
    assert [one.note.id[-1] for _, one in rest] == ["2", "1", "0"]


async def test_what_lies_too_deep_is_dropped_from_that_timeline_alone(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for adapter in ("sqlite", "memory"):
        monkeypatch.setattr(f"node.store.{adapter}.reading.READINGS_KEPT", 3)
    assert ports.READINGS_KEPT == 2000
    await shelve(db, a_reading(9, account=BEA), *(a_reading(n) for n in range(5)))
    assert [one.note.id[-1] for _, one in await db.read(lambda tx: tx.readings.page(ANA))] == ["4", "3", "2"]
    assert len(await db.read(lambda tx: tx.readings.page(BEA))) == 1


async def test_an_edit_stays_where_the_note_stands(db: Database) -> None:
    await shelve(db, a_reading(1), a_reading(2))
    edited = a_reading(1, note=a_note(1, content="<p>Hallo</p>"))
    await db.write(lambda tx: tx.readings.change(edited))
    await db.write(lambda tx: tx.readings.change(a_reading(7)))
    page = await db.read(lambda tx: tx.readings.page(ANA))
    assert [one for _, one in page] == [a_reading(2), edited]


async def test_a_share_is_found_by_who_shared_it_and_how(db: Database) -> None:
    shared = a_reading(1, shared_by=EVE, share_id="https://else.example/a/1", sharer="@eve@else.example")
    await shelve(db, shared, a_reading(2))
    assert await db.read(lambda tx: tx.readings.of_share(EVE, shared.share_id)) == [shared]
    assert await db.read(lambda tx: tx.readings.of_share(BOB, shared.share_id)) == []
    assert await db.read(lambda tx: tx.readings.of_share("", "")) == []


async def test_what_an_actor_sent_lately_is_counted_by_who_brought_it(db: Database) -> None:
    await shelve(db, a_reading(1), a_reading(2, at=NOW - 2 * HOUR), a_reading(3, shared_by=EVE))
    assert await db.read(lambda tx: tx.readings.came_since(ANA, BOB, NOW - HOUR)) == 1
    assert await db.read(lambda tx: tx.readings.came_since(ANA, EVE, NOW - HOUR)) == 1
    assert await db.read(lambda tx: tx.readings.came_since(BEA, BOB, NOW - HOUR)) == 0


async def test_a_note_and_all_of_an_actor_can_be_taken_out(db: Database) -> None:
    await shelve(db, *(a_reading(n) for n in (1, 2)), a_reading(1, account=BEA))
    await shelve(db, a_reading(3, note=a_note(3, author=EVE), shared_by=BOB))
    await shelve(db, a_reading(4, note=a_note(4, author=EVE)))
    assert await db.write(lambda tx: tx.readings.remove(ANA, a_note(2).id))
    assert not await db.write(lambda tx: tx.readings.remove(ANA, a_note(2).id))
    assert await db.write(lambda tx: tx.readings.remove_of(BOB, account=ANA)) == 2
    assert len(await db.read(lambda tx: tx.readings.page(ANA))) == 1
    assert await db.write(lambda tx: tx.readings.remove_of(BOB)) == 1
    assert await db.read(lambda tx: tx.readings.page(BEA)) == []


# --- likes and shares ----------------------------------------------------------------------------------


async def test_each_actor_counts_once_of_each_kind(db: Database) -> None:
    again = a_reaction(activity_id="another", emoji="")
    await react(db, a_reaction(), again, a_reaction(kind=ReactionKind.SHARE), a_reaction(EVE))
    await react(db, a_reaction(post_id=f"{POST}2"))
    found = await db.read(lambda tx: tx.reactions.tally([POST, f"{POST}2", "nothing"]))
    assert found == {POST: Tally(likes=2, shares=1), f"{POST}2": Tally(likes=1)}
    assert await db.read(lambda tx: tx.reactions.get(POST, BOB, ReactionKind.LIKE)) == again
    assert await db.read(lambda tx: tx.reactions.get(POST, EVE, ReactionKind.SHARE)) is None


async def test_a_reaction_is_found_by_its_act_and_only_as_its_actor_s(db: Database) -> None:
    await react(db, a_reaction())
    act = a_reaction().activity_id
    assert await db.read(lambda tx: tx.reactions.by_activity(BOB, act)) == a_reaction()
    assert await db.read(lambda tx: tx.reactions.by_activity(EVE, act)) is None
    assert await db.write(lambda tx: tx.reactions.remove(POST, BOB, ReactionKind.LIKE))
    assert not await db.write(lambda tx: tx.reactions.remove(POST, BOB, ReactionKind.LIKE))
    assert await db.read(lambda tx: tx.reactions.tally([POST])) == {}


async def test_reactions_are_listed_newest_first_and_gone_with_their_post(db: Database) -> None:
    await react(db, a_reaction(), a_reaction(EVE, at=NOW - HOUR), a_reaction(post_id=f"{POST}2"))
    assert [one.actor for one in await db.read(lambda tx: tx.reactions.of_post(POST))] == [EVE, BOB]
    assert len(await db.read(lambda tx: tx.reactions.of_post(POST, limit=1))) == 1
    assert await db.read(lambda tx: tx.reactions.came_since(BOB, NOW)) == 2
    assert await db.read(lambda tx: tx.reactions.came_since(EVE, NOW)) == 0
    assert await db.write(lambda tx: tx.reactions.remove_post(POST)) == 2
    assert await db.read(lambda tx: tx.reactions.tally([POST, f"{POST}2"])) == {f"{POST}2": Tally(likes=1)}


async def test_what_our_accounts_gave_is_kept_until_it_is_taken_back(db: Database) -> None:
    like = GivenReaction(ANA, a_note().id, ReactionKind.LIKE, f"{ANA}/like", BOB, f"{BOB}/inbox", NOW)
    share = replace(like, kind=ReactionKind.SHARE, activity_id=f"{ANA}/share")

    def fill(tx: Tx) -> None:
        for one in (like, share, replace(like, account=BEA), replace(like, activity_id="again")):
            tx.reactions.give(one)

    await db.write(fill)
    again = replace(like, activity_id="again")
    assert await db.read(lambda tx: tx.reactions.given(ANA, like.object_id, ReactionKind.LIKE)) == again
    assert await db.read(lambda tx: tx.reactions.all_given(ANA)) == [again, share]
    assert await db.read(lambda tx: tx.reactions.all_given(ANA, kind=ReactionKind.SHARE)) == [share]
    assert await db.read(lambda tx: tx.reactions.all_given(ANA, limit=1)) == [again]
    assert await db.write(lambda tx: tx.reactions.take_back(ANA, like.object_id, ReactionKind.LIKE))
    assert not await db.write(lambda tx: tx.reactions.take_back(ANA, like.object_id, ReactionKind.LIKE))
    assert await db.read(lambda tx: tx.reactions.given(ANA, like.object_id, ReactionKind.LIKE)) is None
