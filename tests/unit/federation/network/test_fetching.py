from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from federation import cavage, signatures
from federation.client import Client, ClientConfig
from federation.errors import (
    AddressRefused,
    DocumentRefused,
    FetchError,
    FetchFailed,
    Gone,
    InvalidIri,
    NotFound,
)
from federation.fetching import FetchBudget, FetchedDocument, Fetcher, tell_strangers
from federation.keys import SigningKey
from federation.messages import HttpMessage, Limits
from federation.ports import HostState, SignatureSpec

U = "https://t.example/u"


def fetch(fetcher: Fetcher, url: str, **options: Any) -> FetchedDocument:
    return asyncio.run(fetcher.fetch(url, **options))


def signing(world: Any, hosts: Any, clock: Any, key: SigningKey) -> Fetcher:
    return Fetcher(Client(ClientConfig(), engine=world), lambda: key, hosts, clock, Limits())


def test_a_document_comes_from_its_id_with_its_bytes_and_time(
    world: Any, fetcher: Fetcher, clock: Any
) -> None:
    world.put(U, {"id": U, "type": "Person"})
    document = fetch(fetcher, U + "#main-key")
    assert document == FetchedDocument(U, world.pages[U].body, {"id": U, "type": "Person"}, clock())
    assert world.urls == [U]
    assert world.asked[0].header("accept") == (
        'application/activity+json, application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
    )
    assert world.asked[0].header("signature") is None


def test_an_id_that_is_a_part_of_the_document_is_its_own(world: Any, fetcher: Fetcher) -> None:
    world.put(U, {"id": U + "#main-key"})
    assert fetch(fetcher, U).url == U


def test_c06_another_id_is_fetched_once_in_its_stead(world: Any, fetcher: Fetcher) -> None:
    original = "https://original.example/note"
    world.put(U, {"id": original, "content": "forged"})
    world.put(original, {"id": original, "content": "true"})
    document = fetch(fetcher, U)
    assert (document.url, document.json["content"]) == (original, "true")


def test_c06_an_id_that_leads_to_yet_another_is_refused(world: Any, fetcher: Fetcher) -> None:
    world.put(U, {"id": U + "/2"})
    world.put(U + "/2", {"id": U + "/3"})
    with pytest.raises(DocumentRefused, match="another id"):
        fetch(fetcher, U)
    assert world.urls == [U, U + "/2"]


@pytest.mark.parametrize("stated", [None, 7, "", "urn:uuid:1", "https://user@t.example/u", ["a", "b"]])
def test_a_document_without_a_usable_id_is_refused(stated: Any, world: Any, fetcher: Fetcher) -> None:
    world.put(U, {"id": stated})
    with pytest.raises(DocumentRefused, match="usable id"):
        fetch(fetcher, U)


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/ld+json", "text/html", "image/png", ""]
)
def test_c07_c08_an_upload_is_no_activity_document(content_type: str, world: Any, fetcher: Fetcher) -> None:
    world.put(U, {"id": U}, content_type=content_type)
    with pytest.raises(DocumentRefused, match="type"):
        fetch(fetcher, U)


def test_c08_ld_json_with_profile_and_charset_is_taken(world: Any, fetcher: Fetcher) -> None:
    profile = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"; charset=utf-8'
    world.put(U, {"id": U}, content_type=profile)
    assert fetch(fetcher, U).url == U


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"id": 1, "id": 2}', b'{"id": NaN}', b"\xef\xbb\xbf{}"])
def test_a_body_that_is_not_strict_json_is_refused(body: bytes, world: Any, fetcher: Fetcher) -> None:
    world.put(U, body)
    with pytest.raises(DocumentRefused, match="strict JSON"):
        fetch(fetcher, U)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (410, Gone),
        (404, NotFound),
        (401, NotFound),
        (403, NotFound),
        (406, NotFound),
        (408, FetchFailed),
        (425, FetchFailed),
        (429, FetchFailed),
        (500, FetchFailed),
        (503, FetchFailed),
        (204, DocumentRefused),
        (304, DocumentRefused),
    ],
)
def test_a_status_says_whether_trying_again_makes_sense(
    status: int, error: type[Exception], world: Any, fetcher: Fetcher
) -> None:
    world.status(U, status)
    with pytest.raises(error) as raised:
        fetch(fetcher, U)
    assert raised.type is error
    assert raised.value.status == status  # type: ignore[attr-defined]
    assert raised.value.url == U  # type: ignore[attr-defined]


