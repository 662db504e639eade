"""What a person's and a vendor's node hold after years: ten thousand deals, most of them over.

A few deals in each state are led there by the domain and written by the store's own code; then those that are
over are multiplied, so that each table and index is as long as it would be.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from federation.ports import DeliveryOutcome, Outcome
from node.config import Config
from node.domain.accounts import Contact, Persona, PersonaState
from node.domain.catalogue import CatalogueItem
from node.domain.deals import Deal, DealKind, DealState
from node.domain.intents import Intent, IntentState
from node.domain.messages import Sender
from node.domain.policy import PROTOCOL
from node.domain.terms import ROSTER, terms_iri
from node.services.feedback import REPLY
from node.store.ports import (
    Attempt,
    Direction,
    Follower,
    FollowState,
    ImportRecord,
    KeyRow,
    Notice,
    QueuedJob,
    StockChange,
    StoredMessage,
    Upload,
)
from node.store.sqlite.codec import Json
from node.store.sqlite.transaction import SqliteTx
from tests.benchmarks.filling import GOLDEN, OWN_IDS, TOKEN, in_bulk, last_rows, multiply
from tests.builders import DEAL, NOW, POLICY, a_deal, a_wish, an_intent, an_item, money

__all__ = ["DEALS", "SKU", "an_open_deal", "crowd_person", "crowd_vendor"]

T = TypeVar("T")

DEALS, CONTACTS, ITEMS = 10_000, 300, 10_000
SKU = "SKU0000007"
"""An item of the vendor's whose stock was changed often."""
_PATTERN = 20
_TIME = re.compile(r'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)"')
_DEAL = DEAL.rpartition("/")[2][:9]
_NAME = "Child bicycle, Glasgow, by Friday"
_WISHES = (
    a_wish(),
    a_wish(id="w2", text="red, or another lively colour", prop="colour", op="is", value="red", unit=None),
    a_wish(id="w3", text="three gears at least", prop="gears", op="atLeast", value="3", unit=None),
    a_wish(id="w4", text="with lights", prop=None, op=None, value=None, unit=None),
    a_wish(id="w5", text="set up at the door", prop=None, op=None, value=None, unit=None),
)
_REASONS = ("price", "timing", "price", "terms", "needGone", "price")
_MESSAGES = {
    "cast": ("01-intent.json", Sender.CUSTOMER),
    "ask": ("04-question.json", Sender.VENDOR),
    "no bid": ("05-no-bid.json", Sender.VENDOR),
    "offer": ("06-offer.json", Sender.VENDOR),
    "counter": ("09-counter.json", Sender.CUSTOMER),
    "accept": ("10-accept.json", Sender.CUSTOMER),
    "conclude": ("11-conclusion.json", Sender.VENDOR),
    "decline": ("13-decline-with-reason.json", Sender.CUSTOMER),
    "progress": ("15-progress.json", Sender.VENDOR),
    "receipt": ("16-receipt.json", Sender.VENDOR),
    "confirm": ("17-confirm.json", Sender.CUSTOMER),
}
_OFFERED = ("cast", "ask", "offer")
_AGREED = (*_OFFERED, "accept", "conclude")
_SAID: dict[DealState, tuple[str, ...]] = {
    DealState.OFFERED: _OFFERED,
    DealState.COUNTERED: (*_OFFERED, "counter"),
    DealState.ACCEPTING: (*_OFFERED, "accept"),
    DealState.CONCLUDED: (*_AGREED, "progress"),
    DealState.CANCELLING: _AGREED,
    DealState.CANCELLED: _AGREED,
    DealState.CONFIRMED: (*_AGREED, "progress", "receipt", "confirm"),
    DealState.DECLINED: (*_OFFERED, "decline"),
    DealState.ANSWERABLE: (*_OFFERED, "decline"),
    DealState.NO_BID: ("cast", "no bid"),
}
_GONE = DealState.EXPIRED, DealState.WITHDRAWN
_PAST: tuple[tuple[IntentState, tuple[DealState, ...]], ...] = (
    (
        IntentState.DECIDED,
        (
            DealState.CONFIRMED,
            *(4 * (DealState.DECLINED,)),
            *(2 * (DealState.NO_BID,)),
            *(3 * (DealState.EXPIRED,)),
        ),
    ),
    (
        IntentState.WITHDRAWN,
        (
            DealState.CANCELLED,
            DealState.REFUSED,
            *(5 * (DealState.WITHDRAWN,)),
            *(3 * (DealState.NO_BID,)),
        ),
    ),
)
"""A person's two intents that are multiplied, and what came of each deal."""
_LIVE = (*(5 * (DealState.OFFERED,)), *(3 * (DealState.OPEN,)), DealState.COUNTERED, DealState.NO_BID)
_SOLD = (
    *(3 * (DealState.CONFIRMED,)),
    *(6 * (DealState.DECLINED,)),
    *(4 * (DealState.NO_BID,)),
    *(3 * (DealState.EXPIRED,)),
    *(3 * (DealState.WITHDRAWN,)),
    DealState.CANCELLED,
)
_TO_SELL = {
    DealState.OPEN: 120,
    DealState.OFFERED: 40,
    DealState.COUNTERED: 15,
    DealState.ANSWERABLE: 5,
    DealState.CONCLUDED: 60,
    DealState.ACCEPTING: 5,
    DealState.CANCELLING: 3,
}


