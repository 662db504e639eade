"""C: whose key is it, and whose id? The attacker's own server says whatever helps."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest

from federation import signatures
from federation.errors import FederationError
from federation.keys import SigningKey, generate_ed25519
from federation.messages import HttpMessage, JsonObject, Limits
from node.domain.errors import InvalidInput
from node.lookups import find_contact
from node.wire.verification import verify_bundle
from tests.security.forging import a_cast, a_follow, forge_cavage, forge_rfc9421
from tests.security.peers import ACTIVITY, PUBLIC, Peer, a_note, own_name
from tests.security.world import World

pytestmark = pytest.mark.anyio

LD = "application/ld+json"
PROFILE = 'profile="https://www.w3.org/ns/activitystreams"'


def follow(world: World, sender: Peer | None = None, **changes: Any) -> HttpMessage:
    """An unsigned Follow of the shop, by mallory unless another is named."""
    who = sender or world.m
    return world.v.request(a_follow(who, world.v.actor("shop"), **changes), "shop")


def signed(
    world: World, request: HttpMessage, key: SigningKey | None = None, key_id: str = ""
) -> HttpMessage:
    """Signed by RFC 9421, by mallory unless another key is named, and under any key id."""
    key = key or world.m.ed25519
    return forge_rfc9421(request, replace(key, id=key_id or key.id), world.clock.now)


def cast(world: World, sender: Peer | None = None, **changes: Any) -> JsonObject:
    return a_cast(sender or world.m, world.v.actor("shop"), **changes)


def key_document(key_id: str, owner: str, key: SigningKey) -> JsonObject:
    """A key that is served by itself, as some servers do."""
    return {
        "@context": "https://w3id.org/security/v1",
        "id": key_id,
        "owner": owner,
        "publicKeyPem": key.public.pem,
    }


# --- C01, C02: M's key, T's name ---------------------------------------------------------------------------


async def test_c01_ms_key_and_actor_t_is_401(world: World) -> None:
    await world.v.refuses(signed(world, follow(world, world.t)))
    await world.v.refuses(forge_cavage(follow(world, world.t), world.m.rsa, world.clock.now))


async def test_c01_ms_courier_of_ts_proven_deal_message_is_401(world: World) -> None:
    """T's signed intent for the shop, in M's hands: only public activities may come by a courier."""
    proven = world.t.prove(cast(world, world.t))
    await world.v.refuses(signed(world, world.v.request(proven, "shop")), 401, 403)


async def test_c01_ts_request_signature_over_ms_proof_is_401(world: World) -> None:
    proven = world.m.prove(cast(world, world.t))
    await world.v.refuses(signed(world, world.v.request(proven, "shop"), world.t.ed25519))


@pytest.mark.parametrize("served", [404, 410, 500])
async def test_c01_a_public_note_in_ts_name_that_t_does_not_serve_is_refused(
    world: World, served: int
) -> None:
    note = a_note(world.t, PUBLIC, cc=[world.v.actor("shop")])
    world.t.host.serve(note["id"].removeprefix(world.t.host.base), {}, status=served)
    await world.v.refuses(signed(world, world.v.request(note, "shop")), 401, 403, 503)


@pytest.mark.parametrize("actor", [None, 17, "", [], {}, {"id": None}, True, "tess"])
async def test_c01_an_actor_that_is_nobody_is_refused(world: World, actor: Any) -> None:
    await world.v.refuses(signed(world, follow(world, actor=actor)), 400, 401)


@pytest.mark.parametrize(
    "shape",
    [
        lambda m, t: [t, m],
        lambda m, t: [m, t],
        lambda m, t: {"id": t},
        lambda m, t: {"id": t, "type": "Person", "@id": m},
        lambda m, t: {"@id": t},
        lambda m, t: {"id": m, "@id": t},
        lambda m, t: [m],
    ],
)
async def test_c01_an_actor_with_two_readings_does_nothing_for_t(world: World, shape: Any) -> None:
    changed = follow(world, actor=shape(world.m.id, world.t.id))
    answer = await world.v.ask(signed(world, changed))
    await world.v.settle()
    assert answer.status < 500
    assert world.t.id not in await world.v.followers()


async def test_c01_a_second_actor_under_another_name_does_nothing_for_t(world: World) -> None:
    for name in (
        "@actor",
        "as:actor",
        "https://www.w3.org/ns/activitystreams#actor",
        "Actor",
        "attributedTo",
    ):
        answer = await world.v.ask(signed(world, follow(world, None, **{name: world.t.id})))
        await world.v.settle()
        assert answer.status < 500
    assert world.t.id not in await world.v.followers()


async def test_c02_ms_key_document_that_says_owner_t_is_401(world: World) -> None:
    for path in ("/key", "/keys/1"):
        key_id = f"{world.m.host.base}{path}"
        world.m.host.serve(path, key_document(key_id, world.t.id, world.m.rsa))
        await world.v.refuses(signed(world, follow(world, world.t), world.m.rsa, key_id))
        await world.v.refuses(signed(world, follow(world), world.m.rsa, key_id))


async def test_c02_ms_actor_document_that_says_owner_t_is_401(world: World) -> None:
    world.m.document["publicKey"]["owner"] = world.t.id
    for entry in world.m.document["assertionMethod"]:
        entry["controller"] = world.t.id
    for key in (world.m.rsa, world.m.ed25519):
        await world.v.refuses(signed(world, follow(world, world.t), key))


async def test_c02_ms_document_that_says_it_is_t_is_401(world: World) -> None:
    forged = json.loads(json.dumps(world.m.document).replace(world.m.id, world.t.id))
    world.m.host.serve("/actors/fake", forged)
    for key_id in (f"{world.m.host.base}/actors/fake#main-key", f"{world.m.host.base}/actors/fake"):
        await world.v.refuses(signed(world, follow(world, world.t), world.m.rsa, key_id))
    await world.v.takes(signed(world, follow(world, world.t), world.t.rsa))


async def test_c02_a_key_document_of_t_kind_needs_t_to_list_it_back(world: World) -> None:
    """The positive twin: a bare key whose owner lists it is taken."""
    key_id = f"{world.m.host.base}/key"
    world.m.host.serve("/key", key_document(key_id, world.m.id, world.m.rsa))
    await world.v.refuses(signed(world, follow(world), world.m.rsa, key_id))
    world.clock.advance(minutes=6)
    world.m.document["publicKey"]["id"] = key_id
    await world.v.takes(signed(world, follow(world), world.m.rsa, key_id))


async def test_c02_an_embedded_actor_document_is_never_believed(world: World) -> None:
    inline = {**world.t.document, "publicKey": {**world.t.document["publicKey"]}}
    inline["publicKey"]["publicKeyPem"] = world.m.rsa.public.pem
    request = follow(world, actor=inline)
    await world.v.refuses(signed(world, request, world.m.rsa, world.t.rsa.id), 400, 401)


# --- C04, C06: redirects and other ids ---------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_c04_ts_actor_url_that_redirects_to_ms_actor_is_401(world: World, status: int) -> None:
    moved = f"{world.t.host.base}/actors/moved"
    world.t.host.redirect("/actors/moved", world.m.id, status)
    world.m.document["publicKey"] = [
        world.m.document["publicKey"],
        {"id": f"{moved}#main-key", "owner": moved, "publicKeyPem": world.m.rsa.public.pem},
    ]
    for actor in (moved, world.t.id):
        await world.v.refuses(signed(world, follow(world, actor=actor), world.m.rsa, f"{moved}#main-key"))


async def test_c04_a_redirect_to_a_document_that_says_it_is_t_is_401(world: World) -> None:
    moved = f"{world.t.host.base}/actors/moved"
    forged = json.loads(json.dumps(world.m.document).replace(world.m.id, moved))
    world.m.host.serve("/actors/copy", forged)
    world.t.host.redirect("/actors/moved", f"{world.m.host.base}/actors/copy")
    request = follow(world, actor=moved)
    await world.v.refuses(signed(world, request, world.m.rsa, f"{moved}#main-key"))


async def test_c04_a_redirect_to_loopback_or_in_circles_is_401(world: World) -> None:
    for target in ("https://127.0.0.1/actor", "http://m.example/actors/mallory", f"{world.m.host.base}/loop"):
        world.m.host.redirect("/loop", target)
        key_id = f"{world.m.host.base}/loop#main-key"
        await world.v.refuses(signed(world, follow(world), key_id=key_id), 401, 503)
    assert world.m.host.got.count("/loop") <= 3 * (1 + Limits().redirects)
    assert not [url for url in world.v.engine.gets if not url.startswith("https://m.example/")]


async def test_c06_a_fetched_documents_other_id_is_refetched_or_refused(world: World) -> None:
    """The document at /alias says that it is tess: then her own address decides."""
    forged = json.loads(json.dumps(world.m.document).replace(world.m.id, world.t.id))
    forged["publicKey"]["id"] = f"{world.m.host.base}/alias#main-key"
    world.m.host.serve("/alias", forged)
    key_id = f"{world.m.host.base}/alias#main-key"
    await world.v.refuses(signed(world, follow(world, world.t), world.m.rsa, key_id))
    await world.v.takes(signed(world, follow(world, world.t), world.t.rsa))


async def test_c06_a_neighbour_on_one_host_cannot_say_that_it_is_another(world: World) -> None:
    """Two accounts of one server: origins agree, only the address tells them apart."""
    alice = world.peer("m.example", "alice", rsa=2)
    for entry, owner in (
        (world.m.document["publicKey"], "owner"),
        (world.m.document["assertionMethod"][0], "controller"),
    ):
        entry[owner] = alice.id
    world.m.document["id"] = alice.id
    for key in (world.m.rsa, world.m.ed25519):
        await world.v.refuses(signed(world, follow(world, alice), key))
    await world.v.takes(signed(world, follow(world, alice), alice.ed25519))


@pytest.mark.parametrize("stated", [None, 17, "", "mallory", [], {"id": "x"}])
async def test_c06_a_document_with_no_usable_id_is_401(world: World, stated: Any) -> None:
    world.m.document["id"] = stated
    await world.v.refuses(signed(world, follow(world)))


async def test_c06_two_documents_that_name_each_other_end(world: World) -> None:
    one, two = f"{world.m.host.base}/one", f"{world.m.host.base}/two"
    world.m.host.serve("/one", {**world.m.document, "id": two})
    world.m.host.serve("/two", {**world.m.document, "id": one})
    await world.v.refuses(signed(world, follow(world, actor=one), key_id=f"{one}#main-key"))
    assert len(world.v.engine.gets) <= 4


# --- C05: ids on foreign origins ---------------------------------------------------------------------------


async def test_c05_activity_id_on_ts_origin_is_403_and_ts_own_is_still_processed(world: World) -> None:
    taken = a_follow(world.t, world.v.actor("shop"))
    squat = a_follow(world.m, world.v.actor("shop"), id=taken["id"])
    await world.v.refuses(signed(world, world.v.request(squat, "shop")), 403)
    await world.v.takes(signed(world, world.v.request(taken, "shop"), world.t.ed25519))
    assert await world.v.followers() == [world.t.id]


async def test_c05_an_exact_copy_of_ts_message_sent_first_does_not_suppress_it(world: World) -> None:
    request = world.v.request(world.t.prove(cast(world, world.t)), "shop")
    await world.v.refuses(signed(world, request), 401, 403)
    await world.v.takes(signed(world, request, world.t.ed25519))
    assert len(world.v.snapshot()["deal"]) == 1


async def test_c05_an_object_on_ts_origin_is_403(world: World) -> None:
    note = a_note(world.m, world.v.actor("ana"))
    note["object"]["id"] = world.t.fresh("notes")
    await world.v.refuses(signed(world, world.v.request(note, "ana")), 403)


@pytest.mark.parametrize("member", ["id", "context"])
async def test_c05_a_proposal_or_deal_on_ts_origin_is_no_deal(world: World, member: str) -> None:
    activity = cast(world, None, **{member: world.t.fresh("deals")})
    await no_deal_from(world, activity)


async def no_deal_from(world: World, activity: JsonObject) -> None:
    """M's proven message leaves no deal and no intent behind, and no server error."""
    request = world.v.request(world.m.prove(activity), "shop")
    answer = await world.v.ask(signed(world, request))
    await world.v.settle()
    assert answer.status in (202, 400, 401, 403), answer.body
    tables = world.v.snapshot()
    assert (tables["deal"], tables["intent"], tables["parked"]) == ([], [], [])
    assert await world.v.is_alive()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda cast: cast["object"].update(id=f"{cast['object']['id']}#primary"),
        lambda cast: cast["object"].update(context="urn:uuid:1"),
        lambda cast: cast["object"].update(context=[cast["object"]["context"]] * 2),
        lambda cast: cast["object"].update(id=None),
        lambda cast: cast["object"].pop("id"),
        lambda cast: cast["object"].update(id=cast["id"]),
        lambda cast: cast["object"].update(id=cast["actor"]),
        lambda cast: cast["object"]["publishes"].update(id="https://t.example/x#primary"),
    ],
)
async def test_c05_ids_that_could_name_two_things_make_no_deal(
    world: World, spoil: Callable[[JsonObject], Any]
) -> None:
    activity = cast(world)
    spoil(activity)
    await no_deal_from(world, activity)


