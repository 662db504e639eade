"""Customers and vendors whose every message the test writes by hand, and what a real node makes of them."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from federation import signatures
from federation.digest import object_digest
from federation.keys import SigningKey, did_key, generate_ed25519
from federation.messages import HttpMessage, JsonObject
from federation.proofs import add_proof
from node.commands import answer, build_commands
from node.domain.deals import Deal
from node.domain.errors import Reason
from tests.security.forging import a_cast
from tests.security.peers import ACTIVITY, AS, DATA_INTEGRITY, Peer
from tests.security.target import Snapshot, Target
from tests.security.world import World

__all__ = [
    "Customer",
    "Party",
    "Scene",
    "Vendor",
    "a_customer",
    "a_vendor",
    "accepted",
    "asked",
    "concluded",
    "deal_of",
    "deals_of",
    "ignores",
    "item",
    "meaning",
    "offered",
    "owner",
    "reasons",
    "refusal",
    "refuses",
    "stamp",
    "stocked",
    "wanted",
    "without",
]

GOLDEN = Path(__file__).parents[1] / "golden" / "messages"
DPV = "https://w3id.org/dpv/standards/ieee/7012#"
TERMS = [f"{DPV}PDC-INTENT", f"{DPV}SD-BASE", f"{DPV}SD-BASE-DP"]
BICYCLE = "https://www.wikidata.org/wiki/Q11442"
COMMANDS = build_commands()
NOT_MEANING = frozenset(
    {"seen", "inbox", "conflict", "evidence", "document", "notice", "delivery", "body", "sqlite_sequence"}
)
"""The record of what came and went. A refused message may be written there, and nowhere else."""

CATALOGUE = """\
sku,name,category,price,currency,stock,lead_days,delivery
NK20,North Kid 20,https://www.wikidata.org/wiki/Q11442,279.00,EUR,3,2,10.00
LAST,North Kid 24,https://www.wikidata.org/wiki/Q11442,319.00,EUR,1,2,0.00
MILK,Milk,https://www.wikidata.org/wiki/Q8495,1.35,EUR,10,0,
"""


def _golden_context() -> list[Any]:
    """Every term that any signed example defines, in one context."""
    terms: JsonObject = {}
    for path in sorted(GOLDEN.glob("[0-3]*.json")):
        for part in json.loads(path.read_text()).get("@context", []):
            terms.update(part if isinstance(part, dict) else {})
    return [AS, DATA_INTEGRITY, terms]


CONTEXT = _golden_context()


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def without(message: JsonObject, *names: str) -> JsonObject:
    """The message, unproven, without these members."""
    return {name: value for name, value in message.items() if name not in {*names, "proof"}}


# --- the owners of the real node --------------------------------------------------------------------------


async def asked(target: Target, account: str, command: str, /, **arguments: Any) -> JsonObject:
    """What a command of the owner's answers: {"result": …} or {"error": …}."""
    return await answer(COMMANDS, target.open.node, command, {"account": account, **arguments})


async def owner(target: Target, account: str, command: str, /, **arguments: Any) -> JsonObject:
    """Run a command of the owner's that must succeed."""
    answered = await asked(target, account, command, **arguments)
    assert "error" not in answered, answered
    result: JsonObject = answered["result"]
    return result


async def deals_of(target: Target, account: str) -> list[Deal]:
    return await target.open.node.look(lambda desk: desk.tx.deals.all(target.actor(account)))


async def deal_of(target: Target, account: str, deal_id: str) -> Deal:
    """The one deal with this id."""
    (found,) = [deal for deal in await deals_of(target, account) if deal.id == deal_id]
    return found


async def item(target: Target, sku: str, account: str = "shop") -> tuple[str, str]:
    """(stock, reserved) of an item of the shop's."""
    found = await target.open.node.look(lambda desk: desk.tx.catalogue.get(target.actor(account), sku))
    assert found is not None
    return f"{found.stock:f}", f"{found.reserved:f}"


async def stocked(target: Target, account: str = "shop") -> None:
    await owner(target, account, "catalogue.import", csv=CATALOGUE)


def meaning(target: Target) -> Snapshot:
    """Every table that says what is agreed, offered, wanted, owned; not the record of messages."""
    return target.snapshot(besides=NOT_MEANING)


async def reasons(target: Target, account: str) -> list[Reason]:
    """The refusals that the owner was told of, newest first."""
    return [notice.reason for notice in await target.notices(account) if notice.reason is not None]


# --- who speaks by hand -----------------------------------------------------------------------------------


