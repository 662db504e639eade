from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from federation.errors import AddressRefused, DocumentRefused, InvalidIri, NotFound
from federation.fetching import FetchBudget, Fetcher
from federation.webfinger import Handle, build_host_meta, build_jrd, lookup, parse_handle

ACTOR = "https://shop.example/actors/shop"


def put_jrd(world: Any, asked: str, subject: str, actor: str, *, host: str = "") -> str:
    """What one host answers about `asked` ("user@host")."""
    url = f"https://{host or asked.split('@')[1]}/.well-known/webfinger?resource=acct:{asked}"
    world.put(url, build_jrd(subject=subject, actor=actor), content_type="application/jrd+json")
    return url


def put_actor(world: Any, actor: str, username: Any = "shop") -> None:
    world.put(actor, {"id": actor, "type": "Person", "preferredUsername": username})


def find(fetcher: Fetcher, handle: str, **options: Any) -> str:
    return asyncio.run(lookup(fetcher, parse_handle(handle), **options))


# --- handles and documents ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        ("@shop@shop.example", Handle("shop", "shop.example")),
        ("shop@SHOP.example.", Handle("shop", "shop.example")),
        ("acct:Shop@shop.example", Handle("Shop", "shop.example")),
        ("ACCT:a.b-c_d@bücher.example", Handle("a.b-c_d", "xn--bcher-kva.example")),
        ("@ana@ana.localhost:8001", Handle("ana", "ana.localhost:8001")),
        ("@ana@ana.example:443", Handle("ana", "ana.example")),
        ("@ana@[::1]:8001", Handle("ana", "[::1]:8001")),
    ],
)
def test_a_handle_is_a_user_and_a_canonical_host(text: str, handle: Handle) -> None:
    assert parse_handle(text) == handle


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        "",
        "shop",
        "@shop",
        "@shop@",
        "@@shop.example",
        "a@b@c.example",
        "@shop@shop.example\r\nHost: x",
        "@sh op@shop.example",
        "@shop@shop.example/x",
        "@shop@shop.example?x",
        "@shop@shop.example:0",
        "@shop@shop.example:99999999",
        "@shop@2130706433",
        "@shop@[::1",
        "@sho%70@shop.example",
        "mailto:a@b.example",
        "@" + "a" * 129 + "@b.example",
    ],
)
def test_e18_what_is_no_handle_is_refused(text: Any) -> None:
    with pytest.raises(InvalidIri):
        parse_handle(text)


def test_handles_write_themselves_and_compare_users_without_case() -> None:
    handle = Handle("Shop", "shop.example")
    assert (str(handle), handle.acct) == ("@Shop@shop.example", "acct:Shop@shop.example")
    assert handle.names_same(Handle("shop", "shop.example"))
    assert not handle.names_same(Handle("shop", "other.example"))


def test_the_answer_about_an_account_is_the_golden_one() -> None:
    assert build_jrd(
        subject="acct:shop@shop.example",
        actor=ACTOR,
        profile="https://shop.example/@shop",
        subscribe="https://shop.example/authorize_interaction?uri={uri}",
    ) == {
        "subject": "acct:shop@shop.example",
        "aliases": ["https://shop.example/actors/shop", "https://shop.example/@shop"],
        "links": [
            {
                "rel": "self",
                "type": "application/activity+json",
                "href": "https://shop.example/actors/shop",
            },
            {
                "rel": "http://webfinger.net/rel/profile-page",
                "type": "text/html",
                "href": "https://shop.example/@shop",
            },
            {
                "rel": "http://ostatus.org/schema/1.0/subscribe",
                "template": "https://shop.example/authorize_interaction?uri={uri}",
            },
        ],
    }


def test_the_answer_about_a_host_names_its_node_actor_as_a_service() -> None:
    node = "https://shop.example/actor"
    document = build_jrd(
        subject="acct:shop.example@shop.example",
        actor=node,
        aliases=["https://shop.example/", node],
        service=node,
    )
    assert document["aliases"] == [node, "https://shop.example/"]
    assert [link["rel"] for link in document["links"]] == [
        "self",
        "https://www.w3.org/ns/activitystreams#Service",
    ]


def test_host_meta_is_xml_that_leads_to_webfinger() -> None:
    root = ET.fromstring(build_host_meta("https://shop.example/"))
    (link,) = root
    assert root.tag == "{http://docs.oasis-open.org/ns/xri/xrd-1.0}XRD"
    assert link.get("rel") == "lrdd"
    assert link.get("template") == "https://shop.example/.well-known/webfinger?resource={uri}"


# --- looking up --------------------------------------------------------------------------------------------


def test_a_handle_leads_to_the_actor_that_answers_to_it(world: Any, fetcher: Fetcher) -> None:
    url = put_jrd(world, "shop@shop.example", "acct:shop@shop.example", ACTOR)
    put_actor(world, ACTOR)
    assert find(fetcher, "@shop@shop.example") == ACTOR
    assert world.urls == [url, ACTOR]
    assert world.asked[0].header("accept") == "application/jrd+json, application/json"


def test_users_are_found_without_regard_to_case(world: Any, fetcher: Fetcher) -> None:
    put_jrd(world, "SHOP@shop.example", "acct:shop@shop.example", ACTOR)
    put_actor(world, ACTOR, "Shop")
    assert find(fetcher, "@SHOP@shop.example") == ACTOR


