"""Group E: what strangers make this node open, and what it remembers of it. E21 waits for pictures.

Servers are real ones on loopback, each named in the client's allow-list; the guard holds for everything else.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from federation.addresses import is_allowed_address
from federation.collections import read_collection
from federation.errors import AddressRefused, DocumentRefused, FetchError, FetchFailed, InvalidIri
from federation.ids import parse_iri
from federation.messages import HttpMessage, Limits
from federation.ports import HostState, Outcome
from federation.webfinger import lookup as look_up_handle
from federation.webfinger import parse_handle
from node.store.sqlite import federation_ports, open_sqlite
from tests.security.peers import AS, DATA_INTEGRITY, Clock, a_note
from tests.security.wire import (
    SocketWatch,
    answer,
    get,
    lying,
    saying,
)
from tests.security.world import World

pytestmark = pytest.mark.anyio
PUBLIC_ADDRESS = "93.184.215.14"

LITERALS = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "[::1]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
]
ODD_FORMS = [
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "127.0.1",
    "0",
    "127.0.0.1.",
    "127。0。0。1",
    "１２７.0.0.1",
    "①②⑦.0.0.1",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fec0::1]",
    "[3fff::1]",
    "[2001:db8::1]",
    "[ff02::1]",
    "224.0.0.1",
    "239.255.255.250",
    "255.255.255.255",
    "240.0.0.1",
    "0.0.0.0",
    "[::]",
    "[::0.0.0.0]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[::1",
    "::1",
    "[100::1]",
    "[5f00::1]",
    "[0:0:0:0:0:ffff:7f00:1]",
]
FORBIDDEN = [host.strip("[]") for host in LITERALS] + [
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::",
    "::",
    "0.0.0.0",
    "224.0.0.1",
    "fec0::1",
    "::127.0.0.1",
]


# --- E01 to E04, E09, E18: what is not opened -------------------------------------------------------------


async def refused_at_every_door(url: str, make: Any, post: Any, sockets: SocketWatch) -> None:
    """As a document, as a discovery document, as an inbox, and bare: no socket, no question to a resolver."""
    async with make() as door:
        with sockets.watching() as events:
            with pytest.raises((AddressRefused, InvalidIri)):
                await door.fetcher.fetch(url)
            with pytest.raises((AddressRefused, InvalidIri)):
                await door.fetcher.fetch_json(url, "application/json")
            with pytest.raises(AddressRefused):
                await door.client.send(get(url))
            with pytest.raises((AddressRefused, InvalidIri)):
                await read_collection(door.fetcher, url)
            outcome = await post(url, door.client, door.hosts)
        assert outcome.outcome is Outcome.DEAD
        assert events == []


@pytest.mark.parametrize("host", LITERALS)
async def test_e01_addresses_of_our_own_networks_are_refused(
    host: str, door: Any, post: Any, sockets: SocketWatch
) -> None:
    await refused_at_every_door(f"https://{host}/x", door, post, sockets)


@pytest.mark.parametrize("host", ODD_FORMS)
async def test_e02_such_addresses_in_another_dress_are_refused(
    host: str, door: Any, post: Any, sockets: SocketWatch
) -> None:
    await refused_at_every_door(f"https://{host}/x", door, post, sockets)


@pytest.mark.parametrize("host", ["localhost", "localhost.", "LOCALHOST", "shop.localhost", "a.local"])
async def test_e02_variant_names_of_this_machine_are_judged_by_their_address(host: str, door: Any) -> None:
    asked: list[str] = []

    async def here(name: str, port: int) -> list[str]:
        asked.append(name)
        return ["127.0.0.1", "::1"]

    async with door(lookup=here) as out:
        with pytest.raises(AddressRefused):
            await out.fetcher.fetch(parse_iri(f"https://{host}/x"))
    assert asked == [host.lower().rstrip(".")]


@pytest.mark.parametrize("bad", FORBIDDEN)
@pytest.mark.parametrize("order", ["first", "last"])
async def test_e03_a_name_with_any_forbidden_address_is_refused(
    bad: str, order: str, door: Any, sockets: SocketWatch
) -> None:
    async def mixed(host: str, port: int) -> list[str]:
        return [bad, PUBLIC_ADDRESS] if order == "first" else [PUBLIC_ADDRESS, "2606:2800:220:1::1", bad]

    async with door(lookup=mixed) as out:
        with sockets.watching() as events, pytest.raises(AddressRefused, match="not a public address"):
            await out.fetcher.fetch("https://a.example/x")
        assert events == []


async def test_e03_variant_the_guard_is_the_only_judge_of_addresses() -> None:
    """The same rule for every family, by hand: what is listed in no registry is judged by what is in it."""
    assert not any(is_allowed_address(bad) for bad in FORBIDDEN)
    assert is_allowed_address(PUBLIC_ADDRESS)


async def test_e04_only_a_vetted_address_is_connected_when_the_name_turns(
    door: Any, sockets: SocketWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Public at the first look-up, loopback at every other: within one request and over several."""
    connected: list[Any] = []
    asked = 0

    async def turning(host: str, port: int) -> list[str]:
        nonlocal asked
        asked += 1
        return [PUBLIC_ADDRESS] if asked == 1 else ["127.0.0.1"]

    async def no_connect(loop: Any, sock: Any, address: Any) -> None:
        connected.append(address)
        raise ConnectionRefusedError("this test does not go out")

    monkeypatch.setattr(asyncio.selector_events.BaseSelectorEventLoop, "sock_connect", no_connect)
    async with door(lookup=turning) as out:
        with pytest.raises(FetchFailed):
            await out.client.send(get("https://a.example/1"))
    async with door(lookup=turning) as out:
        for _ in range(3):
            with pytest.raises(AddressRefused):
                await out.client.send(get("https://a.example/2"))
    assert connected == [(PUBLIC_ADDRESS, 443)]


