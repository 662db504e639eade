"""Two nodes behind the shipped proxies, with TLS, begin a deal; and the proxies bound what the node bounds.

Caddy and nginx run as they do anywhere, from the files in deploy/ with other names and ports.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from federation.messages import JsonObject, Limits
from node.config import load_config
from node.runtime.asking import ask_running
from tests.deploy.proxies import PROXIES, Answer, Proxy, open_proxies, open_signpost, read_answer

pytestmark = [pytest.mark.slow, pytest.mark.processes]

NODES = {"ana.example": ("ana", "person"), "shop.example": ("shop", "vendor")}
BICYCLE = "https://www.wikidata.org/wiki/Q11442"
READY_S, PATIENCE_S, STOP_S = 60.0, 60.0, 40.0
LONGEST_S = 45.0


@dataclass(frozen=True, slots=True)
class Home:
    """A node behind a proxy."""

    name: str
    data: Path
    proxy: Proxy

    @property
    def handle(self) -> str:
        return f"@{self.name}@{self.proxy.host}:{self.proxy.port}"

    def ask(self, command: str, **args: object) -> JsonObject:
        found = ask_running(load_config(self.data), command, args, lambda text: None)
        assert found is not None, f"{self.name}'s node does not run"
        return found

    def answers(self) -> bool:
        """Whether the node is reached through its proxy."""
        try:
            return self.proxy.ask(f"/actors/{self.name}").status == 200
        except OSError:
            return False

    def has_delivered(self) -> bool:
        return not self.ask("deliveries.list")["deliveries"]


@dataclass(frozen=True, slots=True)
class Street:
    """Both nodes, and what becomes of slow connections that were opened when they came up."""

    kind: str
    ana: Home
    shop: Home
    slow: dict[str, Future[tuple[float, bytes]]]


@pytest.fixture(scope="module", params=PROXIES)
def street(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    kind = str(request.param)
    place = tmp_path_factory.mktemp(kind)
    with ExitStack() as running:
        proxies = running.enter_context(open_proxies(kind, place, list(NODES)))
        homes = [Home(name, place / name, proxies[host]) for host, (name, _) in NODES.items()]
        makers = [_obverse(home.data, *_settings(home, homes)) for home in homes]
        for home, maker in zip(homes, makers, strict=True):
            assert maker.wait(READY_S) == 0, home.data.with_suffix(".log").read_text()
        for home in homes:
            server = _obverse(home.data, "serve")
            running.callback(_end, server)
        for home in homes:
            _await(f"{home.name}'s node answers through {kind}", home.answers)
        threads = running.enter_context(ThreadPoolExecutor(len(SLOW)))
        slow = {name: threads.submit(_drip, homes[0].proxy, *how) for name, how in SLOW.items()}
        yield Street(kind, homes[0], homes[1], slow)


def _settings(home: Home, homes: list[Home]) -> list[str]:
    kind = NODES[home.proxy.host][1]
    words = ["init", "--url", home.proxy.url, "--name", home.name, "--kind", kind, "--cast-spread", "0"]
    words += ["--bind", f"127.0.0.1:{home.proxy.upstream_port}", "--ca-file", str(home.proxy.authority)]
    for other in homes:
        words += ["--allow", f"{other.proxy.host}:{other.proxy.port}"]
        words += ["--resolve", f"{other.proxy.host}=127.0.0.1"]
    return words


def _obverse(data: Path, *words: str) -> subprocess.Popen[bytes]:
    with data.with_suffix(".log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "node", "--data", str(data), *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await(what: str, come: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not come():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.05)


# --- slow connections -------------------------------------------------------------------------------------

HEAD = b"POST /actors/ana/inbox HTTP/1.1\r\nHost: %s\r\nContent-Type: application/activity+json\r\n"
SLOW = {
    "silent": (b"", b""),
    "head": (HEAD, b"X-Slow: 1\r\n"),
    "body": (HEAD + b"Content-Length: 2000\r\n\r\n", b"x"),
}
"""What is sent at once, and what is sent each second after that."""


def _drip(proxy: Proxy, first: bytes, each: bytes) -> tuple[float, bytes]:
    """After how many seconds the other side gave up, and what it said; it must not wait for ever."""
    began = time.monotonic()
    with closing(proxy.connect()) as line:
        line.settimeout(1.0)
        line.sendall(first.replace(b"%s", f"{proxy.host}:{proxy.port}".encode()))
        while time.monotonic() - began < LONGEST_S:
            try:
                return time.monotonic() - began, line.recv(65536)
            except TimeoutError:
                line.sendall(each)
            except OSError:
                return time.monotonic() - began, b""
    return LONGEST_S, b"still open"


# --- the deal ---------------------------------------------------------------------------------------------


def test_two_nodes_begin_a_deal_through_the_proxies(street: Street) -> None:
    ana, shop = street.ana, street.shop
    found = ana.ask("vendors.add", vendor=shop.handle)
    assert found["handle"] == shop.handle
    cast = ana.ask("intent.cast", name="Child bicycle", category=BICYCLE, to=[shop.handle], budget="300 EUR")
    deal = cast["deals"][0]["id"]
    _await("the intent is at the shop", lambda: any(d["id"] == deal for d in _deals(shop)))
    shop.ask("deal.offer", deal=deal, name="Norrland Kid", price="273.50 EUR")
    _await("the offer is with Ana", lambda: _state(ana, deal) == "offered")
    ana.ask("deal.ask", deal=deal, text="Is it red?")
    _await(
        "the question is at the shop", lambda: "Is it red?" in json.dumps(shop.ask("deal.show", deal=deal))
    )
    for home in (ana, shop):
        _await(f"all of {home.name}'s is delivered", home.has_delivered)
        taken = [entry for entry in _logged(street.kind, home.proxy) if entry.startswith("POST /")]
        assert taken, f"nothing was posted to {home.name} through {street.kind}"
        assert {entry.split()[-1] for entry in taken if "x-" not in entry} >= {"202"}


def _deals(home: Home) -> list[JsonObject]:
    return list(home.ask("deal.list")["deals"])


def _state(home: Home, deal: str) -> str:
    return str(home.ask("deal.show", deal=deal)["state"])


def _logged(kind: str, proxy: Proxy) -> list[str]:
    """`POST /path 202` of each request in the access log."""
    lines = proxy.access_log.read_text(encoding="utf-8").splitlines()
    if kind == "caddy":
        entries = [json.loads(line) for line in lines]
        return [f"{e['request']['method']} {e['request']['uri']} {e['status']}" for e in entries]
    return [" ".join(match.groups()) for line in lines if (match := re.search(r'"(\S+) (\S+)" (\d+)', line))]


def test_access_log_holds_no_query_no_header_and_no_whole_address(street: Street) -> None:
    proxy = street.shop.proxy
    head = "Authorization: Bearer s3cret-token\r\nSignature: keyId=s3cret-key\r\n"
    proxy.ask("/.well-known/webfinger?resource=acct:s3cret-name@shop.example", head=head)
    _await("it is logged", lambda: "webfinger" in proxy.access_log.read_text(encoding="utf-8"))
    everything = "".join(
        path.read_text(encoding="utf-8", errors="replace") for path in proxy.access_log.parent.glob("*.log")
    )
    assert "s3cret" not in everything
    assert "127.0.0.1" not in proxy.access_log.read_text(encoding="utf-8")
    assert "127.0.0.0" in proxy.access_log.read_text(encoding="utf-8")


# --- what passes unchanged --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["//actors/ana", "/actors//ana", "/actors/./ana", "/x/../actors/ana", "/actors/%61na", "/actors%2Fana"],
)
def test_path_reaches_the_node_as_it_was_sent(street: Street, path: str) -> None:
    """One spelling names one thing: were these tidied on the way, each of them would be the actor."""
    assert street.ana.proxy.ask("/actors/ana").status == 200
    assert street.ana.proxy.ask(path).status in (400, 404)


def test_answers_of_the_node_pass_unchanged(street: Street) -> None:
    proxy = street.ana.proxy
    unsigned = proxy.ask(
        "/actors/ana/inbox",
        method="POST",
        head="Content-Type: application/activity+json\r\nContent-Length: 2\r\n",
        body=b"{}",
    )
    assert (unsigned.status, unsigned.headers["content-type"]) == (401, "application/problem+json")
    odd = proxy.ask("/actors/ana/inbox", method="PUT")
    assert (odd.status, odd.headers["allow"]) == (405, "POST")
    actor = proxy.ask("/actors/ana", head="Accept-Encoding: gzip\r\nAccept: application/activity+json\r\n")
    assert "content-encoding" not in actor.headers
    assert json.loads(_unchunked(actor))["id"] == f"{proxy.url}/actors/ana"


def _unchunked(answer: Answer) -> bytes:
    if answer.headers.get("transfer-encoding") != "chunked":
        return answer.body
    size, _, rest = answer.body.partition(b"\r\n")
    return rest[: int(size, 16)]


def test_browsers_are_told_to_stay_with_https(street: Street) -> None:
    proxy = street.ana.proxy
    answer = proxy.ask("/@ana")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "nginx/" not in answer.headers.get("server", "")
    with closing(proxy.connect(alpn=["h2", "http/1.1"])) as line:
        assert line.selected_alpn_protocol() == "h2"


def test_plain_http_leads_to_https(street: Street) -> None:
    proxy = street.ana.proxy
    with socket.create_connection(("127.0.0.1", proxy.plain_port), timeout=10) as line:
        line.sendall(b"GET /@ana?x=1 HTTP/1.1\r\nHost: ana.example\r\nConnection: close\r\n\r\n")
        answer = read_answer(line)
    assert (answer.status, answer.headers["location"]) == (308, "https://ana.example/@ana?x=1")


# --- what is bounded --------------------------------------------------------------------------------------


def test_body_over_the_limit_is_413_and_at_the_limit_is_read(street: Street) -> None:
    limit = Limits().inbox_body_bytes
    for size, status in ((limit, 401), (limit + 1, 413)):
        head = f"Content-Type: application/activity+json\r\nContent-Length: {size}\r\n"
        body = b'"' + b"x" * (size - 2) + b'"'
        answer = street.ana.proxy.ask("/actors/ana/inbox", method="POST", head=head, body=body)
        assert answer.status == status, f"{size} bytes"


def test_header_over_the_limit_is_refused(street: Street) -> None:
    answer = street.ana.proxy.ask("/actors/ana", head=f"X-Long: {'x' * 40_000}\r\n")
    assert answer.status in (400, 431)


def test_other_names_are_not_served(street: Street) -> None:
    """nginx says so; Caddy answers with nothing at all, and asks no node."""
    proxy = street.ana.proxy
    answer = proxy.ask("/actors/ana", host="other.example")
    assert answer.status == 421 or (answer.status, answer.body) == (200, b"")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        proxy.connect(name="other.example").close()


@pytest.mark.parametrize(("what", "within_s"), [("silent", 30), ("head", 15), ("body", 36)])
def test_slow_connection_is_closed(street: Street, what: str, within_s: float) -> None:
    after_s, said = street.slow[what].result(LONGEST_S + 10)
    assert after_s < within_s, said
    assert said == b"" or said.startswith((b"HTTP/1.1 408", b"HTTP/1.1 400"))
    if what == "body":
        assert said.startswith(b"HTTP/1.1 408"), "the node's own word, passed on"


# --- handles of another domain ----------------------------------------------------------------------------


def test_short_handle_of_another_domain_leads_to_the_account(street: Street, tmp_path: Path) -> None:
    """The signposts in `handle-domain.*`: what is found goes by the node's own name."""
    shop = street.shop
    with open_signpost(street.kind, tmp_path, "shops.example", shop.proxy) as signpost:
        asked = "/.well-known/webfinger?resource=acct:"
        answer = signpost.ask(f"{asked}shop@shops.example")
        where = f"https://{shop.proxy.host}:{shop.proxy.port}"
        assert answer.status == 302
        assert answer.headers["access-control-allow-origin"] == "*"
        located = answer.headers["location"]
        assert located == f"{where}{asked}shop@{shop.proxy.host}:{shop.proxy.port}"
        found = json.loads(_unchunked(shop.proxy.ask(located.removeprefix(where))))
        assert found["subject"] == f"acct:{shop.handle.removeprefix('@')}"
        for other in ("shop@elsewhere.example", "a%22b@shops.example", "@shops.example"):
            assert "location" not in signpost.ask(f"{asked}{other}").headers
