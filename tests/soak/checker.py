"""What must be so after a soak. Each check returns what is wrong, in words; nothing is good.

Sources: the clients' journal (`witness`), each node's own book (`books`), the samples of its processes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tests.soak.books import Book, Line
from tests.soak.gauges import Gauge, Slope, slope_of
from tests.soak.plan import Limits
from tests.soak.strangers import PASSING
from tests.soak.witness import Testimony

__all__ = ["CHECKS", "Account", "check", "slopes"]

MESSAGE_OF = {
    "intent.cast": "cast",
    "intent.withdraw": "withdraw",
    "deal.ask": "ask",
    "deal.counter": "counter",
    "deal.accept": "accept",
    "deal.decline": "decline",
    "deal.cancel": "cancel",
    "deal.cancel.answer": "cancellation accepted",
    "deal.progress": "progress",
    "deal.confirm": "confirm",
    "deal.offer": "offer",
    "deal.receipt": "receipt",
}
"""What a command sends at most once."""
SHOWN = 5


@dataclass(frozen=True)
class Account:
    """Everything that the checks look at. `books` and `gauges` go by the node's name; `person` names one."""

    books: Mapping[str, Book]
    said: Testimony
    gauges: Mapping[str, Gauge]
    logs: Mapping[str, str]
    limits: Limits
    stock: int
    person: str
    unheard: int = 0
    """What strangers said that no node has taken when patience ended."""
    unended: Mapping[str, str] = field(default_factory=dict)
    """Ana's deals that had not come to their ends by then, in words."""

    @property
    def vendors(self) -> dict[str, Book]:
        return {name: book for name, book in self.books.items() if name != self.person}

    @cached_property
    def waiting(self) -> set[str]:
        """Deals of which a message visibly waits for its next try: they may not have ended yet."""
        return {
            line.deal for book in self.books.values() for line in book.went if line.activity in book.waiting
        }


Check = Callable[[Account], Iterator[str]]


def check(account: Account) -> dict[str, list[str]]:
    """Every check by its name, with what is wrong."""
    return {name: list(one(account)) for name, one in CHECKS.items()}


def _some(what: Iterable[object]) -> str:
    listed = sorted(map(str, what))
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return f"{len(listed)}: {', '.join(listed[:SHOWN])}{more}"


# --- nothing is lost, nothing is made up --------------------------------------------------------------------


def _whole(account: Account) -> Iterator[str]:
    for name, book in account.books.items():
        if book.integrity != "ok":
            yield f"{name}'s database: {book.integrity}"


def _acknowledged_is_stored(account: Account) -> Iterator[str]:
    """What strangers were answered 2xx for is there, with the very digest; so is what a command made."""
    for name, book in account.vendors.items():
        held = {line.activity: line.digest for line in book.came}
        for kind, there in (("deal", held), ("follow", {})):
            ours = {
                activity: sent
                for activity, sent in account.said.sent.items()
                if sent.to == name and (sent.kind == "follow") == (kind == "follow")
            }
            if kind == "follow":
                there = {a: s.digest for a, s in ours.items() if _actor_of(a) in book.followers}
            lost = [a for a, s in ours.items() if a in account.said.acknowledged and there.get(a) != s.digest]
            if lost:
                yield f"{name} acknowledged and does not have {_some(lost)}"
    made = {line.deal for line in account.books[account.person].lines}
    if len(account.said.intents) > len(made):
        yield f"{len(account.said.intents)} casts were confirmed, {len(made)} are there"


def _actor_of(activity: str) -> str:
    """Whose a stranger's activity is, by how they name them (`Peer.fresh`)."""
    base, _, name = activity.partition("/activities/")
    return f"{base}/actors/{name.rpartition('-')[0]}"


def _stored_is_sent(account: Account) -> Iterator[str]:
    """What a node holds as received was sent by somebody, byte for byte by its digest."""
    sent = {activity: one.digest for activity, one in account.said.sent.items()}
    for book in account.books.values():
        sent.update({line.activity: line.digest for line in book.went})
    for name, book in account.books.items():
        odd = [line.activity for line in book.came if sent.get(line.activity) != line.digest]
        if odd:
            yield f"{name} holds what nobody sent: {_some(odd)}"
    odd = [activity for activity, line in account.said.heard.items() if line["deal"] and activity not in sent]
    # Refusals are no evidence, so they are in no book.
    odd = [activity for activity in odd if account.said.heard[activity]["kind"] != "refuse"]
    if odd:
        yield f"strangers heard what no node holds: {_some(odd)}"


