"""Every case of the corpora through the real inbox of a node, one after the other, and what became of it."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from federation.keys import generate_rsa
from federation.messages import JsonObject
from node.domain.accounts import AccountKind
from node.domain.errors import Refusal
from node.domain.notes import Note, Visibility
from node.domain.talking import Utterance
from node.wire.fediverse import parse_note
from tests.needs import want
from tests.security.peers import Clock, Peer
from tests.security.world import World

__all__ = ["Case", "Outcome", "load_cases", "run_cases"]

BUILD = Path(__file__).parents[3] / "build" / "corpora"
EXPORT = Path(__file__).with_name("export.py")
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
Shown = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One activity of a corpus. `status` is what its authors expect: `recommended`, `may_fail`, … or ""."""

    corpus: str
    group: str
    name: str
    status: str
    activity: JsonObject
    note: str

    @property
    def title(self) -> str:
        return f"{self.corpus}/{self.group}/{self.name}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case: the inbox's answer, what is read of the post, or why nothing is, and what the
    vendor finds of it in a thread.
    """

    case: Case
    answer: int
    shown: Shown
    heard: tuple[Utterance, ...]


def load_cases() -> list[Case]:
    """The cases of both corpora. Ends the test where they are not installed."""
    python = BUILD / "venv" / "bin" / "python"
    if not python.exists():
        want("the corpora of posts (make corpora)")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [python, EXPORT], capture_output=True, check=True, timeout=120, env=environment, cwd=BUILD
    )
    return [Case(**case) for case in json.loads(done.stdout)]


async def run_cases(cases: list[Case], directory: Path) -> list[Outcome]:
    """Post them all, signed by their senders, to the vendor that they name, and let the node work on each.

    Raises: AssertionError where an answer is 5xx, the node is not alive afterwards, or a message is given up.
    """
    keys = tuple(generate_rsa(f"https://nowhere.example/{n}", "https://nowhere.example") for n in range(4))
    clock = Clock(NOON)
    async with AsyncExitStack() as stack:
        world = World(clock, {}, {}, keys, directory, stack)
        senders = {name: world.peer(f"{name}.example", name) for name in ("pasture", "funfedi")}
        await world.node("v.example", {"shop": AccountKind.VENDOR})
        outcomes = [await _run(world, case, senders[case.corpus]) for case in cases]
        assert await world.v.is_alive()
        assert await world.v.open.node.look(lambda desk: desk.tx.inbox.dead()) == []
    return outcomes


async def _run(world: World, case: Case, sender: Peer) -> Outcome:
    # Some time lies between them, so that nobody counts as a flooder.
    world.clock.advance(minutes=20)
    answered = await world.v.post(case.activity, "shop", key=sender.rsa, old_scheme=True)
    assert answered.status < 500, f"{case.title}: {answered.status} {answered.body!r}"
    await world.v.settle()
    shown = what_is_shown(case, answered.status, sender.id, world.clock.now)
    heard = await world.v.open.node.look(lambda desk: desk.tx.threads.of_note(case.note))
    return Outcome(case, answered.status, shown, tuple(heard))


def what_is_shown(case: Case, answer: int, author: str, now: datetime) -> Shown:
    """Of a post that the inbox took, the members that are not as usual; else `not`: why nothing is shown."""
    document = case.activity.get("object")
    document = document[0] if isinstance(document, list) and len(document) == 1 else document
    if answer >= 300:
        return {"not": f"the inbox answers {answer}"}
    if case.activity.get("type") not in ("Create", ["Create"]) or not isinstance(document, dict):
        return {"not": "no Create of an object"}
    try:
        note = parse_note(document, author=author, received_at=now)
    except Refusal as refused:
        return {"not": refused.detail}
    return described(note, now)


def described(note: Note, now: datetime) -> Shown:
    """A Note by what it says; usual and changing members are left out."""
    mentions = [mention.handle or "(no name)" for mention in note.mentions]
    found: Shown = {
        "title": note.title,
        "warning": note.summary,
        "content": note.content,
        "sensitive": note.is_sensitive,
        "language": note.language,
        "visibility": "" if note.visibility is Visibility.PUBLIC else note.visibility.value,
        "page": "" if note.url == note.id else note.url,
        "answers": note.in_reply_to,
        "quotes": note.quoted,
        "mentions": mentions,
        "hashtags": list(note.hashtags),
        "attachments": [
            " ".join(
                part for part in (file.media_type or "?", file.url, file.alt and f"“{file.alt}”") if part
            )
            for file in note.attachments
        ],
        "time of receipt": note.published_at == now,
    }
    return {name: value for name, value in found.items() if value}
