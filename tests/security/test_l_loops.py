"""Servers that ask each other before they answer, and floods that ask for work: both come to rest (L06, F12,
F17)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from federation import signatures
from federation.keys import SigningKey
from federation.messages import HttpMessage
from federation.strictjson import parse_json_object
from node.app import create_app
from node.container import open_node
from node.domain.accounts import AccountKind
from tests.security.peers import ACTIVITY, AS, CountingEngine, Peer, a_note
from tests.security.target import Target, open_target
from tests.security.world import World

pytestmark = pytest.mark.anyio

_KEY = re.compile(r'keyid="([^"]+)"', re.IGNORECASE)


# --- L06: each wants the other's key before it shows its own ----------------------------------------------


@dataclass
class Strict:
    """M's server, which shows nothing before it has the key of whoever asks; it asks for that signed, or not.

    Shapes: `asked` are the GETs that reached it, `depth` how deep they lay in each other at most, `answers`
            what V said to its own questions.
    """

    v: Target
    m: Peer
    signs: bool
    asked: list[HttpMessage] = field(default_factory=list)
    answers: list[HttpMessage] = field(default_factory=list)
    depth: int = 0
    _open: int = 0

    @contextmanager
    def serving(self) -> Iterator[None]:
        exchange = self.v.engine.exchange

        async def strictly(message: HttpMessage, **bounds: Any) -> HttpMessage:
            if message.method != "GET" or message.url.split("/")[2] != self.m.host.name:
                return await exchange(message, **bounds)
            self.asked.append(message)
            self._open += 1
            self.depth = max(self.depth, self._open)
            try:
                if self.depth > 3 or not await self._knows_who_asks(message):
                    return HttpMessage(url=message.url, status=401)
            finally:
                self._open -= 1
            return await exchange(message, **bounds)

        self.v.engine.exchange = strictly  # type: ignore[method-assign]
        try:
            yield
        finally:
            self.v.engine.exchange = exchange  # type: ignore[method-assign]

    async def _knows_who_asks(self, message: HttpMessage) -> bool:
        """Fetch the key that signed the request; nobody asks here unsigned."""
        named = _KEY.search(message.header("signature-input") or message.header("signature") or "")
        if named is None:
            return False
        request = HttpMessage.request("GET", named[1].partition("#")[0], {"accept": ACTIVITY})
        if self.signs:
            request = signatures.sign(request, self.m.ed25519, now=self.v.clock.now)
        answered = await self.v.ask(request)
        self.answers.append(answered)
        return answered.status == 200


@pytest.fixture
async def signing(world: World, tmp_path: Path, rsa_keys: tuple[SigningKey, ...]) -> AsyncIterator[Target]:
    """A node that was opened after its own actor was made, as every served one: it signs what it fetches."""
    engine = CountingEngine(world.hosts, world.apps)
    shop, rsa = {"shop": AccountKind.VENDOR}, rsa_keys[3]
    directory = tmp_path / "signing"
    async with open_target(directory, "w.example", shop, engine=engine, clock=world.clock, rsa=rsa) as made:
        pass
    async with open_node(made.config, engine=engine, clock=world.clock, jitter=lambda: 0.5) as opened:
        yield replace(made, open=opened, app=create_app(opened.node, opened.inbox))


@pytest.mark.parametrize("signs", [True, False])
async def test_l06_two_strict_servers_learn_each_others_keys_without_recursion(
    world: World, signing: Target, signs: bool
) -> None:
    v, m = signing, world.m
    strict = Strict(v, m, signs)
    with strict.serving():
        answered = await v.post(a_note(m, v.actor("shop")), "shop", key=m.ed25519)
        await v.settle()
    assert answered.status == 202
    assert strict.asked, "its key was asked for"
    assert strict.depth == 1, "V asked for nothing while it was asked itself"
    assert {one.status for one in strict.answers} == {200}
    documents = [parse_json_object(one.body) for one in strict.answers]
    assert {document["id"] for document in documents} == {f"{v.base}/actor"}, "it asks as the node itself"
    assert all(document["publicKey"]["publicKeyPem"] for document in documents)


@pytest.mark.parametrize("path", ["/actor", "/actors/shop"])
async def test_l06_what_others_check_us_by_is_shown_to_anybody_and_costs_no_question(
    world: World, path: str
) -> None:
    """Unsigned, and signed by a key that V does not know: both are answered at once."""
    v = world.v
    request = HttpMessage.request("GET", f"{v.base}{path}", {"accept": ACTIVITY})
    signed = signatures.sign(request, world.m.ed25519, now=v.clock.now)
    sent = len(v.engine.sent)
    for one in (request, signed):
        answered = await v.ask(one)
        assert answered.status == 200
        assert parse_json_object(answered.body)["publicKey"]["id"]
    assert len(v.engine.sent) == sent


# --- F12: a thousand who were never here say that they are gone -------------------------------------------


@pytest.mark.parametrize("to", ["", "shop"])
async def test_f12_a_thousand_deletes_of_unknown_actors_cost_no_fetch_and_no_row(
    world: World, to: str
) -> None:
    v = world.v
    before, sent = v.snapshot(), len(v.engine.sent)
    statuses = set()
    for number in range(1000):
        actor = f"https://h{number % 50}.example/users/{number}"
        key = replace(world.m.ed25519, id=f"{actor}#main-key", owner=actor)
        gone = {"@context": AS, "id": f"{actor}#delete", "type": "Delete", "actor": actor, "object": actor}
        statuses.add((await v.post(gone, to, key=key)).status)
    await v.settle()
    assert statuses <= {200, 202, 401}
    assert len(v.engine.sent) == sent
    assert v.snapshot() == before


async def test_f12_what_a_stranger_says_otherwise_is_looked_into(world: World) -> None:
    """What shows that the flood above is cheap because of what it says, not because nothing is read."""
    v, m = world.v, world.m
    sent, before = len(v.engine.sent), v.snapshot()
    assert (await v.post(a_note(m, v.actor("shop")), "", key=m.ed25519)).status == 202
    assert len(v.engine.sent) > sent
    assert v.snapshot() != before


# --- F17: a message to everybody --------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["to", "cc", "audience"])
async def test_f17_ten_thousand_recipients_are_too_many(world: World, member: str) -> None:
    v, m = world.v, world.m
    crowd = [f"https://h.example/{number}" for number in range(10_000)]
    note = a_note(m, v.actor("shop"))
    named = {**note, member: [*note.get(member, []), *crowd]}
    request = signatures.sign(v.request(named, "shop"), m.ed25519, now=v.clock.now)
    await v.refuses(request, 413)


async def test_f17_many_recipients_are_not_yet_too_many(world: World) -> None:
    v, m = world.v, world.m
    note = a_note(m, v.actor("shop"))
    named = {**note, "cc": [f"https://h.example/{number}" for number in range(2_000)]}
    request = signatures.sign(v.request(named, "shop"), m.ed25519, now=v.clock.now)
    await v.takes(request)