def test_what_is_no_address_is_not_asked_for(world: Any, fetcher: Fetcher) -> None:
    with pytest.raises(InvalidIri):
        fetch(fetcher, "data:application/activity+json,{}")
    with pytest.raises(AddressRefused):
        fetch(fetcher, "https://127.0.0.1/u")
    assert world.urls == []


# --- redirects ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_by_hand_up_to_three(status: int, world: Any, fetcher: Fetcher) -> None:
    world.redirect(U, "/2", status)
    world.redirect("https://t.example/2", "https://t.example/3#x", status)
    world.redirect("https://t.example/3", "https://o.example/4", status)
    world.put("https://o.example/4", {"id": "https://o.example/4"})
    assert fetch(fetcher, U).url == "https://o.example/4"


def test_e06_a_redirect_loop_stops_by_the_third_hop(world: Any, fetcher: Fetcher) -> None:
    world.redirect(U, U)
    with pytest.raises(DocumentRefused, match="redirects"):
        fetch(fetcher, U)
    assert world.urls == [U] * 4


@pytest.mark.parametrize(
    "target", ["https://127.0.0.1/x", "https://[::1]/x", "https://169.254.169.254/", "https://t.example:22/"]
)
def test_e05_a_redirect_to_a_forbidden_address_stops_at_the_hop(
    target: str, world: Any, hosts: Any, clock: Any, rsa_key: SigningKey
) -> None:
    world.redirect(U, target)
    with pytest.raises(AddressRefused):
        fetch(signing(world, hosts, clock, rsa_key), U)
    assert world.urls == [U]


def test_e07_a_redirect_away_from_https_is_refused(world: Any, fetcher: Fetcher) -> None:
    world.redirect(U, "http://t.example/u")
    with pytest.raises(DocumentRefused, match="away from https"):
        fetch(fetcher, U)


@pytest.mark.parametrize("target", ["", "https://[zz/", "javascript:alert(1)", "https://a b/", "https://[::"])
def test_a_redirect_to_no_usable_address_is_refused(target: str, world: Any, fetcher: Fetcher) -> None:
    world.status(U, 302, *([("location", target)] if target else []))
    with pytest.raises(DocumentRefused, match="usable"):
        fetch(fetcher, U)


# --- signatures --------------------------------------------------------------------------------------------


def test_each_hop_is_signed_for_its_own_address(
    world: Any, hosts: Any, clock: Any, rsa_key: SigningKey
) -> None:
    world.redirect(U, "https://o.example/2")
    world.put("https://o.example/2", {"id": "https://o.example/2"})
    fetch(signing(world, hosts, clock, rsa_key), U)
    for request in world.asked:
        cavage.verify(request, rsa_key.public, now=clock(), limits=Limits())
    assert [request.header("host") for request in world.asked] == ["t.example", "o.example"]


def test_a_refused_signature_is_tried_the_other_way_and_remembered(
    world: Any, hosts: Any, clock: Any, rsa_key: SigningKey
) -> None:
    good = HttpMessage(
        status=200,
        headers=(("content-type", "application/activity+json"),),
        body=json.dumps({"id": U}).encode(),
    )
    world.pages[U] = [HttpMessage(status=401), good]
    fetcher = signing(world, hosts, clock, rsa_key)
    fetch(fetcher, U)
    signatures.verify(world.asked[1], rsa_key.public, now=clock(), limits=Limits())
    learned = asyncio.run(hosts.find("https://t.example"))
    assert learned == HostState("https://t.example", spec=SignatureSpec.RFC9421, learned_at=clock())
    fetch(fetcher, U)
    assert world.asked[2].header("signature-input") is not None


