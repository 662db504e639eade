"""Group A: what a stranger may do to the server with HTTP alone, over real sockets at the shipped door.

Each refused request is, but for its one flaw, one that V takes.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import anyio
import pytest

from federation import signatures
from federation.asgi import RequestGuard
from federation.intake import Room
from federation.messages import HttpMessage
from node.app import create_app
from node.runtime.connections import DoorSettings
from tests.security.forging import a_follow
from tests.security.front import Answer, Caller, at_the_door, raw, spoken
from tests.security.world import World

pytestmark = pytest.mark.anyio

INBOX = "/actors/shop/inbox"
TYPE = "Content-Type: application/activity+json"
MOST = 256 * 1024


UVLOOP: tuple[str, dict[str, Any]] = ("asyncio", {"use_uvloop": True})
on_both_loops = pytest.mark.parametrize(
    "anyio_backend", [UVLOOP, ("asyncio", {"use_uvloop": False})], ids=["uvloop", "asyncio"]
)
"""For what they might do differently: how connections end."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The loop that `obverse serve` runs on."""
    return UVLOOP


def signed(world: World, **changes: Any) -> HttpMessage:
    """A follow that the shop takes."""
    request = world.v.request(a_follow(world.m, world.v.actor("shop"), **changes), "shop")
    return signatures.sign(request, world.m.ed25519, now=world.clock.now)


def lines_of(request: HttpMessage) -> list[str]:
    """Its headers, without Host and without a length."""
    return [f"{name}: {value}" for name, value in request.headers if name != "host"]


async def test_a_request_without_a_flaw_is_taken_and_the_line_stays_open(world: World) -> None:
    """The counterpart of all that follows."""
    async with at_the_door(world.v) as front:
        caller = await front.call()
        first = await caller.ask(spoken(signed(world), INBOX))
        second = await caller.ask(raw("GET", "/actor"))
        assert (first.status, second.status, second.closed) == (202, 200, False)
        await world.v.settle()
        assert await world.v.followers() == [world.m.id]


# --- A01: length ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [INBOX, "/inbox", "/actor", "/nowhere", "/static/x"])
async def test_a01_length_one_byte_over_the_limit_is_413_before_the_body_is_read(
    world: World, path: str
) -> None:
    async with at_the_door(world.v) as front:
        over = raw("POST", path, TYPE, f"Content-Length: {MOST + 1}")
        answer = await front.refuses(over, statuses=[413])
        assert answer.seconds < 2, "it waited for the body"
        await front.refuses(raw("POST", path, TYPE, "Content-Length: " + "9" * 400), statuses=[400, 413])


@on_both_loops
async def test_a01_the_sender_of_a_large_body_hears_the_413_and_no_reset(world: World) -> None:
    """It is still sending when it is refused: what comes is read for a while, so that the answer arrives."""
    async with at_the_door(world.v) as front:
        body = b"x" * (MOST + 1)
        over = raw("POST", INBOX, TYPE, f"Content-Length: {len(body)}", body=body)
        await front.refuses(over, statuses=[413])
        caller = await front.call()
        for at in range(0, len(over), 65_536):
            caller.writer.write(over[at : at + 65_536])
            await asyncio.sleep(0.02)
        answer = await caller.reader.read()  # ConnectionResetError, where the rest was left unread
        assert answer.startswith(b"HTTP/1.1 413")


