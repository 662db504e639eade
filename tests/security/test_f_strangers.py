"""Groups F, C and P, once more: posts that change their readers; moves, follows, blocks of strangers."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from federation import signatures
from federation.messages import HttpMessage
from federation.ports import DeliveryOutcome, Outcome
from node.domain.notes import Visibility
from node.services.followings import Followable, follow
from node.services.shunning import Shunnable, block
from node.store.following import FollowingState
from node.store.ports import FollowState, JobState
from node.store.stops import Stop
from node.workflows.blocking import block_domain
from tests.security.commerce import owner
from tests.security.peers import ACTIVITY, AS, DATA_INTEGRITY, PUBLIC, Peer, a_note
from tests.security.reading import a_reaction, a_share, hold, post_publicly, posted, timeline
from tests.security.reading import follow as let_follow
from tests.security.talking import a_delete, an_edit, said, say_to, threads
from tests.security.world import World

pytestmark = pytest.mark.anyio
SECRET = "the cellar key lies under the third stone"


async def read(world: World, path: str, *, who: Peer | None = None, **headers: str) -> HttpMessage:
    """What V answers at an address, to a signature of somebody's or to nobody's."""
    given = {"accept": ACTIVITY} | {name.replace("_", "-"): value for name, value in headers.items()}
    request = HttpMessage.request("GET", world.v.base + path, given)
    return await world.v.ask(signatures.sign(request, who.ed25519, now=world.clock()) if who else request)


async def replies_to(world: World, post_id: str) -> list[str]:
    answered = await read(world, f"{urlsplit(post_id).path}/replies")
    return list(json.loads(answered.body)["first"]["items"])


def an_update(sender: Peer, created: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An edit a minute later; `changes` are of the Note."""
    updated = (sender.host.clock.now + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    note = {**created["object"], "updated": updated, **changes}
    return {
        **created,
        "id": sender.fresh(),
        "type": "Update",
        "to": note["to"],
        "cc": note.get("cc", []),
        "object": note,
    }


def an_answer(sender: Peer, post_id: str, text: str = "Me too", **changes: Any) -> dict[str, Any]:
    return posted(sender, text, inReplyTo=post_id, **changes)


async def follows_shop(world: World, who: Peer) -> None:
    shop = world.v.actor("shop")
    await world.v.tell(who, a_reaction(who, shop, "Follow", to=[shop]), "shop")


def shunnable(who: Peer) -> Shunnable:
    return Shunnable(who.id, f"@{who.path.rpartition('/')[2]}@{who.host.name}", who.inbox)


async def shuns(world: World, who: Peer) -> None:
    account = world.v.accounts["shop"]
    await world.v.open.node.work(lambda desk: block(desk, account, shunnable(who)))


# --- posts that change their readers ----------------------------------------------------------------------


async def test_p05_answer_that_is_for_everybody_no_more_is_listed_no_more(world: World) -> None:
    post = await post_publicly(world)
    created = an_answer(world.t, post.id)
    await world.v.tell(world.t, created, "shop")
    assert await replies_to(world, post.id) == [created["object"]["id"]]
    shop = world.v.actor("shop")
    await world.v.tell(world.t, an_update(world.t, created, to=[shop], cc=[]), "shop")
    assert await replies_to(world, post.id) == []


@pytest.mark.parametrize("to", [PUBLIC, "as:Public", "Public"])
async def test_p05_answer_for_some_alone_is_not_listed_by_an_edit_for_everybody(
    world: World, to: str
) -> None:
    post = await post_publicly(world)
    shop = world.v.actor("shop")
    created = an_answer(world.t, post.id, SECRET, to=[shop], cc=[])
    await world.v.tell(world.t, created, "shop")
    await world.v.tell(world.t, an_update(world.t, created, to=[to], cc=[shop]), "shop")
    assert await replies_to(world, post.id) == []
    assert {one.visibility for one in await said(world)} == {Visibility.DIRECT}
    for path in (f"{urlsplit(post.id).path}/replies", f"/@shop/{post.id.rpartition('/')[2]}"):
        for accept in (ACTIVITY, "text/html"):
            assert SECRET.encode() not in (await read(world, path, accept=accept)).body


async def test_answer_of_somebody_whom_the_author_blocked_is_not_listed(world: World) -> None:
    post = await post_publicly(world)
    await shuns(world, world.m)
    for inbox in ("shop", ""):
        await world.v.tell(world.m, an_answer(world.m, post.id), inbox)
    assert await replies_to(world, post.id) == []


async def test_answers_of_a_server_that_is_blocked_meanwhile_are_listed_no_more(world: World) -> None:
    post = await post_publicly(world)
    kept = an_answer(world.t, post.id)
    await world.v.tell(world.t, kept, "shop")
    await world.v.tell(world.m, an_answer(world.m, post.id), "shop")
    assert len(await replies_to(world, post.id)) == 2
    await block_domain(world.v.open.node, "m.example")
    assert await replies_to(world, post.id) == [kept["object"]["id"]]


@pytest.mark.parametrize("after", ["Create", "Update"])
async def test_f10_deleted_words_come_back_by_nothing_that_was_on_its_way(world: World, after: str) -> None:
    await let_follow(world, world.t)
    created = posted(world.t, SECRET)
    await world.v.tell(world.t, created, "")
    await world.v.tell(world.t, a_delete(world.t, created["object"]["id"]), "")
    late = an_update(world.t, created) if after == "Update" else {**created, "id": world.t.fresh()}
    await world.v.tell(world.t, late, "")
    assert await timeline(world) == []


async def test_f03_delete_that_names_many_ids_takes_nobody_elses(world: World) -> None:
    await let_follow(world, world.t, world.m)
    theirs, own = posted(world.t), posted(world.m)
    await world.v.tell(world.t, theirs, "")
    await world.v.tell(world.m, own, "")
    ids = [own["object"]["id"], theirs["object"]["id"]]
    for target in (ids, ids[::-1], {"id": ids[1], "type": "Tombstone", "attributedTo": world.m.id}):
        await world.v.tell(world.m, {**a_delete(world.m, ids[0]), "object": target}, "")
    assert theirs["object"]["id"] in [one.note.id for one in await timeline(world)]


async def test_f02_note_that_two_are_said_to_have_written_is_changed_by_its_sender_alone(
    world: World,
) -> None:
    await let_follow(world, world.t, world.m)
    created = posted(world.t, "mine", attributedTo=[world.t.id, world.m.id])
    await world.v.tell(world.t, created, "")
    before = [(one.note.author, one.note.content) for one in await timeline(world)]
    edit = {**an_update(world.m, created, content="<p>hers</p>"), "actor": world.m.id}
    await world.v.post(world.m.prove(edit), "", key=world.m.ed25519)
    await world.v.settle()
    assert [(one.note.author, one.note.content) for one in await timeline(world)] == before
    assert {author for author, _ in before} <= {world.t.id}


async def test_list_of_conversations_shows_a_warning_and_not_what_it_covers(world: World) -> None:
    told = await say_to(world, world.t, "who it was", summary="How it ends")
    assert [thread.excerpt for thread in await threads(world)] == ["How it ends"]
    await world.v.tell(world.t, an_edit(world.t, told, "it was him"), "shop")
    assert [thread.excerpt for thread in await threads(world)] == ["How it ends"]


async def test_vote_in_a_poll_that_nobody_holds_is_no_word_to_anybody(world: World) -> None:
    post = await post_publicly(world)
    vote = a_note(world.m, world.v.actor("shop"))
    vote["object"] |= {"name": "Yes", "inReplyTo": post.id}
    del vote["object"]["content"]
    assert (await world.v.tell(world.m, vote, "shop")).status == 202
    assert [thread.excerpt for thread in await threads(world)] in ([], ["Yes"], [""])
    assert await replies_to(world, post.id) == []


# --- what was for somebody who is blocked -----------------------------------------------------------------


async def test_p03_follower_who_is_blocked_reads_no_more(world: World) -> None:
    await follows_shop(world, world.t)
    post = await post_publicly(world, SECRET, visibility=Visibility.FOLLOWERS)
    path = urlsplit(post.id).path
    assert (await read(world, path, who=world.t)).status == 200
    await shuns(world, world.t)
    opened = await read(world, path, who=world.t)
    assert (opened.status, SECRET.encode() in opened.body) == (404, False)


async def test_p03_follower_whose_server_is_blocked_reads_no_more(world: World) -> None:
    await follows_shop(world, world.t)
    post = await post_publicly(world, SECRET, visibility=Visibility.FOLLOWERS)
    await block_domain(world.v.open.node, "t.example")
    opened = await read(world, urlsplit(post.id).path, who=world.t)
    assert opened.status in (403, 404)
    assert SECRET.encode() not in opened.body


@pytest.mark.parametrize("whole", [False, True])
async def test_p03_whom_it_was_for_by_name_and_who_is_blocked_reads_no_more(
    world: World, whole: bool
) -> None:
    made = await owner(world.v, "shop", "post.new", text=SECRET, visibility="direct", to=["@tess@t.example"])
    await world.v.settle()
    path = urlsplit(str(made["id"])).path
    assert (await read(world, path, who=world.t)).status == 200
    if whole:
        await block_domain(world.v.open.node, "t.example")
    else:
        await shuns(world, world.t)
    opened = await read(world, path, who=world.t)
    assert SECRET.encode() not in opened.body


@pytest.mark.parametrize("visibility", ["followers", "direct", "public"])
async def test_c21_what_waits_for_a_server_never_leaves_once_it_is_blocked(
    world: World, visibility: str
) -> None:
    await follows_shop(world, world.t)
    world.t.host.inbox_status = 503
    to = {"to": ["@tess@t.example"]} if visibility == "direct" else {}
    await owner(world.v, "shop", "post.new", text=SECRET, visibility=visibility, **to)
    node = world.v.open.node
    later = node.now() + timedelta(hours=1)
    waiting = [job.id for job in await world.v.jobs() if job.state is JobState.QUEUED]
    assert waiting
    retry = DeliveryOutcome(Outcome.RETRY, "no answer", retry_at=later)
    await node.db.delivery_queue.settle_all([(number, retry) for number in waiting], node.now())
    world.t.host.inbox_status = 202
    await block_domain(node, "T.Example.")
    world.clock.advance(hours=2)
    before = len(world.t.host.received)
    await world.v.settle()
    assert world.t.host.received[before:] == []
    found = [job for job in await world.v.jobs() if job.id in waiting]
    assert {(job.state, job.detail) for job in found} == {(JobState.DROPPED, Stop.BLOCKED)}
    with pytest.raises(AssertionError):
        await world.v.command("deliveries.resend", id=waiting[0])


async def test_c21_what_is_said_to_a_server_that_is_blocked_already_never_leaves(world: World) -> None:
    await follows_shop(world, world.t)
    posts = len(world.t.host.received)
    world.v.open.node.blocks.replace([])  # whatever was remembered: the store alone must hold
    await block_domain(world.v.open.node, "t.example")
    await post_publicly(world)
    account = world.v.accounts["ana"]
    whom = Followable(world.t.id, "@tess@t.example", "Tess", world.t.inbox)
    await world.v.open.node.work(lambda desk: follow(desk, account, whom))
    await world.v.settle()
    assert len(world.t.host.received) == posts


# --- follows and moves ------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["Accept", "Reject"])
async def test_f05_answer_for_one_account_is_none_for_the_other(world: World, answer: str) -> None:
    ana, shop = world.v.actor("ana"), world.v.actor("shop")
    whom = Followable(world.t.id, "@tess@t.example", "Tess", world.t.inbox)
    account = world.v.accounts["ana"]
    asked = await world.v.open.node.work(lambda desk: follow(desk, account, whom))
    embedded = {"id": "https://t.example/x", "type": "Follow", "actor": shop, "object": world.t.id}
    act = a_reaction(world.t, embedded, answer, to=[ana])
    await world.v.tell(world.t, act, "ana")

    def state(desk: Any) -> Any:
        found = desk.tx.follows.get(shop, world.t.id), desk.tx.follows.get(ana, world.t.id)
        return [one.state if one is not None else None for one in found]

    assert await world.v.open.node.look(state) == [None, FollowingState.PENDING]
    mallory = a_reaction(world.m, {**embedded, "id": asked.follow_id, "actor": ana}, answer, to=[ana])
    await world.v.tell(world.m, mallory, "ana")
    assert await world.v.open.node.look(state) == [None, FollowingState.PENDING]


@pytest.mark.parametrize(
    "followed",
    [
        lambda v: [v.actor("shop"), v.actor("ana")],
        lambda v: {"id": f"{v.base}/actor", "type": "Application"},
        lambda v: f"{v.base}/actor",
        lambda v: f"{v.base}/p/{'x' * 22}",
        lambda v: f"{v.actor('shop')}/followers",
        lambda v: f"{v.actor('shop')}#main-key",
        lambda v: f"{v.base}/@shop",
        lambda v: v.actor("shop").upper(),
    ],
)
async def test_follow_of_what_is_no_account_is_answered_by_nothing(world: World, followed: Any) -> None:
    posts = len(world.v.engine.posts)
    await world.v.tell(world.m, a_reaction(world.m, followed(world.v), "Follow"), "shop")
    assert len(world.v.engine.posts) == posts
    for name in ("shop", "ana"):
        assert await world.v.followers(name) == []


@pytest.mark.parametrize(
    "target",
    [
        lambda w: w.v.actor("shop"),
        lambda w: w.v.actor("ana"),
        lambda w: f"{w.v.base}/actor",
        lambda w: w.t.id,
        lambda w: "https://127.0.0.1/actor",
        lambda w: "https://t.example:22/actor",
        lambda w: "javascript:alert(1)",
        lambda w: [w.m.id, w.t.id],
    ],
)
async def test_f14_move_to_a_place_that_nobody_moves_to_asks_nobody(world: World, target: Any) -> None:
    await let_follow(world, world.t)
    to = target(world)
    world.t.document["movedTo"] = to
    gets = len(world.v.engine.gets)
    move = {
        "@context": [AS, DATA_INTEGRITY], "id": world.t.fresh(), "type": "Move",
        "actor": world.t.id, "object": world.t.id, "target": to,
    }  # fmt: skip
    await world.v.tell(world.t, move, "ana")
    assert await world.v.open.node.look(lambda desk: desk.tx.moves.all(world.v.actor("ana"))) == []
    assert {urlsplit(url).netloc for url in world.v.engine.gets[gets:]} <= {"t.example", "m.example"}


async def test_block_that_names_two_ends_nothing_of_others(world: World) -> None:
    await follows_shop(world, world.t)
    shop = world.v.actor("shop")
    for named in ([shop, world.t.id], {"id": shop, "actor": world.t.id}, world.t.id):
        act = a_reaction(world.m, named, "Block", to=[shop])
        await world.v.tell(world.m, act, "shop")
    kept = await world.v.open.node.look(lambda desk: desk.tx.followers.get(shop, world.t.id))
    assert kept is not None
    assert kept.state is FollowState.ACCEPTED


async def test_f07_post_that_is_embedded_in_a_share_is_not_its_sharers_to_write(world: World) -> None:
    await let_follow(world, world.m)
    genuine = posted(world.t, "genuine")["object"]
    hold(world.t, genuine)
    forged = {**genuine, "content": "<p>forged</p>", "updated": "2030-01-01T00:00:00Z"}
    await world.v.tell(world.m, a_share(world.m, forged), "")
    assert ["genuine" in one.note.content for one in await timeline(world)] == [True]
    share = a_share(world.m, {"type": "Create", "id": world.m.fresh(), "actor": world.t.id, "object": forged})
    await world.v.tell(world.m, share, "")
    assert not [one for one in await timeline(world) if "forged" in one.note.content]
