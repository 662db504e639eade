"""The routes and the guard around them, asked as a server asks an application."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import anyio
import pytest

from federation import signatures
from federation.asgi import (
    Endpoints,
    InboxEndpoint,
    RequestGuard,
    Served,
    public_request,
    routes,
)
from federation.errors import Forbidden, SignatureMissing
from federation.inbox import authenticate
from federation.intake import Room
from federation.messages import HttpMessage, Limits
from federation.preferences import prefers_html
from federation.vocab import ACTIVITY_JSON

pytestmark = pytest.mark.anyio


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    unread: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def ask(
    app: Any,
    method: str,
    path: str,
    headers: Sequence[tuple[str, str]] = (),
    parts: Sequence[bytes | None] = (b"",),
    *,
    host: str | None = "ana.example",
    query: str = "",
    **scope: Any,
) -> Answer:
    """Ask once; a part of None: the sender goes away; `unread` counts the parts that nobody took."""
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    if host is not None:
        pairs.insert(0, (b"host", host.encode("latin-1")))
    usual = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode("latin-1"),
        "scheme": "http",
        "query_string": query.encode("latin-1"),
        "headers": pairs,
        "server": ("10.0.0.1", 80),
        "root_path": "",
    }
    waiting = list(parts)
    sent: list[Any] = []

    async def receive() -> Any:
        part = waiting.pop(0)
        if part is None:
            return {"type": "http.disconnect"}
        if part == b"<never>":
            await anyio.sleep_forever()
        return {"type": "http.request", "body": part, "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        sent.append(message)

    await app({**usual, **scope}, receive, send)
    if not sent:
        return Answer(0, {}, b"", len(waiting))
    raw = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], raw, b"".join(m.get("body", b"") for m in sent[1:]), len(waiting))


async def post(app: Any, message: HttpMessage, **change: Any) -> Answer:
    path = message.url.removeprefix("https://ana.example")
    headers = [pair for pair in message.headers if pair[0] != "host"]
    return await ask(app, "POST", path, headers, **{"parts": [message.body], **change})


@pytest.fixture
def app(ana: Any) -> Any:
    return ana.late.app


# --- the inbox -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", ["cavage", "rfc9421"])
async def test_a_signed_post_is_202_with_an_empty_body(
    network: Any, app: Any, ana: Any, shop: Any, a_note: Any, spec: Any
) -> None:
    sender = shop.account("north")
    message = network.post("https://ana.example/inbox", a_note(sender), key=sender.rsa, spec=spec)
    halves = [message.body[:100], message.body[100:]]
    answer = await post(app, message, parts=halves)
    assert (answer.status, answer.body) == (202, b"")
    assert len(ana.pending) == 1
    assert (await post(app, message)).status == 202
    assert len(ana.pending) == 1


async def test_a_refusal_is_a_problem_document(network: Any, app: Any, shop: Any) -> None:
    message = network.post(
        "https://ana.example/inbox", b'{"price":1,"price":2}', key=shop.account("north").rsa
    )
    answer = await post(app, message)
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json["status"] == 400
    assert "line 1" in answer.json["place"]
    assert answer.json["title"]
    assert answer.json["detail"]


async def test_an_unsigned_post_is_401_and_one_to_nobody_404(
    network: Any, app: Any, a_note: Any, shop: Any
) -> None:
    body = a_note(shop.account("north"))
    assert (await post(app, network.post("https://ana.example/inbox", body, key=None))).status == 401
    assert (await post(app, network.post("https://ana.example/p/none/inbox", body, key=None))).status == 404


async def test_a16_put_is_405_with_allow(app: Any) -> None:
    for method in ("PUT", "GET", "DELETE"):
        answer = await ask(app, method, "/inbox")
        assert (answer.status, answer.headers["allow"]) == (405, "POST")


async def test_a_path_that_is_no_inbox_is_404_by_its_raw_spelling(
    network: Any, app: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    ana.account("ana")
    sender = shop.account("north")
    message = network.post("https://ana.example/actors/%61na/inbox", a_note(sender), key=sender.rsa)
    assert (await post(app, message)).status == 404
    endpoints = replace(ana.endpoints, recipient=lambda _: None)
    answer = await ask(InboxEndpoint(endpoints), "POST", "/inbox")
    assert (answer.status, answer.headers["connection"]) == (404, "close")


async def test_a01_an_announced_body_over_the_limit_is_413_before_it_is_read(app: Any) -> None:
    limit = Limits().inbox_body_bytes
    answer = await ask(app, "POST", "/inbox", [("content-length", str(limit + 1))], [b"x", b"y"])
    assert (answer.status, answer.unread, answer.headers["connection"]) == (413, 2, "close")
    answer = await ask(app, "POST", "/inbox", [("content-length", "9" * 400)], [b"x", b"y"])
    assert (answer.status, answer.unread) == (413, 2)


async def test_an_unannounced_body_over_the_limit_is_413_as_soon_as_it_is_over(app: Any) -> None:
    answer = await ask(app, "POST", "/inbox", [], [b"x" * 200_000, b"x" * 100_000, b"never read"])
    assert (answer.status, answer.unread) == (413, 1)


async def test_a_length_that_is_no_number_is_not_read_either(ana: Any) -> None:
    answer = await ask(InboxEndpoint(ana.endpoints), "POST", "/inbox", [("content-length", "-1")], [b"x"])
    assert (answer.status, answer.unread) == (413, 1)


async def test_a12_a_body_that_drips_is_408(ana: Any) -> None:
    impatient = replace(ana.endpoints, room=Room(body_s=0.02))
    answer = await ask(InboxEndpoint(impatient), "POST", "/inbox", [], [b"x", b"<never>"])
    assert (answer.status, answer.headers["connection"]) == (408, "close")


async def test_a_sender_that_goes_away_gets_no_answer(app: Any, ana: Any) -> None:
    answer = await ask(app, "POST", "/inbox", [], [b"x", None])
    assert answer.status == 0
    assert ana.pending == []


class Slow:
    """The inbox's clock or store, which only answers when it is let go."""

    def __init__(self) -> None:
        self.let_go = anyio.Event()
        self.asked = 0

    async def __call__(self, recipient: str) -> bool:
        self.asked += 1
        await self.let_go.wait()
        return False