@pytest.mark.parametrize("ending", ["#x", "?x=1", "/", "%2f"])
async def test_c05_a_deal_id_is_taken_as_written_and_leads_to_no_other_deal(
    world: World, ending: str
) -> None:
    honest = cast(world)
    await world.v.tell(world.m, honest, "shop")
    state = world.v.snapshot()["deal"]
    other = cast(world, world.t, context=honest["object"]["context"] + ending)
    await world.v.tell(world.t, other, "shop")
    same_origin = cast(world, context=honest["object"]["context"] + ending)
    await world.v.tell(world.m, same_origin, "shop")
    deals = world.v.snapshot()["deal"]
    assert state[0] in deals
    assert len(deals) <= 2
    assert not any(world.t.id in str(deal) for deal in deals)


# --- C07, C08: what counts as a document -------------------------------------------------------------------


NOT_ACTIVITY = [
    "application/json",
    "text/plain",
    "text/html",
    "application/octet-stream",
    "",
    LD,
    f"{LD}; charset=utf-8",
    f'{LD}; profile="https://example.org/other"',
    f'{LD}; x="profile=https://www.w3.org/ns/activitystreams"',
    "application/activity+jsonx",
    "application/activity",
    "text/html; application/activity+json",
    "text/html, application/activity+json",
    'application/json; profile="https://www.w3.org/ns/activitystreams"',
    "image/png; x=application/activity+json",
]