# --- a person ---------------------------------------------------------------------------------------------


def crowd_person(config: Config, name: str, deals: int = DEALS) -> int:
    """Give a person's account its past: so many deals, ten an intent, and some that are under way.

    The number of a delivery that was given up.
    """
    with in_bulk(config) as connection:
        past = _Past(connection, config, name, Sender.CUSTOMER)
        before = last_rows(connection)
        for number, (decided, ended) in enumerate(_PAST):
            past.write_intent(f"P{number}", TOKEN, decided, ended)
        multiply(connection, before, deals // _PATTERN)
        connection.execute("UPDATE notice SET unread = 0")
        for number in range(15):
            past.write_intent(f"L{number}", "LIVE00000000", IntentState.LIVE, _LIVE)
        for number in range(30):
            agreed = (DealState.CONCLUDED, DealState.DECLINED, DealState.DECLINED)
            past.write_intent(f"A{number}", "LIVE00000000", IntentState.DECIDED, agreed)
        for number in range(20):
            state = DealState.ORDERED if number % 2 else DealState.CONCLUDED
            past.write(state, f"O{number}-LIVE00000000", number=number, kind=DealKind.ORDER)
        given_up = past.write_undelivered()
        past.write_contacts()
        past.write_attempts()
        return given_up


# --- a vendor ---------------------------------------------------------------------------------------------


def crowd_vendor(config: Config, name: str, deals: int = DEALS, items: int = ITEMS) -> int:
    """Give a vendor's account its past: so many deals and things on its shelves, and what is to be done.

    The number of a delivery that was given up.
    """
    with in_bulk(config) as connection:
        past = _Past(connection, config, name, Sender.VENDOR)
        before = last_rows(connection)
        for number, state in enumerate(_SOLD):
            reason = _REASONS[number % len(_REASONS)] if state is DealState.DECLINED else ""
            past.write(state, f"P{number:02d}-{TOKEN}", number=number, reason=reason)
        multiply(connection, before, deals // _PATTERN)
        connection.execute("UPDATE notice SET unread = 0")
        live = [state for state, count in _TO_SELL.items() for _ in range(count)]
        for number in sorted(range(len(live)), key=lambda number: number * 37 % len(live)):
            past.write(live[number], f"L{number:03d}-LIVE00000000", number=number)
        for number in range(10):
            past.write(DealState.ORDERED, f"O{number}-LIVE00000000", number=number, kind=DealKind.ORDER)
        past.write_shelves(items)
        past.write_followers()
        past.repeat_feedback()
        past.write_attempts()
        return past.write_undelivered()


# --- one deal after the other -----------------------------------------------------------------------------


@dataclass
class _Past:
    """Writes deals as one account holds them, with all that comes of each."""

    connection: sqlite3.Connection
    config: Config
    name: str
    side: Sender

    def __post_init__(self) -> None:
        self.tx = SqliteTx(self.connection)
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.account = f"{self.config.base_url}/actors/{self.name}"
        self._ago = timedelta(0)
        self.is_hers = self.side is Sender.CUSTOMER

    def write_intent(self, ref: str, token: str, state: IntentState, deals: Iterable[DealState]) -> None:
        """An intent, and a deal with a vendor each."""
        intent_id = f"{self.config.base_url}/intents/{ref}-{token}"
        written = [
            self.write(one, f"{ref}.{number}-{token}", number=number, intent=intent_id)
            for number, one in enumerate(deals, start=sum(map(ord, ref)) % 30)
        ]
        made = an_intent(
            id=intent_id,
            account=self.account,
            state=state,
            name=f"{_NAME} ({ref}-{token})",
            wishes=_WISHES,
            budget=money("300.00"),
            deal_ids=tuple(deal.id for deal in written),
        )
        self.tx.intents.save(self._moved(Json(Intent), made))

    def write(
        self,
        state: DealState,
        ref: str,
        *,
        number: int,
        intent: str | None = None,
        kind: DealKind = DealKind.INTENT,
        reason: str = "",
    ) -> Deal:
        """A deal in this state, under ids that end in `ref`; `number` says with whom."""
        deal = a_deal(state, side=self.side, kind=kind, with_offer=state in _GONE and number % 2 == 0)
        if deal.proposal is not None:
            deal = replace(deal, proposal=replace(deal.proposal, wishes=_WISHES, name=f"{_NAME} ({ref})"))
        if reason:
            deal = replace(deal, decline_reason=reason)
        self._ago = timedelta(minutes=17 * number)
        deal = self._moved(Json(Deal), deal, lambda text: self._own(text, ref, number))
        deal = replace(deal, account=self.account, peer_inbox=f"{deal.peer}/inbox", intent_id=intent)
        self.tx.deals.save(deal, deal.wake_at(POLICY.presume_after))
        self._write_key(
            deal, is_open=deal.state not in _SAID or deal.wake_at(POLICY.presume_after) is not None
        )
        said = _SAID.get(state, ("cast",)) if kind is DealKind.INTENT else ()
        for which in said:
            self._write_message(deal, which, ref, number)
        for line in range(min(len(said), 3) + 1):
            text = f"The vendor has answered: look at it. ({line})"
            self.tx.notices.add(Notice(self.account, self.now, text, kind="offer", deal_id=deal.id))
        return deal

    def _own(self, text: str, ref: str, number: int) -> str:
        """The same text with ids of this deal's own, ours on this node, the other side's on its own."""
        renamed = OWN_IDS.sub(lambda found: f"{found[1]}/{found[2][:9]}-{ref}", text)
        ana, shop = "https://ana.example/", "https://shop.example/"
        here, there = (ana, shop) if self.is_hers else (shop, ana)
        renamed = renamed.replace(
            "/actors/shop" if not self.is_hers else "/actors/ana", f"/actors/{self.name}"
        )
        return renamed.replace(here, f"{self.config.base_url}/").replace(there, _home(number))

    def _moved(self, codec: Json[T], value: T, rename: Callable[[str], str] = str) -> T:
        """The same value as though the day of the tests were today."""
        ahead = self.now - self._ago - NOW

        def later(found: re.Match[str]) -> str:
            return f'"{(datetime.fromisoformat(found[1]) + ahead).strftime("%Y-%m-%dT%H:%M:%SZ")}"'

        return codec.load(_TIME.sub(later, rename(codec.dump(value))))

    def _write_key(self, deal: Deal, *, is_open: bool) -> None:
        """Her name in this deal with its key; of the vendor's customers, the key as it was fetched."""
        key_id, half = f"{deal.own if self.is_hers else deal.peer}#ed25519-key", b"\0" * 120
        if self.is_hers:
            state = PersonaState.OPEN if is_open else PersonaState.QUIET
            self.tx.personas.save(Persona(deal.own, self.account, self.now, state=state))
            self.tx.keys.save(KeyRow(key_id, deal.own, "ed25519", "z6Mk" + "a" * 44, half, self.now))
        else:
            self.connection.execute(
                "INSERT INTO public_key (id, owner, algorithm, material, actor, document, fetched_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (key_id, deal.peer, "ed25519", b"\0" * 44, deal.peer, b"x" * 900, 0),
            )

    def _write_message(self, deal: Deal, which: str, ref: str, number: int) -> None:
        file, sender = _MESSAGES[which]
        golden = json.loads((GOLDEN / file).read_text())
        text = json.dumps(golden, separators=(",", ":"))
        text = text.replace(golden["id"], f"{golden['id'].rsplit('/', 1)[0]}/{which[:6].replace(' ', '')}")
        body = self._own(text, ref, number)
        out = sender is self.side
        stored = StoredMessage(
            own=deal.own,
            deal_id=deal.id,
            activity_id=str(json.loads(body)["id"]),
            direction=Direction.OUT if out else Direction.IN,
            kind=which,
            actor=deal.own if out else deal.peer,
            digest="zQmV6k" + "d" * 40,
            body=body.encode(),
            at=self.now,
            key_id=f"{deal.own if out else deal.peer}#ed25519-key",
        )
        self.tx.evidence.add(stored)
        if out:
            self._write_delivery(stored, deal.peer, DeliveryOutcome(Outcome.DELIVERED, "answered 202", 202))

    def _write_delivery(self, stored: StoredMessage, to: str, outcome: DeliveryOutcome) -> int:
        job = QueuedJob(
            activity_id=stored.activity_id,
            recipient=to,
            inbox=f"{to}/inbox",
            actor=stored.own,
            key_id=stored.key_id,
            body=stored.body,
            ordering_key=f"{stored.own} {stored.deal_id}",
            created_at=self.now,
            give_up_at=self.now + timedelta(days=7),
        )
        self.tx.deliveries.enqueue(job)
        (job_id,) = self.connection.execute("SELECT max(id) FROM delivery").fetchone()
        self.tx.deliveries.settle(job_id, outcome, self.now)
        return int(job_id)

    # --- beside the deals -----------------------------------------------------------------------------------

    def write_undelivered(self) -> int:
        """Messages that were given up; the number of the last."""
        given_up = 0
        for number in range(12):
            own = f"{self.config.base_url}/p/NNQSzoUrV-P0.{8 + number % 10}-{number + 1:012d}"
            own = own if self.is_hers else self.account
            activity = f"{self.config.base_url}/activities/lost-{number}"
            stored = StoredMessage(own, "", activity, Direction.OUT, "ask", own, "d", b"{}", self.now)
            dead = DeliveryOutcome(Outcome.DEAD, "answered 404: there is no such actor", 404)
            given_up = self._write_delivery(stored, f"{_home(number)}actors/shop", dead)
        return given_up

    def write_contacts(self) -> None:
        for number in range(CONTACTS):
            home = _home(number)
            self.tx.contacts.save(
                Contact(
                    account=self.account,
                    actor=f"{home}actors/shop",
                    handle=f"@shop@home{number:03d}.example",
                    name=f"Bicycles and more no. {number}",
                    inbox=f"{home}actors/shop/inbox",
                    fetched_at=self.now,
                    terms_accepted=tuple(map(terms_iri, ROSTER)),
                    implements=(PROTOCOL,),
                    url=f"{home}@shop",
                )
            )

    def write_attempts(self) -> None:
        for number in range(100):
            at = self.now - timedelta(hours=number)
            self.tx.attempts.add(Attempt(self.account, at, number % 5 > 0, "password", "Firefox, Linux"))

    def write_shelves(self, count: int) -> None:
        """A catalogue that came by one table, and another table that waits."""
        items = [_item(number) for number in range(count)]
        self.tx.catalogue.save(self.account, items)
        added = tuple((item.sku, item.stock) for item in items)
        self.tx.stocktaking.save_import(ImportRecord(self.account, self.now, "all.csv", (), added))
        rows = "".join(f"{one.sku},{one.name},{one.category},{one.price.text},EUR,3,2\n" for one in items)
        table = f"sku,name,category,price,currency,stock,lead_days\n{rows}"
        self.tx.stocktaking.save_upload(Upload(self.account, self.now, "more.csv", table))
        for number in range(60):
            change = StockChange(self.account, SKU, self.now, Decimal(number), Decimal(number + 1), "counted")
            self.tx.stocktaking.add(change)

    def write_followers(self) -> None:
        for number in range(1000):
            actor = f"{_home(number)}actors/somebody"
            state = FollowState.ACCEPTED if number % 20 else FollowState.PENDING
            follower = Follower(
                self.account, actor, f"{actor}/inbox", None, f"{actor}#follow", state, self.now
            )
            self.tx.followers.save(follower)

    def repeat_feedback(self) -> None:
        """What one customer said, in private and in public, is said by hundreds, and answered."""
        (private,) = self.tx.evidence.said(self.account, is_feedback=True, limit=1)
        (public,) = self.tx.posts.all(self.account, "feedback", limit=1)
        (answer,) = self.tx.posts.all(self.account, REPLY, limit=1)
        for number in range(1, 401):
            ref = f"P00-{number:012d}"
            deal_id, activity_id = f"{_home(0)}deals/{_DEAL}-{ref}", f"{private.activity_id}-{ref}"
            body = private.body.replace(private.deal_id.encode(), deal_id.encode())
            body = body.replace(private.activity_id.encode(), activity_id.encode())
            self.tx.evidence.add(replace(private, deal_id=deal_id, activity_id=activity_id, body=body))
            post_id = f"{public.id}-{ref}"
            body = public.body.replace(public.id.encode(), post_id.encode())
            at = self.now - timedelta(days=number)
            self.tx.posts.save(replace(public, id=post_id, body=body, at=at))
            body = answer.body.replace(public.id.encode(), post_id.encode())
            later = at + timedelta(hours=9)
            self.tx.posts.save(replace(answer, id=f"{answer.id}-{ref}", body=body, at=later))


def _home(number: int) -> str:
    return f"https://home{number % CONTACTS:03d}.example/"


def _item(number: int) -> CatalogueItem:
    category = "https://www.wikidata.org/wiki/Q11442" if number % 10 == 0 else _category(number)
    return an_item(
        sku=f"SKU{number:07d}",
        name=f"North Kid {number}",
        category=category,
        price=money(f"{200 + number * 7 % 389}.90"),
        stock=Decimal(number % 7 + 1),
    )


def _category(number: int) -> str:
    return f"https://www.wikidata.org/wiki/Q{900_000 + number % 97}"


def an_open_deal(number: int) -> str:
    """The id of one of the vendor's that waits for an offer."""
    return f"{_home(number)}deals/{_DEAL}-L{number:03d}-LIVE00000000"