@dataclass
class Party:
    """A played actor that speaks to one actor `to` of the real node, which belongs to `account`."""

    peer: Peer
    v: Target
    account: str
    to: str
    secret: SigningKey = field(default_factory=lambda: generate_ed25519("x", "x"))

    @property
    def id(self) -> str:
        return self.peer.id

    @property
    def now(self) -> datetime:
        return self.peer.host.clock.now

    def later(self, **span: float) -> str:
        return stamp(self.now + timedelta(**span))

    def says(self, verb: str, deal: str | None, **members: Any) -> JsonObject:
        """An unproven activity of this party's on a deal."""
        activity: JsonObject = {
            "@context": copy.deepcopy(CONTEXT),
            "id": self.peer.fresh(),
            "type": verb,
            "actor": self.id,
            "to": [self.to],
            "context": deal,
            **members,
            "published": stamp(self.now),
        }
        return activity if deal is not None else without(activity, "context")

    def prove(self, activity: JsonObject) -> JsonObject:
        return activity if "proof" in activity else self.peer.prove(activity)

    async def post(self, activity: JsonObject, *, inbox: str | None = None) -> HttpMessage:
        """Post what is proven, signed by this party, and let nobody work yet."""
        request = HttpMessage.request(
            "POST", inbox or f"{self.to}/inbox", {"content-type": ACTIVITY}, json.dumps(activity).encode()
        )
        return await self.v.ask(signatures.sign(request, self.peer.ed25519, now=self.now))

    async def tell(self, activity: JsonObject) -> JsonObject:
        """Send, let the node work, and return the activity as it was proven."""
        proven = self.prove(activity)
        answered = await self.post(proven)
        assert answered.status == 202, (answered.status, answered.body)
        await self.v.settle()
        return proven

    @property
    def heard(self) -> list[JsonObject]:
        """What the real node sent here, oldest first."""
        return self.peer.received

    def last(self, verb: str) -> JsonObject:
        return [message for message in self.heard if message["type"] == verb][-1]

    # --- what both sides can say ----------------------------------------------------------------------

    def ask(self, about: JsonObject, text: str = "With gears?", **changes: Any) -> JsonObject:
        """A question on the proposal of a cast."""
        deal = about["object"]["context"]
        note = {
            "id": self.peer.fresh("messages"),
            "type": "Note",
            "attributedTo": self.id,
            "to": [self.to],
            "context": deal,
            "inReplyTo": about["object"]["id"],
            "published": stamp(self.now),
            "content": f"<p>{text}</p>",
        }
        return self.says("Create", deal, object={**note, **changes})

    def cancel(self, accept: JsonObject, **changes: Any) -> JsonObject:
        members = {
            "endTime": self.later(hours=72),
            "acceptDigest": object_digest(accept),
            "object": {"type": "Cancellation", "content": "<p>We are moving house.</p>"},
            "instrument": {"type": "Reason", "reasonCode": "obv:needGone"},
        }
        return self.says("Offer", accept["context"], **{**members, **changes})

    def agree_to(self, cancel: JsonObject, **changes: Any) -> JsonObject:
        """Accept a cancellation."""
        members = {
            "object": cancel["id"],
            "acceptDigest": cancel["acceptDigest"],
            "digest": object_digest(cancel),
        }
        return self.says("Accept", cancel["context"], **{**members, **changes})

    def report(self, accept: JsonObject, stage: str, amount: str, **changes: Any) -> JsonObject:
        """Goods moved or money was paid: an EconomicEvent."""
        money = stage in ("paid", "refunded")
        part = "reciprocal" if money else "primary"
        event = {
            "id": self.peer.fresh("events"),
            "type": "EconomicEvent",
            "attributedTo": self.id,
            "action": "transfer",
            "fulfills": f"{accept['result']['id']}#{part}",
            "stage": stage,
            "resourceQuantity": {"hasUnit": "one", "hasNumericalValue": amount},
            "hasPointInTime": stamp(self.now),
            "to": [self.to],
        }
        return self.says(
            "Create", accept["context"], acceptDigest=object_digest(accept), object={**event, **changes}
        )

    def reject(self, about: JsonObject, reason: str, **members: Any) -> JsonObject:
        """A bare Reject of an activity with a Reason."""
        deal = about.get("context") or about["object"].get("context")
        return self.says(
            "Reject",
            deal,
            object=about["id"],
            instrument={"type": "Reason", "reasonCode": f"obv:{reason}"},
            **members,
        )