@pytest.mark.parametrize("media_type", NOT_ACTIVITY)
async def test_c07_a_json_upload_on_t_is_no_actor(world: World, media_type: str) -> None:
    """M uploads an actor document of its own making to T's server, which serves it as what it is."""
    upload = f"{world.t.host.base}/media/1.json"
    forged = json.loads(json.dumps(world.m.document).replace(world.m.id, upload))
    world.t.host.serve("/media/1.json", forged, media_type=media_type)
    request = follow(world, actor=upload, id=world.t.fresh())
    await world.v.refuses(signed(world, request, world.m.rsa, f"{upload}#main-key"))
    await world.v.refuses(signed(world, request, key_id=f"{upload}#ed25519-key"))


@pytest.mark.parametrize(
    "media_type",
    [
        ACTIVITY,
        f"{ACTIVITY}; charset=utf-8",
        f"{LD}; {PROFILE}",
        f"{LD}; charset=utf-8; {PROFILE}",
        f"{LD};{PROFILE}",
    ],
)
async def test_c08_ld_json_with_profile_and_charset_is_taken(world: World, media_type: str) -> None:
    world.m.host.serve(world.m.path, world.m.document, media_type=media_type)
    activity = a_follow(world.m, world.v.actor("shop"))
    await world.v.takes(signed(world, world.v.request(activity, "shop", media_type)))


@pytest.mark.parametrize(
    "media_type", [LD, f"{LD}; charset=utf-8", f'{LD}; profile="https://example.org/other"']
)
async def test_c08_ld_json_without_profile_is_refused(world: World, media_type: str) -> None:
    """Of a document that is fetched. At an inbox the signature vouches for the body (`interop`, inbox)."""
    world.m.host.serve(world.m.path, world.m.document, media_type=media_type)
    await world.v.refuses(signed(world, follow(world)))


async def test_c08_two_content_types_are_refused(world: World) -> None:
    request = follow(world)
    doubled = replace(request, headers=(("content-type", "text/plain"), *request.headers))
    await world.v.refuses(signed(world, doubled), 415, 400)
    doubled = replace(request, headers=(*request.headers, ("content-type", "text/plain")))
    await world.v.refuses(signed(world, doubled), 415, 400)


# --- C09, C10, C12, C13: origins ---------------------------------------------------------------------------


OTHER_ORIGINS = [
    "https://m.example:8443",
    "http://m.example",
    "http://m.example:443",
    "https://sub.m.example",
    "https://example",
    "https://m.example.t.example",
    "https://xm.example",
    "https://m.exampl",
    "https://m.example.com",
]


@pytest.mark.parametrize("base", OTHER_ORIGINS)
async def test_c09_same_host_other_port_or_scheme_is_a_different_origin(world: World, base: str) -> None:
    await world.v.refuses(signed(world, follow(world, id=f"{base}/activities/1")), 403)
    note = a_note(world.m, world.v.actor("ana"))
    note["object"]["id"] = f"{base}/notes/1"
    await world.v.refuses(signed(world, world.v.request(note, "ana")), 403)


@pytest.mark.parametrize("base", OTHER_ORIGINS)
async def test_c09_a_key_on_another_origin_of_the_same_host_is_401(world: World, base: str) -> None:
    other = f"{base}{world.m.path}"
    world.host(urlsplit(base).hostname or "").serve(world.m.path, world.m.document)
    await world.v.refuses(signed(world, follow(world), key_id=f"{other}#ed25519-key"))
    await world.v.refuses(signed(world, follow(world, actor=other, id=f"{base}/activities/1")), 401, 403)


async def test_c09_a_listed_key_of_another_origin_is_401(world: World) -> None:
    stray = own_name(world.m.rsa, f"{world.t.host.base}/actors/mallory")
    world.m.document["publicKey"]["id"] = stray.id
    world.t.host.serve("/actors/mallory", key_document(stray.id, world.m.id, world.m.rsa))
    await world.v.refuses(signed(world, follow(world), stray))