@pytest.mark.parametrize(
    "url",
    [
        *(f"https://a.example:{port}/x" for port in (25, 22, 80, 6379, 8443, 11211, 65535)),
        *(f"http://a.example{port}/x" for port in ("", ":80", ":443", ":6379")),
        *(
            f"{scheme}://a.example/x"
            for scheme in ("ftp", "file", "gopher", "unix", "data", "javascript", "ws")
        ),
        "//a.example/x",
        "https:a.example",
        "https:///x",
        "https://a.example:0/",
        "https://a.example:65536/",
        "https://a.example:٤٤٣/",
        "https://a.example:+443/",
        "https://a.example:443:25/",
    ],
)
async def test_e09_other_ports_and_schemes_are_refused(
    url: str, door: Any, post: Any, sockets: SocketWatch
) -> None:
    await refused_at_every_door(url, door, post, sockets)


@pytest.mark.parametrize("bad", ["\r\n", "\n", "\r", "\0", "\t", " ", "\u2028", "\x7f", "\x85", "\u200b\n"])
async def test_e18_line_breaks_in_addresses_and_handles_are_rejected(
    bad: str, door: Any, post: Any, sockets: SocketWatch
) -> None:
    host, path = f"https://a{bad}.example/", f"https://a.example/x{bad}Host: b.example"
    for url in (host, path, f"https://a.example/?q={bad}", f"https://a.example/#{bad}"):
        await refused_at_every_door(url, door, post, sockets)
    for handle in (f"@a{bad}@b.example", f"@a@b{bad}.example", f"acct:a@b.example{bad}", f"{bad}a@b.example"):
        with pytest.raises(InvalidIri):
            parse_handle(handle)


@pytest.mark.parametrize(
    "handle",
    [
        "@a@b.example/x",
        "@a@b.example?x=",
        "@a@b.example#",
        "@a@c@b.example",
        "@a@",
        "@@b",
        "a" * 129 + "@b.example",
        "a@" + "b" * 301,
        "a@127.0.0.1:",
        "a@[::1",
        "a@2130706433",
        "a@xn--.example",
        "a@b..example",
        "a%0d@b.example",
    ],
)
async def test_e18_variant_what_is_no_handle_asks_nobody(
    handle: str, door: Any, sockets: SocketWatch
) -> None:
    async with door() as out:
        with sockets.watching() as events, pytest.raises((InvalidIri, FetchError)):
            await look_up_handle(out.fetcher, parse_handle(handle))
        assert events == []


@pytest.mark.parametrize(
    "url",
    [
        "https://user:pass@a.example/",
        "https://a.example@b.example/",
        "https://a.example\\@b.example/",
        "https://a.example/" + "x" * 2048,
        "https://" + "a." * 130 + "example/",
        "https://xn--a.example/",
        "https://a_b-.example/",
        "https://-a.example/",
        "https://a..example/",
    ],
)
async def test_e18_variant_addresses_that_two_parsers_read_in_two_ways_are_rejected(
    url: str, door: Any, post: Any, sockets: SocketWatch
) -> None:
    await refused_at_every_door(url, door, post, sockets)


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\nb", "a\rb", "a\0b", "\x7f", "a\u0100"])
async def test_e18_variant_no_header_of_ours_can_carry_another(
    value: str, door: Any, sockets: SocketWatch
) -> None:
    async with lying(saying(answer())) as server, door(server) as out:
        for pair in (("x-note", value), (f"x{value}", "1")):
            with pytest.raises(AddressRefused, match="malformed header"):
                await out.client.send(HttpMessage("GET", server.url, (pair,)))
        assert server.connections == 0


