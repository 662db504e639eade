"""The main job, end to end: an intent, three answers, a counter, an agreement, a receipt, feedback.

Each step is a command of one node; then the message is awaited at the other, and what the step claims is read
from the receiving node, which computes digests and signatures anew from the bytes that it keeps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from federation.messages import JsonObject
from node.demo.people import amount_of, coming_friday, pick, wanted
from node.demo.stage import Player, Stage
from node.demo.waiting import StepFailed, await_sight
from node.demo.words import Held, Teller
from node.runtime.asking import CommandFailed

__all__ = ["HER_TERMS", "VENDORS", "Story", "Told", "deal_at"]

VENDORS = ("north", "south", "west")
ALL_FIELDS = (
    *("name", "addresses", "phones", "emails", "nicknames", "onlineServices", "organizations", "titles"),
    "notes",
)
DISCLOSED = {"name": "Ana Perez", "addresses": "1 Rose Street, Glasgow"}
HER_TERMS = ("PDC-INTENT", "SD-BASE-DP")
FEEDBACK_TITLE = "Good people"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Told:
    """What is left to show when the story is over."""

    deal: str
    persona: str
    feedback_url: str
    feedback_words: str


class Story:
    """Plays the steps in order. `now_at` names the step that runs, for whoever must say what failed."""

    def __init__(self, stage: Stage, teller: Teller) -> None:
        self._stage = stage
        self._teller = teller
        self.ana = stage["ana"]
        self.deals: dict[str, str] = {}
        self._since = 0.0
        self.now_at = ""

    def play(self) -> Told:
        """The whole story. Raises: StepFailed, CommandFailed, StageFailed."""
        self._cast()
        self._answers()
        self._question()
        self._counter()
        self._agree()
        self._losers()
        self._fulfil()
        feedback = self._feedback()
        deal = self.deals["south"]
        return Told(deal, str(self.ana.ask("deal.show", deal=deal)["own"]), feedback, FEEDBACK_TITLE)

    # --- steps --------------------------------------------------------------------------------------------

    def _cast(self) -> None:
        self.now_at = "Ana looks the three vendors up"
        began = time.monotonic()
        names = [self.ana.ask("vendors.add", vendor=self._stage[name].handle) for name in VENDORS]
        for found in names:
            lacking = set(HER_TERMS) - set(found["terms_accepted"])
            _require(not lacking, f"{found['handle']} accepts {', '.join(HER_TERMS)}")
        took = Held(0, 0, time.monotonic() - began)
        self._teller.step("Ana", "looks three vendors up: each accepts her terms", took)

        self.now_at = "Ana casts the intent"
        began = self._since = time.monotonic()
        friday = coming_friday(datetime.now(UTC).date())
        handles = [self._stage[vendor].handle for vendor in VENDORS]
        intent = self.ana.ask("intent.cast", **wanted(friday, handles, HER_TERMS))
        for deal in intent["deals"]:
            self.deals[_vendor_of(deal["peer"])] = deal["id"]
        held = [self._arrived(self.ana, self._stage[v], v, "cast", began) for v in VENDORS]
        for vendor in VENDORS:
            seen = self._stage[vendor].ask("deal.show", deal=self.deals[vendor])
            _require(seen["proposal"]["budget"] is None, f"{vendor} does not see the budget")
        words = "intent: child bicycle, Glasgow, by Friday, ≤ 300 EUR"
        self._teller.step("Ana → North, South, West", words, held[0] + held[1] + held[2])

    def _answers(self) -> None:
        north, south, west = (self._stage[name] for name in VENDORS)
        self.now_at = "North's node offers by rule"
        held = self._arrived(north, self.ana, "north", "offer", self._since)
        offer = self._live_offer("north")
        self._teller.step("North → Ana", f"by rule: {_offer_words(offer)}", held)

        self.now_at = "South offers by hand"
        waiting = south.ask("inbox.list")["deals"]
        _require(len(waiting) == 1 and "offer" in waiting[0]["needs"], "South's inbox holds the intent")
        began = time.monotonic()
        south.ask("deal.offer", deal=self.deals["south"], sku=pick(south), fields=list(ALL_FIELDS))
        held = self._arrived(south, self.ana, "south", "offer", began)
        offer = self._live_offer("south")
        self._teller.step("South → Ana", f"by hand: {_offer_words(offer)}", held)

        self.now_at = "West says no bid"
        began = time.monotonic()
        stocked = west.ask("catalogue.list", search="bicycle", limit=5)["items"]
        _require(not stocked, "West sells no bicycles")
        west.ask("deal.nobid", deal=self.deals["west"], reason="notStocked")
        held = self._arrived(west, self.ana, "west", "no bid", began)
        self._teller.step("West → Ana", "no bid: notStocked", held)

    def _question(self) -> None:
        south = self._stage["south"]
        for asks, hears, who, text in (
            (self.ana, south, "Ana → South", "Does it come assembled?"),
            (south, self.ana, "South → Ana", "Yes, and we set the saddle at your door."),
        ):
            self.now_at = f"{who}: a question and its answer"
            began = time.monotonic()
            asks.ask("deal.ask", deal=self.deals["south"], text=text)
            held = self._arrived(asks, hears, "south", "ask", began)
            words = "question" if asks is self.ana else "answer"
            self._teller.step(who, f"{words}: {text}", held)

    def _counter(self) -> None:
        south, deal = self._stage["south"], self.deals["south"]
        self.now_at = "Ana counters South's offer"
        cheapest = min(amount_of(self._live_offer(vendor)) for vendor in ("north", "south"))
        wanted = (cheapest - 20) // 5 * 5
        began = time.monotonic()
        self.ana.ask("deal.counter", offer=deal, price=f"{wanted:.2f}", text=f"Yes at {wanted:.2f}.")
        held = self._arrived(self.ana, south, "south", "counter", began)
        self._teller.step("Ana → South", f"counter: yes at {wanted:.2f} EUR", held)

        self.now_at = "South answers the counter with a new offer"
        began = time.monotonic()
        price = f"{wanted + 5:.2f}"
        south.ask("deal.offer", deal=deal, sku=pick(south), price=price, fields=list(ALL_FIELDS))
        held = self._arrived(south, self.ana, "south", "offer", began)
        self._teller.step("South → Ana", f"new offer: {_offer_words(self._live_offer('south'))}", held)

    def _agree(self) -> None:
        south, deal = self._stage["south"], self.deals["south"]
        self.now_at = "Ana accepts South's offer"
        offer = self._live_offer("south")
        began = self._since = time.monotonic()
        self.ana.ask(
            "deal.accept",
            offer=offer["id"],
            price=offer["price"]["amount"],
            disclose=DISCLOSED,
            decline_reason="price",
            losers_may_answer=True,
        )
        held = self._arrived(self.ana, south, "south", "accept", began)
        disclosed = str(south.ask("deal.show", deal=deal)["agreement"]["disclosed"])
        _require(all(value in disclosed for value in DISCLOSED.values()), "South knows name and address")
        _require(not any(f'"{name}"' in disclosed for name in ("phones", "emails")), "and nothing else")
        told = f"{len(DISCLOSED)} of {len(offer['fields_asked'])} fields disclosed"
        self._teller.step("Ana → South", f"accept at {_price(offer)}; {told}", held)

        self.now_at = "South's node concludes"
        held = self._arrived(south, self.ana, "south", "conclude", began)
        self._await("both sides hold the same agreement", lambda: self._same_agreement(south, deal))
        self._teller.step("South → Ana", "conclusion: both hold the same signed agreement", held)

    def _losers(self) -> None:
        north, deal = self._stage["north"], self.deals["north"]
        self.now_at = "North hears why it lost"
        held = self._arrived(self.ana, north, "north", "decline", self._since)
        lost = north.ask("deal.show", deal=deal)
        _require(lost["decline_reason"] == "price", f"North knows the reason: {lost['decline_reason']}")
        self._teller.step("Ana → North", "decline: price; one better offer is welcome", held)

        self.now_at = "North answers with a better offer"
        began = time.monotonic()
        better = amount_of(lost["offers"][-1]) - 20
        north.ask("deal.offer", deal=deal, price=f"{better:.2f}", name="The same, next time")
        held = self._arrived(north, self.ana, "north", "offer", began)
        self._teller.step("North → Ana", f"a better offer, for next time: {better:.2f} EUR", held)

    def _fulfil(self) -> None:
        south, deal = self._stage["south"], self.deals["south"]
        self._progress(self.ana, south, "paid", "Ana → South")
        self._progress(south, self.ana, "dispatched", "South → Ana")
        self._progress(south, self.ana, "delivered", "South → Ana")

        self.now_at = "South issues the receipt"
        began, today = time.monotonic(), datetime.now(UTC).date()
        dates = {
            "return_until": (today + timedelta(days=30)).isoformat(),
            "guarantee_until": (today + timedelta(days=730)).isoformat(),
        }
        south.ask("deal.receipt", deal=deal, **dates)
        held = self._arrived(south, self.ana, "south", "receipt", began)
        receipt = self.ana.ask("deal.show", deal=deal)["receipt"]
        _require(receipt["guarantee_until"] == dates["guarantee_until"], "Ana's node knows the guarantee")
        words = f"receipt: guarantee until {dates['guarantee_until']}"
        self._teller.step("South → Ana", words, held)

        self.now_at = "Ana confirms"
        began = time.monotonic()
        self.ana.ask("deal.confirm", deal=deal)
        held = self._arrived(self.ana, south, "south", "confirm", began)
        state = south.ask("deal.show", deal=deal)["state"]
        _require(state == "confirmed", f"South's side is confirmed: {state}")
        self._teller.step("Ana → South", "confirmation: all received", held)

    def _progress(self, by: Player, other: Player, stage: str, who: str) -> None:
        self.now_at = f"{who}: progress, {stage}"
        began = time.monotonic()
        by.ask("deal.progress", deal=self.deals["south"], stage=stage)
        held = self._arrived(by, other, "south", "progress", began)
        self._teller.step(who, f"progress: {stage}", held)

    def _feedback(self) -> str:
        south = self._stage["south"]
        self.now_at = "Ana publishes feedback"
        began = time.monotonic()
        done = self.ana.ask(
            "deal.feedback",
            deal=self.deals["south"],
            text="They set the saddle at my door. The app nagged me to sign up.",
            title=FEEDBACK_TITLE,
            public=True,
            aspects=[
                {"name": "after-sales", "text": "set the saddle at my door", "mood": "delighted"},
                {"name": "app", "text": "nagged me to sign up", "mood": "annoyed"},
            ],
        )
        self._await(
            "South's node has verified that the feedback comes from a purchase",
            lambda: any(
                line["kind"] == "feedback" and line["text"].endswith("(from a purchase)")
                for line in south.ask("notices.list", limit=50)["notices"]
            ),
        )
        held = Held(1, 2, time.monotonic() - began)  # digests of its words and of the credential
        self._teller.step("Ana → everybody", "public feedback; South verified: from a purchase", held)
        return str(done["published"]["url"])

    # --- what is claimed, and whether it is so ------------------------------------------------------------

    def _arrived(self, sender: Player, receiver: Player, vendor: str, kind: str, began: float) -> Held:
        """Await the sender's newest message of this kind at the receiver, and check it there.

        The receiving node answers 2xx only to a request whose signature it verified, so "delivered" says that
        it did. Proof and digests are computed anew from the bytes that it keeps.
        Raises: StepFailed.
        """
        deal = self.deals[vendor]

        def both() -> tuple[JsonObject, JsonObject] | None:
            sent = _newest(sender.ask("deal.show", deal=deal), kind, "sent")
            if sent is None:
                return None
            came = _newest(deal_at(receiver, deal), kind, "received")
            if came is None or came["id"] != sent["id"] or not str(sent["delivery"]).startswith("delivered"):
                return None
            return sent, came

        sent, came = self._await(f"{sender.name}'s {kind} is at {receiver.name}'s node", both)
        took = time.monotonic() - began
        _require(came["digest"] == sent["digest"], f"both nodes keep the same bytes of the {kind}")
        _require(came["signature"]["holds"], f"its proof holds: {came['signature']['words']}")
        _require(came["refused"] is None, f"it was not refused: {came['refused']}")
        for cited in came["cites"]:
            _require(
                bool(cited["found"]), f"its {cited['member']} cites a message that {receiver.name} keeps"
            )
        return Held(1, 1 + len(came["cites"]), took)

    def _same_agreement(self, south: Player, deal: str) -> bool:
        sides = [player.ask("deal.show", deal=deal) for player in (self.ana, south)]
        names = ("offer_digest", "accept_digest", "conclusion_digest", "price")
        ours, theirs = ([(side["agreement"] or {}).get(name) for name in names] for side in sides)
        return ours == theirs and None not in ours and sides[0]["state"] == "concluded"

    def _await(self, what: str, look: Callable[[], T | None]) -> T:
        return await_sight(self._stage, what, look)

    def _live_offer(self, vendor: str) -> JsonObject:
        offers = self.ana.ask("offers.list", of=self.deals[vendor])["offers"]
        _require(len(offers) == 1, f"one offer of {vendor} is live, not {len(offers)}")
        _require(offers[0]["signature"]["holds"], f"the signature of {vendor}'s offer holds")
        found: JsonObject = offers[0]
        return found


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise StepFailed(f"this does not hold: {what}")


def deal_at(receiver: Player, deal: str) -> JsonObject:
    """The deal as its receiver holds it; without messages while it has not heard of it."""
    try:
        return receiver.ask("deal.show", deal=deal)
    except CommandFailed as error:
        if error.error.get("field") != "deal":
            raise
        return {"messages": []}


def _newest(shown: JsonObject, kind: str, direction: str) -> JsonObject | None:
    lines: Sequence[JsonObject] = shown["messages"]
    return next((m for m in reversed(lines) if m["kind"] == kind and m["direction"] == direction), None)


# --- words ------------------------------------------------------------------------------------------------


def _price(priced: JsonObject) -> str:
    return f"{priced['price']['amount']} {priced['price']['currency']}"


def _offer_words(offer: JsonObject) -> str:
    answers = offer["answers"]
    met = sum(answer["meets"] == "yes" for answer in answers)
    meets = f", meets {met} of {len(offer['wishes'])}" if offer["wishes"] else ""
    return f"{offer['item']['name']}, {_price(offer)}{meets}"


def _vendor_of(actor: str) -> str:
    return actor.rpartition("/")[2]
