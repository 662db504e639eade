"""Group F, for what people say: whose a Note is, who may change it, what comes in the wrong order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.security.peers import AS, DATA_INTEGRITY, PUBLIC, Peer, a_note
from tests.security.talking import a_delete, an_edit, said, threads
from tests.security.world import World

pytestmark = pytest.mark.anyio


@pytest.fixture
async def told(world: World) -> dict[str, Any]:
    """Tess has written to the shop."""
    created = a_note(world.t, world.v.actor("shop"), "Do you mend wheels?")
    await world.v.tell(world.t, created, "shop")
    assert [one.content for one in await said(world)] == ["<p>Do you mend wheels?</p>"]
    return created


async def test_f01_update_from_another_origin_changes_no_words(world: World, told: Any) -> None:
    answered = await world.v.tell(world.m, an_edit(world.m, told, "I hate you"), "shop")
    assert answered.status == 403
    assert [one.content for one in await said(world)] == ["<p>Do you mend wheels?</p>"]


async def test_f02_update_by_another_actor_of_the_same_origin_changes_no_words(
    world: World, told: Any
) -> None:
    mallory = world.peer("t.example", "mallory")
    forged = an_edit(mallory, told, "I hate you", attributedTo=mallory.id)
    for claim in (forged, {**forged, "id": mallory.fresh(), "object": {**forged["object"]}}):
        await world.v.tell(mallory, claim, "shop")
    unattributed = an_edit(mallory, told, "I hate you")
    del unattributed["object"]["attributedTo"]
    await world.v.tell(mallory, unattributed, "shop")
    assert [one.content for one in await said(world)] == ["<p>Do you mend wheels?</p>"]


async def known_neighbour(world: World) -> Peer:
    """Another actor of tess's server, whose Deletes are listened to, since it has written before."""
    mallory = world.peer("t.example", "mallory")
    await world.v.tell(mallory, a_note(mallory, world.v.actor("shop"), "Good morning"), "shop")
    return mallory


async def test_f02_delete_by_another_actor_of_the_same_origin_takes_no_words(world: World, told: Any) -> None:
    mallory = await known_neighbour(world)
    await world.v.tell(mallory, a_delete(mallory, told["object"]["id"]), "shop")
    assert "<p>Do you mend wheels?</p>" in [one.content for one in await said(world)]
    await world.v.tell(world.t, a_delete(world.t, told["object"]["id"]), "shop")
    gone = [one for one in await said(world) if one.author == world.t.id]
    assert [(one.content, one.deleted_at is None) for one in gone] == [("", False)]


async def test_f06_note_of_somebody_else_in_a_create_is_not_kept(world: World) -> None:
    created = a_note(world.m, world.v.actor("shop"), "From tess, says mallory")
    created["object"]["attributedTo"] = world.t.id
    answered = await world.v.tell(world.m, created, "shop")
    assert answered.status == 403
    assert await said(world) == []


async def test_f07_note_that_is_embedded_by_somebody_else_is_not_kept(world: World, told: Any) -> None:
    stolen = {**told["object"], "content": "<p>I hate you</p>"}
    announced = {
        "@context": [AS, DATA_INTEGRITY], "id": world.m.fresh(), "type": "Announce", "actor": world.m.id,
        "to": [world.v.actor("shop")], "object": stolen,
    }  # fmt: skip
    await world.v.tell(world.m, announced, "shop")
    answer = a_note(world.m, world.v.actor("shop"), "Look", inReplyTo=stolen)
    answer["object"]["inReplyTo"] = stolen
    await world.v.tell(world.m, answer, "shop")
    assert {one.content for one in await said(world)} == {"<p>Do you mend wheels?</p>", "<p>Look</p>"}