# --- E05 to E07: where redirects lead -------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("hops", [1, 2, 3])
async def test_e05_a_signed_fetch_stops_at_the_hop_that_leads_inside(
    status: int, hops: int, door: Any, post: Any
) -> None:
    async with lying(saying(answer())) as inside:
        steps = iter([f"/{hop}" for hop in range(1, hops)] + [inside.url])

        async def leading(_: Any, writer: asyncio.StreamWriter) -> None:
            writer.write(answer(b"", f"location: {next(steps)}", status=f"{status} Moved"))

        async with lying(leading) as outside, door(outside) as out:
            with pytest.raises(AddressRefused):
                await out.fetcher.fetch(outside.url)
            assert len(outside.heads) == hops
            assert all(b"signature" in head.lower() for head in outside.heads)
        assert inside.connections == 0


@pytest.mark.parametrize(
    "target",
    [
        "https://127.0.0.1/",
        "https://[::1]/",
        "//127.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://a.example:6379/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://u:p@a.example/",
        "http://[::",
        "https://a.example/\r\nx: y",
        "",
        "https://2130706433/",
    ],
)
async def test_e05_variant_no_redirect_leads_where_no_address_would(
    target: str, door: Any, post: Any, sockets: SocketWatch
) -> None:
    raw = answer(b"", f"location: {target.splitlines()[0] if target else ''}", status="302 Found")
    async with lying(saying(raw)) as outside, door(outside) as out:
        with pytest.raises((AddressRefused, DocumentRefused, FetchFailed)):
            await out.fetcher.fetch(outside.url)
        assert outside.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_e05_variant_a_delivery_follows_no_redirect_at_all(status: int, door: Any, post: Any) -> None:
    async with lying(saying(answer())) as inside:
        raw = answer(b"", f"location: {inside.url}", status=f"{status} Moved")
        async with lying(saying(raw)) as outside, door(outside, inside) as out:
            outcome = await post(outside.url, out.client, out.hosts)
        assert (outcome.outcome, outcome.status) == (Outcome.DEAD, status)
        assert inside.connections == 0


async def test_e06_a_redirect_loop_stops_by_the_third_hop(door: Any) -> None:
    async with lying(saying(answer(b"", "location: /x", status="302 Found"))) as loop, door(loop) as out:
        with pytest.raises(DocumentRefused, match="more than 3 redirects"):
            await out.fetcher.fetch(loop.url)
        assert len(loop.heads) == 4


async def test_e06_variant_a_loop_over_two_hosts_and_ever_new_paths_stops_too(door: Any) -> None:
    number = 0
    where: list[str] = []

    async def on(_: Any, writer: asyncio.StreamWriter) -> None:
        nonlocal number
        number += 1
        writer.write(answer(b"", f"location: {where[number % 2]}/{number}", status="307 On"))

    async with lying(on) as one, lying(on) as two, door(one, two) as out:
        where += [f"http://{one.pair}", f"http://{two.pair}"]
        with pytest.raises(DocumentRefused, match="more than 3 redirects"):
            await out.fetcher.fetch(one.url)
        with pytest.raises(DocumentRefused, match="more than 3 redirects"):
            await out.fetcher.fetch_json(one.url, "application/json")
        assert number == 8
    assert Limits().redirects == 3


