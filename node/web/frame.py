"""The private pages as one ASGI application: who is there, whose form it is, which screen, what went wrong.

request → framed? → session → screen → whose form? → for whom? → its handler → Answer → response
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from node.context import Node
from node.desk import Desk
from node.domain.accounts import Account, AccountKind
from node.domain.errors import InvalidInput, Refusal
from node.services.entering import new_token
from node.store.ports import Flash, Preferences, Session
from node.web.counts import counts_of
from node.web.events import EventStream, Streams
from node.web.fields import Typed
from node.web.forms import (
    FORM_BYTES,
    MOST_FIELDS,
    TOKEN_FIELD,
    BadForm,
    Filled,
    Form,
    FormRefused,
    parse_urlencoded,
)
from node.web.gate import Gate
from node.web.guard import PRIVATE_HEADERS, Cookies, Origin, is_framed, judge_origin, proves, token_of
from node.web.i18n import choose_locale
from node.web.rendering import Frame, render
from node.web.sessions import find_session, is_due, put_flash, see_session, take_flash
from node.web.troubles import Expired, TooLong, trouble_of, unshown, way_back
from node.web.uploads import Uploads
from node.web.visits import (
    Answer,
    Download,
    Forbidden,
    Live,
    Missing,
    Page,
    Redirect,
    Screen,
    Screens,
    Visit,
    Who,
    is_local,
)

__all__ = ["PRIVATE_PATHS", "PrivatePages"]

PRIVATE_PATHS = (
    "/my",
    "/my/{rest:path}",
    "/login",
    "/login/{rest:path}",
    "/logout",
    "/setup",
    "/setup/{rest:path}",
)
_STRANGER_BYTES = 16 * 1024
"""Of a form of somebody who is not logged in."""
_MULTIPART = "multipart/form-data"
_URLENCODED = "application/x-www-form-urlencoded"


class PrivatePages:
    """The ASGI application under `PRIVATE_PATHS`.

    Shapes: `report(what, error)` is told of faults of ours; nobody else is (`security P14`).
    """

    def __init__(
        self,
        node: Node,
        screens: Screens,
        *,
        gate: Gate,
        report: Callable[[str, BaseException], None],
    ) -> None:
        self._node = node
        self._gate = gate
        self._report = report
        self._streams = Streams()
        self._cookies = Cookies(node.config.base_url.startswith("https://"))
        self._routes: dict[str, tuple[Any, Mapping[str, Any], dict[str, list[Screen]]]] = {}
        for screen in screens:
            pattern, _, convertors = compile_path(screen.path)
            there = self._routes.setdefault(screen.path, (pattern, convertors, {}))[2]
            there.setdefault(screen.method, []).append(screen)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        for name, value in PRIVATE_HEADERS.items():
            response.headers.setdefault(name, value)
        if scope["method"] == "HEAD" and not isinstance(response, StreamingResponse):
            response.body = b""
        await response(scope, receive, send)

    # --- the way in ---------------------------------------------------------------------------------------

    async def _answer(self, request: Request) -> Response:
        visit = self._bare_visit(request)
        try:
            if is_framed(visit.headers):
                raise Forbidden(visit.words("These pages are never shown inside others."))
            visit.query = _query_of(request.scope["query_string"])
            visit = await self._recognise(visit)
            self._tell_apart(visit)
            screen, visit.params = self._find(visit)
            if screen is None:
                return self._not_allowed(visit)
            return await self._run(screen, visit, request)
        except ClientDisconnect:
            raise
        except Exception as error:
            return await self._failed(visit, error)

    def _bare_visit(self, request: Request) -> Visit:
        async def nothing(form: Form) -> Filled:
            raise BadForm("only a form that was posted can be read")

        headers = dict(request.headers.items())
        return Visit(
            node=self._node,
            method="GET" if request.method == "HEAD" else request.method,
            path=request.scope["path"],
            params={},
            query=Typed(),
            headers=headers,
            cookies=self._cookies.given(headers.get("cookie", "")),
            locale=choose_locale(None, headers.get("accept-language")),
            gate=self._gate,
            receive_form=nothing,
        )

    async def _recognise(self, visit: Visit) -> Visit:
        """Whose browser this is; that somebody is here is noted, coarsely."""
        token = visit.cookies.get(self._cookies.session, "")
        if not token:
            return visit
        now = visit.now

        def view(desk: Desk) -> tuple[Session, Any, Preferences] | None:
            session = find_session(desk.tx, token, now)
            if session is None:
                return None
            account = desk.tx.accounts.get(session.account) if session.account else None
            return session, account, desk.tx.preferences.get(session.account)

        found = await visit.look(view)
        if found is None:
            return visit
        session, account, preferences = found
        if is_due(session, now):
            await visit.act(lambda desk: see_session(desk, session))
        locale = choose_locale(
            preferences.language or None, visit.headers.get("accept-language"), preferences.time_zone
        )
        return replace(visit, session=session, account=account, preferences=preferences, locale=locale)

    def _find(self, visit: Visit) -> tuple[Screen | None, Mapping[str, str]]:
        """The screen at a path, None where only other methods are answered. Raises: Missing."""
        visit.back = self._page_at_or_above(visit.path)
        found: list[tuple[Screen | None, Mapping[str, str]]] = []
        for pattern, convertors, screens in self._routes.values():
            match = pattern.match(visit.path)
            if match is not None:
                groups = match.groupdict().items()
                params = {name: str(convertors[name].convert(value)) for name, value in groups}
                screen = _fitting(screens.get(visit.method, []), visit.account)
                if screen is not None and _is_for(screen, visit.account):
                    return screen, params
                found.append((screen, params))
        if not found:
            raise Missing
        return found[0]

    def _page_at_or_above(self, path: str) -> str:
        """A page that can be opened again: this one, else the nearest one above it."""
        while is_local(path):
            if any("GET" in screens and p.match(path) for p, _, screens in self._routes.values()):
                return path
            path = path.rpartition("/")[0]
        return "/my"

    async def _run(self, screen: Screen, visit: Visit, request: Request) -> Response:
        if visit.method != "POST":
            self._admit(screen, visit)
            return await self._respond(visit, await screen.run(visit))
        origin = judge_origin(visit.headers, self._node.config.base_url)
        if origin is Origin.FOREIGN:
            raise Expired
        self._admit(screen, visit)
        async with Uploads(self._node.config.data_dir) as uploads:
            typed = await self._typed(screen, visit, request, uploads)
            token = visit.headers.get("x-form-token") or typed.first(TOKEN_FIELD)
            if origin is Origin.UNTOLD and not proves(token, visit.browser):
                raise Expired
            return await self._act(screen, visit, typed)

    async def _act(self, screen: Screen, visit: Visit, typed: Typed) -> Response:
        async def receive_form(form: Form) -> Filled:
            return form.read(typed, visit.locale)

        visit.receive_form = receive_form
        try:
            return await self._respond(visit, await screen.run(visit))
        except FormRefused as error:
            return await self._again(screen, visit, error.filled)
        except (InvalidInput, Refusal) as error:
            filled = visit.filled or Form().blank()
            return await self._again(screen, visit, filled.refused_by(error, visit.locale).filled)

    def _admit(self, screen: Screen, visit: Visit) -> None:
        """Raises: LogInFirst, Forbidden, Missing."""
        if screen.who is Who.ANYBODY:
            return
        if screen.who is Who.SETTING_UP:
            if visit.session is None:
                raise Forbidden(
                    visit.words("This needs a set-up link. The server prints one: obverse setup-link")
                )
            return
        kind = visit.viewer.account.kind
        if screen.who is Who.PERSON and kind is not AccountKind.PERSON:
            raise Forbidden(visit.words("This page is for a person's account."))
        if screen.who is Who.VENDOR and kind is not AccountKind.VENDOR:
            raise Forbidden(visit.words("This page is for a vendor's account."))

    async def _typed(self, screen: Screen, visit: Visit, request: Request, uploads: Uploads) -> Typed:
        content_type = visit.headers.get("content-type", "")
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type == _MULTIPART and screen.upload_bytes:
            typed = await uploads.read(content_type, request.stream(), most_bytes=screen.upload_bytes)
            if typed is None:
                raise TooLong
            return typed
        if media_type not in ("", _URLENCODED):
            raise BadForm(f"{media_type[:50]} is no form")
        most = FORM_BYTES if visit.session is not None else _STRANGER_BYTES
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > most:
                raise TooLong
        return parse_urlencoded(bytes(body))

    def _tell_apart(self, visit: Visit) -> None:
        """Know this browser again when it sends its form, logged in or not."""
        name = self._cookies.session if visit.session is not None else self._cookies.visitor
        visit.browser = visit.cookies.get(name, "")
        if not visit.browser:
            visit.browser = new_token(self._node.seed())
            visit.cookies_set.append(self._cookies.set(name, visit.browser))

    # --- the way out --------------------------------------------------------------------------------------

    async def _again(self, screen: Screen, visit: Visit, filled: Filled) -> Response:
        """The page of a refused form, with what was typed and what is wrong."""
        visit.form = filled
        if screen.again is None:
            return await self._respond(visit, Page("frame/refused.html", way_back(visit), status=422))
        answer = await screen.again(visit)
        if isinstance(answer, Page):
            answer = replace(answer, status=422)
        return await self._respond(visit, answer)

    async def _respond(self, visit: Visit, answer: Answer) -> Response:
        if isinstance(answer, Page):
            response: Response = await self._page(visit, answer)
        elif isinstance(answer, Redirect):
            response = await self._redirect(visit, answer)
        elif isinstance(answer, Download):
            response = _download(answer)
        elif isinstance(answer, Live):
            response = self._stream(visit, answer)
        else:
            response = answer
        for cookie in visit.cookies_set:
            response.headers.append("set-cookie", cookie)
        return response

    async def _page(self, visit: Visit, page: Page) -> Response:
        block = page.fragment if visit.is_fragment else ""
        frame = await self._frame(visit, says=not block)
        html = render(page.template, frame, visit.now, page.view, page.form, block=block)
        return HTMLResponse(html, page.status, {"vary": "HX-Request", **page.headers})

    async def _frame(self, visit: Visit, *, says: bool = True) -> Frame:
        session = visit.session
        flashes: tuple[Flash, ...] = ()
        if says and session is not None and session.flash and visit.method == "GET":
            token_hash = session.token_hash
            flashes = await visit.act(lambda desk: take_flash(desk, token_hash))
        account = None if visit.path.startswith("/setup") else visit.account
        counts: Mapping[str, int] = {}
        if says and account is not None:
            counts = await visit.look(lambda desk: counts_of(desk, account))
        return Frame(
            host=self._node.config.host,
            path=visit.path,
            locale=visit.locale,
            now=self._node.now(),
            token=token_of(visit.browser),
            account=account,
            flashes=flashes,
            trouble=unshown(visit),
            theme=visit.preferences.theme if visit.preferences is not None else "",
            counts=counts,
        )

    async def _redirect(self, visit: Visit, answer: Redirect) -> Response:
        if answer.flash and visit.session is not None:
            token_hash, flash = visit.session.token_hash, Flash(answer.flash, answer.tone)
            await visit.act(lambda desk: put_flash(desk, token_hash, flash))
        if visit.is_fragment:  # htmx would put the next page into a part of this one
            return Response(status_code=204, headers={"hx-redirect": answer.to})
        return Response(status_code=303, headers={"location": answer.to})

    def _stream(self, visit: Visit, live: Live) -> Response:
        """A stream, where there is room for one more; 204 tells the browser not to come again."""
        session = visit.viewer.session.token_hash
        if not self._streams.has_room(session):
            return Response(status_code=204)
        since = visit.headers.get("last-event-id", "") or visit.query.first("since")
        token = visit.browser

        def is_open(desk: Desk) -> bool:
            return find_session(desk.tx, token, desk.now) is not None

        return EventStream(self._node, live.watch, self._streams, session, since=since, is_open=is_open)

    # --- what went wrong ----------------------------------------------------------------------------------

    async def _failed(self, visit: Visit, error: Exception) -> Response:
        try:
            return await self._told(visit, error)
        except Exception as fault:  # what went wrong is for the owner alone
            self._report("page", fault)
            text = visit.words("Something went wrong here. Try again in a moment.")
            return Response(text, 500, {"retry-after": "30"}, "text/plain")

    async def _told(self, visit: Visit, error: Exception) -> Response:
        told = trouble_of(error, visit)
        if isinstance(told, Page):  # the whole page, whatever part was asked for
            visit.headers = {name: value for name, value in visit.headers.items() if name != "hx-request"}
        return await self._respond(visit, told)

    def _not_allowed(self, visit: Visit) -> Response:
        methods = {
            m for pattern, _, screens in self._routes.values() if pattern.match(visit.path) for m in screens
        }
        allow = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
        return Response(status_code=405, headers={"allow": allow})


def _fitting(screens: Sequence[Screen], account: Account | None) -> Screen | None:
    """Of a person's and a vendor's screen at one path that of the viewer's kind, else what is there."""
    return next((screen for screen in screens if _is_for(screen, account)), screens[0] if screens else None)


def _is_for(screen: Screen, account: Account | None) -> bool:
    """Whether a screen is not for the other kind: theirs may lie at the same path, spelt otherwise."""
    other = Who.PERSON if account is not None and account.kind is AccountKind.VENDOR else Who.VENDOR
    return screen.who is not other


def _query_of(raw: bytes) -> Typed:
    """What stands behind the question mark. Raises: BadForm for more than any link of ours has."""
    try:
        pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise BadForm("this is no query of ours") from None
    return Typed.of(pairs)


def _download(answer: Download) -> Response:
    name = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in answer.name)[:100]
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    if isinstance(answer.body, bytes):
        return Response(answer.body, 200, headers, answer.media_type)
    return StreamingResponse(answer.body, 200, headers, answer.media_type)