async def test_a01_a_sender_that_waits_for_100_continue_hears_413_instead(world: World) -> None:
    async with at_the_door(world.v) as front:
        over = raw("POST", INBOX, TYPE, f"Content-Length: {MOST + 1}", "Expect: 100-continue")
        answer = await front.refuses(over, statuses=[413])
        assert b"100 Continue" not in answer.data
        request = signed(world)
        caller = await front.call()
        head = raw(
            "POST", INBOX, *lines_of(request), f"Content-Length: {len(request.body)}", "Expect: 100-continue"
        )
        await caller.say(head)
        assert await caller.reader.readexactly(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert (await caller.ask(request.body)).status == 202


@pytest.mark.parametrize("size", [1, 1000, 65_536])
async def test_a01_a_chunked_body_over_the_limit_is_413_as_soon_as_it_is_over(
    world: World, size: int
) -> None:
    """Small chunks too: what they add on the wire is bounded as well."""
    async with at_the_door(world.v) as front:
        chunk = b"%x\r\n" % size + b"x" * size + b"\r\n"
        head = raw("POST", INBOX, TYPE, "Transfer-Encoding: chunked")
        await front.refuses(head, *[chunk * (1 + 600_000 // len(chunk) // 10)] * 10, statuses=[413])


@on_both_loops
async def test_a01_what_comes_after_the_last_answer_is_thrown_away_within_a_bound(world: World) -> None:
    async with at_the_door(world.v, linger_bytes=100_000) as front:
        caller = await front.call()
        await caller.say(raw("POST", INBOX, TYPE, f"Content-Length: {50 * 1024 * 1024}"))
        began = time.monotonic()
        for _ in range(800):
            if caller.reader.at_eof() and caller.writer.is_closing():
                break
            await caller.say(b"x" * 65_536)
        assert time.monotonic() - began < 5
        await asyncio.sleep(0.1)
        assert len(front.door) == 0


# --- A03, A04, and other ways to say where a request ends --------------------------------------------------


@pytest.mark.parametrize("other", ["{0}", "{1}", "0", "{0}, {0}", "+{0}", "-1", "0x10", "{0}.0", "1_0", ""])
async def test_a03_two_lengths_or_an_odd_one_are_400(world: World, other: str) -> None:
    request = signed(world)
    length = len(request.body)
    text = f"Content-Length: {other.format(length, length + 1)}"
    both = raw("POST", INBOX, *lines_of(request), f"Content-Length: {length}", text, body=request.body)
    async with at_the_door(world.v) as front:
        await front.refuses(both, statuses=[400])
        if other not in ("{0}", "{1}", "0"):
            alone = raw("POST", INBOX, *lines_of(request), text, body=request.body)
            await front.refuses(alone, statuses=[400])
        await front.send(spoken(request, INBOX), until_closed=False)
        await world.v.settle()
        assert await world.v.followers() == [world.m.id], "one length is taken"


@pytest.mark.parametrize(
    "codings",
    [
        ("Content-Length: {n}", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: {n}"),
        ("Content-Length: {n}", "Transfer-Encoding: identity"),
        ("Content-Length: {n}", "transfer-encoding:\tchunked"),
        ("Content-Length: {n}", "Transfer-Encoding: xchunked"),
    ],
)
async def test_a04_length_and_transfer_encoding_together_are_400(
    world: World, codings: tuple[str, str]
) -> None:
    request = signed(world)
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(request.body), request.body)
    told = [line.format(n=len(chunked)) for line in codings]
    async with at_the_door(world.v) as front:
        await front.refuses(raw("POST", INBOX, *lines_of(request), *told, body=chunked), statuses=[400])


@pytest.mark.parametrize(
    "coding",
    [
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: \x0bchunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: ",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding: chunked\nX: y",
        "X: y\nTransfer-Encoding: chunked",
    ],
)
async def test_a04_variant_no_other_transfer_coding_than_chunked_once_is_known(
    world: World, coding: str
) -> None:
    request = signed(world)
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(request.body), request.body)
    async with at_the_door(world.v) as front:
        await front.refuses(raw("POST", INBOX, *lines_of(request), coding, body=chunked), statuses=[400])


async def test_a04_variant_a_chunked_body_is_taken_and_one_with_odd_chunks_is_not(world: World) -> None:
    request = signed(world)
    size = len(request.body)
    head = raw("POST", INBOX, *lines_of(request), "Transfer-Encoding: chunked")
    async with at_the_door(world.v) as front:
        for odd in (
            b"%x\n%b\n0\n\n" % (size, request.body),
            b"0x%x\r\n%b\r\n0\r\n\r\n" % (size, request.body),
            b"%x \r\n%b\r\n0\r\n\r\n" % (size, request.body),
            b"-1\r\n%b\r\n0\r\n\r\n" % request.body,
            b"fffffffffffffffff\r\n",
            b"%x\r\n%bX\r\n0\r\n\r\n" % (size, request.body),
        ):
            await front.refuses(head, odd, statuses=[400])
        good = await front.send(head, b"%x\r\n%b\r\n0\r\n\r\n" % (size, request.body), until_closed=False)
        assert good.status == 202


async def test_a04_variant_fields_after_the_body_are_400_and_never_headers(world: World) -> None:
    """A signature that arrives behind the body would be held against what was read before it."""
    request = signed(world)
    early = [line for line in lines_of(request) if not line.startswith("signature:")]
    late = next(line for line in lines_of(request) if line.startswith("signature:"))
    head = raw("POST", INBOX, *early, "Transfer-Encoding: chunked")
    body = b"%x\r\n%b\r\n" % (len(request.body), request.body)
    async with at_the_door(world.v) as front:
        await front.refuses(head, body, b"0\r\n" + late.encode() + b"\r\n\r\n", statuses=[400])
        await front.refuses(head, body, b"0\r\nX: " + b"y" * 100_000, statuses=[400])


async def test_a04_variant_nothing_is_read_behind_a_request_before_its_answer(world: World) -> None:
    """What a proxy took for a body must not become a request of its own."""
    async with at_the_door(world.v) as front:
        two = raw("GET", "/actor") + spoken(signed(world), INBOX)
        answer = await front.refuses(two, statuses=[200])
        assert answer.headers["content-type"].startswith("application/activity+json")
        three = raw("GET", "/actor", "Content-Length: 3", body=b"abc") + raw("GET", "/inbox")
        await front.refuses(three, statuses=[200])


async def test_a04_variant_the_body_of_a_get_is_no_request(world: World) -> None:
    inner = spoken(signed(world), INBOX)
    async with at_the_door(world.v) as front:
        caller = await front.call()
        await caller.say(raw("GET", "/actor", f"Content-Length: {len(inner)}"))
        await asyncio.sleep(0.05)
        await caller.say(inner)
        answer = await caller.hear()
        assert (answer.status, answer.count, answer.closed) == (200, 1, True)
        await world.v.settle()
        assert await world.v.followers() == []


# --- A05 to A08: whom it is for ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hosts", [("v.example", "t.example"), ("t.example", "v.example"), ("v.example",) * 2]
)
async def test_a05_two_hosts_are_400(world: World, hosts: tuple[str, str]) -> None:
    request = spoken(signed(world), INBOX, f"Host: {hosts[1]}")
    async with at_the_door(world.v) as front:
        await front.refuses(request.replace(b"v.example", hosts[0].encode(), 1), statuses=[400])


@pytest.mark.parametrize("version", ["1.1", "1.0"])
async def test_a06_no_host_is_400(world: World, version: str) -> None:
    request = spoken(signed(world), INBOX).replace(b"Host: v.example\r\n", b"", 1)
    async with at_the_door(world.v) as front:
        await front.refuses(request.replace(b"HTTP/1.1", f"HTTP/{version}".encode(), 1), statuses=[400])


@pytest.mark.parametrize(
    "host",
    ["v.example/admin?", "v.example?", "v.example#", "m@v.example", "v.example:443:443", "v.example:x", "",
     "v.example, v.example", "v.example\\t.example", "v.example%2f", "v_.example/", "[::1", "v.exampl\xe9"],
)  # fmt: skip
async def test_a07_host_with_more_than_a_name_in_it_is_400(world: World, host: str) -> None:
    request = signed(world)
    lines = [*lines_of(request), f"Content-Length: {len(request.body)}"]
    async with at_the_door(world.v) as front:
        await front.refuses(raw("POST", INBOX, *lines, body=request.body, host=host), statuses=[400])


@pytest.mark.parametrize(
    "path",
    ["/actors/%73hop/inbox", "//actors/shop/inbox", "/./actors/shop/inbox", "/actors/x/../shop/inbox",
     "/actors/shop/inbox/", "/actors/shop//inbox", "/actors/shop/%69nbox", "/ACTORS/shop/inbox",
     "/actors%2Fshop%2Finbox", "/actors/shop/inbox;x", "/%2e/actors/shop/inbox", "/actors/shop/inbox%20"],
)  # fmt: skip
async def test_a07_routing_is_by_the_path_as_it_is_spelt(world: World, path: str) -> None:
    """Signed for the very address that it is sent to, so that only the spelling is wrong."""
    request = world.v.request(a_follow(world.m, world.v.actor("shop")), "shop")
    request = replace(request, url=f"https://v.example{path}")
    request = signatures.sign(request, world.m.ed25519, now=world.clock.now)
    async with at_the_door(world.v) as front:
        before = world.v.snapshot()
        answer = await front.send(spoken(request, path, "Connection: close"))
        await world.v.settle()
        assert answer.status in (404, 405), answer.data
        assert (answer.count, answer.closed) == (1, True)
        assert world.v.snapshot() == before


@pytest.mark.parametrize(
    "path", ["/static/%6fbverse.svg", "/%61ctor", "//actor", "/static/../actor", "/actor/"]
)
async def test_a07_a_document_has_one_spelling(world: World, path: str) -> None:
    async with at_the_door(world.v) as front:
        assert (await front.send(raw("GET", "/static/obverse.svg"), until_closed=False)).status == 200
        assert (await front.send(raw("GET", path), until_closed=False)).status == 404


@pytest.mark.parametrize(
    "target",
    ["https://v.example/actors/shop/inbox", "http://v.example/actors/shop/inbox", "*", "actors/shop/inbox",
     "v.example:443", "/actors/shop/inbox#x", "/actors/shop/inbox%00", "/actors/shop/inbox%0d%0aX:y",
     "/actors/shop/inbox%", "/actors/shop\\inbox", "/actors/sh\xf6p/inbox", "/actors/shop/inbox\x01", ""],
)  # fmt: skip
async def test_a07_variant_a_target_that_is_no_plain_path_is_400(world: World, target: str) -> None:
    request = signed(world)
    lines = [*lines_of(request), f"Content-Length: {len(request.body)}"]
    async with at_the_door(world.v) as front:
        await front.refuses(raw("POST", target, *lines, body=request.body), statuses=[400])


@pytest.mark.parametrize(
    "host", ["t.example", "V.example.t.example", "v.example:8443", "127.0.0.1", "localhost", "[::1]"]
)
async def test_a08_host_of_another_node_is_421(world: World, host: str) -> None:
    request = signed(world)
    lines = [*lines_of(request), f"Content-Length: {len(request.body)}"]
    async with at_the_door(world.v) as front:
        await front.refuses(raw("POST", INBOX, *lines, body=request.body, host=host), statuses=[421])
        own = await front.send(
            raw("POST", INBOX, *lines, body=request.body, host="V.Example:443"), until_closed=False
        )
        assert own.status == 202


# --- A09 to A12: too large, too slow ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        b"X: " + b"y" * 200_000 + b"\r\n",
        b"X: y\r\n" * 10_000,
        b"a:\r\n" * 200,
        b"X" * 20_000 + b": y\r\n",
    ],
    ids=["200 KB", "10,000", "200 tiny ones", "a long name"],
)
async def test_a09_a_large_head_is_431(world: World, head: bytes) -> None:
    async with at_the_door(world.v) as front:
        await front.refuses(b"GET /actor HTTP/1.1\r\nHost: v.example\r\n" + head + b"\r\n", statuses=[431])


