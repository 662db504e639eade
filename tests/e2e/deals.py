"""Deals of several kinds, carried to their ends in small steps, each chosen by what both sides say of them.

But for questions, nothing is remembered of what was asked: a node that was killed in the middle has done it
or has not, and its own word decides what is next.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from federation.messages import JsonObject
from tests.e2e.homes import Home

__all__ = ["BICYCLE", "Driver"]

AT_ONCE = 4
MOST_DEALS = 90
BICYCLE = "https://www.wikidata.org/wiki/Q11442"
PLANS = ("plain", "counter", "cancel", "decline", "plain")


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
        self.ana.ask(
            "intent.cast",
            name=name,
            category=BICYCLE,
            to=[self.vendor],
            budget="300 EUR",
            wishes=[
                {
                    "wish": "fits", "weight": "must", "property": "bodyHeight", "op": "fits", "value": "115",
                    "unit": "centimetre",
                }
            ],
        )  # fmt: skip

    @staticmethod
    def plan(name: str) -> str:
        return PLANS[int(name.split()[1]) % len(PLANS)]

    def _is_over(self, name: str, ours: JsonObject, theirs: JsonObject | None) -> bool:
        end = {"cancel": "cancelled", "decline": "declined"}.get(self.plan(name), "confirmed")
        return theirs is not None and ours["state"] == end == theirs["state"]

    def _step(self, name: str, ours: JsonObject, theirs: JsonObject | None) -> None:
        deal, plan = ours["id"], self.plan(name)
        match ours["state"]:
            case "offered" if plan == "decline":
                self.ana.ask("deal.decline", offer=deal, reason="price")
            case "offered" if plan == "counter" and len(ours["offers"]) == 1:
                self.ana.ask("deal.counter", offer=deal, price="250.00", text="Yes at 250.")
            case "offered" if deal not in self.asked:
                self.asked.add(deal)
                self.ana.ask("deal.ask", deal=deal, text="Is it red?")
            case "offered":
                self.ana.ask("deal.accept", offer=deal)
            case "concluded" if plan == "cancel":
                if theirs is not None and theirs["state"] == "concluded":
                    self.ana.ask("deal.cancel", deal=deal, reason="needGone")
            case "concluded":
                self._fulfil_ours(ours)
        if theirs is not None:
            self._step_of_the_shop(plan, theirs)

    def _fulfil_ours(self, ours: JsonObject) -> None:
        stages = {record["stage"] for record in ours["progress"]}
        if "paid" not in stages:
            self.ana.ask("deal.progress", deal=ours["id"], stage="paid")
        elif "delivered" in stages and ours["receipt"]:
            self.ana.ask("deal.confirm", deal=ours["id"])

    def _step_of_the_shop(self, plan: str, theirs: JsonObject) -> None:
        deal = theirs["id"]
        stages = {record["stage"] for record in theirs["progress"]}
        match theirs["state"]:
            case "countered":
                self.shop.ask("deal.offer", deal=deal, sku="KID", price="255.00")
            case "cancelling":
                self.shop.ask("deal.cancel.answer", deal=deal, agree=True)
            case "concluded" if plan != "cancel":
                if "dispatched" not in stages:
                    self.shop.ask("deal.progress", deal=deal, stage="dispatched")
                elif "delivered" not in stages:
                    self.shop.ask("deal.progress", deal=deal, stage="delivered")
                elif not theirs["receipt"]:
                    self.shop.ask("deal.receipt", deal=deal)
