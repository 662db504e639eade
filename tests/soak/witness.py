"""What the journal says was sent, answered and heard: the clients' side of the account."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from federation.messages import JsonObject
from tests.soak.journal import read_journal

__all__ = ["Asked", "Sent", "Testimony", "hear"]


@dataclass(frozen=True, slots=True)
class Sent:
    """One activity that a stranger sent to a vendor."""

    to: str
    kind: str
    digest: str
    deal: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One command that was given to a node."""

    node: str
    command: str
    deal: str
    name: str
    stage: str


@dataclass
class Testimony:
    """The journal, sorted. `statuses` are of every try; `took_s` of those that were answered."""

    sent: dict[str, Sent] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    ended_with: dict[str, int] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    took_s: list[float] = field(default_factory=list)
    asked: dict[str, Asked] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    intents: set[str] = field(default_factory=set)
    heard: dict[str, JsonObject] = field(default_factory=dict)
    heard_again: int = 0
    changed: list[str] = field(default_factory=list)
    """Activities that came twice with different digests."""


def hear(path: Path) -> Testimony:
    """Read a journal."""
    said = Testimony()
    for line in read_journal(path):
        match line:
            case {"send": name}:
                said.sent[name] = Sent(line["to"], line["kind"], line["digest"], line["deal"])
            case {"answer": name, "status": int(status)}:
                said.statuses[status] += 1
                if status:
                    said.took_s.append(line["took"])
                    said.ended_with[name] = status
                if 200 <= status < 300:
                    said.acknowledged.add(name)
            case {"heard": name}:
                _hear_one(said, name, line)
            case {"ask": number}:
                said.asked[number] = Asked(
                    line["node"], line["command"], line["deal"], line.get("name", ""), line.get("stage", "")
                )
            case {"told": number}:
                said.told.add(number)
                if line["intent"]:
                    said.intents.add(line["intent"])
    return said


def _hear_one(said: Testimony, name: str, line: JsonObject) -> None:
    before = said.heard.get(name)
    if before is None:
        said.heard[name] = line
        return
    said.heard_again += 1
    if before["digest"] != line["digest"]:
        said.changed.append(name)
