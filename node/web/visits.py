"""What a screen is given and what it answers: the whole interface between the frame and the screens.

SCREENS = Screens()

@SCREENS.get("/my/contacts", who=Who.PERSON)
async def contacts(visit: Visit) -> Answer:
    return Page("contacts/list.html", await visit.look(...), form=visit.form_or(ADD))

@SCREENS.post("/my/contacts", who=Who.PERSON)
async def add(visit: Visit) -> Answer:
    filled = await visit.read(ADD)  # a mistake shows `contacts` again, 422, with what was typed
    await visit.act(lambda desk: ...)
    return Redirect("/my/contacts", visit.words("Added."))
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from itertools import chain
from typing import Any, TypeVar

from starlette.responses import Response

from node.context import Node
from node.desk import Desk
from node.domain.accounts import Account
from node.store.ports import Preferences, Session
from node.web.fields import Typed
from node.web.forms import Filled, Form
from node.web.gate import Gate, TooMany
from node.web.i18n import Locale, Words
from node.web.sessions import FRESH

__all__ = [
    "Answer",
    "ConfirmFirst",
    "Download",
    "Forbidden",
    "GoTo",
    "Handler",
    "Live",
    "LogInFirst",
    "Missing",
    "Page",
    "Redirect",
    "Screen",
    "Screens",
    "TooMany",
    "Viewer",
    "Visit",
    "Who",
    "is_local",
]

T = TypeVar("T")

_LOCAL = re.compile(r"/(?:my|setup)(?:[/?][!-\[\]-~]*)?", re.ASCII)


def is_local(path: str) -> bool:
    """Whether an address is one of our private pages, so that a page may send somebody there (`U03`)."""
    return len(path) <= 2000 and bool(_LOCAL.fullmatch(path)) and "//" not in path.partition("?")[0]


class Who(Enum):
    """For whom a screen is."""

    ANYBODY = "anybody"
    SETTING_UP = "setting up"
    """Whoever came in by the set-up link; an owner who has just set up, too."""
    OWNER = "owner"
    PERSON = "person"
    VENDOR = "vendor"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who reads: the account, the session of this browser, and how they like their pages."""

    account: Account
    session: Session
    preferences: Preferences


# --- answers ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """A template with its view. htmx is given the block `fragment` alone, where one is named."""

    template: str
    view: Any = None
    form: Filled | None = None
    fragment: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redirect:
    """303 to a page of ours, which says `flash` once. After every act that went well."""

    to: str
    flash: str = ""
    tone: str = "good"


@dataclass(frozen=True, slots=True)
class Download:
    """A file to be saved under a name, never shown by the browser."""

    body: bytes | AsyncIterator[bytes] = field(repr=False)
    name: str
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Live:
    """A stream that says `changed` whenever `watch` gives another value; its page then asks for its part.

    It goes on from the mark in `?since=` (`events.mark_of`), so that nothing is missed in between.
    """

    watch: Callable[[Desk], Any]


Answer = Page | Redirect | Download | Live | Response
Handler = Callable[["Visit"], Awaitable[Answer]]


# --- what ends a visit ------------------------------------------------------------------------------------


class Missing(Exception):
    """There is no such thing, or none of this viewer's: 404, the same for both."""


class Forbidden(Exception):
    """This viewer may not; the words say why and what to do: 403."""


class LogInFirst(Exception):
    """Nobody is logged in, or no longer."""


