"""A browser without scripts, over an application in this process: cookies, forms, redirects, headers.

It fills in the forms that a page has, as they stand in its HTML: a test can only do what a person can.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import anyio

__all__ = ["Browser", "FoundForm", "Seen"]


PATIENCE_S = 1.0
"""So long an answer may go on coming: a stream of news is left then, a file has come by then."""


@dataclass
class FoundForm:
    """One form of a page: where it leads, and what stands in its fields."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    is_multipart: bool = False
    is_hidden: bool = False


class _Reader(HTMLParser):
    """Collects forms, links, headings and words of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[FoundForm] = []
        self.links: dict[str, str] = {}
        self.text: list[str] = []
        self._form: FoundForm | None = None
        self._area: list[str] | None = None
        self._select = ""
        self._link: tuple[str, list[str]] | None = None
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self._form = FoundForm(given.get("action", ""), given.get("method", "get"))
            self._form.is_multipart = given.get("enctype") == "multipart/form-data"
            self._form.is_hidden = "hidden" in given
            self.forms.append(self._form)
        elif tag in ("script", "style"):
            self._hidden += 1
        elif tag == "a" and "href" in given:
            self._link = given["href"], []
        elif self._form is not None and name:
            self._form.names.add(name)
            if tag == "textarea":
                self._area = []
            elif tag == "select":
                self._select = name
            elif tag == "input" and given.get("type") not in ("submit", "file") and _counts(given):
                self._form.fields.append((name, given.get("value", "on")))
        if tag == "option" and self._form is not None and self._select and "selected" in given:
            self._form.fields.append((self._select, given.get("value", "")))
        if tag == "textarea":
            self._area_name = name

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag in ("script", "style"):
            self._hidden -= 1
        elif tag == "select":
            self._select = ""
        elif tag == "a" and self._link is not None:
            href, words = self._link
            self.links.setdefault(" ".join("".join(words).split()), href)
            self._link = None
        elif tag == "textarea" and self._area is not None and self._form is not None:
            self._form.fields.append((self._area_name, "".join(self._area).removeprefix("\n")))
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.append(data)
        elif not self._hidden:
            self.text.append(data)
        if self._link is not None:
            self._link[1].append(data)


def _counts(given: dict[str, str]) -> bool:
    return given.get("type") not in ("checkbox", "radio") or "checked" in given


@dataclass(frozen=True)
class Seen:
    """An answer, as a browser has it."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    @property
    def html(self) -> str:
        return self.body.decode()

    @property
    def read(self) -> _Reader:
        reader = _Reader()
        reader.feed(self.html)
        return reader

    @property
    def words(self) -> str:
        """What stands on the page, without markup."""
        return " ".join(" ".join(self.read.text).split())

    def form(self, action: str = "") -> FoundForm:
        """The form that leads to `action`, else the first without scripts that is not the log-out."""
        found = self.read.forms
        shown = [one for one in found if not one.is_hidden and one.action != "/logout"]
        forms = [one for one in found if one.action == action] if action else shown
        assert forms, f"{self.url} has no form to {action!r}; {[one.action for one in found]}"
        return forms[0]


class Browser:
    """One browser. `says` are headers that it adds to each request, such as Sec-Fetch-Site."""

    def __init__(self, app: Any, base: str, *, says: dict[str, str] | None = None) -> None:
        self._app = app
        self._base = base
        self.says = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0", **(says or {})}
        self.cookies: dict[str, str] = {}
        self.at = Seen(base, 0, (), b"")

    async def get(self, path: str, *, follow: bool = True, **headers: str) -> Seen:
        return await self._go("GET", path, b"", headers, follow)

    async def head(self, path: str) -> Seen:
        return await self._go("HEAD", path, b"", {}, False)

    async def post(self, path: str, values: Any = (), *, follow: bool = True, **headers: str) -> Seen:
        """Send a form that no page has, as an attacker would."""
        body = values if isinstance(values, bytes) else urlencode(list(dict(values).items())).encode()
        kind = {"content_type": "application/x-www-form-urlencoded", **headers}
        return await self._go("POST", path, body, kind, follow)

    async def submit(
        self, values: dict[str, Any] | None = None, action: str = "", *, follow: bool = True, **headers: str
    ) -> Seen:
        """Fill in a form of the page that is open and send it; only fields that it has can be filled."""
        form = self.at.form(action)
        given = values or {}
        unknown = set(given) - form.names
        assert not unknown, f"the form has no {unknown}; it has {form.names}"
        pairs = [pair for pair in form.fields if pair[0] not in given]
        for name, value in given.items():
            pairs += [(name, one) for one in (value if isinstance(value, list) else [value])]
        path = form.action or self.at.url.removeprefix(self._base)
        kind = {"content_type": "application/x-www-form-urlencoded", **headers}
        if form.is_multipart:
            body, kind["content_type"] = _multipart(pairs)
        else:
            body = urlencode(pairs).encode()
        return await self._go("POST", path, body, kind, follow)

    async def _go(self, method: str, path: str, body: bytes, headers: dict[str, str], follow: bool) -> Seen:
        seen = await self._ask(method, path, body, headers)
        for _ in range(5):
            if not follow or seen.status != 303:
                break
            target = urljoin(seen.url, seen.header("location"))
            assert target.startswith(self._base + "/"), f"sent away to {target}"
            seen = await self._ask("GET", target.removeprefix(self._base), b"", {})
        self.at = seen
        return seen

    async def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Seen:
        parts = urlsplit(self._base + path)
        given = {**self.says, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.cookies:
            given["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if method == "POST":
            given["content-length"] = str(len(body))
        lines = [("host", parts.netloc), *given.items()]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": parts.scheme,
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in lines],
            "client": ("192.0.2.7", 50000),
            "server": (parts.hostname, 443),
        }
        waiting = [body[start : start + 60_000] for start in range(0, len(body), 60_000)] or [b""]
        answered: dict[str, Any] = {"status": 0, "headers": (), "body": b"", "whole": anyio.Event()}

        async def receive() -> dict[str, Any]:
            if not waiting:
                with anyio.move_on_after(PATIENCE_S):
                    await answered["whole"].wait()
                return {"type": "http.disconnect"}
            chunk = waiting.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answered["status"] = message["status"]
                answered["headers"] = tuple((n.decode().lower(), v.decode()) for n, v in message["headers"])
            else:
                answered["body"] += message.get("body", b"")
                if not message.get("more_body", False):
                    answered["whole"].set()

        await self._app(scope, receive, send)
        self._keep(answered["headers"])
        return Seen(self._base + path, answered["status"], answered["headers"], answered["body"])

    def _keep(self, headers: tuple[tuple[str, str], ...]) -> None:
        for name, value in headers:
            if name == "set-cookie":
                key, _, rest = value.partition("=")
                held = rest.partition(";")[0]
                if held and "max-age=0" not in value.lower():
                    self.cookies[key] = held
                else:
                    self.cookies.pop(key, None)


def _multipart(pairs: list[tuple[str, Any]]) -> tuple[bytes, str]:
    """A multipart body; a value that is bytes is sent as a file."""
    boundary = "----browsing"
    parts = []
    for name, value in pairs:
        if isinstance(value, bytes):
            head, data = f'Content-Disposition: form-data; name="{name}"; filename="file"', value
            head += "\r\nContent-Type: application/octet-stream"
        else:
            head, data = f'Content-Disposition: form-data; name="{name}"', str(value).encode()
        parts.append(f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