@on_both_loops
async def test_a09_a_head_without_an_end_is_431_once_it_is_over_the_limit(world: World) -> None:
    """Whether it is one long line, one long path, or empty lines: it is never kept beyond the limit."""
    async with at_the_door(world.v) as front:
        for start in (b"GET /actor HTTP/1.1\r\nHost: v.example\r\nX: ", b"GET /", b"\r\n"):
            caller = await front.call()
            await caller.say((start + b"y" * 16_384 if start.strip() else start * 9000)[:16_383])
            await asyncio.sleep(0.05)
            assert not caller.reader.at_eof()
            assert len(front.door) == 1
            await caller.say(b"\r\n" if not start.strip() else b"yy")
            answer = await caller.hear()
            assert (answer.status, answer.closed) == (431, True)
            await caller.close()
        assert await front.is_alive()


@on_both_loops
async def test_a10_a_head_that_drips_is_closed(world: World) -> None:
    async with at_the_door(world.v, head_s=0.5, linger_s=0.2) as front:
        caller = await front.call()
        request = raw("GET", "/actor", "X: " + "y" * 1000)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: caller.drip(request, every_s=0.05))
            answer = await caller.hear()
        assert (answer.status, answer.closed) == (408, True)
        assert 0.4 < answer.seconds < 3
        await asyncio.sleep(0.5)
        assert len(front.door) == 0


