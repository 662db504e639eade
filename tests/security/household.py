"""A household's node for attacks on its pages: ana, bea and the shop corner on one; the shop north elsewhere.

`Pages` reads a page as a browser would that runs, loads and follows things; `walk` follows every link.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio

from federation.keys import SigningKey
from tests.browsing import Browser, Seen
from tests.security.target import Snapshot, dump
from tests.unit.node.web.private.dealing import CATALOGUE, Street

__all__ = [
    "ANA",
    "Concluded",
    "PageReader",
    "a_household",
    "again",
    "at_once",
    "conclude",
    "household_rows",
    "offers_of",
    "stranger",
    "walk",
]

ANA = "https://ana.example"
RUNS = re.compile(r"javascript:|vbscript:|data:", re.IGNORECASE)
NEVER = ("iframe", "object", "embed", "style", "base", "math", "video", "audio", "source", "frame")
BESIDES = {"session", "replay", "login_attempt", "public_key", "host", "lane"}
"""When somebody was last seen, and caches: what a GET may touch."""


class PageReader(HTMLParser):
    """What of a page a browser would run, load, follow or send. `wrong` is what no page of ours may hold."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.leads: list[str] = []
        self.posts: list[str] = []
        self.streams: list[str] = []
        self.values: list[tuple[str, str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in NEVER:
            self.wrong.append(tag)
        if tag in ("script", "img") and not self._is_ours(tag, given):
            self.wrong.append(f"{tag} {given}")
        for name, value in given.items():
            self._look_at(tag, name, value)
        if tag == "link" and not given.get("href", "/static/").startswith(("/", "https://ana.example/")):
            self.wrong.append(f"link {given}")
        if tag in ("input", "button", "option") and given.get("name", "value") and "value" in given:
            self.values.append((given.get("name", ""), given["value"]))
        if tag == "form":
            is_post = given.get("method", "get").lower() == "post"
            (self.posts if is_post else self.leads).append(given.get("action", ""))

    def _look_at(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on") or name in ("style", "srcdoc", "ping", "hx-on", "hx-vals", "srcset"):
            self.wrong.append(f"{tag} {name}={value}")
        if name in ("href", "src", "action", "formaction", "hx-get", "hx-post", "sse-connect"):
            if RUNS.match(re.sub(r"[\x00-\x20]", "", value)):
                self.wrong.append(f"{tag} {name}={value}")
            if name not in ("href", "src") and not re.match(r"(/(?![/\\])|\?|#|$)", value):
                self.wrong.append(f"{tag} {name}={value}")
            {"sse-connect": self.streams, "formaction": self.posts, "hx-post": self.posts}.get(
                name, self.leads if name in ("href", "hx-get") and tag != "link" else []
            ).append(value)

    @staticmethod
    def _is_ours(tag: str, given: dict[str, str]) -> bool:
        if tag == "script" and given == {"type": "application/ld+json"}:
            return True
        return given.get("src", "").startswith("/static/") or (
            tag == "img" and given.get("src", "").startswith(("/my/", "/@"))
        )


async def walk(browser: Browser, *starts: str, most: int = 200) -> dict[str, Seen]:
    """Every page under `/my` that links lead to, by its path; streams are left out."""
    base = f"https://{urlsplit(browser.at.url).netloc}"
    waiting, found = list(starts or ("/my",)), dict[str, Seen]()
    while waiting and len(found) < most:
        path = waiting.pop(0)
        if path in found:
            continue
        seen = found[path] = await browser.get(path, follow=False)
        leads = [seen.header("location")] if seen.status == 303 else []
        if seen.header("content-type").startswith("text/html"):
            leads += PageReader(seen.html).leads
        here = path.partition("?")[0]
        for lead in leads:
            target = lead.removeprefix(base).partition("#")[0]
            target = here + target if target.startswith("?") else target
            if target.startswith("/my") and "/changes" not in target and target not in found:
                waiting.append(target)
    return found


def household_rows(street: Street, host: str = "ana", *, besides: Iterable[str] = ()) -> Snapshot:
    """Everything in a node's store but who was last seen, limiters and caches."""
    path = street.homes[host].opened.node.config.database_path
    return dump(path, besides=BESIDES | set(besides))


@asynccontextmanager
async def a_household(root: Path, rsa: SigningKey) -> AsyncIterator[Street]:
    """ana, bea and the shop corner on one node; the shop north, which answers at once, on its own."""
    async with AsyncExitStack() as stack:
        street = Street(root, rsa, stack)
        ana = await street.move_in("ana", "person")
        await street.neighbour("bea", on="ana")
        await street.neighbour("corner", on="ana", kind="vendor")
        await ana.ask("catalogue.import", account="corner", csv=CATALOGUE)
        await street.shop("north")
        yield street


def stranger(street: Street, host: str = "ana") -> Browser:
    """A browser in which nobody is logged in."""
    return Browser(street.homes[host].app, f"https://{host}.example", says={"sec-fetch-site": "same-origin"})


def again(browser: Browser) -> Browser:
    """Another tab of the same browser, on the same page."""
    tab = Browser(browser._app, browser._base, says=dict(browser.says))
    tab.cookies, tab.at = browser.cookies, browser.at
    return tab


async def at_once(browser: Browser, times: int, action: str = "", **values: Any) -> list[Seen]:
    """Send the form of the page that is open several times at the same moment."""
    found: list[Seen] = []

    async def send(tab: Browser) -> None:
        found.append(await tab.submit(values, action, follow=False))

    async with anyio.create_task_group() as tasks:
        for _ in range(times):
            tasks.start_soon(send, again(browser))
    return found


async def offers_of(browser: Browser, intent: str) -> list[str]:
    """Where the offers lie that came upon an intent."""
    leads = PageReader((await browser.get(f"{intent}/offers")).html).leads
    return [lead for lead in dict.fromkeys(leads) if lead.startswith("/my/deals/") and "/offers/" in lead]


@dataclass
class Concluded:
    """Where one deal lies that Ana and north have agreed on."""

    intent: str
    offer: str
    deal: str
    browser: Browser = field(repr=False)


async def conclude(street: Street, **over: Any) -> Concluded:
    """Ana wants a bicycle, north offers one, she accepts it on her pages."""
    intent = await street.cast("north", account="ana", **over)
    browser = await street.browser()
    (offer,) = await offers_of(browser, intent)
    await browser.get(f"{offer}/accept")
    await browser.submit({}, f"{offer}/accept")
    await street.settle()
    return Concluded(intent, offer, offer.partition("/offers/")[0], browser)