async def test_so_many_are_judged_so_many_wait_and_the_next_is_503_at_once(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    slow = Slow()
    room = Room(judged_at_once=2, judged_waiting=3)
    inbox = InboxEndpoint(replace(ana.endpoints, inbox=replace(ana.deps, known_recipient=slow), room=room))
    message = network.post("https://ana.example/p/x/inbox", a_note(shop.account("north")), key=None)
    statuses: list[int] = []

    async def ask_one() -> None:
        statuses.append((await post(inbox, message)).status)

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(ask_one)
        await anyio.sleep(0.02)
        assert slow.asked == 2
        answer = await post(inbox, message)
        assert (answer.status, answer.headers["retry-after"]) == (503, "30")
        slow.let_go.set()
    assert statuses == [404] * 5, "those that waited have had their turn"
    assert slow.asked == 5


async def test_judging_that_does_not_end_is_503(network: Any, ana: Any, shop: Any, a_note: Any) -> None:
    endpoints = replace(
        ana.endpoints, inbox=replace(ana.deps, known_recipient=Slow()), room=Room(judge_s=0.02)
    )
    message = network.post("https://ana.example/p/x/inbox", a_note(shop.account("north")), key=None)
    answer = await post(InboxEndpoint(endpoints), message)
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert "too long" in answer.json["detail"]


async def test_bodies_are_bounded_together_and_the_one_that_stalls_gives_way(ana: Any) -> None:
    inbox = InboxEndpoint(replace(ana.endpoints, room=Room(body_bytes=1000)))
    answers: list[Answer] = []

    async def stall() -> None:
        answers.append(await ask(inbox, "POST", "/inbox", [], [b"x" * 800, b"<never>"]))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stall)
        await anyio.sleep(0.01)
        quick = await ask(inbox, "POST", "/inbox", [], [b"x" * 300])
        assert quick.status == 415, "it was read and judged"
    (stalled,) = answers
    assert (stalled.status, stalled.headers["retry-after"]) == (503, "30")
    assert stalled.headers["connection"] == "close"
    alone = await ask(inbox, "POST", "/inbox", [], [b"x" * 500, b"x" * 501])
    assert alone.status == 503
    assert (await ask(inbox, "POST", "/inbox", [], [b"x" * 1000])).status == 415, "nothing is held"


