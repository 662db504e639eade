"""Catalogue, rules, posts, standing offers, purchases that spoke."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from node.domain.intents import Place
from node.store.ports import Database, ImportRecord, Post, StockChange, Upload
from tests.builders import BICYCLE, NOW, VENDOR, a_rule, a_standing_offer, an_item, money
from tests.contract.writing import each

pytestmark = pytest.mark.anyio

OTHER = "https://shop.example/users/other"


async def test_items_come_back_exactly(db: Database) -> None:
    bare = an_item(sku="S1", stock=None, brand=None, delivery=None, properties=(), price=money("1.00"))
    full = an_item(
        stock=Decimal("2.500"), area="Glasgow", gtin="0123", url="https://shop.example/x", lead_days=9
    )
    await db.write(lambda tx: tx.catalogue.save(VENDOR, [bare, full]))
    assert await db.read(lambda tx: tx.catalogue.get(VENDOR, "S1")) == bare
    found = await db.read(lambda tx: tx.catalogue.get(VENDOR, full.sku))
    assert found == full
    assert str(found.stock) == "2.500"
    assert await db.read(lambda tx: tx.catalogue.get(OTHER, "S1")) is None
    assert await db.read(lambda tx: tx.catalogue.count(VENDOR)) == 2
    assert await db.read(lambda tx: tx.catalogue.known(VENDOR)) == {"S1", full.sku}
    assert await db.read(lambda tx: tx.catalogue.known(OTHER)) == set()


async def test_an_import_keeps_what_is_reserved(db: Database) -> None:
    await db.write(lambda tx: tx.catalogue.save(VENDOR, [an_item()]))
    await db.write(lambda tx: tx.catalogue.put(VENDOR, an_item().reserve(Decimal("1.5"))))
    await db.write(lambda tx: tx.catalogue.save(VENDOR, [an_item(name="Renamed", stock=Decimal(9))]))
    expected = an_item(name="Renamed", stock=Decimal(9), reserved=Decimal("1.5"))
    assert await db.read(lambda tx: tx.catalogue.get(VENDOR, expected.sku)) == expected
    await db.write(lambda tx: tx.catalogue.put(VENDOR, an_item(reserved=Decimal(0))))
    await db.write(lambda tx: tx.catalogue.save(VENDOR, [an_item(reserved=Decimal(4))]))
    found = await db.read(lambda tx: tx.catalogue.get(VENDOR, expected.sku))
    assert found is not None
    assert found.reserved == 0


async def test_items_are_listed_by_name_and_found_by_a_word(db: Database) -> None:
    items = [
        an_item(sku="B-2", name="apple Tree", brand="Größe"),
        an_item(sku="A-1", name="Äpfel", brand=None, category="https://www.wikidata.org/wiki/Q1"),
        an_item(sku="C-100%", name="Zebra", brand="North"),
        an_item(sku="A-0", name="Apple tree", brand="x"),
    ]
    await db.write(lambda tx: tx.catalogue.save(VENDOR, items))

    async def skus(**over: object) -> list[str]:
        found = await db.read(lambda tx: tx.catalogue.all(VENDOR, **over))  # type: ignore[arg-type]
        return [item.sku for item in found]

    assert await skus() == ["A-0", "B-2", "C-100%", "A-1"]
    assert await skus(limit=2) == ["A-0", "B-2"]
    assert await skus(search="APPLE") == ["A-0", "B-2"]
    assert await skus(search="äpf") == ["A-1"]
    assert await skus(search="GRÖSSE") == ["B-2"]
    assert await skus(search="0%") == ["C-100%"]
    assert await skus(search="%") == ["C-100%"]
    assert await skus(search="nothing") == []
    in_category = await db.read(lambda tx: tx.catalogue.in_category(VENDOR, BICYCLE))
    assert [item.sku for item in in_category] == ["A-0", "B-2", "C-100%"]
    assert await db.read(lambda tx: tx.catalogue.in_category(OTHER, BICYCLE)) == []


async def test_rules_stand_in_the_order_of_their_making(db: Database) -> None:
    place = Place("Glasgow", 55.9, -4.3, 10.5, "km")
    second = a_rule(id="r0", place=place, max_quantity=Decimal("2.50"), discount_percent=Decimal(5))
    changed = a_rule(enabled=False, fields_asked=("phone",))
    await db.write(each(lambda tx: partial(tx.rules.save, VENDOR), a_rule(), second, changed))
    assert await db.read(lambda tx: tx.rules.all(VENDOR)) == [changed, second]
    assert await db.read(lambda tx: tx.rules.all(OTHER)) == []
    assert await db.write(lambda tx: tx.rules.remove(VENDOR, "r0"))
    assert not await db.write(lambda tx: tx.rules.remove(VENDOR, "r0"))


async def test_posts_are_listed_newest_first_without_deleted_ones(db: Database) -> None:
    post = Post("https://shop.example/n/1", VENDOR, VENDOR, "standing offer", b"\x00{}", NOW, "a1", "seen")
    later = replace(post, id="https://shop.example/n/2", at=NOW + timedelta(seconds=1))
    same = replace(post, id="https://shop.example/n/3")
    gone = replace(post, id="https://shop.example/n/4", deleted_at=NOW)
    other = replace(post, id="https://shop.example/n/5", kind="feedback")
    await db.write(each(lambda tx: tx.posts.save, post, later, same, gone, other))
    assert await db.read(lambda tx: tx.posts.all(VENDOR, "standing offer")) == [later, same, post]
    assert await db.read(lambda tx: tx.posts.all(VENDOR, "standing offer", limit=1)) == [later]
    assert await db.read(lambda tx: tx.posts.all(VENDOR, "standing offer", limit=1, offset=1)) == [same]
    assert await db.read(lambda tx: tx.posts.all(VENDOR, "standing offer", since=later.at)) == [later]
    assert await db.read(lambda tx: tx.posts.all(VENDOR, "standing offer", since=NOW)) == [later, same, post]
    assert await db.read(lambda tx: tx.posts.get(gone.id)) == gone
    assert await db.read(lambda tx: tx.posts.get("none")) is None
    await db.write(lambda tx: tx.posts.save(replace(later, deleted_at=NOW)))
    assert await db.read(lambda tx: tx.posts.all(VENDOR, "standing offer")) == [same, post]


async def test_a_standing_offer_comes_back_exactly(db: Database) -> None:
    offer = a_standing_offer(unit_price=Decimal("1.350"), sku="MILK", withdrawn_at=None)
    await db.write(lambda tx: tx.posts.save_offer(VENDOR, a_standing_offer()))
    await db.write(lambda tx: tx.posts.save_offer(VENDOR, offer))
    found = await db.read(lambda tx: tx.posts.offer(offer.id))
    assert found == offer
    assert str(found.unit_price) == "1.350"
    assert await db.read(lambda tx: tx.posts.offer("none")) is None


async def test_the_first_who_speaks_for_a_purchase_stays_the_first(db: Database) -> None:
    assert await db.read(lambda tx: tx.purchase_keys.first("did:key:z1")) is None
    await db.write(lambda tx: tx.purchase_keys.remember("did:key:z1", "ana", "note-1"))
    await db.write(lambda tx: tx.purchase_keys.remember("did:key:z1", "eve", "note-2"))
    assert await db.read(lambda tx: tx.purchase_keys.first("did:key:z1")) == ("ana", "note-1")


async def test_the_list_of_items_goes_on_after_one_of_them(db: Database) -> None:
    items = [an_item(sku=f"S{n}", name=name) for n, name in enumerate(("b", "A", "a", "C"))]
    await db.write(lambda tx: tx.catalogue.save(VENDOR, items))
    first = await db.read(lambda tx: tx.catalogue.all(VENDOR, limit=2))
    assert [item.sku for item in first] == ["S1", "S2"]
    rest = await db.read(lambda tx: tx.catalogue.all(VENDOR, after="S2"))
    assert [item.sku for item in rest] == ["S0", "S3"]
    assert await db.read(lambda tx: tx.catalogue.all(VENDOR, after="S0", search="b")) == []
    assert await db.read(lambda tx: tx.catalogue.all(VENDOR, after="none")) == []


async def test_an_item_is_taken_away_with_its_properties(db: Database) -> None:
    await db.write(lambda tx: tx.catalogue.save(VENDOR, [an_item()]))
    assert await db.write(lambda tx: tx.catalogue.remove(OTHER, an_item().sku)) is False
    assert await db.write(lambda tx: tx.catalogue.remove(VENDOR, an_item().sku)) is True
    assert await db.write(lambda tx: tx.catalogue.remove(VENDOR, an_item().sku)) is False
    assert await db.read(lambda tx: tx.catalogue.count(VENDOR)) == 0
    await db.write(lambda tx: tx.catalogue.save(VENDOR, [an_item(properties=())]))
    found = await db.read(lambda tx: tx.catalogue.get(VENDOR, an_item().sku))
    assert found is not None
    assert found.properties == ()


async def test_changes_of_stock_are_listed_by_item_newest_first(db: Database) -> None:
    first = StockChange(VENDOR, "S1", NOW, None, Decimal("2.5"), "counted")
    second = StockChange(VENDOR, "S1", NOW, Decimal("2.5"), None, "Ünlimited")
    other = StockChange(VENDOR, "S2", NOW, Decimal(1), Decimal(0), "broken")
    await db.write(each(lambda tx: tx.stocktaking.add, first, second, other))
    assert await db.read(lambda tx: tx.stocktaking.of_item(VENDOR, "S1")) == [second, first]
    assert await db.read(lambda tx: tx.stocktaking.of_item(VENDOR, "S1", limit=1)) == [second]
    assert await db.read(lambda tx: tx.stocktaking.of_item(OTHER, "S1")) == []


async def test_one_table_waits_to_be_imported(db: Database) -> None:
    upload = Upload(VENDOR, NOW, "shelf.csv", "sku,name\n")
    await db.write(lambda tx: tx.stocktaking.save_upload(upload))
    newer = replace(upload, text="sku\n")
    await db.write(lambda tx: tx.stocktaking.save_upload(newer))
    assert await db.read(lambda tx: tx.stocktaking.upload(VENDOR)) == newer
    assert await db.read(lambda tx: tx.stocktaking.upload(OTHER)) is None
    assert await db.write(lambda tx: tx.stocktaking.drop_upload(VENDOR)) is True
    assert await db.write(lambda tx: tx.stocktaking.drop_upload(VENDOR)) is False


async def test_what_undoes_the_last_import_is_kept_and_no_other(db: Database) -> None:
    record = ImportRecord(VENDOR, NOW, "a.csv", ((an_item(), Decimal(3)),), (("S9", None),))
    await db.write(lambda tx: tx.stocktaking.save_import(replace(record, name="older")))
    await db.write(lambda tx: tx.stocktaking.save_import(record))
    assert await db.read(lambda tx: tx.stocktaking.last_import(VENDOR)) == record
    assert await db.read(lambda tx: tx.stocktaking.last_import(OTHER)) is None
    assert await db.read(lambda tx: tx.stocktaking.last_import_at(VENDOR)) == record.at
    assert await db.read(lambda tx: tx.stocktaking.last_import_at(OTHER)) is None
    assert await db.write(lambda tx: tx.stocktaking.drop_import(VENDOR)) is True
    assert await db.write(lambda tx: tx.stocktaking.drop_import(VENDOR)) is False
