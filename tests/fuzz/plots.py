"""What senders with valid keys may say next, honest or not: the moves of the stories.

A move that the deal is not ready for is still a move, as long as there is something that it can cite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from federation.messages import JsonObject
from node.domain.intents import PersonaMode
from tests.fuzz.corpus import documents
from tests.security.commerce import Customer, Vendor, a_customer, asked, stamp
from tests.security.forging import a_follow
from tests.security.peers import PUBLIC, a_note
from tests.security.world import World

__all__ = ["PLOTS", "Plot"]

NUMBERS = count()
LOOSE = tuple(
    name for name in documents() if name[:2] in ("18", "19", "20", "21", "22", "33", "34", "35", "36")
)


Move = Callable[[], JsonObject]


def _try(move: Move) -> JsonObject | None:
    """The message, None where there is nothing yet that it could cite."""
    try:
        return move()
    except (KeyError, IndexError, TypeError):
        return None


@dataclass
class _Told:
    """What one side has said so far that another message may cite."""

    party: Any
    said: list[JsonObject] = field(default_factory=list)

    async def asked(self, account: str, command: str, /, **arguments: Any) -> JsonObject:
        return await asked(self.party.v, account, command, **arguments)

    def heard(self, proven: JsonObject) -> None:
        self.said.append(proven)

    def said_as(self, verb: str, kind: str = "") -> JsonObject:
        """The last of this verb that was said; `kind` is of its object."""
        found = [one for one in self.said if one["type"] == verb]
        if kind:
            found = [
                one for one in found if isinstance(one["object"], dict) and one["object"].get("type") == kind
            ]
        return found[-1]

    def got(self, verb: str) -> JsonObject:
        """The last of this verb that V has sent here."""
        found: list[JsonObject] = [one for one in self.party.heard if one["type"] == verb]
        return found[-1]

    def loose(self, rng: Random) -> JsonObject:
        """A signed example of a part that this version does not read, as the sender's own."""
        example = documents()[rng.choice(LOOSE)]
        changed = {name: value for name, value in example.items() if name != "proof"}
        return {**changed, "id": self.party.peer.fresh(), "actor": self.party.id, "to": [self.party.to]}