@on_both_loops
async def test_a10_a_second_head_that_drips_on_a_kept_line_is_closed_as_well(world: World) -> None:
    async with at_the_door(world.v, head_s=0.5, linger_s=0.2, silent_s=30) as front:
        caller = await front.call()
        assert (await caller.ask(raw("GET", "/actor"))).status == 200
        began = time.monotonic()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: caller.drip(raw("GET", "/actor", "X: " + "y" * 1000), every_s=0.05))
            answer = await caller.hear()
        assert (answer.status, answer.closed) == (408, True)
        assert time.monotonic() - began < 3


@on_both_loops
async def test_a11_a_silent_connection_is_closed(world: World) -> None:
    async with at_the_door(world.v, silent_s=0.3) as front:
        silent, kept = await front.call(), await front.call()
        assert (await kept.ask(raw("GET", "/actor"))).status == 200
        for caller in (silent, kept):
            answer = await caller.hear()
            assert (answer.data, answer.closed) == (b"", True)
            assert answer.seconds < 3
        assert len(front.door) == 0


@pytest.mark.parametrize("path", [INBOX, "/actor", "/nowhere"])
async def test_a12_a_body_that_drips_is_408(world: World, path: str) -> None:
    """The application's own bound in the inbox; elsewhere nobody waits for the body at all."""
    world.v.app = create_app(world.v.open.node, world.v.open.inbox, room=Room(body_s=0.4))
    async with at_the_door(world.v) as front:
        caller = await front.call()
        body = b"x" * 1000
        head = raw("POST", path, TYPE, f"Content-Length: {len(body)}")
        await caller.say(head)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: caller.drip(body, every_s=0.05))
            answer = await caller.hear()
            tasks.cancel_scope.cancel()
        assert answer.status == (408 if path == INBOX else 405 if path == "/actor" else 404)
        assert answer.closed
        assert answer.seconds < 4