def test_c15_a_split_domain_is_accepted_after_the_check_in_both_directions(
    world: Any, fetcher: Fetcher
) -> None:
    actor = "https://ap.shop.example/u/1"
    put_jrd(world, "shop@shop.example", "acct:shop@shop.example", actor)
    put_jrd(world, "shop@ap.shop.example", "acct:shop@shop.example", actor)
    put_actor(world, actor)
    assert find(fetcher, "@shop@shop.example") == actor
    assert find(fetcher, "@shop@ap.shop.example") == actor


def test_c15_a_handle_that_the_actors_own_host_does_not_confirm_is_refused(
    world: Any, fetcher: Fetcher
) -> None:
    put_jrd(world, "ceo@evil.example", "acct:ceo@evil.example", ACTOR)
    put_jrd(world, "shop@shop.example", "acct:shop@shop.example", ACTOR)
    put_actor(world, ACTOR)
    with pytest.raises(DocumentRefused, match="do not name one account"):
        find(fetcher, "@ceo@evil.example")


def test_c15_an_actor_that_another_host_claims_as_its_own_handle_is_refused(
    world: Any, fetcher: Fetcher
) -> None:
    put_jrd(world, "shop@evil.example", "acct:shop@shop.example", "https://evil.example/u")
    put_jrd(world, "shop@shop.example", "acct:shop@shop.example", ACTOR)
    put_actor(world, "https://evil.example/u")
    with pytest.raises(DocumentRefused, match="do not name one account"):
        find(fetcher, "@shop@evil.example")


def test_an_alias_is_resolved_to_the_canonical_handle(world: Any, fetcher: Fetcher) -> None:
    put_jrd(world, "info@shop.example", "acct:shop@shop.example", ACTOR)
    put_jrd(world, "shop@shop.example", "acct:shop@shop.example", ACTOR)
    put_actor(world, ACTOR)
    assert find(fetcher, "@info@shop.example") == ACTOR
    assert len(world.urls) == 3


@pytest.mark.parametrize("username", [None, 7, "", "a b"])
def test_an_actor_without_a_usable_name_is_refused(username: Any, world: Any, fetcher: Fetcher) -> None:
    put_jrd(world, "shop@shop.example", "acct:shop@shop.example", ACTOR)
    put_actor(world, ACTOR, username)
    with pytest.raises(DocumentRefused, match="preferredUsername"):
        find(fetcher, "@shop@shop.example")


def test_an_actor_that_goes_by_another_id_is_refused(world: Any, fetcher: Fetcher) -> None:
    put_jrd(world, "shop@shop.example", "acct:shop@shop.example", ACTOR)
    world.redirect(ACTOR, ACTOR + "/2")
    put_actor(world, ACTOR + "/2")
    with pytest.raises(DocumentRefused, match="another id"):
        find(fetcher, "@shop@shop.example")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"subject": "acct:shop@shop.example"},
        {"subject": "acct:shop@shop.example", "links": "x"},
        {"subject": "acct:shop@shop.example", "links": [{"rel": "self", "href": ACTOR}]},
        {
            "subject": "nonsense",
            "links": [{"rel": "self", "type": "application/activity+json", "href": ACTOR}],
        },
        {
            "subject": "acct:shop@shop.example",
            "links": [{"rel": "self", "type": "application/activity+json", "href": "/relative"}],
        },
        {
            "subject": "acct:shop@shop.example",
            "links": [
                {"rel": "self", "type": "application/activity+json", "href": ACTOR},
                {"rel": "self", "type": "application/activity+json", "href": ACTOR + "/2"},
            ],
        },
    ],
)
def test_an_answer_that_names_no_one_actor_is_refused(
    document: dict[str, Any], world: Any, fetcher: Fetcher
) -> None:
    url = put_jrd(world, "shop@shop.example", "acct:shop@shop.example", ACTOR)
    world.put(url, document, content_type="application/jrd+json")
    with pytest.raises(DocumentRefused):
        find(fetcher, "@shop@shop.example")


def test_c16_webfinger_to_loopback_is_refused(world: Any, fetcher: Fetcher) -> None:
    url = put_jrd(world, "shop@shop.example", "acct:shop@shop.example", ACTOR)
    world.redirect(url, "https://127.0.0.1/x")
    for handle in ("@a@127.0.0.1", "@a@[::1]", "@a@shop.example:8443", "@shop@shop.example"):
        with pytest.raises(AddressRefused):
            find(fetcher, handle)
    assert world.urls == [url]


def test_c16_webfinger_over_six_hops_or_down_to_http_is_refused(world: Any, fetcher: Fetcher) -> None:
    url = put_jrd(world, "shop@shop.example", "acct:shop@shop.example", ACTOR)
    world.redirect(url, "https://hop.example/1")
    for n in range(1, 7):
        world.redirect(f"https://hop.example/{n}", f"https://hop.example/{n + 1}")
    with pytest.raises(DocumentRefused, match="redirects"):
        find(fetcher, "@shop@shop.example")
    assert len(world.urls) == 4
    world.redirect(url, "http://shop.example/x")
    with pytest.raises(DocumentRefused, match="away from https"):
        find(fetcher, "@shop@shop.example")
    with pytest.raises(AddressRefused):
        find(fetcher, "@shop@shop.example", scheme="http")


def test_an_unknown_handle_is_not_found_within_its_budget(world: Any, fetcher: Fetcher) -> None:
    budget = FetchBudget(1)
    with pytest.raises(NotFound):
        find(fetcher, "@nobody@shop.example", budget=budget)
    assert budget.left == 0