@dataclass
class Buyer(_Told):
    """A customer by hand, before V's shop."""

    party: Customer

    @classmethod
    async def begun(cls, world: World, rng: Random) -> Buyer:
        peer = world.peer("m.example", f"buyer{next(NUMBERS)}")
        made = cls(a_customer(world, peer))
        if rng.random() < 0.3:
            await made.asked("shop", "rules.add", name=f"Rule {rng.random()}", firm=rng.random() < 0.5)
        if rng.random() < 0.3:
            await made.asked("shop", "post.add", sku="MILK", price="1.35 EUR", lasts="7d")
        await made._go_ahead(rng.randrange(4))
        return made

    async def _go_ahead(self, steps: int) -> None:
        """An honest beginning, so that what is tried meets every state of a deal."""
        if steps > 0:
            self.heard(await self.party.tell(self.party.cast()))
        if steps > 1:
            deal = self.cast()["object"]["context"]
            await self.asked("shop", "deal.offer", deal=deal, sku="NK20")
            await self.party.v.settle()
        if steps > 2 and self.party.heard:
            accept = _try(lambda: self.party.accept(self.offer()))
            if accept is not None:
                self.heard(await self.party.tell(accept))

    async def owner_acts(self, rng: Random) -> None:
        deals = [
            one["object"]["context"] for one in self.said if one["type"] == "Create" and _is(one, "Proposal")
        ]
        if not deals or rng.random() < 0.5:
            return
        deal = rng.choice(deals)
        command, arguments = rng.choice(
            (
                ("deal.offer", {"price": "289.00"}),
                ("deal.offer", {"sku": "NK20", "firm": rng.random() < 0.3}),
                ("deal.offer", {"sku": "NK20"}),
                ("deal.nobid", {"reason": "notStocked"}),
                ("deal.progress", {"stage": "delivered"}),
                ("deal.receipt", {}),
                ("deal.cancel", {"reason": "other"}),
                ("deal.cancel.answer", {"agree": rng.random() < 0.5}),
                ("deal.ask", {"text": "Which colour?"}),
            )
        )
        await self.asked("shop", command, deal=deal, **arguments)
        await self.party.v.settle()

    def next_message(self, rng: Random) -> JsonObject | None:
        party = self.party
        if not self.said and rng.random() < 0.8:
            return party.cast()
        moves: tuple[Move, ...] = (
            party.cast,
            lambda: party.update(self.cast()),
            lambda: party.withdraw(self.cast()),
            lambda: party.ask(self.cast()),
            lambda: party.accept(self.offer()),
            lambda: party.accept(self.offer()),
            lambda: party.accept(self.offer()),
            lambda: party.shortlist(self.offer()),
            lambda: party.decline(self.offer(), mayAnswer=rng.random() < 0.5),
            lambda: party.counter(self.cast(), self.offer(), "250.00"),
            lambda: party.confirm(self.accept()),
            lambda: party.cancel(self.accept()),
            lambda: party.agree_to(self.got("Offer")),
            lambda: party.report(self.accept(), "paid", "289.00"),
            lambda: party.reject(self.got("Offer"), "expired"),
            lambda: party.reject(self.got("Accept"), "expired"),
            lambda: party.order(self._post(), "2", "2.70"),
            lambda: self.loose(rng),
            lambda: a_follow(party.peer, party.to),
            lambda: self._unfollow(),
            lambda: a_note(party.peer, party.to),
            lambda: {**a_note(party.peer, party.to), "to": [PUBLIC], "cc": [party.to]},
            lambda: self._review(),
            lambda: self._farewell(),
            lambda: {
                **a_follow(party.peer, party.to),
                "type": rng.choice(("Like", "Announce", "Block", "Move", "Flag")),
            },
        )
        return _try(rng.choice(moves))

    def cast(self) -> JsonObject:
        return self.said_as("Create", "Proposal")

    def offer(self) -> JsonObject:
        return self.got("Offer")

    def accept(self) -> JsonObject:
        return self.said_as("Accept")

    def _post(self) -> JsonObject:
        posts: list[JsonObject] = [one["object"] for one in self.party.heard if _is(one, "Note")]
        golden: JsonObject = documents()["30-standing-offer-post"]["object"]
        return posts[-1] if posts else golden

    def _unfollow(self) -> JsonObject:
        follow = a_follow(self.party.peer, self.party.to)
        return {**follow, "id": self.party.peer.fresh(), "type": "Undo", "object": follow}

    def _farewell(self) -> JsonObject:
        return {**a_follow(self.party.peer, self.party.to), "type": "Delete", "object": self.party.id}

    def _review(self) -> JsonObject:
        """Public feedback about the shop, with a credential of somebody else's purchase."""
        post = documents()["37-feedback-public"]
        note = {
            **post["object"],
            "id": self.party.peer.fresh("notes"),
            "attributedTo": self.party.id,
            "withRegardTo": self.party.to,
            "cc": [self.party.to],
        }
        changed = {name: value for name, value in post.items() if name != "proof"}
        return {
            **changed,
            "id": self.party.peer.fresh(),
            "actor": self.party.id,
            "cc": [self.party.to],
            "object": note,
        }