@on_both_loops
async def test_a12_the_door_ends_what_the_application_would_wait_for(world: World) -> None:
    async with at_the_door(world.v, body_s=-0.7) as front:  # and a second of grace for the application
        caller = await front.call()
        await caller.say(raw("POST", INBOX, TYPE, "Content-Length: 100", body=b"x"))
        answer = await caller.hear()
        assert (answer.status, answer.closed) == (408, True)
        assert answer.seconds < 3


@pytest.mark.slow
async def test_a10_to_a12_the_shipped_bounds_hold_by_the_clock(world: World) -> None:
    """A head every 4 s: within 15 s. Silence, and a body that drips: within 30 s."""
    async with at_the_door(world.v) as front:
        head, silent, body, silent_body = [await front.call() for _ in range(4)]
        await body.say(raw("POST", INBOX, TYPE, "Content-Length: 1000"))
        await silent_body.say(raw("POST", INBOX, TYPE, "Content-Length: 1000"))
        answers: dict[str, Answer] = {}

        async def hear(name: str, caller: Caller) -> None:
            answers[name] = await caller.hear(within_s=35)

        async with anyio.create_task_group() as tasks:
            names = {"head": head, "silent": silent, "body": body, "silent body": silent_body}
            for name, caller in names.items():
                tasks.start_soon(hear, name, caller)
            async with anyio.create_task_group() as drips:
                drips.start_soon(lambda: head.drip(raw("GET", "/actor"), every_s=4))
                drips.start_soon(lambda: body.drip(b"x" * 900, every_s=0.5))
        assert {name: answer.status for name, answer in answers.items()} == {
            "head": 408, "silent": 0, "body": 408, "silent body": 408,
        }  # fmt: skip
        assert all(answer.closed for answer in answers.values())
        assert answers["head"].seconds < 15
        assert max(answers[name].seconds for name in names) < 30