class GoTo(Exception):
    """The way leads elsewhere first: to a page of ours."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class ConfirmFirst(Exception):
    """The owner is asked to prove again who they are, then brought to the page `back`."""

    def __init__(self, back: str) -> None:
        super().__init__(back)
        self.back = back


# --- the visit --------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Visit:
    """One request to a screen.

    Shapes: `path` is as it was spelt; `params` are the parts of it that the screen's pattern names; `query`
            and `cookies` are as they came. `form` is set where a form was refused and its page is shown
            again.
    """

    node: Node
    method: str
    path: str
    params: Mapping[str, str]
    query: Typed
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    locale: Locale
    gate: Gate
    receive_form: Callable[[Form], Awaitable[Filled]]
    browser: str = ""
    """What only this browser has: the cookie that form tokens and challenges are bound to."""
    session: Session | None = None
    account: Account | None = None
    preferences: Preferences | None = None
    form: Filled | None = None
    filled: Filled | None = None
    """The form that was read last, for what a use case refuses of it."""
    back: str = "/my"
    """A page that can be opened again: this one, or the nearest above it."""
    is_shown: bool = False
    """Whether the page shows the refused form; else the frame says above it what is wrong."""
    cookies_set: list[str] = field(default_factory=list)
    """Set-Cookie headers for the answer; the screens that log in and out alone add some."""

    @property
    def words(self) -> Words:
        """`_ = visit.words`, then `_("…")`."""
        return self.locale.words

    @property
    def now(self) -> datetime:
        return self.node.now()

    @property
    def viewer(self) -> Viewer:
        """Who reads. Raises: LogInFirst."""
        if self.session is None or self.account is None or self.preferences is None:
            raise LogInFirst
        return Viewer(self.account, self.session, self.preferences)

    @property
    def is_fragment(self) -> bool:
        """Whether htmx asks for a part of the page; a boosted link asks for all of it."""
        headers = self.headers
        return headers.get("hx-request") == "true" and headers.get("hx-boosted") != "true"

    async def look(self, view: Callable[[Desk], T]) -> T:
        """Read in one transaction."""
        return await self.node.look(view)

    async def act(self, use_case: Callable[[Desk], T]) -> T:
        """Run a use case in one transaction, durably, and wake the worker for what it sends."""
        return await self.node.work(use_case)

    async def read(self, form: Form) -> Filled:
        """The posted form. Raises: FormRefused, BadForm; leave both to the frame."""
        self.filled = await self.receive_form(form)
        return self.filled

    def form_or(self, form: Form, shown: Mapping[str, Any] | None = None) -> Filled:
        """For the page of a form: what was refused just now, else the form with `shown` in it."""
        if self.form is not None and self.form.form is form:
            self.is_shown = True
            return self.form
        return form.blank(shown)

    def confirmed(self, back: str = "", *, within: timedelta = FRESH) -> None:
        """Have the owner proven who they are at most five minutes ago.

        Shapes: `back` is the page to return to, by default this one; name a page that GET answers.
        Raises: ConfirmFirst; leave it to the frame.
        """
        at = self.viewer.session.confirmed_at
        if at is None or not timedelta(0) <= self.now - at <= within:
            raise ConfirmFirst(back or self.path)


# --- the table of screens ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Screen:
    """What answers one method at one path.

    Shapes: `path` is Starlette's pattern. `again` shows the page of a refused form. With `upload_bytes` files
            up to that size may come along.
    """

    method: str
    path: str
    run: Handler
    who: Who
    again: Handler | None = None
    upload_bytes: int = 0


class Screens:
    """Screens by path. A method that stands twice at one path is refused when the table is put together.

    A person's and a vendor's screen may share a path: who reads decides.
    """

    def __init__(self, *parts: Screens) -> None:
        self._by_place: dict[tuple[str, str], tuple[Screen, ...]] = {}
        for part in parts:
            for screen in part:
                self._add(screen)

    def __iter__(self) -> Iterator[Screen]:
        return chain.from_iterable(self._by_place.values())

    def _add(self, screen: Screen) -> None:
        place = screen.path, screen.method
        there = self._by_place.get(place, ())
        if there and {screen.who, *(other.who for other in there)} != {Who.PERSON, Who.VENDOR}:
            raise ValueError(f"two screens answer {screen.method} {screen.path}")
        if len(there) > 1:
            raise ValueError(f"three screens answer {screen.method} {screen.path}")
        self._by_place[place] = (*there, screen)

    def get(self, path: str, *, who: Who = Who.OWNER) -> Callable[[Handler], Handler]:
        """Let the decorated function show a page."""

        def register(run: Handler) -> Handler:
            self._add(Screen("GET", path, run, who))
            return run

        return register

    def post(
        self, path: str, *, who: Who = Who.OWNER, again: Handler | None = None, upload_bytes: int = 0
    ) -> Callable[[Handler], Handler]:
        """Let the decorated function act.

        Shapes: `again` shows a refused form again, by default what answers GET at the same path, which stands
                above. `upload_bytes` is how large a file of it may be; a form without a file needs none.
        """
        pages = self._by_place.get((path, "GET"), ())
        shown = next((page for page in pages if page.who is who), pages[0] if pages else None)
        back = again or (shown.run if shown is not None else None)

        def register(run: Handler) -> Handler:
            self._add(Screen("POST", path, run, who, back, upload_bytes))
            return run

        return register