async def test_documents_are_bounded_too_and_a_store_that_fails_is_503(app: Any, ana: Any) -> None:
    let_go = anyio.Event()

    async def slow(_: HttpMessage) -> Served:
        await let_go.wait()
        return Served({"id": "x"})

    async def broken(_: HttpMessage) -> Served:
        raise OSError("/var/lib/secret/place")

    ana.documents |= {"/slow": slow, "/broken": broken}
    narrow = replace(ana.endpoints, room=Room(read_at_once=1, read_waiting=1))
    served = ana.application(narrow)
    statuses: list[int] = []

    async def ask_one(path: str) -> None:
        statuses.append((await ask(served, "GET", path)).status)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask_one, "/slow")
        tasks.start_soon(ask_one, "/.well-known/nodeinfo")
        await anyio.sleep(0.01)
        answer = await ask(served, "GET", "/missing")
        assert (answer.status, answer.headers["retry-after"]) == (503, "30")
        let_go.set()
    assert statuses == [200, 200]
    answer = await ask(app, "GET", "/broken")
    assert (answer.status, b"secret" in answer.body) == (503, False)
    assert [what for what, _ in ana.failures] == ["document"]


async def test_a_store_that_fails_is_503_without_its_words(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    class Full:
        def __getattr__(self, name: str) -> Any:
            raise OSError("/var/lib/secret/place: no space left")

    endpoints = replace(ana.endpoints, inbox=replace(ana.deps, log=Full()))
    sender = shop.account("north")
    message = network.post("https://ana.example/inbox", a_note(sender), key=sender.rsa)
    answer = await post(InboxEndpoint(endpoints), message)
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert b"secret" not in answer.body
    ((what, error),) = ana.failures
    assert (what, type(error)) == ("inbox", OSError)


def test_failures_are_logged_unless_the_application_listens(ana: Any, caplog: Any) -> None:
    kept = {name: getattr(ana.endpoints, name) for name in Endpoints.__slots__ if name != "report"}
    with caplog.at_level(logging.ERROR):
        Endpoints(**kept).report("inbox", OSError("disk"))
    assert "inbox failed" in caplog.text


# --- the address -----------------------------------------------------------------------------------------


def test_the_public_address_comes_from_configuration_and_the_raw_path() -> None:
    scope = {
        "method": "POST",
        "path": "/a b",
        "raw_path": b"/a%20b",
        "query_string": b"x=%2F",
        "scheme": "http",
        "headers": [(b"Host", b"evil.example"), (b"X-Forwarded-Host", b"evil.example")],
    }
    message = public_request(scope, "https://ana.example", b"body")
    assert message.url == "https://ana.example/a%20b?x=%2F"
    assert message.header("host") == "evil.example"
    assert (message.method, message.body) == ("POST", b"body")
    del scope["raw_path"], scope["query_string"]
    assert public_request(scope, "https://ana.example").url == "https://ana.example/a%20b"


# --- documents -------------------------------------------------------------------------------------------


async def test_an_actor_is_served_as_activity_json_with_vary(app: Any, ana: Any) -> None:
    actor = ana.account("ana")
    answer = await ask(app, "GET", "/actors/ana", [("accept", "application/activity+json")])
    assert (answer.status, answer.json) == (200, actor.document)
    assert answer.headers["content-type"] == ACTIVITY_JSON
    assert answer.headers["vary"] == "Accept, Signature"


async def test_head_is_get_without_the_body(app: Any, ana: Any) -> None:
    ana.account("ana")
    get, head = await ask(app, "GET", "/actors/ana"), await ask(app, "HEAD", "/actors/ana")
    assert (head.status, head.body) == (200, b"")
    assert head.headers == get.headers


async def test_other_methods_on_a_document_are_405(app: Any) -> None:
    answer = await ask(app, "POST", "/actors/ana")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_bytes_status_and_headers_go_out_as_they_are(app: Any, ana: Any) -> None:
    ana.documents["/x"] = Served(b'{"a": 1}', status=410, headers=(("cache-control", "no-store"),))
    answer = await ask(app, "GET", "/x")
    assert (answer.status, answer.body, answer.headers["cache-control"]) == (410, b'{"a": 1}', "no-store")


async def test_people_get_the_page_and_servers_the_document(app: Any, ana: Any) -> None:
    async def page() -> str:
        return "<h1>Ana</h1>"

    ana.documents["/actors/ana"] = Served({"id": "x"}, html=page)
    browser = [("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")]
    answer = await ask(app, "GET", "/actors/ana", browser)
    assert (answer.body, answer.headers["content-type"]) == (b"<h1>Ana</h1>", "text/html; charset=utf-8")
    assert answer.headers["vary"] == "Accept, Signature"
    assert (await ask(app, "GET", "/actors/ana")).json == {"id": "x"}
    ana.documents["/actors/ana"] = Served({"id": "x"})
    assert (await ask(app, "GET", "/actors/ana", browser)).json == {"id": "x"}


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("text/html", True),
        ("text/*", True),
        ("TEXT/HTML", True),
        ("application/activity+json, text/html", False),
        ("text/html;q=0.9, application/activity+json", False),
        ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', False),
        ("text/html, */*", True),
        ("text/html;q=0", False),
        ("text/html;q=0.5, */*", False),
        ("text/html; q=nonsense", True),
        ("application/json", False),
        ("image/png", False),
        ("text/html;level=1;q=0.4, */*;q=0.3", True),
    ],
)
def test_html_only_for_those_who_would_rather_have_it(accept: Any, html: Any) -> None:
    assert prefers_html(accept) is html


