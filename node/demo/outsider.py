"""Somebody who has no node of Obverse: a user of a fediverse server of another make, who buys by a word.

Ben's server is a real one on Fedify, with its own JSON-LD and its own verification. He follows South as he
would follow anybody, reads what it posts and what Ana says of it, replies, asks for a quote in a direct
message, and takes it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from federation.messages import JsonObject
from node.demo.neighbour import Neighbour
from node.demo.people import amount_of
from node.demo.stage import Player, Stage
from node.demo.waiting import StepFailed, await_sight
from node.demo.words import Teller

__all__ = ["BEN", "Outsider"]

BEN = "ben"
OPEN_LATE = "We are open until nine on Friday, and the first ten get a bell."
QUESTIONS = ("Do you set the saddle in the shop, too?", "We do, while you wait.")
WISH = "What does a ball for the beach cost, to be picked up on Friday?"
LATER = "And do you mend a puncture while I wait?"
SEAT, HAS_ONE = (
    "A child seat for the bicycle",
    "I have one that Paul has grown out of. 25 euros, on Saturday.",
)
ACCEPTED = 202
T = TypeVar("T")


class Outsider:
    """Plays his part in order. `now_at` names the step that runs, for whoever must say what failed."""

    def __init__(self, stage: Stage, neighbour: Neighbour, teller: Teller) -> None:
        self._stage = stage
        self._neighbour = neighbour
        self._teller = teller
        self.now_at = ""

    @property
    def _south(self) -> Player:
        return self._stage["south"]

    @property
    def _ben(self) -> str:
        return self._neighbour.actor(BEN)

    @property
    def page(self) -> str:
        """Where his timeline can be looked at."""
        return f"{self._neighbour.plan.origin}/@{BEN}"

    def play(self, feedback: str) -> None:
        """All of it; `feedback` is the address of what Ana has published.

        Raises: StepFailed, ActFailed, CommandFailed, StageFailed.
        """
        self._follow()
        self._read()
        self._reply(feedback)
        self._buy()

    def leave_alive(self) -> list[tuple[str, str]]:
        """A question that waits for its answer, and an offer of his; whose pages show it, and what it is."""
        self.now_at = "Ben asks South something else"
        self._says(LATER)
        self._thread_with(LATER)
        self._is_asked()
        return [
            ("Ana", "a child seat: Ben, who has no node, was asked by a message, and she recorded his offer"),
            ("South", "a question of Ben's, who has no node, and its sale to him by his word"),
        ]

    def _is_asked(self) -> None:
        """Ana asks him as she asks a shop, and takes down what he answers."""
        self.now_at = "Ana asks Ben for a child seat, by a message"
        ana = self._stage["ana"]
        intent = ana.ask(
            "intent.cast",
            name=SEAT,
            category="Q11442",
            as_message=[self._ben],
            budget="40 EUR",
            until="7d",
            place={"name": "Glasgow"},
            wishes=[{"wish": "with a belt that a child cannot open", "weight": "must"}],
        )
        asked = self._seen_by_ben(SEAT)
        _require(
            asked["to"] == [self._ben] and "40.00" not in asked["content"], "he alone hears, of no budget"
        )
        self.now_at = "Ben says what he has, and Ana records it"
        self._neighbour.act(
            "post", user=BEN, text=HAS_ONE, mentions=[ana.actor], visibility="direct", replyTo=asked["id"]
        )

        def answered() -> JsonObject | None:
            [message] = ana.ask("intent.show", intent=intent["id"])["messages"]
            return message if message["answered"] else None

        thread = self._await("Ana has his answer", answered)["thread"]
        ana.ask("talk.record", thread=thread, goods="Child seat, used", price="25.00", delivery="On Saturday")

    # --- steps --------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        self.now_at = "Ben follows South from his own account"
        began = time.monotonic()
        self._neighbour.act("follow", user=BEN, whom=self._south.actor)
        self._await(
            "South has accepted",
            lambda: self._neighbour.act("people", user=BEN)["following"].get(self._south.actor) == "accepted",
        )
        followers = str(self._south.ask("followers.list"))
        _require(self._ben in followers, "South lists him among its followers")
        self._step("Ben → South", "follows it from his own account; accepted", began)

    def _read(self) -> None:
        self.now_at = "Ben sees an ordinary post of South's"
        began = time.monotonic()
        posted = self._south.ask("post.new", text=OPEN_LATE, language="en")
        seen = self._await(
            "Ben reads South's post",
            lambda: next((post for post in self._timeline() if post["id"] == posted["id"]), None),
        )
        _require(seen["type"] == "Note" and OPEN_LATE in seen["content"], "it is an ordinary Note")
        self._step("South → its followers", "an ordinary post, on his timeline", began)

    def _reply(self, feedback: str) -> None:
        question, answer = QUESTIONS
        self.now_at = "Ben opens Ana's feedback"
        began = time.monotonic()
        seen = self._neighbour.act("see", user=BEN, what=feedback)
        _require(seen["type"] == "Note" and "saddle" in seen["content"], "it is an ordinary Note")
        took = time.monotonic() - began
        self._teller.letter("Ana → anybody", "her feedback, opened by its link: an ordinary post", took)

        self.now_at = "Ben replies to Ana's feedback"
        began = time.monotonic()
        asked = self._says(question, replyTo=seen["id"], visibility="public")
        thread = self._thread_with(question)
        self._step("Ben → South", f"reply: {question}", began)

        self.now_at = "South answers Ben"
        began = time.monotonic()
        self._south.ask("talk.answer", thread=thread["id"], text=answer)
        heard = self._seen_by_ben(answer)
        _require(heard["inReplyTo"] == asked, "it answers what he asked")
        self._step("South → Ben", f"answer: {answer}", began)

    def _buy(self) -> None:
        self.now_at = "Ben asks for a quote"
        began = time.monotonic()
        self._says(WISH)
        thread = self._thread_with(WISH)
        self._step("Ben → South", "direct message: what does a ball cost?", began)

        self.now_at = "South sends Ben a quote"
        began = time.monotonic()
        quote = self._south.ask("talk.quote", thread=thread["id"], sku=self._ball()["sku"], valid="3d")
        reference, price = quote["reference"], f"{quote['price']['amount']} {quote['price']['currency']}"
        words = self._seen_by_ben(f"accept {reference}")
        _require(words["to"] == [self._ben] and price in words["content"], "it tells him alone the price")
        self._step("South → Ben", f"quote {reference}: {quote['goods']}, {price}", began)

        self.now_at = "Ben accepts the quote"
        began = time.monotonic()
        accepted = self._says(f"accept {reference}", replyTo=words["id"])
        self._await("the sale is concluded", lambda: self._state_of(reference) == "concluded")
        self._step("Ben → South", f"“accept {reference}”: sold, signed by his server", began)

        self.now_at = "South confirms the sale"
        confirmed = self._await(
            "he has it confirmed",
            lambda: next((post for post in self._timeline() if post["inReplyTo"] == accepted), None),
        )
        _require(price in confirmed["content"], "the confirmation names the price")
        self._step("South → Ben", "confirmation, and how to cancel within the hour", began)

    # --- what it is made of -------------------------------------------------------------------------------

    def _ball(self) -> JsonObject:
        items = self._south.ask("catalogue.list", search="ball", limit=1000)["items"]
        return min((item for item in items if int(item["stock"]) > 1), key=amount_of)

    def _says(self, text: str, visibility: str = "direct", **more: object) -> str:
        """He writes to South; the id of what he said."""
        said = self._neighbour.act(
            "post", user=BEN, text=text, mentions=[self._south.actor], visibility=visibility, **more
        )
        return str(said["id"])

    def _timeline(self) -> list[JsonObject]:
        """What he reads, newest first."""
        posts: list[JsonObject] = self._neighbour.act("timeline", user=BEN)["posts"]
        return posts[::-1]

    def _seen_by_ben(self, words: str) -> JsonObject:
        """What is on his timeline with these words; his server took it signed, or not at all."""
        return self._await(
            f"Ben reads: {words}",
            lambda: next((post for post in self._timeline() if words in post["content"]), None),
        )

    def _thread_with(self, words: str) -> JsonObject:
        """South's conversation with him in which these words were said last."""

        def look() -> JsonObject | None:
            threads: list[JsonObject] = self._south.ask("talk.list")["threads"]
            return next((line for line in threads if words in line["excerpt"]), None)

        thread = self._await(f"South hears: {words}", look)
        _require(thread["actor"] == self._ben, "it is Ben who said so")
        return thread

    def _state_of(self, reference: str) -> str:
        quotes = self._south.ask("talk.quotes", all=True)["quotes"]
        return str(next(quote["state"] for quote in quotes if quote["reference"] == reference))

    def _step(self, who: str, what: str, began: float) -> None:
        """Tell a step whose message was taken as signed: both servers answer 202 to nothing else."""
        took = time.monotonic() - began
        way = "sent" if who.startswith("Ben") else "received"
        newest = self._await("the message was answered", lambda: self._newest_answered(way))
        taken = newest["signature"] and newest["status"] == ACCEPTED
        _require(taken, f"it was signed, and taken: {newest['signature']}, {newest['status']}")
        self._teller.letter(who, what, took, signed=True)

    def _newest_answered(self, way: str) -> JsonObject | None:
        lines = [line for line in self._neighbour.act("wire")[way] if line["method"] == "POST"]
        return lines[-1] if lines and lines[-1]["status"] else None

    def _await(self, what: str, look: Callable[[], T | None]) -> T:
        return await_sight(self._stage, what, look)


def _require(holds: object, what: str) -> None:
    if not holds:
        raise StepFailed(f"this does not hold: {what}")
