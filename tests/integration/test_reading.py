"""A person follows a shop on another node: reads, likes, passes on, answers, and takes it back."""

from __future__ import annotations

from typing import Any

import pytest

from federation.strictjson import parse_json_object
from node.domain.notes import Visibility
from node.domain.pictures import IN_POSTS
from node.services.media import attach
from node.services.posting import Saying, change, say, take_back
from node.store.ports import Post
from node.store.reading import Reading, Tally
from tests.integration.conftest import CommandRefused
from tests.unit.node.pictures.drawing import a_picture

pytestmark = pytest.mark.anyio

ANA = "https://ana.example/actors/ana"
NORTH = "https://north.example/actors/north"
MILK = "sku,name,category,price,currency,stock\nM1,Milk,Q8495,1.20,EUR,9\n"


@pytest.fixture
async def ana(world: Any) -> Any:
    """She follows north."""
    home = await world.person("ana")
    await world.vendor("north")
    await home.ask("following.add", who="@north@north.example")
    await world.settle()
    return home


async def post(world: Any, text: str = "We have milk.", **over: Any) -> Post:
    north = world.homes["north"]
    account = await north.node.look(lambda desk: desk.tx.accounts.by_name("north"))
    saying = Saying(**{"text": text, "visibility": Visibility.PUBLIC, **over})
    made: Post = await north.node.work(lambda desk: say(desk, account, saying))
    await world.settle()
    return made


async def read(home: Any, **args: Any) -> list[Any]:
    listed: list[Any] = (await home.ask("reading.list", **args))["readings"]
    return listed


async def tally(world: Any, made: Post) -> Tally:
    found = await world.homes["north"].node.look(lambda desk: desk.tx.reactions.tally([made.id]))
    counted: Tally = found.get(made.id, Tally())
    return counted


async def test_what_a_shop_posts_is_read_where_it_is_followed(world: Any, ana: Any) -> None:
    made = await post(world, summary="Cows")
    [reading] = await read(ana)
    assert (reading["id"], reading["by"], reading["text"], reading["warning"]) == (
        made.id,
        "@north@north.example",
        "We have milk.",
        "Cows",
    )
    assert not reading["liked"]
    assert not reading["shared"]


async def test_an_edit_and_an_end_are_read_too(world: Any, ana: Any) -> None:
    made = await post(world)
    north = world.homes["north"]
    account = await north.node.look(lambda desk: desk.tx.accounts.by_name("north"))
    world.clock.forward(minutes=1)
    saying = Saying(text="We have fresh milk.", visibility=Visibility.PUBLIC)
    await north.node.work(lambda desk: change(desk, account, made.id, saying))
    await world.settle()
    [reading] = await read(ana)
    assert (reading["text"], reading["edited"]) == ("We have fresh milk.", True)
    await north.node.work(lambda desk: take_back(desk, account, made.id))
    await world.settle()
    assert await read(ana) == []


async def test_a_like_is_counted_at_the_other_end_and_taken_back(world: Any, ana: Any) -> None:
    made = await post(world)
    [reading] = await read(ana)
    for _ in range(2):
        await ana.ask("reading.like", post=str(reading["number"]))
        await world.settle()
    assert await tally(world, made) == Tally(likes=1)
    assert (await read(ana))[0]["liked"]
    await ana.ask("reading.unlike", post=made.id)
    await world.settle()
    assert await tally(world, made) == Tally()
    with pytest.raises(CommandRefused, match="nothing to take back"):
        await ana.ask("reading.unlike", post=made.id)


async def test_what_is_passed_on_reaches_her_followers_as_its_author_said_it(world: Any, ana: Any) -> None:
    bea = await world.person("bea")
    await bea.ask("following.add", who="@ana@ana.example")
    await world.settle()
    await ana.ask("followers.approve", who="https://bea.example/actors/bea")
    await world.settle()
    made = await post(world)
    await ana.ask("reading.share", post=f"https://north.example/@north/{made.id.rpartition('/')[2]}")
    await world.settle()
    assert await tally(world, made) == Tally(shares=1)
    [reading] = await read(bea)
    assert (reading["id"], reading["shared_by"], reading["by"]) == (made.id, "Ana", "@north@north.example")
    await ana.ask("reading.unshare", post=made.id)
    await world.settle()
    assert await tally(world, made) == Tally()
    assert await read(bea) == []