@dataclass
class Customer(Party):
    """Speaks to the real node's shop."""

    @property
    def feedback_key(self) -> str:
        return did_key(self.secret.public)

    def cast(self, **changes: Any) -> JsonObject:
        """The intent of the examples, this customer's own now; `changes` are of the proposal."""
        return a_cast(self.peer, self.to, **changes)

    def update(self, cast: JsonObject, **changes: Any) -> JsonObject:
        """State the proposal anew."""
        changed = {**copy.deepcopy(cast["object"]), "updated": stamp(self.now), **changes}
        activity = {**without(cast), "id": self.peer.fresh(), "type": "Update", "published": stamp(self.now)}
        return {**activity, "object": changed}

    def withdraw(self, cast: JsonObject, **changes: Any) -> JsonObject:
        tombstone = {
            "id": cast["object"]["id"],
            "type": "Tombstone",
            "formerType": "Proposal",
            "deleted": stamp(self.now),
        }
        members = {"proposalDigest": object_digest(cast), "object": tombstone}
        return self.says("Delete", cast["object"]["context"], **{**members, **changes})

    def accept(self, offer: JsonObject, **changes: Any) -> JsonObject:
        """Accept what the shop offered, as it stands; `changes` are of the activity."""
        members = {
            "object": offer["id"],
            "offerDigest": object_digest(offer),
            "endTime": self.later(hours=24),
            "feedbackKey": self.feedback_key,
            "result": self.agreement(offer),
        }
        return self.says("Accept", offer["context"], **{**members, **changes})

    def agreement(self, offer: JsonObject) -> JsonObject:
        """The offered agreement with what an Accept adds to it."""
        made = self.peer.fresh("agreements")
        agreement = copy.deepcopy(offer["object"])
        agreement["stipulates"]["id"] = f"{made}#primary"
        if "stipulatesReciprocal" in agreement:
            agreement["stipulatesReciprocal"]["id"] = f"{made}#reciprocal"
        return {"id": made, **agreement, "attributedTo": self.id, "terms": offer["termsAccepted"]}

    def shortlist(self, offer: JsonObject, **changes: Any) -> JsonObject:
        members = {"object": offer["id"], "offerDigest": object_digest(offer)}
        return self.says("TentativeAccept", offer["context"], **{**members, **changes})

    def decline(self, offer: JsonObject, reason: str = "price", **changes: Any) -> JsonObject:
        members = {
            "object": offer["id"],
            "offerDigest": object_digest(offer),
            "instrument": {"type": "Reason", "reasonCode": f"obv:{reason}"},
        }
        return self.says("Reject", offer["context"], **{**members, **changes})

    def counter(self, cast: JsonObject, offer: JsonObject, price: str, **changes: Any) -> JsonObject:
        """End an offer by stating the proposal anew, at a price."""
        made, old = self.peer.fresh("proposals"), cast["object"]
        proposal = {
            "id": made,
            "type": "Proposal",
            "purpose": "request",
            "attributedTo": self.id,
            "to": [self.to],
            "context": old["context"],
            "supersedes": old["id"],
            "published": stamp(self.now),
            "endTime": old["endTime"],
            "hasEnd": old["endTime"],
            "unitBased": False,
            "terms": old["terms"],
            "publishes": {
                "id": f"{made}#primary",
                "type": "Intent",
                "action": "transfer",
                "resourceConformsTo": old["publishes"]["resourceConformsTo"],
                "resourceQuantity": old["publishes"]["resourceQuantity"],
            },
            "reciprocal": {
                "id": f"{made}#reciprocal",
                "type": "Intent",
                "action": "transfer",
                "resourceConformsTo": old["reciprocal"]["resourceConformsTo"],
                "resourceQuantity": {"hasUnit": "one", "hasNumericalValue": price},
            },
            **changes,
        }
        members = {"object": offer["id"], "offerDigest": object_digest(offer), "result": proposal}
        return self.says("Reject", old["context"], **members)

    def confirm(self, accept: JsonObject, **changes: Any) -> JsonObject:
        document = {
            "id": self.peer.fresh("confirmations"),
            "type": "Document",
            "name": "Confirmation",
            "attributedTo": self.id,
            "context": accept["result"]["id"],
            "published": stamp(self.now),
            "to": [self.to],
        }
        return self.says(
            "Create", accept["context"], acceptDigest=object_digest(accept), object={**document, **changes}
        )

    def order(self, post: JsonObject, quantity: str, price: str, **changes: Any) -> JsonObject:
        """Order from a standing offer: the Note as it was fetched."""
        agreement = {
            "type": "Agreement",
            "stipulates": {
                "type": "Commitment",
                "satisfies": post["publishes"]["id"],
                "resourceQuantity": {
                    "hasUnit": post["publishes"]["resourceQuantity"]["hasUnit"],
                    "hasNumericalValue": quantity,
                },
                "item": {"name": "Milk"},
            },
            "stipulatesReciprocal": {
                "type": "Commitment",
                "satisfies": post["reciprocal"]["id"],
                "resourceQuantity": {"hasUnit": "one", "hasNumericalValue": price},
            },
        }
        members = {
            "endTime": self.later(hours=24),
            "proposalDigest": object_digest(post),
            "terms": [f"{DPV}SD-BASE"],
            "feedbackKey": self.feedback_key,
            "object": agreement,
        }
        return self.says("Offer", self.peer.fresh("deals"), **{**members, **changes})


