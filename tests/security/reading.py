"""What tests of reading say and look at: whom V follows, what its timelines hold, who likes its posts."""

from __future__ import annotations

from typing import Any

from node.domain.notes import Visibility
from node.services.posting import Saying, say
from node.store.following import Following, FollowingState
from node.store.ports import Post
from node.store.reading import Reading, Tally
from tests.security.peers import AS, DATA_INTEGRITY, PUBLIC, Peer, a_note
from tests.security.world import World

__all__ = [
    "a_reaction",
    "a_share",
    "an_undo",
    "follow",
    "hold",
    "post_publicly",
    "posted",
    "tally",
    "timeline",
]


async def follow(world: World, *peers: Peer, account: str = "ana") -> None:
    """Let an account of V follow these, as if they had accepted."""
    actor = world.v.actor(account)

    def work(desk: Any) -> None:
        for peer in peers:
            name = peer.document["preferredUsername"]
            handle = f"@{name}@{peer.host.name}"
            follow_id = f"{actor}/follows/{name}"
            state, inbox = FollowingState.ACCEPTED, f"{peer.host.base}/inbox"
            desk.tx.follows.save(
                Following(actor, peer.id, handle, name.title(), peer.inbox, inbox, follow_id, state, desk.now)
            )

    await world.v.open.node.work(work)


def posted(sender: Peer, text: str = "Fresh milk today", **changes: Any) -> dict[str, Any]:
    """A public Note in its Create; `changes` are of the Note itself."""
    created = a_note(sender, PUBLIC, text)
    created["cc"] = created["object"]["cc"] = [f"{sender.id}/followers"]
    created["object"].update(changes)
    created["to"], created["cc"] = created["object"]["to"], created["object"]["cc"]
    return created


def hold(sender: Peer, note: dict[str, Any]) -> str:
    """Let a Note be fetched where it lies; its id."""
    document = {"@context": AS, **note}
    sender.host.serve(note["id"].removeprefix(sender.host.base), document)
    return str(note["id"])


def a_share(sender: Peer, shared: Any, **changes: Any) -> dict[str, Any]:
    return {
        "@context": [AS, DATA_INTEGRITY],
        "id": sender.fresh(),
        "type": "Announce",
        "actor": sender.id,
        "to": [PUBLIC],
        "cc": [f"{sender.id}/followers"],
        "object": shared,
        **changes,
    }


def a_reaction(sender: Peer, about: Any, kind: str = "Like", **changes: Any) -> dict[str, Any]:
    return {
        "@context": [AS, DATA_INTEGRITY],
        "id": sender.fresh(),
        "type": kind,
        "actor": sender.id,
        "object": about,
        **changes,
    }


def an_undo(sender: Peer, undone: Any) -> dict[str, Any]:
    """Undo of an activity: embedded whole, or named by its id where `undone` is one."""
    embedded = (
        {name: value for name, value in undone.items() if name != "@context"}
        if isinstance(undone, dict)
        else undone
    )
    return {
        "@context": [AS, DATA_INTEGRITY],
        "id": sender.fresh(),
        "type": "Undo",
        "actor": sender.id,
        "object": embedded,
    }


async def timeline(world: World, account: str = "ana") -> list[Reading]:
    """What an account of V reads, newest first."""
    actor = world.v.actor(account)
    page = await world.v.open.node.look(lambda desk: desk.tx.readings.page(actor, limit=3000))
    return [reading for _, reading in page]


async def post_publicly(
    world: World, text: str = "We have milk.", *, visibility: Visibility = Visibility.PUBLIC, **over: Any
) -> Post:
    """A post of the shop's."""
    account = world.v.accounts["shop"]
    saying = Saying(**{"text": text, "visibility": visibility, **over})
    return await world.v.open.node.work(lambda desk: say(desk, account, saying))


async def tally(world: World, post: Post) -> Tally:
    found = await world.v.open.node.look(lambda desk: desk.tx.reactions.tally([post.id]))
    return found.get(post.id, Tally())