def _delivered_is_stored(account: Account) -> Iterator[str]:
    """What a node was acknowledged for, the other node has; and all of it but what visibly waits."""
    received = {line.activity for book in account.books.values() for line in book.came}
    received |= account.said.heard.keys()
    for name, book in account.books.items():
        lost = {activity for activity, _ in book.delivered} - received
        if lost:
            yield f"{name} delivered what nobody has: {_some(lost)}"
        never = {line.activity for line in book.went} - received - book.waiting.keys()
        if never:
            yield f"{name} said what never came: {_some(never)}"


def _commands_acted_once(account: Account) -> Iterator[str]:
    """A command that was answered has sent its message; none was sent more often than asked for."""
    asked: Counter[tuple[str, str, str]] = Counter()
    told: Counter[tuple[str, str, str]] = Counter()
    for number, one in account.said.asked.items():
        key = (one.node, one.deal, MESSAGE_OF[one.command])
        asked[key] += 1
        told[key] += number in account.said.told
    done: Counter[tuple[str, str, str]] = Counter(
        (name, line.deal, line.kind) for name, book in account.books.items() for line in book.went
    )
    few = [key for key, count in told.items() if key[1] and key[2] != "withdraw" and done[key] < count]
    if few:
        yield f"answered, and not done: {_some(few)}"
    many = [key for key, count in asked.items() if key[1] and done[key] > count + (key[2] == "offer")]
    if many:
        yield f"done more often than asked for: {_some(many)}"


# --- one effect an id --------------------------------------------------------------------------------------


def _one_effect(account: Account) -> Iterator[str]:
    for name, book in account.books.items():
        twice = [
            line
            for line, count in Counter((x.activity, x.direction) for x in book.lines).items()
            if count > 1
        ]
        if twice:
            yield f"{name} holds twice {_some(twice)}"
        came = Counter((line.deal, line.kind) for line in book.came if not line.refused)
        off = [
            key
            for key, count in came.items()
            if key[1] not in ("cast", "withdraw", "refuse") and book.notices[key] != count
        ]
        if off:
            yield f"{name} acted on a message not exactly once: {_some(off)}"
    if account.said.changed:
        yield f"the same id came with different words: {_some(account.said.changed)}"


def _one_answer(account: Account) -> Iterator[str]:
    """One offer for each cast of a stranger's, one conclusion for each Accept."""
    theirs = {sent.deal for sent in account.said.sent.values()}
    for name, book in account.vendors.items():
        for asked, answer in (("cast", "offer"), ("accept", "conclude")):
            got = {line.deal for line in book.came if line.kind == asked and line.deal in theirs}
            gave = Counter(line.deal for line in book.went if line.kind == answer)
            off = [deal for deal in got if gave[deal] != 1]
            if off:
                yield f"{name}: {answer} not exactly once for a {asked} in {_some(off)}"


def _nothing_refused(account: Account) -> Iterator[str]:
    """Everybody here keeps to the rules, so that a refusal is a fault of ours."""
    for name, book in account.books.items():
        odd = [f"{line.kind} ({line.refused})" for line in book.lines if line.refused and not _is_echo(line)]
        if odd:
            yield f"{name} refused {_some(odd)}"
    heard = Counter(f"{line['reason']}" for line in account.said.heard.values() if line["kind"] == "refuse")
    if heard:
        yield f"strangers were refused: {dict(heard)}"
    bad = {s: n for s, n in account.said.statuses.items() if not 200 <= s < 300 and s not in PASSING}
    if bad:
        yield f"strangers were answered {bad}"


def _is_echo(line: Line) -> bool:
    return line.refused.startswith(("echo", "repeated"))


# --- both sides alike --------------------------------------------------------------------------------------