async def test_p03_hidden_and_missing_documents_are_answered_alike(app: Any, ana: Any) -> None:
    async def hidden(_: HttpMessage) -> None:
        return None

    ana.documents["/hidden"] = hidden
    for headers in ([], [("accept", "text/html")], [("accept-language", "de")]):
        one = await ask(app, "GET", "/hidden", headers)
        other = await ask(app, "GET", "/missing", headers)
        assert (one.status, one.headers, one.body) == (other.status, other.headers, other.body)
        assert one.status == 404


async def test_a_document_for_one_reader_is_served_to_a_signed_get_alone(
    network: Any, app: Any, ana: Any, shop: Any
) -> None:
    reader = shop.persona("P")

    async def private(request: HttpMessage) -> Served | None:
        signer = await authenticate(request, deps=ana.deps)
        return Served({"id": "log"}) if signer.actor == reader.id else None

    ana.documents["/deals/1/log"] = private
    request = HttpMessage.request("GET", "https://ana.example/deals/1/log")
    signed = signatures.sign(request, reader.ed25519, now=network.clock())
    assert (await ask(app, "GET", "/deals/1/log", signed.headers)).json == {"id": "log"}
    other = signatures.sign(request, shop.persona("Q").ed25519, now=network.clock())
    assert (await ask(app, "GET", "/deals/1/log", other.headers)).status == 404
    answer = await ask(app, "GET", "/deals/1/log")
    assert (answer.status, answer.headers["vary"]) == (401, "Accept, Signature")
    assert answer.json["title"] == SignatureMissing.title


# --- discovery -------------------------------------------------------------------------------------------


async def test_webfinger_answers_400_404_and_the_jrd_to_everybody(app: Any) -> None:
    async def finger(query: str) -> Answer:
        answer = await ask(app, "GET", "/.well-known/webfinger", query=query)
        assert answer.headers["access-control-allow-origin"] == "*"
        return answer

    assert (await finger("")).status == 400
    assert (await finger("resource=")).status == 400
    assert (await finger("resource=a:b&resource=c:d")).status == 400
    assert (await finger("resource=nonsense")).status == 400
    assert (await finger("resource=acct:nobody@ana.example")).status == 404
    found = await finger("resource=acct%3Aana%40ana.example")
    assert (found.status, found.headers["content-type"]) == (200, "application/jrd+json")
    assert len(found.json["links"]) == 2
    filtered = await finger("resource=acct:ana@ana.example&rel=self")
    assert [link["rel"] for link in filtered.json["links"]] == ["self"]


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/.well-known/nodeinfo", "application/json"),
        ("/nodeinfo/2.0", 'application/json; profile="http://nodeinfo.diaspora.software/ns/schema/2.0#"'),
        ("/nodeinfo/2.1", 'application/json; profile="http://nodeinfo.diaspora.software/ns/schema/2.1#"'),
        ("/.well-known/host-meta", "application/xrd+xml"),
    ],
)
async def test_discovery_documents_have_their_types(app: Any, path: Any, media_type: Any) -> None:
    answer = await ask(app, "GET", path)
    assert (answer.status, answer.headers["content-type"]) == (200, media_type)