async def test_f09_update_that_would_change_id_owner_or_type_changes_nothing(world: World, told: Any) -> None:
    tries: tuple[dict[str, Any], ...] = (
        {"id": world.t.fresh("notes")},
        {"type": "Article", "name": "A title"},
        {"attributedTo": world.m.id},
    )
    for changes in tries:
        await world.v.tell(world.t, an_edit(world.t, told, "Other words", **changes), "shop")
        kept = await said(world)
        assert [(one.id, one.author, one.form, one.content) for one in kept] == [
            (told["object"]["id"], world.t.id, "Note", "<p>Do you mend wheels?</p>")
        ], changes
    await world.v.tell(world.t, an_edit(world.t, told, "Other words"), "shop")
    assert [one.content for one in await said(world)] == ["<p>Other words</p>"]


async def test_f10_older_update_after_a_newer_one_is_ignored(world: World, told: Any) -> None:
    await world.v.tell(world.t, an_edit(world.t, told, "Newer", after_s=120), "shop")
    await world.v.tell(world.t, an_edit(world.t, told, "Older", after_s=60), "shop")
    dateless = an_edit(world.t, told, "Of no time")
    del dateless["object"]["updated"]
    await world.v.tell(world.t, dateless, "shop")
    [kept] = await said(world)
    assert kept.content == "<p>Newer</p>"
    assert [one.content for one in kept.earlier] == ["<p>Do you mend wheels?</p>"]


async def test_delete_that_overtakes_its_create_lets_nothing_be_shown(world: World, told: Any) -> None:
    created = a_note(world.t, world.v.actor("shop"), "Forget this")
    await world.v.tell(world.t, a_delete(world.t, created["object"]["id"]), "shop")
    await world.v.tell(world.t, created, "shop")
    assert [one.content for one in await said(world)] == ["<p>Do you mend wheels?</p>"]


async def test_delete_of_somebody_elses_note_before_it_comes_does_not_keep_it_out(world: World) -> None:
    created = a_note(world.t, world.v.actor("shop"), "Hello")
    mallory = await known_neighbour(world)
    await world.v.tell(mallory, a_delete(mallory, created["object"]["id"]), "shop")
    await world.v.tell(world.t, created, "shop")
    assert "<p>Hello</p>" in [one.content for one in await said(world)]


async def test_f12_deletes_of_actors_that_nobody_knows_cost_no_fetch_and_no_row(world: World) -> None:
    before, asked = world.v.snapshot(), len(world.v.engine.sent)
    for number in range(1_000):
        stranger = f"https://h{number}.gone.example/users/u"
        delete = {
            "@context": AS, "id": f"{stranger}#delete-{number}", "type": "Delete", "actor": stranger,
            "to": [PUBLIC], "object": f"https://h{number}.gone.example/notes/1" if number % 2 else stranger,
        }  # fmt: skip
        key = world.m.rsa
        lost = type(key)(**{**_members(key), "id": f"{stranger}#main-key", "owner": stranger})
        answered = await world.v.post(delete, "", key=lost, old_scheme=True)
        assert answered.status in (202, 401)
    await world.v.settle()
    assert len(world.v.engine.sent) == asked
    assert world.v.snapshot() == before


def _members(key: Any) -> dict[str, Any]:
    return {name: getattr(key, name) for name in key.__dataclass_fields__}


async def test_c15_handle_that_is_not_confirmed_is_never_shown(world: World) -> None:
    world.m.document["preferredUsername"] = "tess"
    del world.m.host.webfinger["mallory@m.example"]
    await world.v.tell(world.m, a_note(world.m, world.v.actor("shop")), "shop")
    [thread] = await threads(world)
    assert (thread.peer.handle, thread.peer.shown) == ("", world.m.id)
    notices = await world.v.notices("shop")
    assert world.m.id in notices[0].text


async def test_confirmed_handle_is_shown(world: World, told: Any) -> None:
    [thread] = await threads(world)
    assert thread.peer.shown == "@tess@t.example"


async def test_author_whose_server_is_down_for_the_look_up_is_heard_all_the_same(world: World) -> None:
    await world.v.post(world.t.prove(a_note(world.t, world.v.actor("shop"))), "shop", key=world.t.ed25519)
    world.v.engine.unreachable.add("t.example")
    await world.v.settle()
    [thread] = await threads(world)
    assert (thread.peer.handle, thread.length) == ("", 1)
