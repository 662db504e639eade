"""What is left alive when the story is over, so that every page has something to look at and to act on.

Other wishes of Ana's at other stages: offers to compare, questions that wait, an intent that nobody answered,
a sale that was lost, goods on their way, standing offers, feedback and its answer, a draft. All of it is said
by the same commands and pages as anybody's, and none of it ends while somebody looks around.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from federation.messages import JsonObject
from node.demo.people import amount_of
from node.demo.stage import Player, Stage, StageFailed
from node.demo.story import HER_TERMS, VENDORS, Told, deal_at
from node.demo.visitor import visiting
from node.demo.waiting import await_sight

__all__ = ["Scenes"]

CHAIR, BALL, DOLL = "Q15026", "Q18545", "Q168658"
MOST_FOR_A_CHAIR = 180
ANSWER = "Thank you, Ana. You are right about the app: it no longer asks."
TO_DELIVER = {"name": "Ana Perez", "addresses": "1 Rose Street, Glasgow"}
Scene = tuple[str, str]
"""Whose page shows it, and what it is."""


class Scenes:
    """Each scene is set by one method; `now_at` names it, for whoever must say what failed."""

    def __init__(self, stage: Stage, told: Told) -> None:
        self._stage = stage
        self._told = told
        self.now_at = ""

    @property
    def _ana(self) -> Player:
        return self._stage["ana"]

    def set_up(self) -> list[Scene]:
        """All of them; what there is to see. Raises: StepFailed, CommandFailed, StageFailed."""
        said = [*self._chair(), *self._doll(), *self._balls(), *self._standing(), *self._feedback()]
        said += [*self._talk(), *self._following(), *self._posts(), *self._reading()]
        return sorted([*said, *self._draft()], key=lambda scene: scene[0] != "Ana")

    # --- one scene each -----------------------------------------------------------------------------------

    def _chair(self) -> list[Scene]:
        self.now_at = "Ana asks for a chair, and three vendors offer"
        due = _in_days(10)
        wishes = (
            {"wish": "the seat can be raised and lowered", "weight": "must"},
            {"wish": "blue", "weight": "nice", "property": "color", "op": "is", "value": "blue"},
            {"wish": "comes assembled", "weight": "nice"},
        )
        deals = self._cast(
            "A chair to work at",
            CHAIR,
            VENDORS,
            budget=f"{MOST_FOR_A_CHAIR} EUR",
            wishes=list(wishes),
            text="I sit at it most of the day. It has to fit under a table of 72 cm.",
            due=due.isoformat(),
        )
        for vendor, quote in self._chairs(due).items():
            self._offer(vendor, deals[vendor], **quote)
        north, south = self._stage["north"], self._stage["south"]
        self._ask(north, self._ana, deals["north"], "With armrests or without? We have it both ways.")
        self._ask(self._ana, south, deals["south"], "Could you send it a week earlier?")
        return [
            ("Ana", "a chair to work at: three offers to compare, one over her budget, one late; a question"),
            ("South", "a question of Ana's about its chair"),
        ]

    def _chairs(self, due: date) -> dict[str, dict[str, Any]]:
        """North's fits, West's is dear, South's comes late; each with its word on her wishes."""
        north, west = self._stage["north"], self._stage["west"]
        fair = max(_stocked(north, "chair", most=MOST_FOR_A_CHAIR - 30), key=amount_of)
        dear = min(_stocked(west, "chair", least=MOST_FOR_A_CHAIR), key=amount_of)
        yes, partly, no = "yes", "partly", "no"
        return {
            "north": {
                "sku": fair["sku"],
                "answers": _answers(w1=(yes, "from 42 to 53 cm"), w3=(partly, "the back is screwed on")),
                "text": "We have sold this one for six years and had two back.",
            },
            "west": {
                "sku": dear["sku"],
                "answers": _answers(w1=(yes, "from 40 to 55 cm, by gas spring"), w3=(yes, "ready to sit on")),
                "text": "Above what most people spend, and built to be repaired.",
            },
            "south": {
                "name": "Solano work stool on wheels",
                "price": "119.00",
                "due": (due + timedelta(days=7)).isoformat(),
                "answers": _answers(
                    w1=(yes, "from 45 to 65 cm"), w2=(no, "only in black"), w3=(yes, "it is one piece")
                ),
                "text": "We make it when it is ordered, so that it takes a while.",
            },
        }

    def _doll(self) -> list[Scene]:
        self.now_at = "Ana takes West's doll, and South hears why not its own"
        deals = self._cast(
            "A doll for Mia's birthday",
            DOLL,
            ("south", "west"),
            budget="60 EUR",
            text="She is four, and undresses every doll she meets.",
        )
        south, west = self._stage["south"], self._stage["west"]
        dear, cheap = (_stocked(shop, "doll", most=60) for shop in (south, west))
        self._offer("south", deals["south"], sku=max(dear, key=amount_of)["sku"])
        self._offer("west", deals["west"], sku=min(cheap, key=amount_of)["sku"])
        offer = self._ana.ask("offers.list", of=deals["west"])["offers"][0]
        self._ana.ask(
            "deal.accept",
            offer=offer["id"],
            price=offer["price"]["amount"],
            disclose=TO_DELIVER,
            decline_reason="price",
            losers_may_answer=True,
        )
        self._await_state(self._ana, deals["west"], "concluded")
        await_sight(
            self._stage,
            "South hears why it lost",
            lambda: deal_at(south, deals["south"]).get("decline_reason") == "price",
        )
        west.ask("deal.progress", deal=deals["west"], stage="dispatched", text="By bicycle, on Thursday.")
        self._await_message(self._ana, deals["west"], "progress")
        return [
            ("Ana", "a doll for a birthday: bought from West, and on its way"),
            ("South", "a sale that it lost, and why"),
        ]

    def _balls(self) -> list[Scene]:
        self.now_at = "Ana asks for balls, and nobody has answered yet"
        wishes = (
            {"wish": "size 4", "weight": "must"},
            {"wish": "of leather", "weight": "nice", "property": "material", "op": "is", "value": "leather"},
        )
        self._cast(
            "Six balls for the girls' team",
            BALL,
            ("south", "west"),
            budget="150 EUR",
            share_budget=True,
            quantity="6",
            wishes=list(wishes),
            due=_in_days(8).isoformat(),
            text="For girls of eight to ten who play on gravel.",
        )
        return [
            ("Ana", "six balls: cast, and not answered yet"),
            ("South", "an intent that waits for an offer, with her budget"),
        ]

    def _standing(self) -> list[Scene]:
        self.now_at = "shops publish standing offers, and Ana orders from one"
        south, north = self._stage["south"], self._stage["north"]
        ball = min(_stocked(south, "ball", most=20), key=amount_of)
        teapot = min(_stocked(north, "teapot", most=60), key=amount_of)
        posted = south.ask("post.add", sku=ball["sku"], text="Pumped up, and ready to kick.")
        south.ask("post.add", sku=min(_stocked(south, "book", most=20), key=amount_of)["sku"])
        north.ask("post.add", sku=teapot["sku"], text="Two cups, and no drip.")
        deal = self._ana.ask("order.buy", url=posted["url"])["id"]
        self._await_state(self._ana, deal, "concluded")
        return [
            ("Ana", "standing offers of South and North to buy from"),
            ("South", "an order from a standing offer, to be sent off"),
        ]

    def _feedback(self) -> list[Scene]:
        self.now_at = "Ana tells South in private what she would mend; South answers what she published"
        south, deal = self._stage["south"], self._told.deal
        self._ana.ask(
            "deal.feedback",
            deal=deal,
            text="The bell sat loose when it came. Two turns of a screwdriver and it rang.",
            aspects=[{"name": "bell", "text": "loose on arrival", "mood": "annoyed"}],
        )
        self._await_message(south, deal, "feedback")
        with visiting(south) as visitor:
            which = visitor.field_of("/my/feedback", "feedback")
            visitor.send("/my/feedback", {"feedback": which, "text": ANSWER})
        with visiting(self._ana) as visitor:
            path = self._told.feedback_url.removeprefix(self._ana.url)
            await_sight(self._stage, "South's answer stands beside it", lambda: ANSWER in visitor.open(path))
        return [("South", "feedback: Ana's public words with its answer, and her private ones")]

    def _talk(self) -> list[Scene]:
        self.now_at = "Ana writes to South as to anybody, and South quotes her a price"
        south = self._stage["south"]
        for text in ("Do you lend a pump?", "And what would a ball be, pumped up?"):
            self._ana.ask("post.new", text=text, visibility="direct", to=[south.handle])
        await_sight(self._stage, "South has heard Ana", lambda: self._length(south) == 2)
        [thread] = south.ask("talk.list", search="ana")["threads"]
        ball = min(_stocked(south, "ball", most=20), key=amount_of)
        south.ask("talk.quote", thread=thread["id"], sku=ball["sku"], terms="To be fetched at the shop.")
        await_sight(self._stage, "Ana has the quote", lambda: self._length(self._ana) > 0)
        self._ana.ask("post.new", text="Thank you. I sleep on it.", visibility="direct", to=[south.handle])
        await_sight(self._stage, "South has her answer", lambda: self._length(south) == 4)
        return [("South", "a conversation with Ana, in which a quote waits for her word")]

    def _posts(self) -> list[Scene]:
        self.now_at = "South says what is new, and Ana says to everybody what she looks for"
        south = self._stage["south"]
        said = south.ask("post.new", text="The workshop opens at nine. #bicycles", language="en")
        south.ask("post.edit", post=said["id"], text="The workshop opens at eight from Monday on. #bicycles")
        south.ask("post.pin", post=said["id"])
        text = "Whoever comes by bicycle gets a cup of tea. #bicycles"
        south.ask("post.new", text=text, warning="Tea", language="en")
        self._ana.ask("post.request", name="a trailer for two children", category="Q11442", currency="EUR")
        return [
            ("Ana", "a post that says to everybody what she looks for"),
            ("South", "posts of its own, one of them changed and shown first"),
        ]

    def _following(self) -> list[Scene]:
        self.now_at = "Ana follows South, and North asks whether it may follow Ana"
        self._ana.ask("following.add", who=self._stage["south"].handle)
        self._stage["north"].ask("following.add", who=self._ana.handle)

        def is_so() -> bool:
            follows = str(self._ana.ask("following.list"))
            return "accepted" in follows and "pending" in str(self._ana.ask("followers.list"))

        await_sight(self._stage, "Ana follows South, and North's question is there", is_so)
        return [("Ana", "South, whom she follows, and North, who asks to follow her")]

    def _reading(self) -> list[Scene]:
        self.now_at = "Ana reads what South says, and likes one of it"

        def newest() -> list[JsonObject]:
            found: list[JsonObject] = self._ana.ask("reading.list")["readings"]
            return found

        await_sight(self._stage, "South's posts are in what Ana reads", lambda: len(newest()) > 1)
        post = str(newest()[0]["id"])
        self._ana.ask("reading.like", post=post)
        south = self._stage["south"]
        await_sight(self._stage, "South sees it", lambda: south.ask("post.show", post=post)["likes"] == 1)
        return [("Ana", "what South says, whom she follows; one of it she likes")]

    def _length(self, player: Player) -> int:
        """How much was said in the conversation of Ana and South, as one of them has it."""
        other = "south" if player is self._ana else "ana"
        threads = player.ask("talk.list", search=other)["threads"]
        return int(threads[0]["length"]) if threads else 0

    def _draft(self) -> list[Scene]:
        self.now_at = "Ana begins to say what else she wants"
        with visiting(self._ana) as visitor:
            place = visitor.send("/my/intents/new", {"template": "product"}).rpartition("/")[0]
            said = {"name": "A teapot that does not drip", "category": "Teapot", "amount": "1", "unit": "one"}
            visitor.send(f"{place}/what", {**said, "content": "For two cups at most."})
        return [("Ana", "a draft, to go on with")]

    # --- what they are made of ----------------------------------------------------------------------------

    def _cast(self, name: str, category: str, vendors: tuple[str, ...], **wanted: object) -> dict[str, str]:
        """Cast for a week; the deal that each vendor has of it, once it has it."""
        handles = [self._stage[vendor].handle for vendor in vendors]
        cast = self._ana.ask(
            "intent.cast",
            name=name,
            category=category,
            to=handles,
            until="7d",
            terms=list(HER_TERMS),
            place={"name": "Glasgow"},
            **wanted,
        )
        deals = {str(deal["peer"]).rpartition("/")[2]: str(deal["id"]) for deal in cast["deals"]}
        for vendor in vendors:
            self._await_message(self._stage[vendor], deals[vendor], "cast")
        return deals

    def _offer(self, vendor: str, deal: str, **quote: object) -> None:
        """An offer by hand that stands for three days."""
        shop = self._stage[vendor]
        shop.ask("deal.offer", deal=deal, fields=list(TO_DELIVER), valid="3d", **quote)
        self._await_message(self._ana, deal, "offer")

    def _ask(self, asks: Player, hears: Player, deal: str, text: str) -> None:
        asks.ask("deal.ask", deal=deal, text=text)
        self._await_message(hears, deal, "ask")

    def _await_message(self, player: Player, deal: str, kind: str) -> None:
        def came() -> bool:
            return any(
                line["kind"] == kind and line["direction"] == "received" and not line["refused"]
                for line in deal_at(player, deal)["messages"]
            )

        await_sight(self._stage, f"a message ({kind}) is at {player.name}'s node", came)

    def _await_state(self, player: Player, deal: str, state: str) -> None:
        def is_so() -> bool:
            return str(player.ask("deal.show", deal=deal)["state"]) == state

        await_sight(self._stage, f"{player.name}'s deal is {state}", is_so)


def _in_days(days: int) -> date:
    return datetime.now(UTC).date() + timedelta(days=days)


def _stocked(shop: Player, noun: str, *, least: int = 0, most: int = 1_000_000) -> list[JsonObject]:
    """What a shop has of a kind of thing, at a price between the two. Units: whole EUR."""
    items = shop.ask("catalogue.list", search=noun, limit=1000)["items"]
    fitting = [item for item in items if int(item["stock"]) > 0 and least < amount_of(item) <= most]
    if not fitting:
        raise StageFailed(f"{shop.name} has no {noun} at a price of up to {most} EUR")
    return fitting


def _answers(**said: tuple[str, str]) -> list[JsonObject]:
    """A vendor's word on wishes, by their ids: whether it is met, and how."""
    return [{"wish": wish, "meets": meets, "answer": words} for wish, (meets, words) in said.items()]