def test_the_routes_can_be_put_into_any_application(ana: Any) -> None:
    made = routes(ana.endpoints, inbox_paths=["/in"], document_paths=["/{rest:path}"])
    assert made[0].path == "/in"  # type: ignore[attr-defined]
    assert made[-1].path == "/{rest:path}"  # type: ignore[attr-defined]


# --- the guard -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [
        ("ana.example", [], 404),
        ("ANA.example", [], 404),
        ("ana.example:443", [], 404),
        ("ana.example:8443", [], 421),
        (None, [], 400),
        ("", [], 400),
        ("ana.example", [("host", "evil.example")], 400),
        ("ana.example", [("host", "ana.example")], 400),
        ("ana.example/admin?", [], 400),
        ("m@ana.example", [], 400),
        ("ana.example evil", [], 400),
        ("shop.example", [], 421),
        ("ana.example.evil.example", [], 421),
        ("[::1]:80", [], 421),
        ("ana.example", [("content-length", "1"), ("content-length", "2")], 400),
        ("ana.example", [("content-length", "+1")], 400),
        ("ana.example", [("content-length", "1"), ("transfer-encoding", "chunked")], 400),
        ("ana.example", [("transfer-encoding", "chunked")], 404),
        ("ana.example", [("transfer-encoding", "gzip, chunked")], 400),
        ("ana.example", [("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")], 400),
        ("ana.example", [("content-type", "a/b"), ("content-type", "c/d")], 400),
        ("ana.example", [("content-length", "300000")], 413),
        ("ana.example", [("content-encoding", "gzip")], 415),
        ("ana.example", [("content-encoding", "identity")], 404),
        ("ana.example", [("upgrade", "h2c")], 400),
        ("ana.example", [("expect", "miracles")], 417),
        ("ana.example", [("expect", "100-Continue")], 404),
        ("ana.example", [("x", "y" * 200_000)], 431),
        ("ana.example", [("x", "y")] * 10_000, 431),
    ],
)
async def test_a03_to_a09_the_guard(app: Any, host: Any, headers: Any, status: Any) -> None:
    answer = await ask(app, "GET", "/none", headers, host=host)
    assert answer.status == status
    assert answer.headers.get("connection") == ("close" if status != 404 else None)


@pytest.mark.parametrize(
    ("base_url", "also", "good", "bad"),
    [
        ("http://ana.localhost:8001", (), "ana.localhost:8001", "ana.localhost"),
        ("http://ana.localhost", (), "ana.localhost:80", "ana.localhost:443"),
        ("https://[2001:db8::1]", (), "[2001:db8::1]:443", "[2001:db8::2]"),
        ("https://ana.example", ("Health.local:81",), "health.local:81", "health.local"),
    ],
)
async def test_the_guard_knows_every_spelling_of_its_own_authority(
    base_url: Any, also: Any, good: Any, bad: Any
) -> None:
    async def fine(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    guard = RequestGuard(fine, base_url=base_url, limits=Limits(), also=also)
    assert (await ask(guard, "GET", "/", host=good)).status == 200
    assert (await ask(guard, "GET", "/", host=bad)).status == 421


async def test_the_guard_leaves_what_is_no_request_alone() -> None:
    seen: list[str] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    await RequestGuard(inner, base_url="https://a.example", limits=Limits())({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
    assert seen == ["lifespan"]


async def test_a_document_may_be_refused_by_the_application(app: Any, ana: Any) -> None:
    async def forbid(_: HttpMessage) -> None:
        raise Forbidden("not for you", retry_after_s=5)

    ana.documents["/x"] = forbid
    answer = await ask(app, "GET", "/x")
    assert (answer.status, answer.json["detail"], answer.headers["retry-after"]) == (403, "not for you", "5")
