"""Every page that is measured: each GET of the screens' table, where there is something to show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from node.web.deal_reads import ref_of
from node.web.screens import ALL
from node.web.shop.deals import place_of
from node.web.visits import Screen, Who
from tests.benchmarks.crowds import SKU, an_open_deal
from tests.benchmarks.dealings import Played

__all__ = ["LEFT_OUT", "MISSING", "Address", "addresses"]

MISSING = "/my/nothing"
"""The page that says that there is none: what every other one is beside."""
# Neither is a table tried out that waits to be imported: that goes through all of its rows, however many.
LEFT_OUT = {
    "/my/buy/order": "asks the vendor's node first, whatever that takes",
    "/my/vendors/found": "likewise",
    "/my/catalogue/import/progress": "only while a table comes in",
    **dict.fromkeys(
        (
            "/my/conversations/{thread}",
            "/my/conversations/{thread}/quote",
            "/my/conversations/{thread}/record",
            "/my/recorded/{offer}/taken",
            "/my/recorded/{offer}/remove",
            "/my/sales/{reference}",
            "/my/sales/{reference}/record",
            "/my/posts/{post}",
            "/my/posts/{post}/change",
            "/my/posts/{post}/remove",
            "/my/reading/{number}",
            "/my/media/{name}",
        ),
        "only where somebody of the fediverse has said something, and nobody is played here who does",
    ),
    "/my/deliveries/posts/{number:int}": "only where something was told to many",
    "/my/deliveries/unread/{number:int}": "only where something came that could not be read",
    "/my/deliveries/unread/{number:int}/drop": "likewise",
}
_PERSON, _VENDOR = (Who.OWNER, Who.PERSON), (Who.OWNER, Who.VENDOR)
_UNDER_WAY = ("paid", "received", "cancel", "feedback/publish")
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
_STREAM = re.compile(r"/changes$")


@dataclass(frozen=True, slots=True)
class Address:
    """One page: `path` as the table of screens has it, and where it is asked for."""

    path: str
    url: str


def addresses(kind: Who, played: Played, given_up: int) -> list[Address]:
    """The pages of a person's or of a vendor's account.

    Shapes: `given_up` is a delivery of that account.
    Raises: LookupError for a screen of whose parameters nothing is said below: say it, or leave it out.
    """
    given = _of_person(played) if kind is Who.PERSON else _of_vendor(played)
    given = replace(given, everywhere={**given.everywhere, "number": str(given_up)})
    found = [one for screen in _screens(kind) for one in _filled(screen, given)]
    return [*found, Address(MISSING, MISSING)]


def _screens(kind: Who) -> Iterator[Screen]:
    whose = _PERSON if kind is Who.PERSON else _VENDOR
    for screen in ALL:
        is_page = screen.method == "GET" and not _STREAM.search(screen.path)
        if is_page and screen.who in whose and screen.path not in LEFT_OUT:
            yield screen


def _filled(screen: Screen, given: _Given) -> Iterator[Address]:
    values = {**given.everywhere, **given.at.get(screen.path, {})}
    lacking = {name for name in _PARAMETER.findall(screen.path) if name not in values}
    if lacking:
        raise LookupError(f"{screen.path}: nothing says what {', '.join(lacking)} is")
    url = _PARAMETER.sub(lambda name: values[name[1]], screen.path)
    for query in given.queries.get(screen.path, ("",)):
        shown = f"?{query.partition('&')[0][:16]}" if query else ""
        yield Address(f"{screen.path}{shown}", f"{url}?{query}" if query else url)


@dataclass(frozen=True, slots=True)
class _Given:
    """What stands for the parameters of a path, `everywhere` and `at` one; and the queries of a path."""

    everywhere: Mapping[str, str]
    at: Mapping[str, Mapping[str, str]]
    queries: Mapping[str, tuple[str, ...]]


def _of_person(played: Played) -> _Given:
    won, agreed, offered = (ref_of(deal.id) for deal in (played.won, played.agreed, played.open))
    offer = {"deal": offered, "offer": played.open.live_offers[0].digest}
    under_way = {"deal": agreed}
    assert played.open.intent_id is not None
    assert played.won.agreed is not None
    offers = "/my/deals/{deal}/offers/{offer}"
    return _Given(
        everywhere={
            "deal": won,
            "intent": ref_of(played.open.intent_id),
            "draft": played.draft,
            "passkey": played.passkey,
            "digest": played.won.agreed.offer_digest,
            "vendor": place_of(played.won.peer),
        },
        at={
            offers: offer,
            **{f"{offers}/{act}": offer for act in ("counter", "decline", "accept")},
            **{f"/my/deals/{{deal}}/{act}": under_way for act in _UNDER_WAY},
        },
        queries={"/my/deals": ("", "show=ended"), "/my/intents/all": ("", "page=20")},
    )


def _of_vendor(played: Played) -> _Given:
    places = [place_of(an_open_deal(number)) for number in range(20)]
    rule = "tried=yes&name=At+once&valid=72&least=1"
    return _Given(
        everywhere={"deal": place_of(played.sold.id), "passkey": played.passkey},
        at={"/my/deals/{deal}/offer": {"deal": places[0]}},
        queries={
            "/my": ("", "show=ended", "fit=shown"),
            "/my/deals": ("", "show=done"),
            "/my/inbox/decline": ("&".join(f"deal={place}" for place in places),),
            "/my/catalogue": ("", "q=kid"),
            "/my/catalogue/item": (f"sku={SKU}",),
            "/my/offers/new": (f"sku={SKU}",),
            "/my/rules/new": ("", rule),
        },
    )
