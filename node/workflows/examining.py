"""An examination by this node: its client, its key, its clock, and what it knows of itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime

from federation.client import Client, ClientConfig
from federation.messages import JsonObject
from federation.webfinger import Handle
from node.config import software_version
from node.context import Node
from node.domain.errors import InvalidInput
from node.examination import Bounds, Examiner, Finding, Ours, State, examine
from node.examination.walk import parse_reference
from node.public.documents import Documents

__all__ = ["examine_alone", "examine_by", "examiner_of", "read_reference", "report"]


async def examiner_of(node: Node, bounds: Bounds | None = None) -> Examiner:
    """Who looks in this node's name; unsigned where it has no keys yet."""
    config = node.config
    documents = Documents(config.base_url)
    rows, actor = await node.look(
        lambda desk: (
            desk.tx.keys.of(config.node_actor),
            documents.actor(desk.tx, config.node_actor) if desk.tx.keys.of(config.node_actor) else None,
        )
    )
    ours = None
    if actor is not None:
        largest = config.limits.inbox_body_bytes
        ours = Ours(
            base_url=config.base_url,
            node_actor=config.node_actor,
            public_key=actor.get("publicKey"),
            largest_bytes=largest,
            arrivals=node.arrivals,
            mark=node.seed()[:16].hex(),
        )
    made = Examiner(
        client=node.client,
        now=node.clock,
        key=node.keys.unsealed(rows[-1]) if rows else None,
        ours=ours,
        scheme=config.base_url.partition("://")[0],
        ca_file=config.ca_file,
    )
    return made if bounds is None else replace(made, bounds=bounds)


async def read_reference(node: Node, text: str, account: str | None) -> Handle | str:
    """What an owner names; our own address stands for the account, whose handle others would type.

    Raises: InvalidInput.
    """
    reference = parse_reference(text, node.config.base_url.partition("://")[0])
    if reference != f"{node.config.base_url}/":
        return reference
    if account is None:
        raise InvalidInput("who", "it is the whole node", "Name an account of it, by its handle.")
    return parse_reference(f"@{account}@{node.config.host}", "")


async def examine_by(node: Node, reference: Handle | str) -> AsyncIterator[Finding]:
    """Each finding as soon as it is there. Raises: as `examine`."""
    async for finding in examine(await examiner_of(node), reference):
        yield finding


async def examine_alone(who: str, *, now: Callable[[], datetime], say: Callable[[str], None]) -> JsonObject:
    """An examination by nobody in particular, where there is no node: unsigned, and of others only.

    Raises: InvalidInput.
    """
    reference = parse_reference(who, "https")
    async with Client(ClientConfig(user_agent=f"obverse/{software_version()}")) as client:
        return await report(reference, examine(Examiner(client=client, now=now), reference), say)


async def report(
    reference: Handle | str, findings: AsyncIterator[Finding], say: Callable[[str], None]
) -> JsonObject:
    """All findings in plain JSON and in English; `say` hears of each as it comes."""
    told: list[JsonObject] = []
    async for finding in findings:
        say(f"{finding.check.value}: {finding.state.value}")
        told.append(
            {
                "what": finding.check.value,
                "state": finding.state.value,
                "detail": str(finding.seen),
                "fix": str(finding.fix),
            }
        )
    healthy = all(one["state"] != State.FAILED for one in told)
    return {"examined": str(reference), "healthy": healthy, "findings": told}
