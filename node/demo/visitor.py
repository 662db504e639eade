"""Somebody at the pages of a node, by nothing but HTTP: for what a form alone can say."""

from __future__ import annotations

import html
import http.client
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit

from node.demo.stage import Player
from node.demo.waiting import StepFailed

__all__ = ["Visitor", "connect", "visiting"]

FETCH_S = 10.0
MOST_BYTES = 1024 * 1024


def connect(player: Player) -> http.client.HTTPConnection:
    """A connection to a node's address on this machine, under its own name."""
    tls = player.network.tls
    if tls is None:
        return http.client.HTTPConnection("127.0.0.1", player.port, timeout=FETCH_S)
    context = ssl.create_default_context(cafile=str(tls.ca_file))
    return http.client.HTTPSConnection("127.0.0.1", player.port, timeout=FETCH_S, context=context)


class Visitor:
    """Whoever owns a node, logged in at its pages. Raises: StepFailed where a page answers otherwise."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._cookie = ""

    def log_in(self) -> None:
        """By a one-time link, as whoever runs the server does it."""
        link = urlsplit(str(self._player.ask("login.link")["url"]))
        token = link.query.removeprefix("token=")
        self.send(link.path, {"token": token})

    def open(self, path: str) -> str:
        """The page there."""
        status, _, body = self._ask("GET", path, "")
        if status != http.client.OK:
            raise StepFailed(f"{self._player.url}{path} answers {status}")
        return body

    def field_of(self, path: str, name: str) -> str:
        """What stands in the first field of this name on a page."""
        found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', self.open(path))
        if found is None:
            raise StepFailed(f"{self._player.url}{path} has no field {name}")
        return html.unescape(found[1])

    def send(self, path: str, fields: Mapping[str, str]) -> str:
        """Send a form; where it leads."""
        status, leads_to, _ = self._ask("POST", path, urlencode(fields))
        if status != http.client.SEE_OTHER:
            raise StepFailed(f"the form at {self._player.url}{path} answers {status}")
        return leads_to

    def _ask(self, method: str, path: str, body: str) -> tuple[int, str, str]:
        headers = {"Host": self._player.host, "Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
        headers |= {"Cookie": self._cookie} if self._cookie else {}
        headers |= {"Content-Type": "application/x-www-form-urlencoded"} if method == "POST" else {}
        connection = connect(self._player)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            text = answer.read(MOST_BYTES).decode()
        finally:
            connection.close()
        for given in answer.msg.get_all("Set-Cookie", []):
            name_and_value = given.partition(";")[0]
            if name_and_value.partition("=")[0].endswith("session"):
                self._cookie = name_and_value
        return answer.status, answer.getheader("Location", ""), text


@contextmanager
def visiting(player: Player) -> Iterator[Visitor]:
    """Logged in for as long as this lasts; no session is left behind."""
    visitor = Visitor(player)
    visitor.log_in()
    try:
        yield visitor
    finally:
        visitor.send("/logout", {})