async def test_an_answer_is_for_no_more_people_than_can_read_what_it_answers(world: Any, ana: Any) -> None:
    made = await post(world, visibility=Visibility.FOLLOWERS)
    [reading] = await read(ana)
    for wider in ("public", "unlisted", "followers"):
        with pytest.raises(CommandRefused, match="more people could read it"):
            await ana.ask("reading.answer", post=made.id, text="Mine too", visibility=wider)
    done = await ana.ask("reading.answer", post=str(reading["number"]), text="Is it cold?")
    await world.settle()
    assert done["visibility"] == "direct"
    listed = (await world.homes["north"].ask("talk.list"))["threads"]
    assert [one["excerpt"] for one in listed] == ["@north Is it cold?"]


async def test_what_is_not_for_everybody_is_not_passed_on(world: Any, ana: Any) -> None:
    made = await post(world, visibility=Visibility.FOLLOWERS)
    with pytest.raises(CommandRefused, match="not for everybody"):
        await ana.ask("reading.share", post=made.id)
    await ana.ask("reading.like", post=made.id)
    await world.settle()
    assert await tally(world, made) == Tally(likes=1)


async def test_a_list_goes_on_where_it_stopped(world: Any, ana: Any) -> None:
    for n in range(3):
        await post(world, f"Number {n}")
    newest = await read(ana, limit=2)
    assert [one["text"] for one in newest] == ["Number 2", "Number 1"]
    rest = await read(ana, before=newest[-1]["number"])
    assert [one["text"] for one in rest] == ["Number 0"]
    for nothing in ("999999", "https://north.example/posts/nothing", "-1"):
        with pytest.raises(CommandRefused, match="no such post"):
            await ana.ask("reading.like", post=nothing)


async def test_a_standing_offer_is_read_as_something_to_buy(world: Any, ana: Any) -> None:
    north = world.homes["north"]
    await north.ask("catalogue.import", csv=MILK)
    await north.ask("post.add", sku="M1", text="Fresh")
    await world.settle()
    assert [one["is_offer"] for one in await read(ana)] == [True]


async def test_its_pictures_are_named_and_none_of_them_is_fetched(world: Any, ana: Any) -> None:
    north = world.homes["north"]
    picture = await north.node.darkroom.develop(a_picture(), IN_POSTS)
    attachment = await north.node.work(lambda desk: attach(desk, NORTH, picture, alt="A cow"))
    before = len(world.network.sent)
    await post(world, attachments=(attachment,))
    [reading] = await read(ana)
    assert reading["pictures"] == [{"url": attachment.url, "type": "image/jpeg", "alt": "A cow"}]
    asked = [message.url for message in world.network.sent[before:]]
    assert [url for url in asked if "/media/" in url] == []


async def test_an_author_whose_server_is_down_is_told_later_where_he_is_known(world: Any, ana: Any) -> None:
    made = await post(world)
    world.network.down.add("north.example")
    await ana.ask("reading.like", post=made.id)
    await world.settle()
    assert await tally(world, made) == Tally()
    world.network.down.clear()
    world.clock.forward(hours=1)
    await world.settle()
    assert await tally(world, made) == Tally(likes=1)


async def test_an_author_who_is_not_known_is_asked_for_and_a_silent_server_is_told_in_words(
    world: Any, ana: Any
) -> None:
    cleo = await world.person("cleo")
    made = await post(world)
    actor = "https://cleo.example/actors/cleo"
    assert made.note is not None
    reading = Reading(actor, made.note, cleo.node.now())
    await cleo.node.work(lambda desk: desk.tx.readings.add(reading))
    world.network.down.add("north.example")
    with pytest.raises(CommandRefused, match="its author's server cannot be asked"):
        await cleo.ask("reading.like", post=made.id)
    world.network.down.clear()
    await cleo.ask("reading.like", post=made.id)
    await world.settle()
    assert await tally(world, made) == Tally(likes=1)


async def test_what_is_shared_is_an_announce_by_id_as_the_fediverse_reads_it(world: Any, ana: Any) -> None:
    made = await post(world, visibility=Visibility.UNLISTED)
    await ana.ask("reading.share", post=made.id)
    await world.settle()
    sent = [parse_json_object(message.body) for message in world.network.sent if message.body]
    [announce] = [activity for activity in sent if activity["type"] == "Announce"]
    assert announce["object"] == made.id
    assert announce["to"] == [f"{ANA}/followers"]
    assert announce["cc"] == ["https://www.w3.org/ns/activitystreams#Public", NORTH]
    await ana.ask("reading.unshare", post=made.id)
    await world.settle()
    sent = [parse_json_object(message.body) for message in world.network.sent if message.body]
    [undo] = [activity for activity in sent if activity["type"] == "Undo"]
    kept = ("id", "type", "actor", "to", "cc", "object")
    assert undo["object"] == {name: announce[name] for name in kept}
    assert (undo["to"], undo["cc"]) == (announce["to"], announce["cc"])