@on_both_loops
async def test_variant_an_answer_that_nobody_reads_is_cut_off(world: World) -> None:
    """What a reader does not take is not kept for ever: whole, or in parts that the door waits with."""
    large = b"x" * (10 * 1024 * 1024)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        parts = 1 if scope["path"] == "/whole" else 256
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for n in range(parts):
            part = large[::parts] if parts > 1 else large
            await send({"type": "http.response.body", "body": part, "more_body": n < parts - 1})

    world.v.app = app
    for path in ("/whole", "/parts"):
        async with at_the_door(world.v, write_s=2, answer_s=60) as front:
            stalled, reading = await front.call(narrow=True), await front.call()
            await stalled.say(raw("GET", path))
            answer = await reading.ask(raw("GET", path))
            assert len(answer.data) > len(large), "who reads gets all of it"
            with anyio.fail_after(5):
                while len(front.door) > 1:  # noqa: ASYNC110  the door has no event to wait for
                    await asyncio.sleep(0.05)
            assert front.door.count()["resting"] == 1


# --- how many ---------------------------------------------------------------------------------------------


@on_both_loops
async def test_variant_connections_that_wait_give_way_to_new_ones_oldest_first(world: World) -> None:
    async with at_the_door(world.v, connections=9, lingering=2) as front:
        slow = [await front.call() for _ in range(9)]
        for caller in slow[3:6]:
            await caller.say(b"GET /actor HTTP/1.1\r\nHo")
        for caller in slow[6:]:
            await caller.say(raw("POST", INBOX, TYPE, "Content-Length: 1000", body=b"x"))
        await asyncio.sleep(0.05)
        assert front.door.count() == {"coming": 6, "reading": 3, "answering": 0, "resting": 0, "leaving": 0}
        kept = []
        for expected in range(1, 10):
            kept.append(await front.call())
            assert (await kept[-1].ask(raw("GET", "/actor"))).status == 200
            ended = [(await caller.hear(within_s=0.02)).closed for caller in slow]
            assert sum(ended) == expected
            if expected == 6:
                assert ended == [True] * 6 + [False] * 3, (
                    "what came to nothing goes before what is half there"
                )
        assert (await front.send(raw("GET", "/actor"), until_closed=False)).status == 200
        assert (await kept[0].hear(within_s=1)).closed, "at last whoever rests for the longest time"
        assert len(front.door) <= 9 + 3


@on_both_loops
async def test_variant_one_connection_too_many_is_503_at_once(world: World) -> None:
    """When all are being answered: nobody who is served is cut off for somebody new."""
    gate = asyncio.Event()
    inner = world.v.app

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/slow":
            await gate.wait()
        await inner(scope, receive, send)

    world.v.app = RequestGuard(slow, base_url="https://v.example", limits=world.v.config.limits)
    async with at_the_door(world.v, connections=3, lingering=2) as front:
        busy = [await front.call() for _ in range(3)]
        for caller in busy:
            await caller.say(raw("GET", "/slow"))
        await asyncio.sleep(0.05)
        assert front.door.count()["answering"] == 3
        for _ in range(10):
            answer = await front.send(raw("GET", "/actor"))
            assert answer.status in (503, 0), "refused with a word while there is room for one"
            if answer.status:
                assert answer.headers["retry-after"] == "30"
        assert front.door.turned_away == 10
        gate.set()
        for caller in busy:
            assert (await caller.hear(until_closed=False)).status == 404
        assert await front.is_alive()