USER_INFO = [
    "https://t.example@m.example",
    "https://t.example:pw@m.example",
    "https://@m.example",
    "https://:@m.example",
]


@pytest.mark.parametrize("base", USER_INFO)
@pytest.mark.parametrize(
    "member", ["id", "actor", "object", "to", "cc", "target", "context", "inReplyTo", "result"]
)
async def test_c10_user_information_in_an_activitys_ids_is_400(world: World, base: str, member: str) -> None:
    value: Any = f"{base}{world.m.path}"
    activity = a_follow(world.m, world.v.actor("shop"))
    activity[member] = [value] if member in ("to", "cc") else value
    request = world.v.request(activity, "shop")
    await world.v.refuses(signed(world, request), 400)


@pytest.mark.parametrize("base", USER_INFO)
@pytest.mark.parametrize("member", ["id", "attributedTo", "to", "context", "inReplyTo"])
async def test_c10_user_information_in_an_objects_ids_is_400(world: World, base: str, member: str) -> None:
    note = a_note(world.m, world.v.actor("ana"))
    note["object"][member] = f"{base}/notes/1"
    await world.v.refuses(signed(world, world.v.request(note, "ana")), 400)


@pytest.mark.parametrize("base", USER_INFO)
async def test_c10_user_information_in_a_key_id_is_refused(world: World, base: str) -> None:
    key_id = f"{base}{world.m.path}#ed25519-key"
    await world.v.refuses(signed(world, follow(world), key_id=key_id), 400, 401)
    proven = world.m.prove(cast(world), key=replace(world.m.ed25519, id=key_id))
    await world.v.refuses(signed(world, world.v.request(proven, "shop")), 400, 401)


BLOCKED_FORMS = {
    "xn--bcher-kva.example": [
        "bücher.example",
        "BÜCHER.example",
        "bu\u0308cher.example",
        "xn--bcher-kva.example",
        "XN--BCHER-KVA.EXAMPLE",
        "bücher。example",
        "bücher．example",
        "bücher｡example",
        "xn--bcher-kva.example.",
        "shop.bücher.example",
    ],
    "bad.example": [
        "BAD.example",
        "ｂａｄ.example",
        "bad。example",
        "bad.example.",
        "bad.example:443",
        "a.b.bad.example",
    ],
}
FORMS = [(canonical, form) for canonical, forms in BLOCKED_FORMS.items() for form in forms]


@pytest.mark.parametrize(("canonical", "form"), FORMS)
async def test_c12_every_form_of_a_blocked_host_is_blocked(world: World, canonical: str, form: str) -> None:
    bad = world.peer(canonical, "bad")
    await world.v.command("block.add", domain=canonical)
    other = f"https://{form}/actors/bad"
    note = a_note(bad, world.v.actor("ana"))
    text = json.dumps(note, ensure_ascii=False).replace(bad.host.base, f"https://{form}")
    request = world.v.request(text.encode(), "ana")
    for key_id in (bad.ed25519.id, f"{other}#ed25519-key"):
        if key_id.isascii():
            await world.v.refuses(signed(world, request, bad.ed25519, key_id), 400, 403)
    await world.v.refuses(signed(world, request), 400, 401, 403)
    assert [url for url in world.v.engine.gets if "m.example" not in url] == []


@pytest.mark.parametrize(
    ("canonical", "form"), [pair for pair in FORMS if ":" not in pair[1] and "." in pair[1]]
)
async def test_c12_the_owner_may_name_the_host_in_any_form(world: World, canonical: str, form: str) -> None:
    await world.v.command("block.add", domain=form)
    bad = world.peer(canonical if form.count(".") < 2 or form.endswith(".") else f"shop.{canonical}", "bad")
    if form == "a.b.bad.example":
        bad = world.peer("a.b.bad.example", "bad")
    await world.v.refuses(signed(world, follow(world, bad), bad.ed25519), 403)


async def test_c12_a_blocked_name_blocks_no_longer_name(world: World) -> None:
    await world.v.command("block.add", domain="bad.example")
    for name in ("notbad.example", "bad.example.org", "example"):
        good = world.peer(name, "good")
        await world.v.takes(signed(world, follow(world, good), good.ed25519))


@pytest.mark.parametrize(
    "key_id",
    [
        "https://m.example/k#https://t.example/actors/tess",
        "https://m.example/k#https://t.example/actors/tess#main-key",
        "https://m.example/actors/mallory#https://t.example/actors/tess#main-key",
        "https://m.example/actors/mallory?https://t.example/actors/tess#main-key",
        "https://m.example/actors/mallory##main-key",
        "https://t.example/actors/tess/../../actors/mallory#main-key",
        "https://t.example%2f@m.example/actors/mallory#main-key",
        "https://m.example/https://t.example/actors/tess#main-key",
        "https://m.example#t.example/actors/tess",
        "https://t.example/actors/tess#main-key#ed25519-key",
        "https://t.example/actors/tess",
        "https://m.example/actors/mallory",
        "https://m.example/actors/mallory#",
        "https://m.example/actors/mallory#other-key",
    ],
)
async def test_c13_a_keyid_that_names_two_places_is_401(world: World, key_id: str) -> None:
    world.m.host.serve("/k", key_document(key_id, world.t.id, world.m.rsa))
    for sender in (world.m, world.t):
        for key in (world.m.rsa, world.m.ed25519):
            if sender is world.m and key_id == "https://m.example/actors/mallory":
                continue
            await world.v.refuses(signed(world, follow(world, sender), key, key_id), 400, 401)


async def test_c13_a_key_that_is_rightly_named_by_such_an_id_speaks_for_its_own_actor_alone(
    world: World,
) -> None:
    """M's actor /k lists the key "https://M/k#https://T/u"; that makes it no key of T's."""
    actor = f"{world.m.host.base}/k"
    key = replace(world.m.rsa, id=f"{actor}#{world.t.id}", owner=actor)
    entry = {"id": key.id, "owner": actor, "publicKeyPem": key.public.pem}
    world.m.host.serve("/k", {**world.m.document, "id": actor, "inbox": f"{actor}/inbox", "publicKey": entry})
    await world.v.refuses(signed(world, follow(world, world.t), key))
    await world.v.refuses(forge_cavage(follow(world, world.t), key, world.clock.now))
    assert world.t.host.requests == []


