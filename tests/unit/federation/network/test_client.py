"""The guarded client against real servers on loopback, each named in an explicit allow-list."""

from __future__ import annotations

import asyncio
import gzip
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from federation import client as client_module
from federation.client import AsgiEngine, Client, ClientConfig, SystemLookup
from federation.errors import AddressRefused, DocumentRefused, FetchFailed, NoRoom
from federation.messages import HttpMessage, Limits

Play = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
MIB = 1024 * 1024


@dataclass
class LoopbackServer:
    """A real server that answers as `play` says and keeps the heads that it was sent."""

    port: int = 0
    connections: int = 0
    heads: list[bytes] = field(default_factory=list)

    @property
    def pair(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/x"


@asynccontextmanager
async def serving(play: Play, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[LoopbackServer]:
    seen = LoopbackServer()
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        seen.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                seen.heads.append(head)
                length = [
                    line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
                ]
                await reader.readexactly(int(length[0]) if length else 0)
                await play(head, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def answering(body: bytes = b"{}", *headers: str, status: str = "200 OK", length: bool = True) -> Play:
    lines = [f"HTTP/1.1 {status}", *headers, *([f"content-length: {len(body)}"] if length else []), "", ""]

    async def play(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join(lines).encode() + body)

    return play


def a_config(*pairs: str, **changed: Any) -> ClientConfig:
    return ClientConfig(allowed=frozenset(pairs), **changed)


def get(url: str, *headers: tuple[str, str]) -> HttpMessage:
    return HttpMessage.request("GET", url, headers)


def send(
    play: Play, make: Callable[[LoopbackServer], HttpMessage] = lambda s: get(s.url), **options: Any
) -> HttpMessage:
    """One request to one server that plays `play`."""

    async def story() -> HttpMessage:
        async with serving(play) as server, Client(a_config(server.pair)) as client:
            return await client.send(make(server), **options)

    return asyncio.run(story())


# --- the guard ---------------------------------------------------------------------------------------------


def test_the_shipped_allow_list_is_empty() -> None:
    assert ClientConfig().allowed == frozenset()
    assert dict(ClientConfig().names) == {}


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[fe80::1]/",
        "https://[fec0::1]/",
        "https://[::127.0.0.1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://127。0。0。1/",
        "https://localhost/",
        "http://1.1.1.1/",
        "http://a.example:443/",
        "https://1.1.1.1:25/",
        "https://1.1.1.1:6379/",
        "http://a.example/",
        "https://a.example:8443/",
        "https://user@a.example/",
        "https://A.example/",
        "https://a.example/x#fragment",
        "https://a.example/\r\nX: y",
        "ftp://a.example/",
        "data:text/plain,x",
        "file:///etc/passwd",
        "",
    ],
)
def test_e01_e02_e09_e18_a_forbidden_url_is_refused_without_a_socket(url: str, sockets: Any) -> None:
    async def story() -> None:
        async with Client(ClientConfig()) as client:
            with sockets.watching() as events, pytest.raises(AddressRefused) as refused:
                await client.send(get(url))
            assert events == []
            assert refused.value.url == url

    asyncio.run(story())


@pytest.mark.parametrize(
    "header", [("x-a", "b\r\nx-c: d"), ("x-a", "b\x00"), ("x a", "b"), ("", "b"), ("x-a", "\u2028")]
)
def test_e18_a_malformed_header_is_refused_without_a_socket(header: tuple[str, str], sockets: Any) -> None:
    async def story() -> None:
        async with Client(ClientConfig()) as client:
            with sockets.watching() as events, pytest.raises(AddressRefused, match="header"):
                await client.send(get("https://a.example/", header))
            assert events == []

    asyncio.run(story())


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["2606:4700:4700::1111", "::1"], ["nonsense"]]
)
def test_e03_a_name_with_any_forbidden_address_is_refused_without_a_socket(
    addresses: list[str], sockets: Any
) -> None:
    async def lookup(host: str, port: int) -> list[str]:
        assert (host, port) == ("a.example", 443)
        return addresses

    async def story() -> None:
        async with Client(ClientConfig(), lookup=lookup) as client:
            with sockets.watching() as events, pytest.raises(AddressRefused, match="resolves to"):
                await client.send(get("https://a.example/"))
            assert events == []

    asyncio.run(story())


