"""Accounts, personas, keys, contacts, followers, sessions, blocks, notices."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from node.domain.accounts import Account, AccountKind, Contact, Persona, PersonaState
from node.domain.errors import Reason
from node.domain.messages import Sender
from node.store.ports import Block, Database, Follower, FollowState, KeyRow, Notice, Session, Tx
from tests.builders import ACCOUNT, NOW, TERMS, a_deal
from tests.contract.writing import each

pytestmark = pytest.mark.anyio

ANA = "https://ana.example/users/ana"
SHOP = "https://shop.example/users/shop"


def an_account(**over: object) -> Account:
    account = Account(
        id=ANA,
        name="ana",
        kind=AccountKind.PERSON,
        display_name="Ana Ñandú",
        created_at=NOW.replace(microsecond=123456),
        summary=None,
        terms_accepted=TERMS,
        password_hash="$argon2id$v=19$abc",
        approves_followers=False,
    )
    return replace(account, **over)  # type: ignore[arg-type]


async def test_accounts_come_back_exactly_and_by_name(db: Database) -> None:
    bob = an_account(id="https://ana.example/users/bob", name="bob", terms_accepted=(), password_hash=None)

    def save(tx: Tx) -> None:
        tx.accounts.save(an_account(display_name="Before"))
        tx.accounts.save(bob)
        tx.accounts.save(an_account())

    await db.write(save)
    assert await db.read(lambda tx: tx.accounts.get(ANA)) == an_account()
    assert await db.read(lambda tx: tx.accounts.by_name("bob")) == bob
    assert await db.read(lambda tx: tx.accounts.by_name("nobody")) is None
    assert await db.read(lambda tx: tx.accounts.get("https://nobody.example")) is None
    assert await db.read(lambda tx: tx.accounts.all()) == [an_account(), bob]


async def test_only_an_open_persona_serves_a_vendor(db: Database) -> None:
    free = Persona("https://ana.example/p/1", ANA, NOW)
    closed = Persona("https://ana.example/p/2", ANA, NOW, SHOP, PersonaState.CLOSED)
    opened = Persona("https://ana.example/p/3", ANA, NOW, SHOP)
    await db.write(each(lambda tx: tx.personas.save, free, closed, opened))
    assert await db.read(lambda tx: tx.personas.all(ANA)) == [free, closed, opened]
    assert await db.read(lambda tx: tx.personas.all(SHOP)) == []
    assert await db.read(lambda tx: tx.personas.get(closed.id)) == closed
    assert await db.read(lambda tx: tx.personas.get(SHOP)) is None
    assert await db.read(lambda tx: tx.personas.for_vendor(ANA, SHOP)) == opened
    await db.write(lambda tx: tx.personas.save(replace(opened, state=PersonaState.QUIET)))
    assert await db.read(lambda tx: tx.personas.for_vendor(ANA, SHOP)) is None


async def test_keys_are_listed_oldest_first_and_can_be_destroyed(db: Database) -> None:
    new = KeyRow(f"{ANA}#new", ANA, "ed25519", "z6Mk", b"\x01\x00\xff", NOW)
    old = KeyRow(f"{ANA}#old", ANA, "rsa", "PEM", b"sealed", NOW - timedelta(days=1))
    other = KeyRow(f"{SHOP}#k", SHOP, "rsa", "PEM", b"sealed", NOW)
    await db.write(each(lambda tx: tx.keys.save, new, old, other))
    assert await db.read(lambda tx: tx.keys.of(ANA)) == [old, new]
    destroyed = replace(old, sealed=None, revoked_at=NOW)
    await db.write(lambda tx: tx.keys.save(destroyed))
    assert await db.read(lambda tx: tx.keys.get(old.key_id)) == destroyed
    assert await db.read(lambda tx: tx.keys.of(ANA)) == [destroyed, new]
    assert await db.read(lambda tx: tx.keys.get("https://nobody.example#k")) is None


async def test_contacts_belong_to_one_account(db: Database) -> None:
    shop = Contact(ANA, SHOP, "@shop@shop.example", "Shop", f"{SHOP}/inbox", NOW, TERMS, ("rfc9421",), SHOP)
    bake = replace(shop, actor="https://bake.example/u", handle="@bake@bake.example", url=None)
    await db.write(each(lambda tx: tx.contacts.save, shop, bake, replace(shop, name="The Shop")))
    assert await db.read(lambda tx: tx.contacts.all(ANA)) == [bake, replace(shop, name="The Shop")]
    assert await db.read(lambda tx: tx.contacts.get(ANA, bake.actor)) == bake
    assert await db.read(lambda tx: (tx.contacts.has_any(ANA), tx.contacts.has_any("nobody"))) == (
        True,
        False,
    )
    assert await db.read(lambda tx: tx.contacts.get(SHOP, bake.actor)) is None
    assert await db.write(lambda tx: tx.contacts.remove(ANA, SHOP))
    assert not await db.write(lambda tx: tx.contacts.remove(ANA, SHOP))
    assert await db.read(lambda tx: tx.contacts.all(ANA)) == [bake]


async def test_contacts_are_paged_by_the_last_deal_with_each(db: Database) -> None:
    def contact(name: str) -> Contact:
        actor = f"https://{name}.example/actors/{name}"
        return Contact(ACCOUNT, actor, f"@{name}@{name}.example", name.title(), f"{actor}/inbox", NOW)

    bake, cut, dig, east = (contact(name) for name in ("bake", "cut", "dig", "east"))
    mine = [a_deal(id=f"d{n}", peer=one.actor) for n, one in enumerate((dig, cut, dig))]
    theirs = a_deal(id="s", side=Sender.VENDOR, account=ACCOUNT, own=ACCOUNT, peer=east.actor)

    def page(tx: Tx, words: str = "", **place: int) -> list[str]:
        return [one.name for one in tx.contacts.page(ACCOUNT, words=words, **place)]

    def write(tx: Tx) -> list[str]:
        for one in (east, dig, cut, bake, replace(bake, account=ANA)):
            tx.contacts.save(one)
        for deal in (*mine, theirs):
            tx.deals.save(deal, None)
        return page(tx)

    # What a function has saved it sees at once; a deal in which the account sells says nothing of vendors.
    assert await db.write(write) == ["Dig", "Cut", "Bake", "East"]
    await db.write(lambda tx: tx.deals.save(mine[1], None))
    assert await db.read(page) == ["Cut", "Dig", "Bake", "East"]
    assert await db.read(lambda tx: page(tx, limit=2, offset=1)) == ["Dig", "Bake"]
    assert await db.read(lambda tx: page(tx, "T .example")) == ["Cut", "East"]
    assert await db.read(lambda tx: page(tx, "T .example", limit=2, offset=1)) == ["East"]
    assert await db.read(lambda tx: page(tx, "nobody")) == []


async def test_only_accepted_followers_count(db: Database) -> None:
    first = Follower(SHOP, ANA, f"{ANA}/inbox", None, "https://ana.example/f/1", FollowState.ACCEPTED, NOW)
    later = replace(first, actor="https://bob.example/b", at=NOW + timedelta(seconds=1), shared_inbox="s")
    asked = replace(first, actor="https://eve.example/e", state=FollowState.PENDING)
    await db.write(each(lambda tx: tx.followers.save, later, first, asked))
    assert await db.read(lambda tx: tx.followers.all(SHOP)) == [first, later]
    assert await db.read(lambda tx: tx.followers.all(SHOP, state=FollowState.PENDING)) == [asked]
    assert await db.read(lambda tx: tx.followers.newest(SHOP)) == [later, first]
    assert await db.read(lambda tx: tx.followers.newest(SHOP, limit=1, offset=1)) == [first]
    assert await db.read(lambda tx: tx.followers.newest(SHOP, state=FollowState.PENDING)) == [asked]
    assert await db.read(lambda tx: tx.followers.count(SHOP)) == 2
    await db.write(lambda tx: tx.followers.save(replace(first, state=FollowState.REMOVED)))
    assert await db.read(lambda tx: tx.followers.count(SHOP)) == 1
    assert await db.read(lambda tx: tx.followers.get(SHOP, asked.actor)) == asked
    assert await db.read(lambda tx: tx.followers.get(ANA, asked.actor)) is None


async def test_sessions_end_one_by_one_or_together(db: Database) -> None:
    first = Session("hash1", ANA, NOW, NOW, "Firefox")
    second = replace(first, token_hash="hash2", created_at=NOW + timedelta(hours=1))
    third = replace(first, token_hash="hash3", created_at=NOW + timedelta(hours=2))
    other = replace(first, token_hash="hash4", account=SHOP)
    await db.write(
        each(lambda tx: tx.sessions.save, second, first, third, other, replace(first, label="Chromium"))
    )
    assert await db.read(lambda tx: tx.sessions.get("hash1")) == replace(first, label="Chromium")
    assert [s.token_hash for s in await db.read(lambda tx: tx.sessions.all(ANA))] == [
        "hash1",
        "hash2",
        "hash3",
    ]
    assert await db.write(lambda tx: tx.sessions.remove("hash1"))
    assert not await db.write(lambda tx: tx.sessions.remove("hash1"))
    assert await db.write(lambda tx: tx.sessions.remove_all(ANA)) == 2
    assert await db.read(lambda tx: tx.sessions.get("hash2")) is None
    assert await db.read(lambda tx: tx.sessions.all(SHOP)) == [other]


async def test_blocks_are_listed_by_domain(db: Database) -> None:
    await db.write(
        each(
            lambda tx: tx.blocks.save,
            Block("z.example", NOW),
            Block("a.example", NOW),
            Block("a.example", NOW, "spam"),
        )
    )
    expected = [Block("a.example", NOW, "spam"), Block("z.example", NOW)]
    assert await db.read(lambda tx: tx.blocks.all()) == expected
    assert await db.write(lambda tx: tx.blocks.remove("a.example"))
    assert not await db.write(lambda tx: tx.blocks.remove("a.example"))


async def test_notices_are_listed_newest_first_and_by_deal(db: Database) -> None:
    plain = Notice(ANA, NOW, "Welcome")
    refused = Notice(ANA, NOW, "Too late", "refused", "deal-1", Reason.EXPIRED)
    await db.write(each(lambda tx: tx.notices.add, plain, refused, replace(plain, account=SHOP)))
    both = await db.read(lambda tx: tx.notices.all(ANA))
    assert [replace(notice, id=0) for notice in both] == [refused, plain]
    assert len({notice.id for notice in both}) == 2
    assert await db.read(lambda tx: tx.notices.all(ANA, limit=1)) == both[:1]
    assert await db.read(lambda tx: tx.notices.all(ANA, deal_id="deal-1")) == both[:1]
    assert await db.read(lambda tx: tx.notices.all(SHOP, deal_id="deal-1")) == []