@dataclass
class Vendor(Party):
    """Speaks to a persona of the real node's person."""

    def offer(self, cast: JsonObject, price: str = "289.00", **changes: Any) -> JsonObject:
        """Offer what a cast asks for; `changes` are of the activity, `agreement` of its object."""
        proposal = cast["object"]
        agreement = {
            "type": "Agreement",
            "stipulates": {
                "type": "Commitment",
                "satisfies": proposal["publishes"]["id"],
                "resourceQuantity": copy.deepcopy(proposal["publishes"]["resourceQuantity"]),
                "item": {"name": "North Kid 20", "condition": "new"},
            },
            "stipulatesReciprocal": {
                "type": "Commitment",
                "satisfies": proposal["reciprocal"]["id"],
                "resourceQuantity": {"hasUnit": "one", "hasNumericalValue": price},
            },
        }
        members = {
            "endTime": self.later(hours=48),
            "proposalDigest": object_digest(cast),
            "termsAccepted": proposal["terms"],
            "object": agreement,
        }
        return self.says("Offer", proposal["context"], **{**members, **changes})

    def undo(self, offer: JsonObject, **changes: Any) -> JsonObject:
        members = {
            "offerDigest": object_digest(offer),
            "object": {"id": offer["id"], "type": "Offer", "actor": self.id},
        }
        return self.says("Undo", offer["context"], **{**members, **changes})

    def no_bid(self, cast: JsonObject, **changes: Any) -> JsonObject:
        members = {"proposalDigest": object_digest(cast), **changes}
        return {**self.reject(cast, "notStocked"), **members}

    def conclude(self, accept: JsonObject, **changes: Any) -> JsonObject:
        members = {
            "object": accept["id"],
            "offerDigest": accept["offerDigest"],
            "acceptDigest": object_digest(accept),
            "purchaseCredential": self.credential(accept["feedbackKey"]),
        }
        return self.says("Accept", accept["context"], **{**members, **changes})

    def credential(
        self, feedback_key: str, *, by: SigningKey | None = None, issuer: str | None = None, **subject: str
    ) -> str:
        """A purchase credential as its own text."""
        golden = json.loads((GOLDEN / "11-conclusion.json").read_text())
        document = json.loads(golden["purchaseCredential"])
        del document["proof"]
        document["issuer"] = issuer or self.id
        document["credentialSubject"] = {
            "id": feedback_key,
            "category": BICYCLE,
            "month": self.now.strftime("%Y-%m"),
            **subject,
        }
        return json.dumps(add_proof(document, by or self.peer.ed25519, created=self.now))

    def receipt(self, accept: JsonObject, total: str, **changes: Any) -> JsonObject:
        golden = json.loads((GOLDEN / "16-receipt.json").read_text())["object"]
        del golden["proof"]
        golden["id"], golden["issuer"] = self.peer.fresh("receipts"), self.id
        golden["validFrom"] = stamp(self.now)
        golden["credentialSubject"] |= {
            "id": self.to,
            "obv:agreement": accept["result"]["id"],
            "obv:acceptDigest": object_digest(accept),
            "obv:total": total,
            **changes,
        }
        credential = add_proof(golden, self.peer.ed25519, created=self.now)
        return self.says("Create", accept["context"], acceptDigest=object_digest(accept), object=credential)


def a_customer(world: World, peer: Peer | None = None, shop: str = "shop") -> Customer:
    """A customer by hand (mallory, if nobody is named) before V's shop."""
    return Customer(peer or world.m, world.v, shop, world.v.actor(shop))


def a_vendor(world: World, host: str = "m.example", name: str = "store") -> Vendor:
    """A shop by hand at a played host; it speaks to ana until she casts to it."""
    peer = world.peer(host, name, kind="Organization", termsAccepted=TERMS)
    return Vendor(peer, world.v, "ana", world.v.actor("ana"))