@dataclass
class Seller(_Told):
    """A vendor by hand, before a persona of V's ana."""

    party: Vendor

    @classmethod
    async def begun(cls, world: World, rng: Random) -> Seller:
        name = f"store{next(NUMBERS)}"
        terms = [
            f"https://w3id.org/dpv/standards/ieee/7012#{term}"
            for term in ("PDC-INTENT", "SD-BASE", "SD-BASE-DP")
        ]
        peer = world.peer("m.example", name, kind="Organization", termsAccepted=terms)
        made = cls(Vendor(peer, world.v, "ana", world.v.actor("ana")))
        persona = rng.choice([mode.value for mode in PersonaMode])
        arguments = {
            "name": "child bicycle",
            "category": "Q11442",
            "budget": "300 EUR",
            "until": "3d",
            "persona": persona,
        }
        before = len(peer.host.received)
        await made.asked("ana", "intent.cast", to=[f"@{name}@m.example"], **arguments)
        await world.v.settle()
        casts = peer.host.received[before:]
        if casts:
            made.party.to = casts[-1]["actor"]
            await made._go_ahead(rng.randrange(4), casts[-1]["object"]["context"])
        return made

    async def _go_ahead(self, steps: int, deal: str) -> None:
        if steps > 0:
            self.heard(await self.party.tell(self.party.offer(self.cast())))
        if steps > 1:
            await self.asked("ana", "deal.accept", offer=deal)
            await self.party.v.settle()
        if steps > 2:
            conclusion = _try(lambda: self.party.conclude(self.accept()))
            if conclusion is not None:
                self.heard(await self.party.tell(conclusion))

    def cast(self) -> JsonObject:
        return self.got("Create")

    def accept(self) -> JsonObject:
        return self.got("Accept")

    async def owner_acts(self, rng: Random) -> None:
        if rng.random() < 0.5:
            return
        try:
            deal = self.got("Create")["object"]["context"]
        except (KeyError, IndexError, TypeError):
            return
        command, arguments = rng.choice(
            (
                ("deal.accept", {"offer": deal}),
                ("deal.accept", {"offer": deal}),
                ("deal.counter", {"offer": deal, "price": "250.00"}),
                ("deal.decline", {"offer": deal, "reason": "price", "may_answer": rng.random() < 0.5}),
                ("deal.shortlist", {"offer": deal}),
                ("deal.confirm", {"deal": deal}),
                ("deal.cancel", {"deal": deal, "reason": "needGone"}),
                ("deal.cancel.answer", {"deal": deal, "agree": rng.random() < 0.5}),
                ("deal.feedback", {"deal": deal, "text": "Rides well."}),
                ("deal.ask", {"deal": deal, "text": "With gears?"}),
            )
        )
        await self.asked("ana", command, **arguments)
        await self.party.v.settle()

    def next_message(self, rng: Random) -> JsonObject | None:
        party = self.party
        moves: tuple[Move, ...] = (
            lambda: party.offer(self.cast()),
            lambda: party.offer(self.cast(), "279.00"),
            lambda: party.offer(self.cast(), firm=True),
            lambda: party.undo(self.said_as("Offer")),
            lambda: party.no_bid(self.cast()),
            lambda: party.conclude(self.accept()),
            lambda: party.conclude(self.accept()),
            lambda: party.conclude(self.accept()),
            lambda: party.reject(self.accept(), "outOfStock"),
            lambda: party.receipt(self.accept(), "289.00 EUR"),
            lambda: party.receipt(self.accept(), "289.00"),
            lambda: party.report(
                self.accept(), rng.choice(("dispatched", "delivered", "done", "refunded")), "1"
            ),
            lambda: party.ask(self.cast()),
            lambda: party.cancel(self.accept()),
            lambda: party.agree_to(self.got("Offer")),
            lambda: party.reject(self.cast(), rng.choice(("expired", "superseded", "malformed", "limit"))),
            lambda: self.loose(rng),
            lambda: a_note(party.peer, party.to),
            lambda: {
                **a_note(party.peer, party.to),
                "published": stamp(party.now),
                "context": self.cast()["object"]["context"],
            },
        )
        return _try(rng.choice(moves))


def _is(activity: JsonObject, kind: str) -> bool:
    found = activity.get("object")
    return isinstance(found, dict) and found.get("type") == kind


Plot = Buyer | Seller
"""One line of a story: `party` speaks to V, and V's owner answers."""
PLOTS: tuple[type[Buyer], type[Seller]] = (Buyer, Seller)
