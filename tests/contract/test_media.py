"""Pictures: whose they are, what for, who may see them, and when their bytes are gone."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from node.store.media import FOR_ALL, OWN, KeptPicture, Purpose
from node.store.ports import Database, Tx
from tests.builders import NOW

pytestmark = pytest.mark.anyio

ANA = "https://ana.example/actors/ana"
SHOP = "https://ana.example/actors/shop"
HOUR = timedelta(hours=1)
BODY = b"\xff\xd8 the bytes"


def a_picture(name: str = "a.jpg", body: bytes = BODY, **over: object) -> KeptPicture:
    made = KeptPicture(
        account=ANA,
        purpose=Purpose.POST,
        place="https://ana.example/posts/1",
        name=name,
        digest=hashlib.sha256(body).hexdigest(),
        media_type="image/jpeg",
        width=640,
        height=480,
        size_bytes=len(body),
        at=NOW,
        alt="A bicycle, red",
    )
    return replace(made, **over)  # type: ignore[arg-type]


async def keep(db: Database, *pictures: KeptPicture, body: bytes = BODY) -> None:
    def fill(tx: Tx) -> None:
        for picture in pictures:
            tx.media.add(picture, body)

    await db.write(fill)


async def test_picture_comes_back_whole_with_its_bytes(db: Database) -> None:
    await keep(db, a_picture())
    assert await db.read(lambda tx: tx.media.served("a.jpg")) == (a_picture(), BODY)
    assert await db.read(lambda tx: tx.media.find(ANA, "a.jpg")) == (a_picture(), BODY)
    assert await db.read(lambda tx: tx.media.find(SHOP, "a.jpg")) is None
    assert await db.read(lambda tx: tx.media.served("b.jpg")) is None


@pytest.mark.parametrize("purpose", Purpose)
async def test_only_what_is_for_all_is_served_and_the_owner_sees_everything(
    db: Database, purpose: Purpose
) -> None:
    await keep(db, a_picture(purpose=purpose))
    is_served = await db.read(lambda tx: tx.media.served("a.jpg")) is not None
    assert is_served is (purpose in FOR_ALL)
    assert await db.read(lambda tx: tx.media.find(ANA, "a.jpg")) is not None


async def test_bytes_are_gone_with_the_last_that_keeps_them_and_no_earlier(db: Database) -> None:
    mine, other = a_picture(), a_picture(account=SHOP, place="https://ana.example/posts/2")
    await keep(db, mine, other)
    assert await db.write(lambda tx: tx.media.remove(mine))
    assert await db.read(lambda tx: tx.media.served("a.jpg")) == (other, BODY)
    assert await db.write(lambda tx: tx.media.remove(other))
    assert not await db.write(lambda tx: tx.media.remove(other))
    assert await db.read(lambda tx: tx.media.served("a.jpg")) is None
    # Had the old bytes stayed, they would come back in place of these.
    await keep(db, mine, body=b"other bytes")
    found = await db.read(lambda tx: tx.media.served("a.jpg"))
    assert found is not None
    assert found[1] == b"other bytes"


async def test_a_picture_that_waited_goes_into_a_post_and_keeps_its_bytes(db: Database) -> None:
    waiting = a_picture(purpose=Purpose.WAITING, place="")
    await keep(db, waiting)
    assert await db.read(lambda tx: tx.media.served("a.jpg")) is None
    await db.write(lambda tx: tx.media.replace(waiting, a_picture()))
    assert await db.read(lambda tx: tx.media.served("a.jpg")) == (a_picture(), BODY)
    assert await db.read(lambda tx: tx.media.all(ANA, [Purpose.WAITING])) == []


async def test_replacing_what_is_not_there_changes_nothing(db: Database) -> None:
    await db.write(lambda tx: tx.media.replace(a_picture("x.jpg"), a_picture()))
    assert await db.read(lambda tx: tx.media.all(ANA, OWN)) == []


async def test_the_same_at_the_same_place_is_kept_once(db: Database) -> None:
    await keep(db, a_picture(), a_picture(alt="Red bicycle"))
    assert await db.read(lambda tx: tx.media.all(ANA, OWN)) == [a_picture(alt="Red bicycle")]
    assert await db.read(lambda tx: tx.media.size_bytes(ANA, OWN)) == len(BODY)


async def test_pictures_are_listed_by_place_in_the_order_in_which_they_came(db: Database) -> None:
    first, second = a_picture("b.jpg", at=NOW + HOUR), a_picture("a.jpg")
    elsewhere = a_picture("c.jpg", place="https://ana.example/posts/2")
    shown = a_picture("d.jpg", purpose=Purpose.SHOWN, place="https://far.example/d.png")
    await keep(db, first, second, elsewhere, shown, a_picture(account=SHOP))
    listed = await db.read(lambda tx: tx.media.all(ANA, [Purpose.POST], place=first.place))
    assert listed == [first, second]
    assert await db.read(lambda tx: tx.media.all(ANA, OWN)) == [first, second, elsewhere]
    assert await db.read(lambda tx: tx.media.all(ANA, [Purpose.SHOWN])) == [shown]


async def test_what_an_account_keeps_is_added_up_by_purpose(db: Database) -> None:
    await keep(db, a_picture(), a_picture("b.jpg"), a_picture(account=SHOP))
    await keep(db, a_picture("s.jpg", purpose=Purpose.SHOWN))
    assert await db.read(lambda tx: tx.media.size_bytes(ANA, OWN)) == 2 * len(BODY)
    assert await db.read(lambda tx: tx.media.size_bytes(ANA, [Purpose.SHOWN])) == len(BODY)
    assert await db.read(lambda tx: tx.media.size_bytes("nobody", OWN)) == 0


async def test_old_ones_are_found_oldest_first_whoever_has_them(db: Database) -> None:
    old = a_picture("old.jpg", purpose=Purpose.SHOWN, at=NOW - 2 * HOUR)
    older = a_picture("older.jpg", purpose=Purpose.WAITING, account=SHOP, at=NOW - 3 * HOUR)
    fresh, kept = a_picture("new.jpg", purpose=Purpose.SHOWN), a_picture("kept.jpg", at=NOW - 9 * HOUR)
    await keep(db, old, older, fresh, kept)
    passing = [Purpose.SHOWN, Purpose.WAITING]
    assert await db.read(lambda tx: tx.media.before(passing, NOW, limit=9)) == [older, old]
    assert await db.read(lambda tx: tx.media.before(passing, NOW, limit=1)) == [older]


async def test_an_export_goes_on_where_it_stopped_and_leaves_out_what_is_not_the_accounts(
    db: Database,
) -> None:
    mine = [a_picture(f"{n}.jpg") for n in range(3)]
    await keep(db, *mine, a_picture(account=SHOP), a_picture("s.jpg", purpose=Purpose.SHOWN))
    found, more = await db.read(lambda tx: tx.media.after(ANA, 0, limit=2))
    assert found == [(mine[0], BODY), (mine[1], BODY)]
    assert more is not None
    place = more
    found, more = await db.read(lambda tx: tx.media.after(ANA, place, limit=2))
    assert (found, more) == ([(mine[2], BODY)], None)
