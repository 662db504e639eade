import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from federation.actors import (
    FEP_8B32,
    RFC9421,
    Account,
    Capability,
    RemoteActor,
    build_account,
    build_node_actor,
    build_persona,
    learn_host,
    parse_actor,
)
from federation.errors import DocumentRefused
from federation.keys import PublicKey, parse_multikey, parse_public_pem
from federation.ports import HostState, SignatureSpec
from federation.vocab import CAPABILITY_RFC9421, CAPABILITY_RFC9421_ED25519

GOLDEN = Path(__file__).parents[3] / "golden" / "messages"
IMPLEMENTS = (RFC9421, FEP_8B32, Capability("https://w3id.org/obverse/ns#protocol-1", "Obverse protocol 1"))
TERMS = {
    "obv": "https://w3id.org/obverse/ns#",
    "termsAccepted": {"@id": "obv:termsAccepted", "@type": "@id"},
}
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def golden(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((GOLDEN / name).read_text())
    return document


def keys_in(document: dict[str, Any]) -> tuple[PublicKey, PublicKey]:
    owner = document["id"]
    pem = document.get("publicKey", golden("00-node.json")["publicKey"])["publicKeyPem"]
    multikey = document.get("assertionMethod", golden("00-persona.json")["assertionMethod"])[0]
    return (
        parse_public_pem(pem, key_id=f"{owner}#main-key", owner=owner),
        parse_multikey(multikey["publicKeyMultibase"], key_id=f"{owner}#ed25519-key", owner=owner),
    )


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("00-account-person.json", {"type": "Person", "username": "ana", "name": "Ana"}),
        (
            "00-account-vendor.json",
            {
                "type": "Organization",
                "username": "shop",
                "name": "North Bicycles",
                "discoverable": True,
                "indexable": True,
                "followers_wait": False,
                "summary": "<p>Bicycles and repairs in Glasgow.</p>",
            },
        ),
    ],
)
def test_an_account_is_built_exactly_as_in_the_golden_document(file: str, change: dict[str, Any]) -> None:
    document = golden(file)
    host = document["id"].split("/")[2]
    rsa, ed25519 = keys_in(document)
    extra = {"termsAccepted": document["termsAccepted"]} if "termsAccepted" in document else {}
    account = Account(
        id=document["id"],
        page=document["url"],
        published=datetime(2026, 10, 1, tzinfo=UTC),
        node_actor=f"https://{host}/actor",
        shared_inbox=f"https://{host}/inbox",
        extra=extra,
        extra_context=TERMS,
        **change,
    )
    built = build_account(account, rsa=rsa, ed25519=ed25519, implements=IMPLEMENTS)
    assert built == document
    assert list(built) == list(document)


def test_a_persona_is_built_exactly_as_in_the_golden_document() -> None:
    document = golden("00-persona.json")
    built = build_persona(
        document["id"],
        username=document["preferredUsername"],
        ed25519=keys_in(document)[1],
        node_actor="https://ana.example/actor",
        implements=IMPLEMENTS,
    )
    assert built == document


def test_the_node_actor_is_built_exactly_as_in_the_golden_document() -> None:
    document = golden("00-node.json")
    built = build_node_actor(
        document["id"],
        host="shop.example",
        page="https://shop.example/",
        inbox="https://shop.example/inbox",
        rsa=keys_in(document)[0],
        implements=IMPLEMENTS,
        extra_context=TERMS,
    )
    assert built == document


@pytest.mark.parametrize(
    "file", ["00-account-person.json", "00-account-vendor.json", "00-persona.json", "00-node.json"]
)
def test_what_we_build_we_can_read(file: str) -> None:
    document = golden(file)
    actor = parse_actor(document, document["id"])
    assert actor.inbox == document["inbox"]
    assert actor.preferred_username == document["preferredUsername"]
    assert "https://w3id.org/obverse/ns#protocol-1" in actor.implements
    assert actor.keys


