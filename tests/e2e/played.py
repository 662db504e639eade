"""A played host on a real port: its actors' documents are served, what is sent to them is kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from federation.messages import HttpMessage, JsonObject
from tests.security.peers import Host

__all__ = ["Audience", "PlainHost", "audience_at"]


class PlainHost(Host):
    """A played server without TLS."""

    @property
    def base(self) -> str:
        return f"http://{self.name}"


class Audience(ThreadingHTTPServer):
    """Serves one played host; `heard` holds the JSON of each POST, written before it is acknowledged."""

    daemon_threads = True

    def __init__(self, port: int, host: Host) -> None:
        super().__init__(("127.0.0.1", port), _Asked)
        self.host = host
        self.heard: list[JsonObject] = []
        self.news = threading.Event()
        """Set whenever something is heard."""


class _Asked(BaseHTTPRequestHandler):
    server: Audience
    protocol_version = "HTTP/1.0"  # one request a connection: nothing is held open for a node that dies

    def do_GET(self) -> None:
        answer = self.server.host.answer(HttpMessage.request("GET", f"{self.server.host.base}{self.path}"))
        self._say(answer.status, answer.headers, answer.body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.heard.append(json.loads(body))
        self.server.news.set()
        self._say(202, (), b"")

    def _say(self, status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> None:
        try:
            self.send_response_only(status)
            for name, value in (*headers, ("content-length", str(len(body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            return  # whoever asked was killed before it heard

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        return None


@contextmanager
def audience_at(port: int, host: Host) -> Iterator[Audience]:
    """A played host that serves while the context lasts."""
    audience = Audience(port, host)
    thread = threading.Thread(target=audience.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield audience
    finally:
        audience.shutdown()
        thread.join()
        audience.server_close()