async def test_e07_a_redirect_from_https_to_http_is_refused(door: Any, tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with lying(saying(answer())) as plain:
        raw = answer(b"", f"location: {plain.url}", status="302 Found")
        async with (
            lying(saying(raw), tls=context) as safe,
            door(safe, plain, ca_file=str(tmp_path / "ca.pem")) as out,
        ):
            with pytest.raises(DocumentRefused, match="away from https"):
                await out.fetcher.fetch(safe.url)
        assert (len(safe.heads), plain.connections) == (1, 0)


# --- E16, E17: where messages go, and what is remembered of it ------------------------------------------


INSIDE = [
    "https://127.0.0.1/inbox",
    "https://[::1]/inbox",
    "http://m.example/inbox",
    "https://m.example:6379/inbox",
    "https://v.example/inbox",
    "https://v.example/actors/ana/inbox",
    "https://V.EXAMPLE./inbox",
    "https://t.example/inbox",
    "https://m.example@v.example/inbox",
    "javascript:alert(1)",
    "",
    None,
    7,
]


@pytest.mark.parametrize("inbox", INSIDE)
async def test_e16_an_inbox_that_is_not_its_actors_is_never_posted_to(world: World, inbox: Any) -> None:
    """An actor points us at ourselves, inside, or at somebody else: nothing is posted."""
    m = world.m
    m.document["inbox"] = inbox
    m.document["endpoints"] = {"sharedInbox": inbox}
    follow = {"id": m.fresh(), "type": "Follow", "actor": m.id, "object": world.v.actor("shop")}
    answered = await world.v.tell(m, {"@context": [AS, DATA_INTEGRITY], **follow}, "shop")
    assert world.v.engine.posts == []
    assert answered.status < 500
    assert await world.v.is_alive()


async def test_e16_variant_a_shared_inbox_elsewhere_is_not_used(world: World) -> None:
    m = world.m
    m.document["endpoints"] = {"sharedInbox": "https://t.example/inbox"}
    follow = {"id": m.fresh(), "type": "Follow", "actor": m.id, "object": world.v.actor("shop")}
    await world.v.tell(m, {"@context": [AS, DATA_INTEGRITY], **follow}, "shop")
    assert world.v.engine.posts == [m.inbox]


@pytest.mark.parametrize(
    "inbox", ["https://127.0.0.1/inbox", "https://h.example:25/inbox", "https://2130706433/x"]
)
async def test_e16_variant_an_inbox_that_is_queued_all_the_same_fails_visibly(
    world: World, inbox: str
) -> None:
    """Whatever else let it through: no socket, and the owner sees why."""
    m = world.m
    follow = {"id": m.fresh(), "type": "Follow", "actor": m.id, "object": world.v.actor("shop")}
    await world.v.tell(m, {"@context": [AS, DATA_INTEGRITY], **follow}, "shop")
    (job,) = await world.v.jobs()
    posts = len(world.v.engine.posts)
    await world.v.open.node.work(
        lambda desk: desk.tx.deliveries.enqueue(replace(job, inbox=inbox, body=b"{}", ordering_key="x"))
    )
    await world.v.settle()
    assert len(world.v.engine.posts) == posts
    listed = await world.v.command("deliveries.list")
    (shown,) = [one for one in listed["deliveries"] if one["state"] == "dead"]
    assert "address" in shown["detail"]


async def test_e17_dead_inboxes_leave_bounded_records_that_expire(tmp_path: Path, clock: Clock) -> None:
    """Ten thousand made-up hosts that never answer: what is remembered of them is bounded, and forgotten."""
    store = await open_sqlite(tmp_path / "obverse.db", clock=clock, create=True)
    try:
        memory = store.host_memory
        dead = HostState("", failures=3, failing_since=clock(), open_until=clock() + timedelta(hours=1))

        async def fail(numbers: range) -> None:
            await asyncio.gather(
                *(memory.save(replace(dead, origin=f"https://h{n}.example")) for n in numbers)
            )

        for begin in range(0, 10_500, 500):
            await fail(range(begin, begin + 500))

        def count(tx: Any) -> int:
            return int(tx.connection.execute("SELECT count(*) FROM host").fetchone()[0])

        assert await store.read(count) <= 10_100
        clock.advance(days=61)
        late = replace(dead, open_until=clock(), failing_since=clock())
        await asyncio.gather(
            *(memory.save(replace(late, origin=f"https://n{n}.example")) for n in range(100))
        )
        assert await store.read(count) <= 200, "nothing was heard of the others for two months"
    finally:
        await store.aclose()


def test_e17_as_shipped_ten_thousand_hosts_are_remembered(tmp_path: Path) -> None:
    assert federation_ports._HOSTS_KEPT == 10_000


# --- L05, L06 ---------------------------------------------------------------------------------------------


async def test_l05_an_account_does_not_deliver_to_itself(world: World) -> None:
    shop = world.v.actor("shop")
    answered = await world.v.post(
        {"id": f"{shop}/1", "type": "Follow", "actor": shop, "object": shop}, "shop", key=world.m.ed25519
    )
    await world.v.settle()
    assert answered.status in (401, 403)
    assert await world.v.jobs() == []


async def test_l06_two_servers_that_ask_each_other_for_keys_do_so_once(world: World) -> None:
    """M's server wants our key before it shows its own, and asks for it signed: no recursion."""
    asked: list[str] = []
    served = world.m.host.routes[world.m.path]

    def nosy(request: HttpMessage) -> HttpMessage:
        asked.append(request.url)
        return HttpMessage(url=request.url, status=401) if len(asked) < 2 else served(request)

    world.m.host.routes[world.m.path] = nosy
    answered = await world.v.post(a_note(world.m, world.v.actor("shop")), "shop", key=world.m.ed25519)
    assert answered.status in (202, 401, 503)
    assert len(asked) <= 4
    assert await world.v.is_alive()