def test_e04_a_name_that_turns_to_loopback_is_refused_and_nothing_unvetted_is_connected(
    sockets: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [["93.184.215.14"], ["127.0.0.1"]]
    connected: list[Any] = []

    async def lookup(host: str, port: int) -> list[str]:
        return answers.pop(0)

    async def no_connect(loop: Any, sock: socket.socket, address: Any) -> None:
        connected.append(address)
        raise ConnectionRefusedError("this test does not go out")

    monkeypatch.setattr(asyncio.selector_events.BaseSelectorEventLoop, "sock_connect", no_connect)

    async def story() -> None:
        async with Client(ClientConfig(), lookup=lookup) as client:
            with pytest.raises(FetchFailed):
                await client.send(get("https://a.example/"))
        assert connected == [("93.184.215.14", 443)]
        async with Client(ClientConfig(), lookup=lookup) as client:
            with sockets.watching() as events, pytest.raises(AddressRefused):
                await client.send(get("https://a.example/"))
            assert events == []
        assert len(connected) == 1

    asyncio.run(story())


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"])
def test_the_socket_factory_judges_again_what_a_fooled_resolver_lets_through(
    address: str, sockets: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fooled(self: Any, host: str, port: int) -> list[str]:
        return [address]

    monkeypatch.setattr("federation.guard.Guard.addresses", fooled)

    async def story() -> None:
        async with Client(ClientConfig()) as client:
            with sockets.watching() as events, pytest.raises(AddressRefused, match="not a public address"):
                await client.send(get("https://a.example/"))
            assert events == []

    asyncio.run(story())


def test_a_refusal_is_never_taken_for_a_time_out_or_a_passing_failure() -> None:
    assert issubclass(AddressRefused, OSError)
    assert not issubclass(AddressRefused, FetchFailed | TimeoutError)


def test_an_allowed_pair_exempts_that_very_pair_and_no_other(sockets: Any) -> None:
    async def story() -> None:
        async with serving(answering()) as server, serving(answering()) as other:
            config = a_config(f"shop.example:{server.port}", names={"shop.example": "127.0.0.1"})
            async with Client(config) as client:
                answer = await client.send(get(f"http://shop.example:{server.port}/x"))
                assert answer.status == 200
                assert b"host: shop.example:" in server.heads[0].lower()
                refused = (
                    server.url,
                    f"http://shop.example:{other.port}/x",
                    "https://shop.example/x",
                    f"http://localhost:{server.port}/x",
                )
                with sockets.watching() as events:
                    for url in refused:
                        with pytest.raises(AddressRefused):
                            await client.send(get(url))
                assert events == []
            assert other.connections == 0

    asyncio.run(story())


def test_an_international_name_may_be_allowed_in_any_spelling() -> None:
    async def story() -> None:
        async with serving(answering()) as server:
            config = a_config(f"Bücher.example:{server.port}", names={"bücher.example.": "127.0.0.1"})
            async with Client(config) as client:
                answer = await client.send(get(f"http://xn--bcher-kva.example:{server.port}/x"))
                assert answer.status == 200

    asyncio.run(story())


def test_a_name_that_is_not_allowed_is_judged_by_its_mapped_address_too() -> None:
    async def story() -> None:
        async with Client(ClientConfig(names={"shop.example": "127.0.0.1"})) as client:
            with pytest.raises(AddressRefused, match="resolves to 127"):
                await client.send(get("https://shop.example/x"))

    asyncio.run(story())


@pytest.mark.parametrize("pair", ["a.example", "a.example:x", ":80", "a b:80"])
def test_a_malformed_pair_in_the_allow_list_is_an_error_at_once(pair: str) -> None:
    with pytest.raises(Exception, match=r".") as error:
        Client(a_config(pair))
    assert type(error.value).__name__ in ("InvalidIri", "ValueError")


# --- exchanges ---------------------------------------------------------------------------------------------


def test_an_answer_comes_with_status_lower_case_headers_and_exact_bytes() -> None:
    answer = send(answering(b"\x00body", "X-One: a", "x-one: b", status="404 Not Found"))
    assert (answer.status, answer.body) == (404, b"\x00body")
    assert answer.values("x-one") == ["a", "b"]
    assert answer.header("content-length") == "5"


def test_only_the_given_headers_are_sent_and_identity_is_asked_for() -> None:
    async def story() -> bytes:
        async with serving(answering()) as server:
            async with Client(a_config(server.pair, user_agent="test/1")) as client:
                await client.send(get(server.url, ("accept", "a/b"), ("x-own", "c")))
            return server.heads[0]

    lines = asyncio.run(story()).decode().lower().split("\r\n")
    names = {line.split(":")[0] for line in lines[1:] if line}
    assert names == {"accept", "accept-encoding", "host", "user-agent", "x-own"}
    assert "accept-encoding: identity" in lines
    assert "user-agent: test/1" in lines


def test_a_body_is_posted_as_it_is() -> None:
    received: list[bytes] = []

    async def play(head: bytes, writer: asyncio.StreamWriter) -> None:
        received.append(head)
        writer.write(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")

    answer = send(play, lambda s: HttpMessage.request("POST", s.url, {"digest": "d"}, b"\x01\x02"))
    assert answer.status == 202
    assert b"content-length: 2" in received[0].lower()


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_an_answer_and_is_not_followed(status: str) -> None:
    answer = send(answering(b"", "location: http://127.0.0.1:1/", status=status))
    assert answer.status == int(status[:3])
    assert answer.header("location") == "http://127.0.0.1:1/"


def test_connections_are_kept_and_cookies_are_not() -> None:
    async def story() -> LoopbackServer:
        async with serving(answering(b"{}", "set-cookie: a=b")) as server:
            async with Client(a_config(server.pair)) as client:
                for _ in range(3):
                    await client.send(get(server.url))
            return server

    server = asyncio.run(story())
    assert server.connections == 1
    assert not any(b"cookie:" in head.lower() for head in server.heads)


def test_the_environment_names_no_proxy_for_us(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert send(answering()).status == 200


def test_a_kept_connection_that_closes_under_our_hands_is_tried_once_more() -> None:
    answers = 0

    async def play(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal answers
        answers += 1
        if answers == 2:
            raise ConnectionAbortedError
        writer.write(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")

    async def story() -> None:
        async with serving(play) as server, Client(a_config(server.pair)) as client:
            post = HttpMessage.request("POST", server.url, (), b"{}")
            assert (await client.send(post)).status == 202
            assert (await client.send(post)).status == 202
            assert (server.connections, answers) == (2, 3)

    asyncio.run(story())


def test_a_server_that_always_hangs_up_is_a_passing_failure() -> None:
    async def play(head: bytes, writer: asyncio.StreamWriter) -> None:
        raise ConnectionAbortedError

    with pytest.raises(FetchFailed):
        send(play)


def test_nobody_listening_is_a_passing_failure() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]

        async def story() -> None:
            async with Client(a_config(f"127.0.0.1:{port}")) as client:
                await client.send(get(f"http://127.0.0.1:{port}/"))

        with pytest.raises(FetchFailed) as failed:
            asyncio.run(story())
    assert failed.value.url == f"http://127.0.0.1:{port}/"


@pytest.mark.parametrize(
    "garbage",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\ncontent-length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_an_answer_that_is_not_http_is_a_failure_and_no_crash(garbage: bytes) -> None:
    async def play(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(garbage)
        await writer.drain()
        writer.close()

    with pytest.raises(FetchFailed):
        send(play)


def test_a_shortened_answer_is_a_failure() -> None:
    async def play(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}")
        await writer.drain()
        writer.close()

    with pytest.raises(FetchFailed):
        send(play)


def test_the_engine_must_be_open() -> None:
    with pytest.raises(RuntimeError, match="not open"):
        asyncio.run(Client(ClientConfig()).send(get("https://a.example/")))


# --- deadlines and sizes -----------------------------------------------------------------------------------


async def _drip(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _drip_head(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"x-a: b\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _silence(head: bytes, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize("play", [_drip, _drip_head, _silence])
def test_e11_a_slow_answer_ends_at_the_total_deadline(play: Play) -> None:
    with pytest.raises(FetchFailed, match=r"within 0\.3 s"):
        send(play, total_s=0.3)


def test_the_configured_deadline_and_cap_hold_where_none_is_given() -> None:
    async def story(play: Play) -> None:
        limits = Limits(fetch_s=0.3, fetch_bytes=10)
        async with serving(play) as server, Client(a_config(server.pair, limits=limits)) as client:
            await client.send(get(server.url))

    with pytest.raises(FetchFailed):
        asyncio.run(story(_silence))
    with pytest.raises(DocumentRefused):
        asyncio.run(story(answering(b"x" * 11)))
    asyncio.run(story(answering(b"x" * 10)))


def test_e12_an_endless_answer_is_cut_at_the_cap() -> None:
    sent = 0

    async def flood(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while sent < 100 * MIB:
            writer.write(b" " * 65536)
            sent += 65536
            await writer.drain()

    with pytest.raises(DocumentRefused, match="larger"):
        send(flood, max_bytes=MIB)
    assert sent < 20 * MIB


def test_an_announced_size_beyond_the_cap_is_refused_before_it_is_read() -> None:
    sent = 0

    async def announce(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(b" ")
        await writer.drain()
        sent += 1
        await asyncio.sleep(60)

    with pytest.raises(DocumentRefused, match="larger"):
        send(announce, max_bytes=MIB)
    assert sent <= 1


def test_a_declared_length_at_the_cap_is_fine_and_chunks_count_together() -> None:
    assert len(send(answering(b"x" * 100), max_bytes=100).body) == 100

    async def chunks(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(11):
            writer.write(b"a\r\n" + b"x" * 10 + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0.001)
        writer.write(b"0\r\n\r\n")

    with pytest.raises(DocumentRefused):
        send(chunks, max_bytes=100)
    assert len(send(chunks, max_bytes=110).body) == 110


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "br", "deflate", "zstd", "x-unheard"])
def test_e10_an_encoded_answer_is_refused_and_never_inflated(encoding: str) -> None:
    bomb = gzip.compress(gzip.compress(bytes(10 * MIB)))
    assert len(bomb) < 10_000
    with pytest.raises(DocumentRefused, match="encoded"):
        send(answering(bomb, f"content-encoding: {encoding}"))


def test_an_answer_that_calls_itself_identity_is_read() -> None:
    assert send(answering(b"{}", "content-encoding: identity")).body == b"{}"


def test_what_is_no_document_may_be_cut_since_only_its_status_counts() -> None:
    def post(server: LoopbackServer) -> HttpMessage:
        return HttpMessage.request("POST", server.url, (), b"{}")

    assert send(answering(b"x" * 100), post, max_bytes=10).body == b""
    packed = answering(gzip.compress(b"x"), "content-encoding: gzip", status="410 Gone")
    assert send(packed, post).status == 410
    assert send(packed).status == 410

    async def unannounced(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 202 Accepted\r\n\r\n" + b"x" * 100)
        await writer.drain()
        writer.close()

    answer = send(unannounced, post, max_bytes=10)
    assert (answer.status, answer.body) == (202, b"x" * 10)


# --- names -------------------------------------------------------------------------------------------------


def test_the_systems_resolver_is_asked_in_threads_of_its_own() -> None:
    async def story() -> None:
        lookup = SystemLookup()
        assert set(await lookup("localhost", 443)) <= {"127.0.0.1", "::1"}
        lookup.close()

    asyncio.run(story())


def test_x25_a_name_that_did_not_resolve_is_not_asked_again_for_a_moment() -> None:
    asked: list[str] = []

    async def lookup(host: str, port: int) -> list[str]:
        asked.append(host)
        if host == "empty.example":
            return []
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    async def story() -> None:
        async with Client(ClientConfig(), lookup=lookup) as client:
            for name in ("a.example", "a.example", "empty.example", "b.example"):
                with pytest.raises(FetchFailed):
                    await client.send(get(f"https://{name}/"))

    asyncio.run(story())
    assert asked == ["a.example", "empty.example", "b.example"]


# --- TLS ---------------------------------------------------------------------------------------------------


def test_tls_needs_a_certificate_for_that_name_from_an_authority_that_we_trust(tmp_path: Path) -> None:
    authority = trustme.CA()
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("shop.example").configure_cert(context)

    async def story(name: str, ca: str | None) -> int:
        async with serving(answering(), tls=context) as server:
            config = a_config(f"{name}:{server.port}", names={name: "127.0.0.1"}, ca_file=ca)
            async with Client(config) as client:
                return (await client.send(get(f"https://{name}:{server.port}/x"))).status

    assert asyncio.run(story("shop.example", str(ca_file))) == 200
    with pytest.raises(FetchFailed, match="Certificate"):
        asyncio.run(story("shop.example", None))
    with pytest.raises(FetchFailed, match="Certificate"):
        asyncio.run(story("other.example", str(ca_file)))


# --- the httpx face ----------------------------------------------------------------------------------------


def test_httpx_goes_through_the_same_guard_and_session() -> None:
    async def story() -> None:
        async with serving(answering(b'{"a": 1}', "content-type: application/json")) as server:
            async with Client(a_config(server.pair, user_agent="test/1")) as client:
                answer = await client.httpx.get(server.url)
                assert (answer.status_code, answer.json()) == (200, {"a": 1})
                posted = await client.httpx.post(server.url + "#f", json={"b": 2}, headers={"x-own": "y"})
                assert posted.status_code == 200
                for url in ("https://127.0.0.1/", "http://user@a.example/", "https://localhost/"):
                    with pytest.raises(AddressRefused):
                        await client.httpx.get(url)
            assert server.connections == 1
            head = server.heads[1].lower()
            assert b"post /x http/1.1" in head
            assert head.count(b"content-length: ") == 1
            assert b"x-own: y" in head
            assert b"user-agent: test/1" in head

    asyncio.run(story())


def test_httpx_follows_no_redirect_and_knows_the_limits() -> None:
    async def story(play: Play) -> httpx.Response:
        limits = Limits(fetch_bytes=10)
        async with serving(play) as server, Client(a_config(server.pair, limits=limits)) as client:
            return await client.httpx.get(server.url)

    assert asyncio.run(story(answering(b"", "location: /y", status="302 Found"))).status_code == 302
    with pytest.raises(DocumentRefused):
        asyncio.run(story(answering(b"x" * 11)))


# --- in-process applications -------------------------------------------------------------------------------


async def _app(scope: Any, receive: Any, send: Any) -> None:
    received = await receive()
    if scope["path"] == "/slow":
        await asyncio.sleep(60)
    headers = [(b"X-Body", received["body"]), (b"x-method", scope["method"].encode())]
    await send({"type": "http.response.start", "status": 202, "headers": headers})
    await send({"type": "http.response.body", "body": b"x" * 20})


def ask_app(message: HttpMessage, **options: Any) -> HttpMessage:
    async def story() -> HttpMessage:
        engine = AsgiEngine({"a.example": _app})
        async with Client(ClientConfig(), engine=engine) as client:
            return await client.send(message, **options)

    return asyncio.run(story())


def test_an_application_in_this_process_answers_by_its_host_name() -> None:
    answer = ask_app(HttpMessage.request("POST", "https://a.example/x", (), b"{}"), max_bytes=10)
    assert (answer.status, answer.header("x-body"), answer.header("x-method")) == (202, "{}", "POST")


def test_the_guard_decides_for_applications_in_this_process_too() -> None:
    for url in ("http://a.example/", "https://a.example:8443/", "https://127.0.0.1/"):
        with pytest.raises(AddressRefused):
            ask_app(get(url))


def test_an_application_in_this_process_is_held_to_deadline_size_and_existence() -> None:
    with pytest.raises(FetchFailed, match="no such host"):
        ask_app(get("https://b.example/"))
    with pytest.raises(FetchFailed, match="within"):
        ask_app(get("https://a.example/slow"), total_s=0.05)
    with pytest.raises(DocumentRefused, match="larger"):
        ask_app(get("https://a.example/"), max_bytes=19)


# --- connections -------------------------------------------------------------------------------------------


def test_interim_answers_are_passed_over_up_to_a_number() -> None:
    interim = b"HTTP/1.1 103 Early\r\n\r\n"

    def after(count: int) -> Play:
        async def play(head: bytes, writer: asyncio.StreamWriter) -> None:
            writer.write(interim * count + b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

        return play

    assert send(after(10)).status == 200
    with pytest.raises(FetchFailed, match="more than 10 interim answers"):
        send(after(11))


def test_what_the_parser_swallows_without_end_is_cut_all_the_same() -> None:
    """Here the extension of a chunk's size, which is handed to nobody."""

    async def play(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;")
        for _ in range(1000):
            writer.write(b"x" * 65536)
            await writer.drain()

    with pytest.raises(FetchFailed):
        send(play, total_s=20.0, max_bytes=1000)


def test_a_message_may_bring_its_own_host_and_agent() -> None:
    async def story() -> None:
        async with serving(answering()) as server, Client(a_config(server.pair)) as client:
            await client.send(
                get(server.url, ("host", "b.example"), ("user-agent", "x"), ("connection", "close"))
            )
            head = server.heads[0].lower()
            assert head.count(b"host:") == head.count(b"user-agent:") == 1
            assert b"connection:" not in head

    asyncio.run(story())


def test_beyond_its_share_of_descriptors_no_connection_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_most_connections", lambda: 1)

    async def story() -> None:
        async with serving(answering()) as one, serving(answering()) as other:
            async with Client(a_config(one.pair, other.pair)) as client:
                for server in (one, other, one):
                    assert (await client.send(get(server.url))).status == 200
            assert (one.connections, other.connections) == (2, 1)

    asyncio.run(story())


def test_as_shipped_half_of_the_descriptors_are_for_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    for soft, most in ((64, 32), (1024, 512), (4, 8), (1_000_000, 2500)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, soft=soft: (soft, soft))
        assert client_module._most_connections() == most


def test_x07_want_of_descriptors_is_told_apart_from_a_peers_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> socket.socket:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("federation.guard.Guard.make_socket", full)

    async def lookup(host: str, port: int) -> list[str]:
        return ["93.184.215.14"]

    async def story() -> None:
        async with Client(ClientConfig(), lookup=lookup) as client:
            with pytest.raises(NoRoom, match="Too many open files"):
                await client.send(get("https://a.example/"))

    asyncio.run(story())
