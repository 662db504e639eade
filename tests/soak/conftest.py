"""An account in which everything is well: one deal with Ana, one with a stranger, both concluded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.soak.books import Book, Line
from tests.soak.checker import Account
from tests.soak.plan import Limits
from tests.soak.witness import Asked, Sent, Testimony

__all__ = ["an_account"]

SHOP = "http://north.localhost:1/actors/north"
ANA = "http://ana.localhost:1/p/one"
TESS = "http://s0.localhost:1/actors/tess"
TALK = ("cast", "offer", "accept", "conclude")
STRANGE, OURS = "http://s0.localhost:1/deals/1", "http://ana.localhost:1/deals/2"


def a_line(deal: str, kind: str, direction: str, actor: str) -> Line:
    host = actor.partition("/actors/")[0].partition("/p/")[0]
    return Line(f"{host}/activities/{kind}-of-{deal[-1]}", deal, direction, kind, actor, f"z{deal}{kind}", "")


def _deal(deal: str, customer: str) -> list[Line]:
    """A vendor's lines of one concluded deal."""
    return [
        a_line(deal, kind, "in" if kind in ("cast", "accept") else "out", customer if n % 2 == 0 else SHOP)
        for n, kind in enumerate(TALK)
    ]


def _book(lines: list[Line], deals: dict[str, str], stock: dict[str, tuple[str, str]]) -> Book:
    told = [(line.deal, line.kind) for line in lines if line.direction == "in" and line.kind != "cast"]
    return Book(
        integrity="ok",
        lines=lines,
        deals=deals,
        notices=Counter(told),
        followers={TESS},
        delivered={(line.activity, "x") for line in lines if line.direction == "out"},
        waiting={},
        stuck=[],
        inbox=Counter(),
        buried=[],
        stock=stock,
    )


def _testimony() -> Testimony:
    said = Testimony()
    follow = f"{TESS.partition('/actors/')[0]}/activities/tess-00000000000000000009"
    said.sent[follow] = Sent("north", "follow", "zf", "")
    said.acknowledged.add(follow)
    for line in _deal(STRANGE, TESS):
        if line.direction == "in":
            said.sent[line.activity] = Sent("north", line.kind, line.digest, STRANGE)
            said.acknowledged.add(line.activity)
        else:
            heard: dict[str, Any] = {"kind": line.kind, "digest": line.digest, "deal": STRANGE}
            said.heard[line.activity] = {**heard, "acceptDigest": f"z{STRANGE}accept"}
    said.asked["1"] = Asked("ana", "deal.accept", OURS, "", "")
    said.told.add("1")
    said.intents.add("an intent")
    return said


@pytest.fixture
def an_account() -> Callable[[], Account]:
    """Makes accounts without fault."""

    def make() -> Account:
        theirs = [*_deal(STRANGE, TESS), *_deal(OURS, ANA)]
        turned = {"in": "out", "out": "in"}
        ours = [
            Line(x.activity, x.deal, turned[x.direction], x.kind, x.actor, x.digest, "")
            for x in _deal(OURS, ANA)
        ]
        return Account(
            books={
                "ana": _book(ours, {OURS: "concluded"}, {}),
                "north": _book(theirs, {OURS: "concluded", STRANGE: "concluded"}, {"KID": ("98", "0")}),
            },
            said=_testimony(),
            gauges={},
            logs={"ana": "", "north": '{"level": "info", "event": "stopping"}\n'},
            limits=Limits(),
            stock=100,
            person="ana",
        )

    return make