# --- A14 to A16: forms and methods ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "coding", ["gzip", "GZIP", "deflate", "br", "zstd", "gzip, gzip", "identity, gzip", "x"]
)
@pytest.mark.parametrize("path", [INBOX, "/actor"])
async def test_a14_a_content_encoding_is_415_and_never_inflated(world: World, path: str, coding: str) -> None:
    request = signed(world)
    method = "POST" if path == INBOX else "GET"
    lines = [*lines_of(request), f"Content-Encoding: {coding}", f"Content-Length: {len(request.body)}"]
    async with at_the_door(world.v) as front:
        await front.refuses(raw(method, path, *lines, body=request.body), statuses=[415])


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "multipart/form-data; boundary=x", "application/json", "text/html", "", "activity+json",
     "application/ld", "application/json; x=application/activity+json", "application/activity+jsonx",
     "application/activity+json, text/plain", "application/x-www-form-urlencoded"],
)  # fmt: skip
async def test_a15_any_other_media_type_is_415(world: World, media_type: str) -> None:
    request = world.v.request(a_follow(world.m, world.v.actor("shop")), "shop", media_type)
    request = signatures.sign(request, world.m.ed25519, now=world.clock.now)
    async with at_the_door(world.v) as front:
        await front.refuses(spoken(request, INBOX, "Connection: close"), statuses=[415])


async def test_a15_no_media_type_and_two_of_them_are_refused(world: World) -> None:
    request = signed(world)
    none = [line for line in lines_of(request) if not line.startswith("content-type")]
    length = f"Content-Length: {len(request.body)}"
    async with at_the_door(world.v) as front:
        bare = raw("POST", INBOX, *none, length, "Connection: close", body=request.body)
        await front.refuses(bare, statuses=[415])
        await front.refuses(spoken(request, INBOX, "Content-Type: text/plain"), statuses=[400])


@pytest.mark.parametrize(
    "method", ["PUT", "GET", "HEAD", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY", "PURGE"]
)
async def test_a16_any_other_method_on_an_inbox_is_405_with_allow(world: World, method: str) -> None:
    request = replace(signed(world), method=method)
    async with at_the_door(world.v) as front:
        answer = await front.refuses(spoken(request, INBOX, "Connection: close"), statuses=[405])
        assert "POST" in answer.headers["allow"]
        if method not in ("TRACE", "QUERY", "PURGE"):
            assert answer.headers["allow"] == "POST"


async def test_a16_a_method_that_does_not_exist_is_400_and_documents_are_read_only(world: World) -> None:
    async with at_the_door(world.v) as front:
        await front.refuses(raw("FETCH", INBOX), statuses=[400])
        await front.refuses(raw("post", INBOX), statuses=[400])
        for path in ("/actor", "/static/obverse.svg", "/nowhere"):
            await front.refuses(raw("TRACE", path), statuses=[405])
        answer = await front.refuses(raw("PUT", "/actor", "Connection: close"), statuses=[405])
        assert answer.headers["allow"] == "GET, HEAD"


# --- other shapes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /actor HTTP/1.1\nHost: v.example\n\n", 400),
        (b"GET /actor HTTP/1.1\r\nHost: v.example\nX: y\r\n\r\n", 400),
        (b"GET /actor HTTP/1.1\r\nHost: v.example\rX: y\r\n\r\n", 400),
        (b"GET /actor HTTP/1.1\r\nHost: v.example\x00\r\n\r\n", 400),
        (b"GET /actor HTTP/1.1\r\nHost: v.example\r\nX: a\r\n b\r\n\r\n", 400),
        (b"GET /actor HTTP/1.1\r\n Host: v.example\r\n\r\n", 400),
        (b"GET /actor HTTP/1.1\r\nHost : v.example\r\n\r\n", 400),
        (b"GET /actor HTTP/1.1\r\nHost: v.example\r\nX\xc3\xb6: a\r\n\r\n", 400),
        (b"GET /actor HTTP/1.1\r\nHost: v.example\r\nX y: a\r\n\r\n", 400),
        (b"GET /actor HTTP/1.1\r\nHost: v.example\r\n: a\r\n\r\n", 400),
        (b"GET\t/actor\tHTTP/1.1\r\nHost: v.example\r\n\r\n", 400),
        (b"GET /actor\r\n\r\n", 400),
        (b"GET /actor HTTP/0.9\r\nHost: v.example\r\n\r\n", 400),
        (b"GET /actor HTTP/1.2\r\nHost: v.example\r\n\r\n", 400),
        (b"GET /actor HTTP/3.0\r\nHost: v.example\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"GET /actor HTTP/1.1\r\nHost: v.example\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", 400),
        (b"GET /actor HTTP/1.1\r\nHost: v.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 400),
        (b"GET /actor HTTP/1.1\r\nHost: v.example\r\nUpgrade: h2c\r\n\r\n", 400),
        (b"CONNECT v.example:443 HTTP/1.1\r\nHost: v.example\r\n\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\nHost: v.example\r\n\r\n", 400),
        (b"GET /actor HTTP/1.1\r\nHost: v.example\r\nExpect: miracles\r\n\r\n", 417),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 300, 400),
        (b"\x00" * 100, 400),
        (b"SSH-2.0-OpenSSH_9.9\r\n", 400),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET /actor HTTP/1.1\r\nHost: v.example\r\n\r\n", 400),
    ],
)  # fmt: skip
async def test_variant_what_is_not_plain_http_1_1_is_refused_and_closed(
    world: World, request_bytes: bytes, status: int
) -> None:
    async with at_the_door(world.v) as front:
        await front.refuses(request_bytes, statuses=[status])