def _same_agreements(account: Account) -> Iterator[str]:
    """Both parties of a deal hold the same digests, and end in the same state."""
    ours = account.books[account.person]
    for deal, state in ours.deals.items():
        others = [book for book in account.vendors.values() if deal in book.deals]
        if len(others) != 1:
            yield f"{deal} is known to {len(others)} vendors"
            continue
        if deal not in account.waiting and _agreed(ours, deal) != _agreed(others[0], deal):
            yield f"{deal} is agreed otherwise on either side"
        if deal not in account.waiting and state != others[0].deals[deal]:
            yield f"{deal}: {state} here, {others[0].deals[deal]} there"
    accepts = {sent.digest: sent.deal for sent in account.said.sent.values() if sent.kind == "accept"}
    concluded: Counter[str] = Counter()
    for activity, line in account.said.heard.items():
        if line["kind"] == "conclude":
            concluded[line["acceptDigest"]] += 1
            if line["acceptDigest"] not in accepts:
                yield f"{activity} concludes an Accept that was never sent"
    twice = [digest for digest, count in concluded.items() if count > 1]
    if twice:
        yield f"concluded more than once: {_some(twice)}"
    never = [accepts[digest] for digest in accepts.keys() - concluded.keys()]
    if never := [deal for deal in never if deal not in account.waiting]:
        yield f"accepted by strangers, and never concluded: {_some(never)}"


def _agreed(book: Book, deal: str) -> set[tuple[str, str]]:
    kinds = ("offer", "accept", "conclude")
    return {
        (line.kind, line.digest) for line in book.of_deal(deal) if line.kind in kinds and not line.refused
    }


def _stock(account: Account) -> Iterator[str]:
    """What is gone from the shelf is what was concluded and not called off."""
    for name, book in account.vendors.items():
        sold = {line.deal for line in book.went if line.kind == "conclude"}
        sold -= {deal for deal, state in book.deals.items() if state == "cancelled"}
        stock, reserved = book.stock["KID"]
        if float(stock) != account.stock - len(sold):
            yield f"{name} sold {len(sold)} of {account.stock} and has {stock}"
        if float(reserved) != 0:
            yield f"{name} holds {reserved} back, for nobody"


# --- nothing is stuck, nothing grows ------------------------------------------------------------------------


def _no_lane_stuck(account: Account) -> Iterator[str]:
    if account.unheard:
        yield f"{account.unheard} messages of strangers were not taken"
    if odd := [words for deal, words in account.unended.items() if deal not in account.waiting]:
        yield f"deals that do not end, and wait for nothing: {_some(odd)}"
    for name, book in account.books.items():
        if book.inbox["pending"]:
            yield f"{name} has {book.inbox['pending']} messages unread"
        if book.buried:
            yield f"{name} has buried {_some(book.buried)}"
        if book.stuck:
            yield f"{name} does not deliver {_some(book.stuck)}"


def slopes(account: Account, name: str) -> dict[str, Slope]:
    """How one gauge grew, for each node."""
    warm_up_s = account.limits.warm_up_s
    return {node: slope_of(gauge.lives(name, warm_up_s=warm_up_s)) for node, gauge in account.gauges.items()}


def _flat(account: Account) -> Iterator[str]:
    limits = account.limits
    bounds = {"memory_mb": limits.memory_mb_per_minute, "descriptors": limits.descriptors_per_minute}
    for gauge, bound in bounds.items():
        for node, slope in slopes(account, gauge).items():
            if slope.minutes >= limits.least_minutes and slope.per_minute > bound:
                yield f"{node}: {gauge} +{slope.per_minute:.2f} a minute over {slope.minutes:.0f} minutes"
    for node, samples in account.gauges.items():
        most = max((sample.descriptors for sample in samples.samples), default=0)
        if most > limits.descriptors:
            yield f"{node} held {most} descriptors"


def _logs_clean(account: Account) -> Iterator[str]:
    for node, log in account.logs.items():
        odd = [
            line for line in log.splitlines() if '"level": "error"' in line or '"level": "critical"' in line
        ]
        odd += [line for line in log.splitlines() if line.startswith("Traceback")]
        if odd:
            yield f"{node} logged {len(odd)} errors, the first: {odd[0][:1500]}"


CHECKS: dict[str, Check] = {
    "databases are whole": _whole,
    "acknowledged is stored": _acknowledged_is_stored,
    "stored was sent": _stored_is_sent,
    "delivered is stored": _delivered_is_stored,
    "commands acted once": _commands_acted_once,
    "one effect an id": _one_effect,
    "one answer each": _one_answer,
    "nothing is refused": _nothing_refused,
    "both hold the same agreements": _same_agreements,
    "stock is conserved": _stock,
    "no lane is stuck": _no_lane_stuck,
    "memory and descriptors are flat": _flat,
    "no error was logged": _logs_clean,
}
