"""How often something may happen, so that nobody spends more than a share of what all need.

Two kinds: look-ups over a sliding minute (`MinuteRate`), before anybody has proven anything; and messages by
buckets (`SenderRates`), charged only to senders that have proven who they are, since whoever is merely named
in a forged message must not pay for it.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, deque
from datetime import datetime, timedelta

from federation.errors import TooManyRequests
from federation.ids import host
from federation.messages import Limits

__all__ = ["Buckets", "MinuteRate", "SenderRates", "domain_of"]

_WINDOW = timedelta(minutes=1)
_NAMES = 10_000
"""So many senders are told apart at once; whoever is idle for a burst's length is forgotten at no loss."""


class MinuteRate:
    """Counts over a sliding minute, in memory bounded by `overall`.

    `per_domain` is for all hosts under one registrable domain, since names under one's own domain cost
    nothing; without it, a domain may use all of `overall`.
    """

    def __init__(self, *, per_host: int, overall: int, per_domain: int | None = None) -> None:
        self._per_host = per_host
        self._per_domain = overall if per_domain is None else per_domain
        self._overall = overall
        self._times: deque[tuple[datetime, str]] = deque()
        self._hosts: Counter[str] = Counter()
        self._domains: Counter[str] = Counter()

    def spend(self, host: str, now: datetime) -> None:
        """Count one for this host. Raises: TooManyRequests, with the time until it may be tried again."""
        self._forget(now)
        domain = domain_of(host)
        if (
            len(self._times) >= self._overall
            or self._hosts[host] >= self._per_host
            or self._domains[domain] >= self._per_domain
        ):
            oldest = next((at for at, _ in self._times), now)
            wait = _WINDOW - (now - oldest)
            raise TooManyRequests(
                "too many look-ups for strangers just now", retry_after_s=int(wait.total_seconds()) + 1
            )
        self._times.append((now, host))
        self._hosts[host] += 1
        self._domains[domain] += 1

    def _forget(self, now: datetime) -> None:
        # What lies ahead of now was counted before the clock was set back: it would count for that long.
        while self._times and not timedelta(0) <= now - self._times[0][0] < _WINDOW:
            _, host = self._times.popleft()
            for counter, name in ((self._hosts, host), (self._domains, domain_of(host))):
                counter[name] -= 1
                if not counter[name]:
                    del counter[name]