@on_both_loops
async def test_variant_nothing_is_read_behind_a_request_to_change_the_protocol(world: World) -> None:
    """The parser stops at such a head and would begin anew with what comes next (a smuggled request)."""
    inner = spoken(signed(world), INBOX)
    asking = raw("POST", "/actor", "Connection: upgrade", "Upgrade: h2c", f"Content-Length: {len(inner)}")
    async with at_the_door(world.v) as front:
        await front.refuses(asking, inner, statuses=[400])
        await front.refuses(asking + inner, statuses=[400])
        caller = await front.call()
        for piece in (asking, inner, inner, inner):
            caller.writer.write(piece)
            await asyncio.sleep(0.02)
        assert (await caller.reader.read()).startswith(b"HTTP/1.1 400"), "no reset"


async def test_variant_http_1_0_with_a_host_is_answered_and_closed(world: World) -> None:
    async with at_the_door(world.v) as front:
        old = raw("GET", "/actor", "Connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0", 1)
        answer = await front.refuses(old, statuses=[200])
        assert answer.headers["connection"] == "close"
        chunked = raw("POST", INBOX, TYPE, "Transfer-Encoding: chunked", body=b"0\r\n\r\n")
        await front.refuses(chunked.replace(b"HTTP/1.1", b"HTTP/1.0", 1), statuses=[400])


async def test_variant_forwarded_headers_change_nothing(world: World) -> None:
    """Who called, by which name and scheme, is never taken from a header."""
    lies = ["X-Forwarded-Host: t.example", "X-Forwarded-Proto: http", "X-Forwarded-For: 127.0.0.1",
            "Forwarded: host=t.example;proto=http", "X-Original-URL: /inbox", "X-Rewrite-URL: /inbox",
            "X-HTTP-Method-Override: GET"]  # fmt: skip
    async with at_the_door(world.v) as front:
        answer = await front.send(spoken(signed(world), INBOX, *lies), until_closed=False)
        assert answer.status == 202
        await world.v.settle()
        assert await world.v.followers() == [world.m.id]


def test_the_shipped_bounds() -> None:
    shipped = DoorSettings()
    assert (shipped.header_bytes, shipped.wire_bytes) == (16 * 1024, 2 * MOST)
    assert (shipped.head_s, shipped.head_s + shipped.linger_s < 15) == (10.0, True)
    assert (shipped.silent_s, shipped.body_s, Room().body_s) == (25.0, 20.0, 20.0)
    assert shipped.connections == 2000
