"""What keeps others from a server is found from outside, each trouble alone, and named with what mends it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa as rsa_keys
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse

from federation.client import AsgiEngine, Client, ClientConfig
from federation.keys import SigningKey, generate_rsa
from node.domain.errors import InvalidInput
from node.examination import Bounds, Check, Examiner, Finding, State, examine
from node.examination.walk import parse_reference
from tests.integration.faulty import HOST, Peer, serving

pytestmark = pytest.mark.anyio

QUICK = Bounds(total_s=60.0, one_s=2.0)
Fault = Callable[[Peer], None]


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return generate_rsa("https://us.example/actor#main-key", "https://us.example/actor")


def now() -> datetime:
    return datetime.now(UTC)


async def looked_at(
    peer: Peer,
    reference: str = "",
    *,
    key: SigningKey | None = None,
    bounds: Bounds = QUICK,
    ca_file: Path | None = None,
    names: tuple[str, ...] = (HOST,),
) -> list[Finding]:
    """All that is found of a peer, by its handle unless `reference` says otherwise."""
    authority = str(ca_file) if ca_file is not None else None
    config = ClientConfig(
        allowed=frozenset(f"{name}:{peer.port}" for name in names),
        names=dict.fromkeys(names, "127.0.0.1"),
        ca_file=authority,
    )
    async with Client(config) as client:
        examiner = Examiner(
            client=client, now=now, key=key, scheme=peer.scheme, bounds=bounds, ca_file=authority
        )
        named = parse_reference(reference or peer.handle, peer.scheme)
        return [finding async for finding in examine(examiner, named)]


def troubles(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(found.check.value, found.state.value) for found in findings if found.state is not State.OK]


def seen(findings: list[Finding], check: Check) -> str:
    return next(str(found.seen) for found in findings if found.check is check)


# --- whoever is well --------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["handle", "/actors/shop", "/@shop"])
async def test_server_that_is_well_has_nothing_to_mend(place: str, key: SigningKey) -> None:
    async with serving(Peer) as peer:
        findings = await looked_at(peer, "" if place == "handle" else peer.base + place, key=key)
    assert troubles(findings) == []
    assert len(findings) > 25
    assert {found.check for found in findings} >= {*Check} - {
        *(Check.OURS, Check.AS_SENT, Check.LARGE_BODY, Check.PROXY_HEADERS, Check.CONNECTIONS),
        *(Check.BOUNDS, Check.CERTIFICATE),
    }
    assert all(found.fix == "" for found in findings)


async def test_examination_stays_within_its_requests(key: SigningKey) -> None:
    async with serving(Peer) as peer:
        await looked_at(peer, f"{peer.base}/@shop", key=key)
        assert len(peer.asked) <= 25
        peer.asked.clear()
        findings = await looked_at(peer, bounds=replace(QUICK, requests=5))
        assert len(peer.asked) <= 5
    assert troubles(findings) == [("bounds", "warning")]
    assert "after 5 requests" in seen(findings, Check.BOUNDS)


async def test_examination_of_a_slow_server_ends_in_time(key: SigningKey) -> None:
    async def slow(request: Request) -> Response:
        await asyncio.sleep(0.15)
        return await peer._usual(request)

    async with serving(Peer) as peer:
        for path in ("/actors/shop", "/.well-known/webfinger", "/actors/shop/inbox", "/inbox"):
            peer.break_(path, slow)
        findings = await looked_at(peer, key=key, bounds=Bounds(total_s=0.5, one_s=0.4))
    assert Check.BOUNDS in {found.check for found in findings}
    assert findings[-1].check is Check.BOUNDS


async def test_server_that_answers_signed_fetches_only_is_well(key: SigningKey) -> None:
    async with serving(Peer) as peer:
        peer.is_signed_only = True
        findings = await looked_at(peer, key=key)
        unsigned = await looked_at(peer)
    assert troubles(findings) == []
    assert "signed fetches only" in seen(findings, Check.UNSIGNED_FETCH)
    assert troubles(unsigned) == [("signed fetch", "warning")], "without a key nothing more can be seen"


async def test_key_at_an_address_of_its_own_that_shows_a_stub_is_well(key: SigningKey) -> None:
    """As GoToSocial does: everybody may see the key, and nothing else unsigned."""
    async with serving(Peer) as peer:
        peer.is_signed_only = True
        peer.actor["publicKey"]["id"] = f"{peer.id}/main-key"
        names = ("id", "preferredUsername", "publicKey", "type")
        stub = {name: peer.actor[name] for name in names}
        peer.break_("/actors/shop/main-key", _json(stub))
        findings = await looked_at(peer, key=key)
        peer.break_("/actors/shop/main-key", PlainTextResponse("sign", 401))
        hidden = await looked_at(peer, key=key)
    assert troubles(findings) == []
    assert "at an address of its own" in seen(findings, Check.KEY)
    assert troubles(hidden) == [("key", "failed")]


async def test_server_that_reads_only_the_older_signatures_is_well(key: SigningKey) -> None:
    async def older(request: Request) -> Response:
        if "signature-input" in request.headers:
            return PlainTextResponse("what", 401)
        return peer.document(request)

    async with serving(Peer) as peer:
        peer.break_("/actors/shop", older)
        assert troubles(await looked_at(peer, key=key)) == []
        peer.actor["implements"] = [{"href": "https://datatracker.ietf.org/doc/html/rfc9421"}]
        claims = await looked_at(peer, key=key)
    assert troubles(claims) == [("RFC 9421 fetch", "failed")], "unless it says that it reads the newer ones"


def _json(value: Any, kind: str = "application/activity+json") -> Response:
    return JSONResponse(value, media_type=kind)


# --- one fault at a time ----------------------------------------------------------------------------------


def _pem(bits: int, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    return rsa_keys.generate_private_key(65537, bits).public_key().public_bytes(Encoding.PEM, form).decode()


def _set(where: str, *path: Any, value: Any) -> Fault:
    def fault(peer: Peer) -> None:
        inside: Any = getattr(peer, where)
        for name in path[:-1]:
            inside = inside[name]
        inside[path[-1]] = value

    return fault


def _drop(name: str) -> Fault:
    return lambda peer: peer.actor.pop(name)


def _answer(path: str, *answer: Any, **more: Any) -> Fault:
    return lambda peer: peer.break_(path, Response(*answer, **more))


def _two_self_links(peer: Peer) -> None:
    peer.jrd["links"].append({**peer.jrd["links"][0], "href": f"{peer.base}/users/shop"})


def _self_link_twice(peer: Peer) -> None:
    peer.jrd["links"].append(dict(peer.jrd["links"][0]))


def _attribute(name: str, value: Any) -> Fault:
    return lambda peer: setattr(peer, name, value)


async def _drip(request: Request) -> Response:
    async def drops() -> Any:
        while True:
            yield b" "
            await asyncio.sleep(0.2)

    return StreamingResponse(drops(), media_type="application/activity+json")


def _apart(peer: Peer, answer: Response) -> None:
    """The key has an address of its own, which answers so."""
    peer.actor["publicKey"]["id"] = f"{peer.id}/main-key"
    peer.break_("/actors/shop/main-key", answer)


def _finger_else(peer: Peer, resource: str, answer: Response) -> None:
    """WebFinger answers one resource otherwise."""

    async def chosen(request: Request) -> Response:
        is_it = request.query_params.get("resource", "") == resource
        return answer if is_it else await peer._usual(request)

    peer.break_("/.well-known/webfinger", chosen)


def _anybody(peer: Peer) -> None:
    async def found(request: Request) -> Response:
        if "resource" not in request.query_params:
            return PlainTextResponse("which", 400)
        return Response(
            json.dumps(peer.jrd),
            media_type="application/jrd+json",
            headers={"access-control-allow-origin": "*"},
        )

    peer.break_("/.well-known/webfinger", found)


def _by_accept(wanted: str, answer: Response) -> Fault:
    """The actor answers one kind of reader otherwise."""

    def fault(peer: Peer) -> None:
        async def chosen(request: Request) -> Response:
            return answer if request.headers["accept"].startswith(wanted) else peer.document(request)

        peer.break_("/actors/shop", chosen)

    return fault


FAULTS: dict[str, tuple[Fault, str, str, str]] = {
    "two self links": (_two_self_links, "self link", "failed", "exactly one link"),
    "the same self link twice": (_self_link_twice, "self link", "warning", "exactly one link"),
    "no self link": (_set("jrd", "links", value=[]), "self link", "failed", "exactly one link"),
    "self link to nowhere": (
        _set("jrd", "links", 0, "href", value="shop"),
        "self link",
        "failed",
        "exactly one link",
    ),
    "no WebFinger": (_answer("/.well-known/webfinger", status_code=404), "WebFinger", "failed", "RFC 7033"),
    "WebFinger as a page": (_attribute("jrd_type", "text/html"), "WebFinger type", "failed", "jrd+json"),
    "WebFinger as JSON": (
        _attribute("jrd_type", "application/json"),
        "WebFinger type",
        "warning",
        "jrd+json",
    ),
    "closed to scripts": (
        _attribute("cors", "https://shop.example"),
        "open to scripts",
        "warning",
        "Access-Control",
    ),
    "subject of somebody else": (
        lambda peer: peer.jrd.update(subject=f"acct:other@{peer.host}"),
        "subject",
        "failed",
        "canonical acct:",
    ),
    "subject that is none": (_set("jrd", "subject", value=7), "subject", "failed", "canonical acct:"),
    "anybody is found": (_anybody, "unknown name", "failed", "Answer 404"),
    "PKCS#1 key": (
        _set("actor", "publicKey", "publicKeyPem", value=_pem(2048, PublicFormat.PKCS1)),
        "key",
        "failed",
        "SPKI",
    ),
    "1024-bit key": (
        _set("actor", "publicKey", "publicKeyPem", value=_pem(1024)),
        "key",
        "failed",
        "2048 bits",
    ),
    "key that is none": (
        _set("actor", "publicKey", "publicKeyPem", value="-----BEGIN PUBLIC KEY-----"),
        "key",
        "failed",
        "SPKI",
    ),
    "key without its text": (_set("actor", "publicKey", "publicKeyPem", value=None), "key", "failed", "SPKI"),
    "key of another owner": (
        _set("actor", "publicKey", "owner", value="https://elsewhere.example/a"),
        "key",
        "failed",
        "owner",
    ),
    "key on another host": (
        _set("actor", "publicKey", "id", value="https://elsewhere.example/a#k"),
        "key",
        "failed",
        "origin",
    ),
    "no key": (_drop("publicKey"), "key", "failed", "publicKey"),
    "Multikey of another owner": (
        _set("actor", "assertionMethod", 0, "controller", value="https://elsewhere.example/a"),
        "Multikey",
        "failed",
        "controller",
    ),
    "Multikey on another host": (
        _set("actor", "assertionMethod", 0, "id", value="https://elsewhere.example/a#k"),
        "Multikey",
        "failed",
        "controller",
    ),
    "Multikey that is none": (
        _set("actor", "assertionMethod", 0, "publicKeyMultibase", value="z6Mk"),
        "Multikey",
        "failed",
        "publicKeyMultibase",
    ),
    "key id in place of a Multikey": (
        _set("actor", "assertionMethod", value=["https://elsewhere.example/k"]),
        "Multikey",
        "failed",
        "Multikeys",
    ),
    "actor without inbox": (_drop("inbox"), "properties", "failed", "State them"),
    "actor of no kind": (_set("actor", "type", value="Thing"), "properties", "failed", "State them"),
    "actor without outbox": (_drop("outbox"), "properties", "warning", "State them"),
    "inbox on another host": (
        _set("actor", "inbox", value="https://elsewhere.example/inbox"),
        "properties",
        "failed",
        "own origin",
    ),
    "id on another host": (
        _set("actor", "id", value="https://elsewhere.example/actors/shop"),
        "id",
        "failed",
        "own id",
    ),
    "id of another page": (
        lambda peer: peer.actor.update(id=f"{peer.base}/users/shop"),
        "id",
        "failed",
        "own id",
    ),
    "id that is none": (_drop("id"), "id", "failed", "own id"),
    "name that is none": (
        _set("actor", "preferredUsername", value="The Shop"),
        "way back",
        "failed",
        "preferredUsername",
    ),
    "name that leads elsewhere": (
        _set("actor", "preferredUsername", value="other"),
        "way back",
        "failed",
        "WebFinger",
    ),
    "500 at the inbox": (_answer("/actors/shop/inbox", status_code=500), "inbox", "failed", "log"),
    "202 to an unsigned message": (
        _answer("/actors/shop/inbox", status_code=202),
        "inbox",
        "warning",
        "Check signatures",
    ),
    "no such inbox": (_answer("/actors/shop/inbox", status_code=404), "inbox", "failed", "name the address"),
    "inbox that redirects": (
        lambda peer: peer.break_("/actors/shop/inbox", RedirectResponse("/elsewhere")),
        "inbox",
        "failed",
        "redirects",
    ),
    "400 at the inbox": (_answer("/actors/shop/inbox", status_code=400), "inbox", "warning", "Answer 401"),
    "421 at the shared inbox": (_answer("/inbox", status_code=421), "shared inbox", "failed", "Host"),
    "inbox of no address": (
        _set("actor", "endpoints", "sharedInbox", value="inbox"),
        "shared inbox",
        "warning",
        "own origin",
    ),
    "shared inbox on another host": (
        _set("actor", "endpoints", "sharedInbox", value="https://elsewhere.example/inbox"),
        "shared inbox",
        "warning",
        "own origin",
    ),
    "actor behind a redirect loop": (
        lambda peer: peer.break_("/actors/shop", RedirectResponse("/actors/shop")),
        "unsigned fetch",
        "failed",
        "Answer a GET",
    ),
    "actor that redirects nowhere": (
        _answer("/actors/shop", status_code=302, headers={"location": "ftp://nowhere"}),
        "unsigned fetch",
        "failed",
        "Answer a GET",
    ),
    "huge actor": (
        _answer("/actors/shop", b" " * 1_100_000, media_type="application/activity+json"),
        "unsigned fetch",
        "failed",
        "Answer a GET",
    ),
    "actor that drips": (
        lambda peer: peer.break_("/actors/shop", _drip),
        "unsigned fetch",
        "failed",
        "Answer a GET",
    ),
    "no actor": (_answer("/actors/shop", status_code=404), "unsigned fetch", "failed", "handle leads"),
    "actor that is gone": (_answer("/actors/shop", status_code=410), "unsigned fetch", "failed", "deleted"),
    "actor behind another Host": (
        _answer("/actors/shop", status_code=421),
        "unsigned fetch",
        "failed",
        "Host header",
    ),
    "actor that fails": (_answer("/actors/shop", status_code=500), "unsigned fetch", "failed", "GET"),
    "actor that is no JSON": (
        _by_accept("application/activity+json", Response("<p>", media_type="application/activity+json")),
        "content type",
        "failed",
        "strict JSON",
    ),
    "actor of a plain type": (
        _attribute("actor_type", "application/json"),
        "content type",
        "failed",
        "activity+json",
    ),
    "nothing for ld+json": (
        _by_accept("application/ld+json", PlainTextResponse("no", 406)),
        "ld+json",
        "failed",
        "ActivityStreams profile",
    ),
    "ld+json that fails": (
        _by_accept("application/ld+json", RedirectResponse("ftp://nowhere")),
        "ld+json",
        "failed",
        "ActivityStreams profile",
    ),
    "nothing for people": (
        _by_accept("text/html", PlainTextResponse("no", 406)),
        "page",
        "warning",
        "page",
    ),
    "page that is packed": (
        _by_accept("text/html", Response(b"x", headers={"content-encoding": "gzip"})),
        "page",
        "warning",
        "page",
    ),
    "inbox that drips": (
        lambda peer: peer.break_("/actors/shop/inbox", _drip),
        "inbox",
        "failed",
        "POST",
    ),
    "outbox that redirects without end": (
        lambda peer: peer.break_("/actors/shop/outbox", RedirectResponse("/actors/shop/outbox")),
        "outbox",
        "warning",
        "Ordered",
    ),
    "key behind a redirect loop": (
        lambda peer: _apart(peer, RedirectResponse("/actors/shop/main-key")),
        "key",
        "failed",
        "to everybody",
    ),
    "key of another at its address": (
        lambda peer: _apart(
            peer, _json({"id": f"{peer.id}/main-key", "owner": peer.id, "publicKeyPem": "other"})
        ),
        "key",
        "failed",
        "to everybody",
    ),
    "packed answer to no resource": (
        lambda peer: _finger_else(peer, "", Response(b"x", headers={"content-encoding": "gzip"})),
        "no resource",
        "warning",
        "Answer 400",
    ),
    "404 to no resource": (
        lambda peer: _finger_else(peer, "", PlainTextResponse("what", 404)),
        "no resource",
        "warning",
        "Answer 400",
    ),
    "address that WebFinger does not know": (
        lambda peer: _finger_else(peer, peer.id, PlainTextResponse("who", 404)),
        "WebFinger by address",
        "warning",
        "some servers ask so",
    ),
    "address that WebFinger sends away": (
        lambda peer: _finger_else(peer, peer.id, RedirectResponse("ftp://nowhere")),
        "WebFinger by address",
        "warning",
        "some servers ask so",
    ),
    "no Vary": (_attribute("vary", "origin"), "Vary", "warning", "Vary: Accept"),
    "outbox that fails": (_answer("/actors/shop/outbox", status_code=500), "outbox", "warning", "Ordered"),
    "outbox that is none": (
        lambda peer: peer.break_("/actors/shop/outbox", _json({"type": "Note"})),
        "outbox",
        "warning",
        "Ordered",
    ),
    "followers on another host": (
        _set("actor", "followers", value="https://elsewhere.example/f"),
        "followers",
        "warning",
        "Ordered",
    ),
    "host-meta that fails": (
        _answer("/.well-known/host-meta", status_code=500),
        "host-meta",
        "warning",
        "lrdd",
    ),
    "no NodeInfo": (_answer("/.well-known/nodeinfo", status_code=404), "NodeInfo", "warning", "Serve"),
    "NodeInfo without a link": (
        lambda peer: peer.break_("/.well-known/nodeinfo", _json({})),
        "NodeInfo",
        "warning",
        "Serve",
    ),
    "NodeInfo of nothing": (lambda peer: peer.break_("/ni", _json({})), "NodeInfo", "warning", "Serve"),
    "robots that redirect without end": (
        lambda peer: peer.break_("/robots.txt", RedirectResponse("/robots.txt")),
        "robots",
        "warning",
        "robots.txt",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_fault_is_found_alone_and_with_what_mends_it(name: str, key: SigningKey) -> None:
    fault, check, state, fix = FAULTS[name]
    async with serving(Peer) as peer:
        fault(peer)
        findings = await looked_at(peer, key=key)
    assert troubles(findings) == [(check, state)]
    assert all(bool(found.fix) == (found.state is not State.OK) for found in findings)
    assert fix in next(str(found.fix) for found in findings if found.state is not State.OK)


HARMLESS: dict[str, tuple[Fault, Check, str]] = {
    "page elsewhere": (
        lambda peer: _by_accept("text/html", RedirectResponse("/@shop"))(peer),
        Check.PAGE,
        "browsers are sent",
    ),
    "no shared inbox": (_drop("endpoints"), Check.SHARED_INBOX, "there is none"),
    "no Multikey": (_drop("assertionMethod"), Check.MULTIKEY, "there is none"),
    "no host-meta": (_answer("/.well-known/host-meta", status_code=404), Check.HOST_META, "few ask"),
    "outbox kept back": (_answer("/actors/shop/outbox", status_code=403), Check.OUTBOX, "kept back"),
    "outbox without total": (
        lambda peer: peer.break_("/actors/shop/outbox", _json({"type": "OrderedCollection"})),
        Check.OUTBOX,
        "how many",
    ),
    "search engines kept away": (
        _answer("/robots.txt", "User-agent: *\nDisallow: /\n"),
        Check.ROBOTS,
        "stay away",
    ),
    "search engines let in": (_answer("/robots.txt", "User-agent: *\nAllow: /\n"), Check.ROBOTS, "may look"),
    "capabilities of the generator": (
        _set("actor", "generator", value={"implements": [{"href": "https://w3id.org/fep/8b32"}, 7]}),
        Check.CAPABILITIES,
        "8b32",
    ),
    "Vary by everything": (_attribute("vary", "*"), Check.VARY, "*"),
}


@pytest.mark.parametrize("name", HARMLESS)
async def test_what_is_allowed_to_differ_is_told_and_is_no_fault(name: str, key: SigningKey) -> None:
    change, check, words = HARMLESS[name]
    async with serving(Peer) as peer:
        change(peer)
        findings = await looked_at(peer, key=key)
    assert troubles(findings) == []
    assert words in seen(findings, check)


@pytest.mark.parametrize(("hours", "found"), [(2.0, "failed"), (-2.0, "failed"), (0.1, "warning")])
async def test_clock_that_is_off_is_found(hours: float, found: str, key: SigningKey) -> None:
    date = format_datetime(now() + timedelta(hours=hours), usegmt=True)
    async with serving(lambda port: Peer(port, headers={"date": date})) as peer:
        findings = await looked_at(peer, key=key)
    assert troubles(findings) == [("clock", found)]


async def test_answers_without_a_date_are_found(key: SigningKey) -> None:
    async with serving(lambda port: Peer(port, headers={"date": "today"})) as peer:
        findings = await looked_at(peer, key=key)
    assert troubles(findings) == [("clock", "warning")]


async def test_signed_fetch_that_is_refused_is_found(key: SigningKey) -> None:
    async def refuses(request: Request) -> Response:
        if "signature" in request.headers and "signature-input" not in request.headers:
            return PlainTextResponse("no", 500)
        return peer.document(request)

    async with serving(Peer) as peer:
        peer.break_("/actors/shop", refuses)
        findings = await looked_at(peer, key=key)
    assert troubles(findings) == [("signed fetch", "failed")]


# --- names and certificates -------------------------------------------------------------------------------


async def test_split_domain_is_followed_and_checked_both_ways(key: SigningKey) -> None:
    """The handle is `@shop@brand.localhost`, the actor lives on `shop.localhost`."""
    async with serving(Peer) as peer:
        peer.jrd["subject"] = f"acct:shop@brand.localhost:{peer.port}"
        usual = peer._finger

        def finger(request: Request) -> Response:
            asked = request.query_params.get("resource", "")
            if asked == peer.jrd["subject"]:
                return _json(peer.jrd, "application/jrd+json")
            return usual(request)

        peer._finger = finger  # type: ignore[method-assign]
        names = (HOST, "brand.localhost")
        findings = await looked_at(peer, key=key, names=names)
        assert [found for found in troubles(findings) if found[0] in ("subject", "way back")] == []
        assert "which is asked below" in seen(findings, Check.SUBJECT)
        assert "brand.localhost" in seen(findings, Check.WAY_BACK)
        peer._finger = usual  # type: ignore[method-assign]
        claimed = await looked_at(peer, key=key, names=names)
    assert ("way back", "failed") in troubles(claimed), "a handle that its host does not know is claimed only"


async def test_addresses_on_another_host_are_not_asked_for_an_actor_of_this_one(key: SigningKey) -> None:
    """Else an actor could have whoever looks at it write to somebody else."""
    async with serving(Peer) as peer:
        elsewhere = f"http://brand.localhost:{peer.port}/elsewhere"
        peer.actor["endpoints"]["sharedInbox"] = elsewhere
        peer.actor["outbox"] = peer.actor["followers"] = elsewhere
        findings = await looked_at(peer, key=key, names=(HOST, "brand.localhost"))
        assert [path for _, path in peer.asked if path == "/elsewhere"] == []
    assert {name for name, _ in troubles(findings)} >= {"shared inbox", "followers"}


async def test_name_that_leads_nowhere_is_found() -> None:
    async def nothing(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    async def for_ever(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    async def home(host: str, port: int) -> list[str]:
        return ["10.0.0.7"]

    for lookup, words, fix in (
        (nothing, "leads nowhere", "A or AAAA"),
        (for_ever, "not looked up in time", "A or AAAA"),
        (home, "not a public address", "public address"),
    ):
        async with Client(ClientConfig(), lookup=lookup) as client:
            examiner = Examiner(client=client, now=now, bounds=Bounds(one_s=0.2))
            reference = parse_reference("@shop@shop.example", "https")
            findings = [finding async for finding in examine(examiner, reference)]
        assert troubles(findings) == [("address", "failed")]
        assert words in seen(findings, Check.ADDRESS)
        assert fix in findings[-1].fix


async def test_address_that_is_not_opened_is_not_asked(key: SigningKey) -> None:
    async with serving(Peer) as peer:
        findings = await looked_at(peer, key=key, names=())
        assert peer.asked == []
    assert troubles(findings) == [("address", "failed")]


async def test_actor_at_an_address_that_is_not_opened_is_not_asked(key: SigningKey) -> None:
    async with serving(Peer) as peer:
        peer.jrd["links"][0]["href"] = "https://127.0.0.1/actors/shop"
        findings = await looked_at(peer, key=key)
    assert troubles(findings) == [("address", "failed")]


async def test_server_that_does_not_answer_is_found() -> None:
    config = ClientConfig(allowed=frozenset({"shop.localhost:9"}), names={"shop.localhost": "127.0.0.1"})
    async with Client(config) as client:
        for scheme, trouble in (("http", "WebFinger"), ("https", "address")):
            examiner = Examiner(client=client, now=now, scheme=scheme, bounds=QUICK)
            reference = parse_reference("@shop@shop.localhost:9", scheme)
            findings = [finding async for finding in examine(examiner, reference)]
            assert troubles(findings) == [(trouble, "failed")]


def certified(
    directory: Path, *names: str, days: float = 60, trusted: bool = True
) -> tuple[Path, Path, Path]:
    """A certificate and its key, and the authority to trust."""
    authority = trustme.CA()
    issued = authority.issue_cert(*names, not_after=now() + timedelta(days=days))
    cert, private, ca = (directory / name for name in ("cert.pem", "key.pem", "ca.pem"))
    issued.private_key_pem.write_to_path(str(private))
    cert.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    (authority if trusted else trustme.CA()).cert_pem.write_to_path(str(ca))
    return cert, private, ca


@pytest.mark.parametrize(
    ("made", "found", "words"),
    [
        ({}, [], "it holds until"),
        ({"days": 5}, [("certificate", "warning")], "it ends soon"),
        ({"days": -1}, [("certificate", "failed")], "it has ended"),
        ({"name": "other.localhost"}, [("certificate", "failed")], "for another name: other.localhost"),
        ({"trusted": False}, [("certificate", "failed")], "nobody trusts it"),
    ],
)
async def test_certificate_is_judged_as_others_judge_it(
    made: dict[str, Any], found: list[tuple[str, str]], words: str, tmp_path: Path, key: SigningKey
) -> None:
    name = made.pop("name", HOST)
    cert, private, ca = certified(tmp_path, name, **made)
    async with serving(lambda port: Peer(port, scheme="https"), tls=(cert, private)) as peer:
        findings = await looked_at(peer, key=key, ca_file=ca)
    assert troubles(findings) == found
    assert words in seen(findings, Check.CERTIFICATE)
    assert "TLSv1." in seen(findings, Check.TLS)


async def test_server_without_tls_is_found(key: SigningKey) -> None:
    async with serving(lambda port: Peer(port, scheme="https")) as peer:
        findings = await looked_at(peer, key=key)
    assert troubles(findings) == [("TLS", "failed")]


# --- what is asked for ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", " ", "@shop", "shop@", "ftp://shop.example/", "x" * 600, "a b", "https://"]
)
def test_what_is_neither_handle_nor_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_reference(text, "https")


def test_host_alone_is_its_first_page() -> None:
    assert parse_reference("Shop.Example", "https") == "https://shop.example/"
    assert str(parse_reference(" shop@Shop.Example ", "https")) == "@shop@shop.example"
    assert parse_reference("https://shop.example/@shop#x", "https") == "https://shop.example/@shop"


async def test_address_whose_handle_names_another_is_found(key: SigningKey) -> None:
    async with serving(Peer) as peer:
        peer.jrd["links"][0]["href"] = f"{peer.base}/users/shop"
        findings = await looked_at(peer, peer.id, key=key)
    assert troubles(findings) == [("way back", "failed")]


async def test_page_of_an_actor_that_answers_signed_fetches_only_is_found_behind_it(key: SigningKey) -> None:
    async with serving(Peer) as peer:
        peer.is_signed_only = True
        assert troubles(await looked_at(peer, f"{peer.base}/@shop", key=key)) == []


async def test_address_that_leads_nowhere_is_told_as_it_is(key: SigningKey) -> None:
    async with serving(Peer) as peer:
        peer.break_("/elsewhere", RedirectResponse("ftp://nowhere"))
        away = await looked_at(peer, f"{peer.base}/elsewhere", key=key)
        nothing = await looked_at(peer, f"{peer.base}/nothing", key=key)
        peer.actor["preferredUsername"] = "The Shop"
        unnamed = await looked_at(peer, peer.id, key=key)
    assert troubles(away) == [("unsigned fetch", "failed")]
    assert troubles(nothing) == [("unsigned fetch", "failed")]
    assert troubles(unnamed) == [], "a document whose name makes no handle has none to be asked for"


ODD: tuple[Any, ...] = (
    None,
    7,
    True,
    "",
    "x",
    [],
    ["x"],
    [[]],
    [{}],
    {},
    {"id": 7},
    {"id": []},
    [None],
    "https://[",
)


@pytest.mark.parametrize("value", ODD, ids=repr)
async def test_whatever_a_server_says_is_a_finding_and_never_a_fault_of_ours(
    value: Any, key: SigningKey
) -> None:
    """Every member of its two documents in turn; within this process, since there are many."""
    fresh = Peer(8080)
    places: list[tuple[str, tuple[Any, ...]]] = [("actor", (name,)) for name in fresh.actor]
    places += [("jrd", (name,)) for name in fresh.jrd]
    places += [("actor", ("publicKey", name)) for name in fresh.actor["publicKey"]]
    places += [("actor", ("assertionMethod", 0, name)) for name in fresh.actor["assertionMethod"][0]]
    places += [("jrd", ("links", 0, name)) for name in fresh.jrd["links"][0]]
    places += [("actor", (name,)) for name in ("implements", "generator")]
    for where, path in places:
        peer = Peer(8080)
        _set(where, *path, value=value)(peer)
        host = fresh.host
        config = ClientConfig(allowed=frozenset({host}), names={HOST: "127.0.0.1"})
        async with Client(config, engine=AsgiEngine({HOST: peer})) as client:
            examiner = Examiner(client=client, now=now, key=key, scheme="http")
            named = parse_reference(fresh.handle if where == "jrd" else fresh.id, "http")
            assert [finding async for finding in examine(examiner, named)], (where, path)


async def test_what_another_server_says_disturbs_no_line(key: SigningKey) -> None:
    async with serving(Peer) as peer:
        peer.actor["publicKey"]["owner"] = "https://x/\x1b[2J\u202e\n" + "y" * 1000
        findings = await looked_at(peer, key=key)
    told = seen(findings, Check.KEY)
    assert len(told) < 200
    assert all(character.isprintable() for character in told)