# --- C15, C16: handles -------------------------------------------------------------------------------------


def answers(body: JsonObject | bytes, status: int = 200, media_type: str = "application/jrd+json") -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(request: HttpMessage) -> HttpMessage:
        return HttpMessage(url=request.url, status=status, body=raw, headers=(("content-type", media_type),))

    return answer


def jrd(subject: str, *actors: str, kind: str = ACTIVITY) -> JsonObject:
    links = [{"rel": "self", "type": kind, "href": actor} for actor in actors]
    return {"subject": f"acct:{subject}", "links": links}


FINGER = "/.well-known/webfinger"


async def contact(world: World, handle: str) -> str:
    """The actor that ana's node finds behind a handle."""
    found = await find_contact(world.v.open.node, world.v.accounts["ana"], handle)
    return found.actor


async def no_contact(world: World, handle: str) -> None:
    before = world.v.snapshot()
    with pytest.raises((InvalidInput, FederationError)):
        await contact(world, handle)
    assert world.v.snapshot() == before


async def test_c15_split_domain_handle_with_reverse_check_is_accepted(world: World) -> None:
    shop = world.peer("social.brand.example", "store", kind="Organization")
    brand = world.host("brand.example")
    agreed = answers(jrd("store@brand.example", shop.id))
    brand.routes[FINGER] = shop.host.routes[FINGER] = agreed
    assert await contact(world, "@store@brand.example") == shop.id


async def test_c15_split_domain_without_the_way_back_is_refused(world: World) -> None:
    shop = world.peer("social.brand.example", "store", kind="Organization")
    world.host("brand.example").routes[FINGER] = answers(jrd("store@brand.example", shop.id))
    await no_contact(world, "@store@brand.example")


@pytest.mark.parametrize(
    "answer",
    [
        lambda world: jrd("mallory@m.example", world.t.id),
        lambda world: jrd("tess@t.example", world.m.id),
        lambda world: jrd("mallory@m.example", world.m.id, world.t.id),
        lambda world: jrd("mallory@m.example", world.t.id, world.m.id),
        lambda world: jrd("mallory@m.example"),
        lambda world: jrd("mallory@m.example", world.m.id, kind="text/html"),
        lambda world: jrd("mallory@m.example", world.v.actor("shop")),
        lambda world: {"subject": None, "links": None},
        lambda world: {"links": [{"rel": "self", "type": ACTIVITY, "href": world.m.id}]},
        lambda world: jrd("mallory@m.example", "https://127.0.0.1/actor"),
        lambda world: jrd("mallory@m.example", "http://m.example/actors/mallory"),
        lambda world: jrd("mallory@m.example", "javascript:alert(1)"),
        lambda world: jrd("mallory@m.example", "https://t.example@m.example/actors/mallory"),
    ],
)
async def test_c15_webfinger_cannot_answer_for_another(world: World, answer: Any) -> None:
    world.m.host.routes[FINGER] = answers(answer(world))
    await no_contact(world, "@mallory@m.example")


async def test_c15_t_cannot_be_claimed_by_ms_handle(world: World) -> None:
    """M's host names T's actor; T's host says that this actor is tess@t.example."""
    world.m.host.routes[FINGER] = answers(jrd("boss@m.example", world.t.id))
    await no_contact(world, "@boss@m.example")


async def test_c16_webfinger_that_leads_to_loopback_is_refused(world: World) -> None:
    for target in ("https://127.0.0.1/x", "https://[::1]/x", "https://10.0.0.1/x", "https://m.example:22/x"):
        world.m.host.redirect(FINGER, target)
        await no_contact(world, "@mallory@m.example")
    assert {url.partition("?")[0] for url in world.v.engine.gets} == {f"https://m.example{FINGER}"}


async def test_c16_webfinger_over_six_hops_is_refused(world: World) -> None:
    for hop in range(6):
        world.m.host.redirect(f"/hop{hop}", f"https://m.example/hop{hop + 1}")
    world.m.host.redirect(FINGER, "https://m.example/hop0")
    world.m.host.routes["/hop6"] = answers(jrd("mallory@m.example", world.m.id))
    await no_contact(world, "@mallory@m.example")
    assert len(world.m.host.got) <= 1 + Limits().redirects


async def test_c16_webfinger_downgraded_to_http_is_refused(world: World) -> None:
    world.m.host.redirect(FINGER, "http://m.example/finger")
    await no_contact(world, "@mallory@m.example")
    assert all(url.startswith("https://") for url in world.v.engine.gets)


@pytest.mark.parametrize(
    "handle",
    [
        "@a@127.0.0.1",
        "@a@[::1]",
        "@a@localhost:8000",
        "@a@m.example:22",
        "@a@m.example/../x",
        "@a@m.example?x",
        "@a@m.example#x",
        "@a\r\nHost: t.example@m.example",
        "@a@t.example@m.example",
        "@@m.example",
        "@a@",
        "https://127.0.0.1/actor",
        "http://m.example/actors/mallory",
        "file:///etc/passwd",
        "https://t.example@m.example/actors/mallory",
    ],
)
async def test_c16_handles_that_lead_astray_open_nothing(world: World, handle: str) -> None:
    await no_contact(world, handle)
    assert world.v.engine.sent == []


# --- C17, C19: keys that change and go ---------------------------------------------------------------------


def rotate(world: World, *, name: str = "ed25519-key") -> SigningKey:
    """T takes a new Ed25519 key and lists it in the old one's place."""
    new = generate_ed25519(f"{world.t.id}#{name}", world.t.id)
    world.t.document["assertionMethod"] = [
        {
            "id": new.id,
            "type": "Multikey",
            "controller": world.t.id,
            "publicKeyMultibase": new.public.multibase,
        }
    ]
    return new