# --- scenes -----------------------------------------------------------------------------------------------


@dataclass
class Scene:
    """What was said so far on one deal, each message as it was proven."""

    customer: Customer | None
    vendor: Vendor | None
    cast: JsonObject
    offer: JsonObject = field(default_factory=dict)
    accept: JsonObject = field(default_factory=dict)
    conclusion: JsonObject = field(default_factory=dict)

    @property
    def deal(self) -> str:
        deal: str = self.cast["object"]["context"]
        return deal


async def offered(customer: Customer, *, proposal: JsonObject | None = None, **offer: Any) -> Scene:
    """The customer has cast, and V's shop has offered: by default for 289.00, without touching stock."""
    cast = await customer.tell(customer.cast(**(proposal or {})))
    wanted = {"price": "289.00", **offer} if "sku" not in offer else offer
    await owner(customer.v, customer.account, "deal.offer", deal=cast["object"]["context"], **wanted)
    await customer.v.settle()
    return Scene(customer, None, cast, customer.last("Offer"))


async def accepted(world: World, vendor: Vendor, *, cast: dict[str, Any] | None = None) -> Scene:
    """ana has cast to a vendor by hand, which has offered for 289.00; she has accepted."""
    scene = await wanted(world, vendor, **(cast or {}))
    scene.offer = await vendor.tell(vendor.offer(scene.cast))
    await owner(world.v, "ana", "deal.accept", offer=scene.deal)
    await world.v.settle()
    scene.accept = vendor.last("Accept")
    return scene


async def wanted(world: World, vendor: Vendor, **over: Any) -> Scene:
    """ana has cast to a vendor by hand, and it speaks to her persona from now on."""
    peer = vendor.peer
    arguments = {
        "to": [f"@{peer.path.rsplit('/', 1)[-1]}@{peer.host.name}"],
        "name": "child bicycle",
        "category": "Q11442",
        "budget": "300 EUR",
        "until": "3d",
        **over,
    }
    await owner(world.v, "ana", "intent.cast", **arguments)
    await world.v.settle()
    cast = vendor.peer.host.received[-1]
    vendor.to = cast["actor"]
    return Scene(None, vendor, cast)


async def concluded(customer: Customer, **offer: Any) -> Scene:
    """A whole agreement with V's shop."""
    scene = await offered(customer, **offer)
    scene.accept = await customer.tell(customer.accept(scene.offer))
    scene.conclusion = customer.last("Accept")
    return scene


# --- what a refusal is ------------------------------------------------------------------------------------


def refusal(party: Party, activity: JsonObject) -> JsonObject:
    """The one Reject that answered an activity."""
    (found,) = [
        message
        for message in party.heard
        if message["type"] == "Reject" and message["object"] == activity["id"]
    ]
    return found


async def ignores(party: Party, activity: JsonObject, reason: Reason) -> None:
    """Send a Reject that must be refused in meaning: the same, but that a Reject is never answered."""
    target = party.v
    before, heard = meaning(target), len(party.heard)
    jobs, told = len(await target.jobs()), len(await reasons(target, party.account))
    assert activity["type"] == "Reject"
    await party.tell(activity)
    assert meaning(target) == before, "the state has changed"
    assert (len(party.heard), len(await target.jobs())) == (heard, jobs)
    lines = await reasons(target, party.account)
    assert (len(lines), lines[0]) == (told + 1, reason)


async def refuses(party: Party, activity: JsonObject, reason: Reason | str) -> JsonObject:
    """Send what must be refused in meaning; return the Reject that came back.

    Asserts what every refusal is: 202, no table changed but the record of messages, exactly one message sent
    in answer, a Reject with the reason to this party alone, and a line for the owner with the same reason.
    """
    reason = Reason(reason)
    target = party.v
    before, heard = meaning(target), len(party.heard)
    jobs, told = len(await target.jobs()), len(await reasons(target, party.account))
    proven = await party.tell(activity)
    assert meaning(target) == before, "the state has changed"
    news = party.heard[heard:]
    assert [(new["type"], new.get("object")) for new in news] == [("Reject", proven["id"])]
    assert news[0]["instrument"] == {"type": "Reason", "reasonCode": f"obv:{reason.value}"}
    assert (news[0]["actor"], news[0]["to"]) == (party.to, [party.id])
    assert len(await target.jobs()) == jobs + 1
    lines = await reasons(target, party.account)
    assert (len(lines), lines[0]) == (told + 1, reason)
    return news[0]
