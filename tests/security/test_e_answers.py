"""Group E: answers without measure or truth, byte by byte from real servers on loopback."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from typing import Any

import pytest

from federation.collections import read_collection
from federation.errors import DocumentRefused, FetchFailed
from federation.messages import Limits
from federation.ports import Outcome
from node.wire.html import clean_html, plain_text
from tests.security.peers import ACTIVITY
from tests.security.wire import (
    QUICK,
    Play,
    answer,
    endless,
    get,
    lying,
    peak_bytes,
    saying,
)

pytestmark = pytest.mark.anyio
MIB = 1024 * 1024
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/activity+json\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"


# --- E10 to E12: answers without measure ------------------------------------------------------------------


def a_bomb() -> bytes:
    return gzip.compress(gzip.compress(bytes(50 * MIB)))


@pytest.mark.parametrize(
    "encoding", ["gzip, gzip", "gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "gzip,identity"]
)
async def test_e10_a_nested_bomb_is_aborted_and_never_inflated(encoding: str, door: Any, post: Any) -> None:
    raw = answer(a_bomb(), f"content-encoding: {encoding}")
    async with lying(saying(raw)) as server, door(server) as out:
        with peak_bytes() as peak:
            with pytest.raises(DocumentRefused, match="encoded as"):
                await out.fetcher.fetch(server.url)
            outcome = await post(server.url, out.client, out.hosts)
            assert peak() < 20 * MIB
        assert outcome.outcome is Outcome.DELIVERED, "an inbox's answer counts by its status"
        assert all(b"accept-encoding: identity" in head for head in server.heads)


@pytest.mark.parametrize(
    "raw",
    [
        answer(a_bomb()),
        HEAD + b"transfer-encoding: gzip, chunked\r\n\r\n4\r\n\x1f\x8b\x08\x00\r\n0\r\n\r\n",
    ],
    ids=["unlabelled", "as transfer coding"],
)
async def test_e10_variant_a_bomb_under_no_label_is_bytes_and_no_document(raw: bytes, door: Any) -> None:
    async with lying(saying(raw)) as server, door(server, limits=QUICK) as out:
        with peak_bytes() as peak:
            with pytest.raises((DocumentRefused, FetchFailed)):
                await out.fetcher.fetch(server.url)
            assert peak() < 20 * MIB


@pytest.mark.parametrize(
    "play",
    [
        endless(b"x", head=HEAD + b"content-length: 100000\r\n\r\n", pause_s=0.05),
        endless(b"x", head=HEAD + b"\r\n", pause_s=0.05),
        endless(b"1\r\nx\r\n", head=CHUNKED, pause_s=0.05),
        endless(b"0", head=CHUNKED, pause_s=0.05),
        endless(b"x", head=CHUNKED + b"1;", pause_s=0.05),
        endless(b"x", head=b"HTTP/1.1 200 OK\r\nx-note: ", pause_s=0.05),
        endless(b"x: y\r\n", head=HEAD, pause_s=0.05),
        endless(b"x: y\r\n", head=CHUNKED + b"0\r\n", pause_s=0.05),
        endless(b"O", head=b"HTTP/1.1 200 ", pause_s=0.05),
        endless(b"HTTP/1.1 102 Wait\r\n\r\n", pause_s=0.2),
        endless(b"", pause_s=1.0),
    ],
    ids=[
        "body",
        "no length",
        "chunks",
        "chunk size",
        "extension",
        "header",
        "headers",
        "trailers",
        "status line",
        "interim",
        "silence",
    ],
)
async def test_e11_a_dripped_answer_ends_at_the_total_deadline(play: Play, door: Any, post: Any) -> None:
    async with lying(play) as server, door(server, limits=QUICK) as out:
        began = time.monotonic()
        with pytest.raises(FetchFailed, match="no complete answer within"):
            await out.fetcher.fetch(server.url)
        outcome = await post(server.url, out.client, out.hosts)
        assert outcome.outcome in (Outcome.RETRY, Outcome.DELIVERED)
        assert time.monotonic() - began < 5


def test_e11_as_shipped_a_fetch_ends_after_ten_seconds_and_a_delivery_after_thirty() -> None:
    assert (Limits().fetch_s, Limits().request_s) == (10.0, 30.0)
    assert (Limits().fetch_bytes, Limits().fetches_per_message) == (MIB, 20)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_e11_variant_a_connection_that_is_accepted_and_never_answered_ends_too(
    scheme: str, door: Any, post: Any
) -> None:
    """Over https it never shakes hands."""
    async with lying(None) as mute, door(mute, limits=QUICK) as out:
        url = mute.url.replace("http:", f"{scheme}:")
        began = time.monotonic()
        with pytest.raises(FetchFailed, match="no complete answer within"):
            await out.fetcher.fetch(url)
        outcome = await post(url, out.client, out.hosts)
        assert (outcome.outcome, outcome.attempted) == (Outcome.RETRY, True)
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "play",
    [
        endless(b"x" * 65536, head=HEAD + b"\r\n"),
        endless(b"10000\r\n" + b"x" * 65536 + b"\r\n", head=CHUNKED),
        endless(b"x" * 65536, head=HEAD + b"content-length: 104857600\r\n\r\n"),
        endless(b"x" * 65536, head=CHUNKED + b"1;"),
        endless(b"0" * 65536, head=CHUNKED),
        endless(b"x" * 65536, head=b"HTTP/1.1 200 OK\r\nx-note: "),
        endless(b"x: y\r\n" * 10_000, head=HEAD),
        endless(b"x: y\r\n" * 10_000, head=CHUNKED + b"0\r\n"),
        endless(b"H" * 65536),
        endless(b"HTTP/1.1 103 Early\r\nx: y\r\n\r\n" * 1000),
        endless(b" " * 65536, head=HEAD[:-2] + b"\r\n"),
    ],
    ids=[
        "no length",
        "chunks",
        "100 MB",
        "extension",
        "chunk size",
        "header",
        "headers",
        "trailers",
        "status line",
        "interim",
        "folded",
    ],
)
async def test_e12_an_answer_without_end_is_cut(play: Play, door: Any, post: Any) -> None:
    limits = Limits(fetch_s=5.0, request_s=5.0)
    async with lying(play) as server, door(server, limits=limits) as out:
        with peak_bytes() as peak:
            began = time.monotonic()
            with pytest.raises((FetchFailed, DocumentRefused)):
                await out.fetcher.fetch(server.url)
            await post(server.url, out.client, out.hosts, limits)
            assert time.monotonic() - began < 4, "cut by its size, not by the clock"
            assert peak() < 20 * MIB


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n".join(
            [b"HTTP/1.1 200 OK", *(b"x-%d: y" % n for n in range(10_000)), b"content-length: 2", b"", b"{}"]
        ),
        HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}x",
        HEAD + b"content-length: -1\r\n\r\n{}",
        HEAD + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        HEAD + b"content-length: 99999999999999999999\r\n\r\n{}",
        HEAD + b"transfer-encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}",
        b"{}",
        b"<html>",
        b"HTTP/0.9 200 OK\r\n\r\n{}",
        b"HTTP/1.1 20 OK\r\n\r\n{}",
        b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n{}",
        b"HTTP/2 200\r\n\r\n{}",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        HEAD + b"content-length: 200\r\n\r\n{}",
        HEAD + b"x\0y: z\r\n\r\n{}",
    ],
)
async def test_e12_variant_answers_that_lie_about_themselves_are_failures_and_no_crash(
    raw: bytes, door: Any, post: Any
) -> None:
    async with lying(saying(raw, close=True)) as server, door(server, limits=QUICK) as out:
        with pytest.raises((FetchFailed, DocumentRefused)):
            await out.fetcher.fetch(server.url)
        outcome = await post(server.url, out.client, out.hosts)
        assert outcome.outcome in (Outcome.RETRY, Outcome.DEAD, Outcome.DELIVERED)
        # And the client is as good as new.
        async with lying(saying(answer(b'{"id":"x"}'))) as honest, door(honest) as again:
            assert (await again.client.send(get(honest.url))).status == 200


async def test_e12_variant_what_comes_after_an_answer_is_not_taken_for_the_next_ones(door: Any) -> None:
    """A connection on which more came than was asked for is not used again."""
    spoilt = answer(b'{"n":1}') + answer(b'{"n":"forged"}')
    async with lying(saying(spoilt)) as server, door(server) as out:
        for _ in range(3):
            found = await out.client.send(get(server.url))
            assert found.body == b'{"n":1}'
        assert server.connections == 3


# --- E13, E14: documents without measure --------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [
        "<link rel=alternate type=application/activity+json href=x" * 20_000,
        '<link rel="' + "a " * 500_000 + '">',
        "<p>" * 300_000,
        "<b><i>" * 200_000 + "x",
        "<a href='" + "x" * 1_000_000,
        "<!--" * 300_000,
        "<" * 1_000_000,
        "&" * 1_000_000,
        "<svg><style><![CDATA[" * 50_000,
        "<table><tr><td>" * 50_000,
        "<a title='" + "&lt;" * 250_000 + "'>",
    ],
    ids=lambda page: page[:12],
)
async def test_e13_crafted_html_is_parsed_in_no_time_where_it_is_parsed_and_nowhere_else(
    page: str, door: Any
) -> None:
    """Pages are never read for links; only what people wrote in notes is, and that is cut first."""
    clean_html("<p>warm</p>")
    began = time.process_time()
    clean_html(page)
    plain_text(page)
    assert time.process_time() - began < 0.15, "three passes of 50 ms each"
    raw = answer(page.encode()[: MIB // 2]).replace(ACTIVITY.encode(), b"text/html; charset=utf-8", 1)
    async with lying(saying(raw)) as server, door(server) as out:
        with pytest.raises(DocumentRefused, match="of type 'text/html"):
            await out.fetcher.fetch(server.url)
        assert len(server.heads) == 1, "nothing in the page was asked for"


async def test_e14_a_collection_that_leads_to_itself_or_on_and_on_is_read_to_a_bound(door: Any) -> None:
    pages = 0
    where: list[str] = []

    async def page(_: Any, writer: asyncio.StreamWriter) -> None:
        nonlocal pages
        path = server.heads[-1].split(b" ")[1].decode()
        pages += 1
        following = path if "self" in path else f"/on/{pages}"
        document = {
            "id": f"{where[0]}{path}",
            "type": "OrderedCollection",
            "totalItems": 10**9,
            "orderedItems": [f"urn:{pages}"],
            "first": f"{where[0]}{following}",
            "next": f"{where[0]}{following}",
        }
        writer.write(answer(json.dumps(document).encode()))

    async with lying(page) as server, door(server) as out:
        where.append(f"http://{server.pair}")
        assert await read_collection(out.fetcher, f"{where[0]}/self") == ["urn:1"]
        assert pages == 1
        assert len(await read_collection(out.fetcher, f"{where[0]}/on")) == 11
        assert pages == 12, "the collection and ten pages"


async def test_e14_variant_a_million_items_are_cut_by_number_and_by_size(door: Any) -> None:
    where: list[str] = []

    async def play(_: Any, writer: asyncio.StreamWriter) -> None:
        count = 1_000_000 if b"/all" in server.heads[-1].split(b"\r\n")[0] else 100_000
        path = server.heads[-1].split(b" ")[1].decode()
        items = ",".join(["1"] * count)
        body = f'{{"id":"{where[0]}{path}","type":"OrderedCollection","orderedItems":[{items}]}}'
        writer.write(answer(body.encode()))

    async with lying(play) as server, door(server) as out:
        where.append(f"http://{server.pair}")
        with pytest.raises(DocumentRefused, match="larger than"):
            await read_collection(out.fetcher, f"{where[0]}/all")
        assert len(await read_collection(out.fetcher, f"{where[0]}/many")) == 1000