@pytest.mark.parametrize("name", ["ed25519-key", "ed25519-key-2"])
async def test_c17_t_rotates_its_key_one_refetch_and_accepted_then_the_old_is_refused(
    world: World, name: str
) -> None:
    await world.v.takes(signed(world, follow(world, world.t), world.t.ed25519))
    assert len(world.v.engine.gets) == 1
    new = rotate(world, name=name)
    world.clock.advance(minutes=30)
    await world.v.takes(signed(world, follow(world, world.t), new))
    assert len(world.v.engine.gets) == 2
    world.clock.advance(minutes=30)
    await world.v.refuses(signed(world, follow(world, world.t), world.t.ed25519))


async def test_c17_bad_signatures_in_ts_name_cause_one_refetch_in_five_minutes(world: World) -> None:
    await world.v.takes(signed(world, follow(world, world.t), world.t.ed25519))
    world.clock.advance(minutes=30)
    for _ in range(20):
        await world.v.refuses(signed(world, follow(world, world.t), key_id=world.t.ed25519.id))
    assert world.t.host.got.count(world.t.path) == 2
    await world.v.takes(signed(world, follow(world, world.t), world.t.ed25519))


async def test_c17_a_proof_by_a_key_that_was_replaced_is_401_however_old_it_says_it_is(world: World) -> None:
    await world.v.takes(signed(world, follow(world, world.t), world.t.ed25519))
    old_proof = world.t.prove(cast(world, world.t))
    new = rotate(world)
    world.clock.advance(days=2)
    await world.v.takes(signed(world, follow(world, world.t), new))
    await world.v.refuses(signed(world, world.v.request(old_proof, "shop"), new))


async def test_c17_t_may_rotate_and_prove_with_the_new_key(world: World) -> None:
    await world.v.takes(signed(world, follow(world, world.t), world.t.ed25519))
    new = rotate(world)
    world.clock.advance(minutes=30)
    proven = world.t.prove(cast(world, world.t), key=new)
    await world.v.takes(signed(world, world.v.request(proven, "shop"), new))
    assert len(world.v.snapshot()["deal"]) == 1


async def test_c17_an_update_by_m_changes_no_key_of_t(world: World) -> None:
    await world.v.takes(signed(world, follow(world, world.t), world.t.ed25519))
    forged = json.loads(json.dumps(world.t.document))
    forged["publicKey"]["publicKeyPem"] = world.m.rsa.public.pem
    update = a_follow(world.m, world.v.actor("shop"), type="Update", object=forged, to=[PUBLIC])
    answer = await world.v.ask(signed(world, world.v.request(update, "shop")))
    await world.v.settle()
    assert answer.status < 500
    await world.v.refuses(signed(world, follow(world, world.t), world.m.rsa, world.t.rsa.id))


async def test_c17_an_update_of_t_itself_is_read_from_t_not_from_the_message(world: World) -> None:
    """Whoever holds T's old RSA key cannot plant a new key by an Update: the document decides."""
    await world.v.takes(signed(world, follow(world, world.t), world.t.rsa))
    thief = generate_ed25519(f"{world.t.id}#thief", world.t.id)
    inline = json.loads(json.dumps(world.t.document))
    inline["assertionMethod"][0].update(id=thief.id, publicKeyMultibase=thief.public.multibase)
    update = a_follow(world.t, world.v.actor("shop"), type="Update", object=inline, to=[PUBLIC])
    await world.v.takes(signed(world, world.v.request(update, "shop"), world.t.rsa))
    await world.v.refuses(signed(world, follow(world, world.t), thief))


def gone(world: World) -> JsonObject:
    """T's account is deleted at its server; the Delete that says so."""
    world.t.host.serve(world.t.path, {"type": "Tombstone", "id": world.t.id}, status=410)
    return a_follow(world.t, PUBLIC, type="Delete", object=world.t.id)


async def test_c19_ts_actor_gone_drops_the_key_and_old_evidence_verifies_offline(world: World) -> None:
    proven = world.t.prove(cast(world, world.t))
    await world.v.takes(signed(world, world.v.request(proven, "shop"), world.t.ed25519))
    delete = gone(world)
    await world.v.takes(signed(world, world.v.request(delete, "shop"), world.t.ed25519))
    for key in (world.t.ed25519, world.t.rsa):
        await world.v.refuses(signed(world, follow(world, world.t), key))
    world.v.engine.unreachable.add("t.example")
    deal = proven["object"]["context"]
    exported = await world.v.command("deal.export", account="shop", deal=deal)
    pinned = {world.t.id: [world.t.ed25519.public.multibase]}
    report = verify_bundle(
        json.dumps(exported["bundle"]).encode(), pinned=pinned, known={}, now=world.clock.now, limits=Limits()
    )
    assert report.signed, report.problems
    assert report.exit_code == 0


async def test_c19_a_key_of_a_gone_actor_that_was_never_known_is_401(world: World) -> None:
    gone(world)
    await world.v.refuses(signed(world, follow(world, world.t), world.t.ed25519))


@pytest.mark.parametrize("status", [200, 404, 403])
async def test_c19_a_delete_whose_actor_is_not_gone_drops_nothing(world: World, status: int) -> None:
    await world.v.takes(signed(world, follow(world, world.t), world.t.ed25519))
    delete = gone(world)
    world.t.host.serve(world.t.path, world.t.document, status=status)
    await world.v.takes(signed(world, world.v.request(delete, "shop"), world.t.ed25519))
    assert await world.v.followers() == [world.t.id]
    note = world.v.request(a_note(world.t, world.v.actor("ana")), "ana")
    await world.v.takes(signed(world, note, world.t.ed25519))


async def test_c19_a_delete_whose_server_is_down_waits_for_its_answer(world: World) -> None:
    await world.v.takes(signed(world, follow(world, world.t), world.t.ed25519))
    delete = gone(world)
    world.t.host.serve(world.t.path, {}, status=503)
    await world.v.takes(signed(world, world.v.request(delete, "shop"), world.t.ed25519))
    assert await world.v.followers() == [world.t.id]
    gone(world)
    world.clock.advance(hours=2)
    await world.v.settle()
    assert await world.v.followers() == []


async def test_c19_m_cannot_make_ts_key_be_dropped(world: World) -> None:
    await world.v.takes(signed(world, follow(world, world.t), world.t.ed25519))
    for delete in (
        a_follow(world.m, PUBLIC, type="Delete", object=world.t.id),
        a_follow(world.t, PUBLIC, type="Delete", object=world.t.id),
    ):
        answer = await world.v.ask(signed(world, world.v.request(delete, "shop")))
        await world.v.settle()
        assert answer.status < 500
    await world.v.takes(
        signed(world, world.v.request(a_note(world.t, world.v.actor("ana")), "ana"), world.t.ed25519)
    )
    assert await world.v.followers() == [world.t.id]