def read(**change: Any) -> RemoteActor:
    document = {**golden("00-account-person.json"), **change}
    return parse_actor({key: value for key, value in document.items() if value is not ...}, document["id"])


@pytest.mark.parametrize(
    "change",
    [
        {"inbox": ...},
        {"inbox": "https://victim.example/inbox"},
        {"inbox": "https://ana.example:8443/inbox"},
        {"inbox": ["https://ana.example/1", "https://ana.example/2"]},
        {"type": "Note"},
        {"type": ["Person", "Application"]},
        {"@graph": []},
        {"id": "https://ana.example/actors/ana#me"},
    ],
)
def test_an_unusable_actor_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(DocumentRefused):
        read(**change)


@pytest.mark.parametrize(
    ("stated", "address"),
    [
        ("https://ana.example/actors/ana", "https://ana.example/actors/bob"),
        (7, "https://ana.example/actors/ana"),
        ("https://ana.example/actors/ana", "not an address"),
    ],
)
def test_an_actor_that_says_another_id_than_its_address_is_refused(stated: object, address: str) -> None:
    with pytest.raises(DocumentRefused):
        parse_actor({**golden("00-account-person.json"), "id": stated}, address)


def test_a_foreign_shared_inbox_and_followers_are_not_taken() -> None:
    actor = read(endpoints={"sharedInbox": "https://victim.example/inbox"}, followers="https://x.example/f")
    assert (actor.shared_inbox, actor.followers) == ("", "")
    assert read(endpoints="nonsense").shared_inbox == ""


def test_the_page_is_the_first_address_on_the_actors_own_origin() -> None:
    assert read().url == "https://ana.example/@ana"
    assert (
        read(url=["javascript:alert(1)", {"href": "https://ana.example/page"}]).url
        == "https://ana.example/page"
    )
    assert read(url="https://phish.example/").url == "https://ana.example/actors/ana"
    assert read(url=...).url == "https://ana.example/actors/ana"


def test_names_that_are_no_text_are_empty() -> None:
    actor = read(preferredUsername=["x"], name=None)
    assert (actor.preferred_username, actor.name) == ("", "")


def test_nobody_speaks_for_another_server() -> None:
    foreign = {
        "type": "Application",
        "id": "https://x.example/actor",
        "implements": [{"href": CAPABILITY_RFC9421}],
    }
    assert read(generator=foreign).implements == frozenset()
    assert read(generator=["https://ana.example/actor"]).implements == frozenset()
    odd = {
        "id": "https://ana.example/actor",
        "implements": ["urn:a", {"id": "urn:b"}, {"href": "urn:c"}, 7, {}],
    }
    assert read(generator=odd).implements == {"urn:a", "urn:b", "urn:c"}


def test_a_server_that_says_so_gets_rfc_9421_from_then_on() -> None:
    actor = read()
    learned = learn_host(actor, None, NOW)
    assert learned == HostState("https://ana.example", SignatureSpec.RFC9421, ed25519=True, learned_at=NOW)
    assert learn_host(actor, learned, NOW) is None
    later = NOW + timedelta(days=2)
    renewed = learn_host(actor, learned, later)
    assert renewed is not None
    assert renewed.learned_at == later


def test_rfc_9421_alone_promises_no_ed25519_and_takes_none_away() -> None:
    actor = replace(read(), implements=frozenset({CAPABILITY_RFC9421}))
    learned = learn_host(actor, None, NOW)
    assert learned is not None
    assert not learned.ed25519
    known = HostState("https://ana.example", SignatureSpec.CAVAGE, ed25519=True, failures=2)
    learned = learn_host(actor, known, NOW)
    assert learned is not None
    assert (learned.ed25519, learned.failures) == (True, 2)
    with_ed25519 = replace(actor, implements=frozenset({CAPABILITY_RFC9421_ED25519}))
    learned = learn_host(with_ed25519, None, NOW)
    assert learned is not None
    assert learned.ed25519


def test_a_server_that_says_nothing_teaches_nothing() -> None:
    assert learn_host(replace(read(), implements=frozenset()), None, NOW) is None