class Buckets:
    """A bucket a name, which holds `burst` and fills by `per_second`; memory is bounded by `size`.

    A bucket is one number, the time at which it is full again (GCRA). A full one is no bucket at all, so
    that forgetting it changes nothing; where there is no room the fullest are forgotten, so that nobody gains
    by crowding others out: who would have his own bucket forgotten must empty `size` others further.
    """

    def __init__(self, *, per_second: float, burst: int, size: int = _NAMES) -> None:
        self._cost_s = 1 / per_second
        self._depth_s = max(1, burst) / per_second
        self._free_s = self._depth_s - self._cost_s
        self._size = size
        self._full_at: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._full_at)

    def wait_s(self, name: str, at_s: float) -> float:
        """Seconds until this name may spend one, 0 where it may now. Units: `at_s` is a POSIX time."""
        full_at = self._full_at.get(name)
        if full_at is None or full_at - at_s <= self._free_s:
            return 0.0
        if full_at - at_s > self._depth_s:
            # Further ahead than an empty bucket is: the clock was set back. Nobody waits until it is there
            # again; the bucket is empty now and fills from now on.
            full_at = self._full_at[name] = at_s + self._depth_s
        return full_at - at_s - self._free_s

    def spend(self, name: str, at_s: float) -> None:
        """Take one out, whatever is left; who asks `wait_s` first never overdraws."""
        full_at = self._full_at.get(name)
        if full_at is None:
            if len(self._full_at) >= self._size:
                self._make_room(at_s)
            full_at = at_s
        elif full_at < at_s:
            full_at = at_s
        self._full_at[name] = full_at + self._cost_s

    def _make_room(self, at_s: float) -> None:
        self._full_at = {name: full_at for name, full_at in self._full_at.items() if full_at > at_s}
        if len(self._full_at) >= self._size:
            # Many at once, so that a flood of names does not pay for the search each time.
            for name in heapq.nsmallest(1 + self._size // 10, self._full_at, key=self._full_at.__getitem__):
                del self._full_at[name]


class SenderRates:
    """What proven senders may send: each actor, each host, and all hosts of one domain together.

    And the look-ups that messages cause which are not for keys; the keyring bounds its own.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        bounds = limits or Limits()
        self._actors = Buckets(per_second=bounds.actor_per_second, burst=bounds.actor_burst)
        self._hosts = Buckets(per_second=bounds.host_per_second, burst=bounds.host_burst)
        self._domains = Buckets(per_second=bounds.domain_per_second, burst=bounds.domain_burst)
        self._places: dict[str, tuple[str, str]] = {}
        self._look_ups = MinuteRate(
            per_host=bounds.key_fetches_per_host,
            per_domain=bounds.key_fetches_per_domain,
            overall=bounds.key_fetches_per_minute,
        )

    def check(self, key_id: str, now: datetime) -> None:
        """Refuse cheaply, before a signature is verified, what would be refused after it.

        Nothing is charged: whoever is named in vain is refused only where it has spent its own share itself.
        Raises: TooManyRequests, InvalidIri.
        """
        name, domain = self._place(key_id)
        at_s = now.timestamp()
        _refuse(max(self._hosts.wait_s(name, at_s), self._domains.wait_s(domain, at_s)))

    def spend(self, actor: str, now: datetime) -> None:
        """Count one message of a sender that has proven itself; what is refused costs it nothing.

        Raises: TooManyRequests, with the seconds until there is room; InvalidIri.
        """
        name, domain = self._place(actor)
        at_s = now.timestamp()
        _refuse(
            max(
                self._actors.wait_s(actor, at_s),
                self._hosts.wait_s(name, at_s),
                self._domains.wait_s(domain, at_s),
            )
        )
        self._actors.spend(actor, at_s)
        self._hosts.spend(name, at_s)
        self._domains.spend(domain, at_s)

    def spend_look_up(self, iri: str, now: datetime) -> None:
        """Count a look-up at this IRI's host that somebody else's message asks for.

        Raises: TooManyRequests, InvalidIri.
        """
        self._look_ups.spend(host(iri), now)

    def _place(self, iri: str) -> tuple[str, str]:
        """The host of an IRI and its domain, remembered: they are asked for with every message."""
        place = self._places.get(iri)
        if place is None:
            if len(self._places) >= _NAMES:
                self._places.clear()
            name = host(iri)
            place = self._places[iri] = name, domain_of(name)
        return place


def _refuse(wait_s: float) -> None:
    if wait_s > 0:
        raise TooManyRequests("this sender sends too much just now", retry_after_s=math.ceil(wait_s))


# --- who belongs together --------------------------------------------------------------------------------

_SECOND_LEVEL = frozenset(
    {
        "ac",
        "co",
        "com",
        "edu",
        "gen",
        "go",
        "gob",
        "gov",
        "gv",
        "id",
        "ind",
        "ltd",
        "me",
        "mil",
        "muni",
        "ne",
        "net",
        "nhs",
        "nom",
        "or",
        "org",
        "plc",
        "police",
        "sch",
        "web",
    }
)
"""Labels under which countries register names (example.co.uk)."""

_SHARED = frozenset(
    {
        "ddns.net",
        "dedyn.io",
        "duckdns.org",
        "dyndns.org",
        "dynu.net",
        "fly.dev",
        "freeddns.org",
        "freemyip.com",
        "github.io",
        "hopto.org",
        "masto.host",
        "mooo.com",
        "myfritz.net",
        "no-ip.org",
        "nsupdate.info",
        "onrender.com",
        "pages.dev",
        "selfhost.eu",
        "synology.me",
        "ts.net",
        "workers.dev",
        "zapto.org",
    }
)
"""Where everybody gets one name, home servers above all: neighbours there are strangers to each other."""


def domain_of(name: str) -> str:
    """The domain that its owner bought, as well as it can be told without the list of all public suffixes.

    Shapes: `name` is a canonical host. An address is its own domain, an IPv6 address its /64.
    """
    if ":" in name:
        return ":".join(_groups_of(name)[:4])
    labels = name.split(".")
    if len(labels) <= 2 or labels[-1].isdigit():
        return name
    is_country = len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3:] if is_country or ".".join(labels[-2:]) in _SHARED else labels[-2:])


def _groups_of(address: str) -> list[str]:
    """The eight groups of a compressed IPv6 address, without leading zeros."""
    head, gap, tail = address.partition("::")
    front = head.split(":") if head else []
    back = tail.split(":") if tail else []
    return [*front, *["0"] * ((8 - len(front) - len(back)) if gap else 0), *back]