# --- C20, C21, C22, C23 ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry",
    [
        None,
        17,
        "",
        "key",
        True,
        [],
        {},
        [None] * 1000,
        [{"id": f"https://m.example/k{n}"} for n in range(1000)],
        {"id": None, "owner": None, "publicKeyPem": None},
        {"id": {"id": {}}, "owner": [], "publicKeyPem": {}},
        [[[[]]]],
    ],
    ids=lambda entry: str(entry)[:20],
)
async def test_c20_a_public_key_that_is_none_is_401(world: World, entry: Any) -> None:
    world.m.document["publicKey"] = entry
    world.m.document["assertionMethod"] = entry
    for key in (world.m.rsa, world.m.ed25519):
        await world.v.refuses(signed(world, follow(world), key))


@pytest.mark.parametrize("place", [0, 999])
async def test_c20_a_thousand_entries_are_401_wherever_the_right_one_stands(world: World, place: int) -> None:
    right = world.m.document["publicKey"]
    filler = [
        {"id": f"{world.m.id}#k{n}", "owner": world.m.id, "publicKeyPem": world.t.rsa.public.pem}
        for n in range(999)
    ]
    world.m.document["publicKey"] = [*filler[:place], right, *filler[place:]]
    with anyio.fail_after(5):
        await world.v.refuses(signed(world, follow(world), world.m.rsa))


async def test_c20_two_keys_under_one_id_are_401(world: World) -> None:
    right = world.m.document["publicKey"]
    wrong = {**right, "publicKeyPem": world.t.rsa.public.pem}
    for listed in ([right, wrong], [wrong, right]):
        world.m.document["publicKey"] = listed
        world.clock.advance(minutes=6)
        await world.v.refuses(signed(world, follow(world), world.m.rsa))


@pytest.mark.parametrize("host", ["bad.example", "sub.bad.example", "a.b.c.bad.example"])
async def test_c21_a_blocked_domain_and_its_subdomains_are_403(world: World, host: str) -> None:
    await world.v.command("block.add", domain="bad.example")
    bad = world.peer(host, "bad")
    for key in (bad.ed25519, bad.rsa):
        await world.v.refuses(signed(world, follow(world, bad), key), 403)
    proven = bad.prove(cast(world, bad))
    await world.v.refuses(signed(world, world.v.request(proven, "shop"), bad.ed25519), 403)
    assert world.v.engine.sent == []


async def test_c21_a_key_that_was_known_before_the_block_is_403(world: World) -> None:
    bad = world.peer("bad.example", "bad")
    await world.v.takes(signed(world, follow(world, bad), bad.ed25519))
    await world.v.command("block.add", domain="bad.example")
    await world.v.refuses(signed(world, follow(world, bad), bad.ed25519), 403)


async def test_c21_a_key_laundered_by_a_clean_host_is_403(world: World) -> None:
    await world.v.command("block.add", domain="bad.example")
    bad = world.peer("bad.example", "bad")
    key_id = f"{world.m.host.base}/clean"
    world.m.host.serve("/clean", key_document(key_id, bad.id, bad.rsa))
    bad.document["publicKey"]["id"] = key_id
    await world.v.refuses(signed(world, follow(world, bad), bad.rsa, key_id), 403)
    world.m.host.redirect("/moved", bad.id)
    moved = f"{world.m.host.base}/moved#main-key"
    await world.v.refuses(signed(world, follow(world, bad), bad.rsa, moved), 401, 403)
    await world.v.refuses(signed(world, follow(world), bad.rsa, moved), 401, 403)


async def test_c21_a_courier_of_a_blocked_domain_is_403(world: World) -> None:
    await world.v.command("block.add", domain="bad.example")
    bad = world.peer("bad.example", "bad")
    public = bad.prove(a_note(bad, PUBLIC, cc=[world.v.actor("shop")]))
    bad.host.serve(public["id"].removeprefix(bad.host.base), public)
    await world.v.refuses(signed(world, world.v.request(public, "shop")), 403)
    carried = a_note(world.m, world.v.actor("ana"))
    carried["object"]["attributedTo"] = bad.id
    await world.v.refuses(signed(world, world.v.request(carried, "ana")), 400, 401, 403)


async def test_c21_a_clean_redirect_into_a_blocked_domain_shows_no_key(world: World) -> None:
    await world.v.command("block.add", domain="bad.example")
    bad = world.peer("bad.example", "bad")
    world.m.host.redirect("/moved", bad.id)
    moved = f"{world.m.host.base}/moved"
    request = follow(world, actor=moved)
    await world.v.refuses(signed(world, request, bad.rsa, f"{moved}#main-key"), 401, 403)


@pytest.mark.parametrize("name", ["ana", "shop"])
async def test_c22_an_actor_on_our_own_origin_is_403(world: World, name: str) -> None:
    mine = a_follow(world.m, world.v.actor("shop"), actor=world.v.actor(name))
    for activity in (mine, {**mine, "id": f"{world.v.base}/activities/1"}):
        for key_id in (
            world.m.ed25519.id,
            f"{world.v.actor(name)}#ed25519-key",
            f"{world.v.actor(name)}#main-key",
        ):
            request = world.v.request(activity, "shop")
            await world.v.refuses(signed(world, request, key_id=key_id), 401, 403)
    await world.v.refuses(signed(world, world.v.request(mine, "shop")), 403)


async def test_c22_an_object_or_activity_id_on_our_own_origin_is_403(world: World) -> None:
    await world.v.refuses(signed(world, follow(world, id=f"{world.v.base}/activities/1")), 403)
    for kind in ("notes", "posts", "actors"):
        note = a_note(world.m, world.v.actor("ana"))
        note["object"]["id"] = f"{world.v.base}/{kind}/1"
        await world.v.refuses(signed(world, world.v.request(note, "ana")), 403)


