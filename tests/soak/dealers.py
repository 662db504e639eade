"""Ana and one of the vendors, told by their owners what to say: deals of several kinds, many at once.

Each command is journaled before it is given and when it was answered. A command that was not heard was done
or not; the deal's own state decides what is next.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from random import Random

from federation.messages import JsonObject
from tests.e2e.deals import PLANS, end_of, our_step, their_step, wanted
from tests.e2e.homes import Home, Unheard
from tests.soak.journal import Journal

__all__ = ["Dealer"]

AT_ONCE = 40
LOOK_S = (0.4, 0.8)
LONGEST_LOOK_S = 8.0
OVER = frozenset({"confirmed", "cancelled", "declined"})


@dataclass
class Affair:
    """One intent of Ana's and its one deal."""

    name: str
    plan: str
    intent: str
    deal: str
    look_at: float = 0.0
    asked: bool = False
    seen: str = ""
    looks: int = 0


class Dealer(threading.Thread):
    """Carries Ana's deals with one vendor to their ends; `rate` commands a second at most."""

    def __init__(
        self, ana: Home, shop: Home, vendor: str, *, rate: float, journal: Journal, dice: Random
    ) -> None:
        super().__init__(name=f"dealer-{shop.name}")
        self._ana, self._shop, self._vendor = ana, shop, vendor
        self._journal, self._dice = journal, dice
        self._pause_s = 1 / rate
        self._affairs: list[Affair] = []
        self._unheard: str | None = None
        self.number = 0
        self.silent = threading.Event()
        """Once set, no new deal is begun."""
        self.ended = threading.Event()
        """Once set, the thread ends, whatever is left."""
        self.told = 0
        self.unheard = 0
        self.over = 0
        self.failed: BaseException | None = None

    @property
    def open_deals(self) -> dict[str, str]:
        """Those that have not come to their ends, with how they stand."""
        return {
            affair.deal: f"{affair.name} ({affair.plan}): {affair.seen}" for affair in list(self._affairs)
        }

    def run(self) -> None:
        try:
            while not self.ended.is_set() and not (self.silent.is_set() and not self._affairs):
                if not self._turn():
                    time.sleep(0.05)
        except BaseException as error:  # told by the soak's own thread
            self.failed = error

    def _turn(self) -> bool:
        """One command at most; whether there was one."""
        try:
            if self._unheard is not None:
                self._look_for(self._unheard)
            if not self.silent.is_set() and len(self._affairs) < AT_ONCE and self._dice.random() < 0.15:
                self._cast()
                return True
            now = time.monotonic()
            due = next((affair for affair in self._affairs if affair.look_at <= now), None)
            return due is not None and self._look(due)
        except Unheard:
            self.unheard += 1
            time.sleep(0.2)
            return True

    # --- asking ----------------------------------------------------------------------------------------

    def _tell(self, home: Home, command: str, args: JsonObject, deal: str) -> JsonObject:
        """Give a command, witnessed. Raises: Unheard."""
        self.told += 1
        number = f"{self.name}/{self.told}"
        what = {key: args[key] for key in ("name", "stage") if key in args}
        self._journal.write(ask=number, node=home.name, command=command, deal=deal, **what)
        began = time.monotonic()
        answer = home.ask(command, **args)
        self._journal.write(told=number, intent=answer.get("id") if command == "intent.cast" else None)
        time.sleep(max(0.0, self._pause_s - (time.monotonic() - began)))
        return answer

    def _cast(self) -> None:
        name = f"Bicycle {self.number} of {self._shop.name}"
        self.number += 1
        self._unheard = name
        intent = self._tell(self._ana, "intent.cast", wanted(name, self._vendor), "")
        self._unheard = None
        self._take_up(intent)

    def _look_for(self, name: str) -> None:
        """Whether the cast that was not heard of was made. Raises: Unheard."""
        listed = self._ana.ask("intent.list")["intents"]
        found = [intent["id"] for intent in listed if intent["name"] == name]
        assert len(found) <= 1, f"{name} was cast {len(found)} times"
        if found:
            self._take_up(self._ana.ask("intent.show", intent=found[0]))
        self._unheard = None

    def _take_up(self, intent: JsonObject) -> None:
        plan = PLANS[self.number % len(PLANS)]
        (deal,) = intent["deals"]
        self._affairs.append(Affair(intent["name"], plan, intent["id"], deal["id"]))

    def _look(self, affair: Affair) -> bool:
        """Look at a deal and do what is next; whether anything was. Raises: Unheard."""
        (ours,) = self._ana.ask("intent.show", intent=affair.intent)["deals"]
        theirs = None
        if ours["state"] in ("countered", "concluded", "cancelling", *OVER):
            theirs = self._shop.ask("deal.show", deal=affair.deal)
        self._note(affair, ours, theirs)
        if ours["state"] == end_of(affair.plan) == (theirs or {}).get("state"):
            self._finish(affair)
            return True
        did = False
        step = our_step(affair.plan, ours, theirs, asked=affair.asked)
        if step is not None:
            affair.asked |= step[0] == "deal.ask"
            self._tell(self._ana, *step, affair.deal)
            did = True
        if theirs is not None and (step := their_step(affair.plan, theirs)) is not None:
            self._tell(self._shop, *step, affair.deal)
            did = True
        return did

    def _note(self, affair: Affair, ours: JsonObject, theirs: JsonObject | None) -> None:
        """When to look again: soon after a change, ever later while nothing changes."""
        seen = f"{ours['state']}, {theirs['state'] if theirs else '-'}, {len(ours['progress'])}"
        affair.looks = 0 if seen != affair.seen else affair.looks + 1
        affair.seen = seen
        wait_s = min(self._dice.uniform(*LOOK_S) * 1.5**affair.looks, LONGEST_LOOK_S)
        affair.look_at = time.monotonic() + wait_s

    def _finish(self, affair: Affair) -> None:
        if affair.plan in ("decline", "cancel"):
            # An intent that came to nothing is taken back, so that it is not on the list for ever.
            live = [found["id"] for found in self._ana.ask("intent.list")["intents"]]
            if affair.intent in live:
                self._tell(self._ana, "intent.withdraw", {"intent": affair.intent}, affair.deal)
        self._affairs.remove(affair)
        self.over += 1
