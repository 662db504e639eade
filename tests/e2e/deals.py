"""Deals of several kinds, carried to their ends in small steps, each chosen by what both sides say of them.

But for questions, nothing is remembered of what was asked: a node that was killed in the middle has done it
or has not, and its own word decides what is next.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from federation.messages import JsonObject
from tests.e2e.homes import Home

__all__ = ["BICYCLE", "PLANS", "Driver", "Step", "end_of", "our_step", "plan_of", "their_step", "wanted"]

AT_ONCE = 4
MOST_DEALS = 90
BICYCLE = "https://www.wikidata.org/wiki/Q11442"
PLANS = ("plain", "counter", "cancel", "decline", "plain")


Step = tuple[str, JsonObject]
"""A command and its arguments."""


def wanted(name: str, vendor: str) -> JsonObject:
    """What `intent.cast` takes for one bicycle of one vendor."""
    wish = {"wish": "fits", "weight": "must", "property": "bodyHeight", "op": "fits", "value": "115"}
    return {
        "name": name,
        "category": BICYCLE,
        "to": [vendor],
        "budget": "300 EUR",
        "wishes": [{**wish, "unit": "centimetre"}],
    }


def plan_of(name: str) -> str:
    """How the deal of this name ("Bicycle 7") is to go."""
    return PLANS[int(name.split()[1]) % len(PLANS)]


def end_of(plan: str) -> str:
    """The state in which both sides end."""
    return {"cancel": "cancelled", "decline": "declined"}.get(plan, "confirmed")


def our_step(plan: str, ours: JsonObject, theirs: JsonObject | None, *, asked: bool) -> Step | None:
    """What the customer does next, by the deal as each side holds it; None where she waits."""
    deal = ours["id"]
    match ours["state"]:
        case "offered" if plan == "decline":
            return "deal.decline", {"offer": deal, "reason": "price"}
        case "offered" if plan == "counter" and len(ours["offers"]) == 1:
            return "deal.counter", {"offer": deal, "price": "250.00", "text": "Yes at 250."}
        case "offered" if not asked:
            return "deal.ask", {"deal": deal, "text": "Is it red?"}
        case "offered":
            return "deal.accept", {"offer": deal}
        case "concluded" if plan == "cancel":
            if theirs is not None and theirs["state"] == "concluded":
                return "deal.cancel", {"deal": deal, "reason": "needGone"}
        case "concluded":
            return _fulfil_ours(ours)
    return None


def _fulfil_ours(ours: JsonObject) -> Step | None:
    stages = {record["stage"] for record in ours["progress"]}
    if "paid" not in stages:
        return "deal.progress", {"deal": ours["id"], "stage": "paid"}
    if "delivered" in stages and ours["receipt"]:
        return "deal.confirm", {"deal": ours["id"]}
    return None


def their_step(plan: str, theirs: JsonObject) -> Step | None:
    """What the vendor does next by hand; None where it waits."""
    deal = theirs["id"]
    stages = {record["stage"] for record in theirs["progress"]}
    match theirs["state"]:
        case "countered":
            return "deal.offer", {"deal": deal, "sku": "KID", "price": "255.00"}
        case "cancelling":
            return "deal.cancel.answer", {"deal": deal, "agree": True}
        case "concluded" if plan != "cancel":
            if "dispatched" not in stages:
                return "deal.progress", {"deal": deal, "stage": "dispatched"}
            if "delivered" not in stages:
                return "deal.progress", {"deal": deal, "stage": "delivered"}
            if not theirs["receipt"]:
                return "deal.receipt", {"deal": deal}
    return None


@dataclass
class Driver:
    """Carries deals to their ends, one small step at a time, by what both sides say of them."""

    ana: Home
    shop: Home
    vendor: str
    started: int = 0
    asked: set[str] = field(default_factory=set)

    def turn(self, *, may_start: bool) -> bool:
        """Look at every deal and do what is next; True once all have come to their ends.

        Raises: Unheard.
        """
        names = {one["id"]: one["name"] for one in self.ana.ask("intent.list", all=True)["intents"]}
        ours = {names[deal["intent"]]: deal for deal in self.ana.ask("deal.list")["deals"]}
        assert len(ours) == len(names), "each intent once, with one deal"
        theirs = {deal["id"]: deal for deal in self.shop.ask("deal.list")["deals"]}
        # The next name, so that a cast that was not heard of is not made twice.
        self.started = len(ours)
        unfinished = 0
        for name, deal in ours.items():
            other = theirs.get(deal["id"])
            if not self._is_over(name, deal, other):
                unfinished += 1
                self._step(name, deal, other)
        if may_start and unfinished < AT_ONCE and self.started < MOST_DEALS:
            self._cast(f"Bicycle {self.started}")
            return False
        return unfinished == 0

    def _cast(self, name: str) -> None:
        self.ana.ask("intent.cast", **wanted(name, self.vendor))

    def _is_over(self, name: str, ours: JsonObject, theirs: JsonObject | None) -> bool:
        return theirs is not None and ours["state"] == end_of(plan_of(name)) == theirs["state"]

    def _step(self, name: str, ours: JsonObject, theirs: JsonObject | None) -> None:
        plan = plan_of(name)
        done = our_step(plan, ours, theirs, asked=ours["id"] in self.asked)
        if done is not None:
            command, args = done
            if command == "deal.ask":
                self.asked.add(ours["id"])
            self.ana.ask(command, **args)
        if theirs is not None and (done := their_step(plan, theirs)) is not None:
            self.shop.ask(done[0], **done[1])