async def test_c22_what_v_itself_signed_cannot_be_sent_back_to_it(world: World) -> None:
    """The Accept that V sent to M, with V's own valid proof, posted to V by M."""
    await world.v.takes(signed(world, follow(world)))
    own = world.m.received[0]
    for name in ("shop", "ana", ""):
        await world.v.refuses(signed(world, world.v.request(own, name)), 401, 403)


async def test_c22_a_deal_or_proposal_on_our_own_origin_is_no_deal(world: World) -> None:
    await no_deal_from(world, cast(world, context=f"{world.v.base}/deals/1"))
    await no_deal_from(world, cast(world, id=f"{world.v.base}/proposals/1"))


@pytest.mark.parametrize("trouble", [503, 500, 502, 504, 429, 408, 0])
async def test_c23_a_transient_failure_of_the_key_fetch_is_503_and_the_retry_succeeds(
    world: World, trouble: int
) -> None:
    request = signed(world, follow(world, world.t), world.t.ed25519)
    working = world.t.host.routes[world.t.path]
    if trouble:
        world.t.host.serve(world.t.path, {}, status=trouble)
    else:
        world.v.engine.unreachable.add("t.example")
    answer = await world.v.refuses(request, 503)
    assert int(answer.header("retry-after") or 0) > 0
    world.t.host.routes[world.t.path] = working
    world.v.engine.unreachable.clear()
    world.clock.advance(seconds=60)
    await world.v.takes(request)
    assert await world.v.followers() == [world.t.id]


# --- in no list --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "inbox",
    [
        "https://v.example/inbox",
        "https://v.example/actors/ana/inbox",
        "https://t.example/inbox",
        "https://127.0.0.1/inbox",
        None,
        17,
    ],
)
async def test_an_inbox_that_points_elsewhere_receives_nothing(world: World, inbox: Any) -> None:
    world.m.document["inbox"] = inbox
    world.m.document["endpoints"] = {"sharedInbox": inbox}
    answer = await world.v.ask(signed(world, follow(world)))
    await world.v.settle()
    assert answer.status < 500
    assert [url for url in world.v.engine.posts if not url.startswith(world.m.host.base)] == []
    assert world.t.host.received == []


@pytest.mark.parametrize("member", ["type", "@type"])
async def test_a_second_type_gives_no_second_meaning(world: World, member: str) -> None:
    """A Follow that is also an Undo, a Note that is also a Proposal: one meaning or none."""
    for types in (["Follow", "Undo"], ["Undo", "Follow"], ["Follow", "as:Delete"], ["Create", "Accept"]):
        activity = a_follow(world.m, world.v.actor("shop"))
        activity[member] = types
        answer = await world.v.ask(signed(world, world.v.request(activity, "shop")))
        await world.v.settle()
        assert answer.status < 500
        tables = world.v.snapshot()
        assert (tables["deal"], tables["evidence"]) == ([], [])


@pytest.mark.parametrize(
    "name",
    [
        "vf:Proposal",
        "https://w3id.org/valueflows/ont/vf#Proposal",
        ["Note", "Proposal"],
        ["Proposal", "Note"],
    ],
)
async def test_an_intent_without_a_proof_is_401_however_its_type_is_written(world: World, name: Any) -> None:
    activity = cast(world)
    activity["object"]["type"] = name
    await world.v.refuses(signed(world, world.v.request(activity, "shop")))


@pytest.mark.parametrize("count", [2, 10_001])
async def test_huge_numbers_of_to_are_bounded(world: World, count: int) -> None:
    everyone = [world.v.actor("shop"), *(f"https://t/{n}" for n in range(count))]
    request = follow(world, to=everyone)
    answer = await world.v.ask(signed(world, request))
    await world.v.settle()
    assert answer.status == (202 if count < 10_000 else 413)
    assert [url for url in world.v.engine.sent if "m.example" not in url.url] == []


async def test_deep_reply_chains_are_not_followed(world: World) -> None:
    note = a_note(world.m, world.v.actor("ana"))
    parent = note["object"]
    for depth in range(20):
        parent["inReplyTo"] = {"id": f"https://m.example/notes/d{depth}", "type": "Note"}
        parent = parent["inReplyTo"]
    answer = await world.v.ask(signed(world, world.v.request(note, "ana")))
    await world.v.settle()
    assert answer.status < 500
    asked = {url.partition("?")[0] for url in world.v.engine.gets}
    assert asked <= {world.m.id, "https://m.example/.well-known/webfinger"}  # who says it, and nothing else


LOOKALIKES = [
    "https://v.example/actors/sh\u043ep",
    "https://v.example/actors/shop\u200b",
    "https://v.example/actors/shop/",
    "https://v.example/actors/SHOP",
    "https://v.example/actors/%73hop",
    "https://v.ex\u0430mple/actors/shop",
]


@pytest.mark.parametrize("to", LOOKALIKES)
async def test_a_look_alike_in_to_is_not_this_vendor(world: World, to: str) -> None:
    activity = cast(world)
    activity["to"] = activity["object"]["to"] = [to]
    request = world.v.request(json.dumps(world.m.prove(activity), ensure_ascii=False).encode(), "shop")
    answer = await world.v.ask(signed(world, request))
    await world.v.settle()
    assert answer.status < 500
    assert world.v.snapshot()["deal"] == []


async def test_accept_and_undo_at_once_leave_one_state(world: World) -> None:
    """Follow and its Undo, ten times each, all at once: each id has its effect once, in whatever order."""
    fresh = a_follow(world.m, world.v.actor("shop"))
    undo = a_follow(world.m, world.v.actor("shop"), type="Undo", object=fresh)
    statuses = []

    async def post(activity: JsonObject) -> None:
        statuses.append((await world.v.ask(signed(world, world.v.request(activity, "shop")))).status)

    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(post, undo if number % 2 else fresh)
    await world.v.settle()
    assert set(statuses) == {202}
    assert len(world.v.snapshot()["follower"]) <= 1
    assert len(world.m.received) <= 1


async def test_ms_signature_of_yesterday_under_todays_clock_is_401_even_for_a_known_key(world: World) -> None:
    late = signatures.sign(follow(world), world.m.ed25519, now=world.clock.now)
    await world.v.takes(signed(world, follow(world)))
    world.clock.advance(days=1)
    await world.v.refuses(late)