def test_an_ed25519_signer_signs_the_newer_way(
    world: Any, hosts: Any, clock: Any, ed25519_key: SigningKey
) -> None:
    world.put(U, {"id": U})
    fetch(signing(world, hosts, clock, ed25519_key), U)
    signatures.verify(world.asked[0], ed25519_key.public, now=clock(), limits=Limits())


def test_a_fetch_may_be_left_unsigned(world: Any, hosts: Any, clock: Any, rsa_key: SigningKey) -> None:
    world.put(U, {"id": U})
    fetch(signing(world, hosts, clock, rsa_key), U, signed=False)
    assert world.asked[0].header("signature") is None


# --- bounds ------------------------------------------------------------------------------------------------


def test_every_hop_is_counted_against_the_budget(world: Any, fetcher: Fetcher) -> None:
    world.redirect(U, "/2")
    world.put("https://t.example/2", {"id": "https://t.example/2"})
    budget = FetchBudget(3)
    fetch(fetcher, U, budget=budget)
    assert budget.left == 1
    with pytest.raises(DocumentRefused, match="more look-ups"):
        fetch(fetcher, U, budget=budget)
    assert len(world.urls) == 3
    assert FetchBudget().left == 20


def test_all_hops_together_keep_one_deadline(world: Any, hosts: Any, clock: Any) -> None:
    async def slow(message: HttpMessage) -> None:
        await asyncio.sleep(0.04)

    world.before_answer = slow
    world.redirect(U, U)
    limits = Limits(fetch_s=0.06, redirects=50, fetches_per_message=100)
    fetcher = Fetcher(Client(ClientConfig(), engine=world), lambda: None, hosts, clock, limits)
    with pytest.raises(FetchFailed, match="within"):
        fetch(fetcher, U)
    assert len(world.urls) == 2


# --- discovery ---------------------------------------------------------------------------------------------


def test_a_discovery_document_needs_no_id_and_is_asked_for_unsigned(
    world: Any, hosts: Any, clock: Any, rsa_key: SigningKey
) -> None:
    url = "https://t.example/.well-known/nodeinfo"
    world.redirect(url, "https://www.t.example/nodeinfo")
    world.put("https://www.t.example/nodeinfo", {"links": []}, content_type="application/json; charset=utf-8")
    fetcher = signing(world, hosts, clock, rsa_key)
    document = asyncio.run(fetcher.fetch_json(url, "application/json"))
    assert (document.url, document.json) == ("https://www.t.example/nodeinfo", {"links": []})
    assert [request.header("signature") for request in world.asked] == [None, None]
    assert world.asked[0].header("accept") == "application/json"


def test_a_discovery_document_is_no_web_page(world: Any, fetcher: Fetcher) -> None:
    world.put(U, {}, content_type="text/html")
    with pytest.raises(DocumentRefused):
        asyncio.run(fetcher.fetch_json(U, "application/json"))


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (AddressRefused("intranet.example resolves to 10.0.0.5"), "not an address that is opened"),
        (FetchFailed("ClientConnectorError: Cannot connect to host 10.0.0.5:443"), "no answer"),
        (FetchFailed("answered 502", status=502), "answered 502"),
        (NotFound("answered 404", status=404), "answered 404"),
        (DocumentRefused("of type 'text/html'"), "of type 'text/html'"),
        (InvalidIri("contains a second #"), "contains a second #"),
    ],
)
def test_strangers_hear_what_the_other_server_said_and_nothing_of_our_network(
    error: FetchError | InvalidIri, told: str
) -> None:
    assert tell_strangers(error) == told
