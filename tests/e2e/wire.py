"""The wire between two nodes: passes each request on, waits for a node that is down, keeps a journal.

The journal holds what was acknowledged: the ids of the activities that a node answered with 202, written down
outside of any node. Where a node dies with a request in its hands, the wire by turns breaks the connection,
as a network would, or passes the request on again when the node is back, as a sender that never knew would.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random

__all__ = ["Wire", "wire_to"]

WAIT_S = 8.0
POLL_S = 0.02
ANSWER_S = 15.0
OF_THE_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"})


class Wire(ThreadingHTTPServer):
    """Listens where the node's address says; the node itself is bound to `node_port`."""

    daemon_threads = False

    def __init__(self, port: int, node_port: int, dice: Random) -> None:
        super().__init__(("127.0.0.1", port), _Passing)
        self.node_port = node_port
        self.dice = dice
        self.acknowledged: list[str] = []
        self.broken = 0
        self.busy = threading.Event()
        """Set whenever a request passes."""


class _Passing(BaseHTTPRequestHandler):
    server: Wire
    protocol_version = "HTTP/1.0"  # one request a connection: nothing is held open for a node that dies

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.busy.set()
        answer = self._answer(body)
        self.close_connection = True
        if answer is None:
            self.server.broken += 1
            return
        status, headers, content = answer
        if self.command == "POST" and status == 202:
            self.server.acknowledged.append(json.loads(body)["id"])
        try:
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except ConnectionError:
            return  # the sender was killed before it heard

    do_GET = do_POST = _pass  # noqa: N815 (the base class names them so)

    def _answer(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes] | None:
        """The node's answer; None where the connection is to break."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            try:
                return self._ask(body)
            except ConnectionRefusedError:
                time.sleep(POLL_S)
            except (OSError, http.client.HTTPException):  # it died with the request in its hands
                if self.command == "POST" and self.server.dice.random() < 0.5:
                    return None
        return None

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.node_port, timeout=ANSWER_S)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "keep-alive"):
                    connection.putheader(name, value)
            connection.putheader("connection", "close")
            connection.endheaders(body)
            found = connection.getresponse()
            headers = [(name, value) for name, value in found.getheaders() if name.lower() not in OF_THE_HOP]
            return found.status, headers, found.read()
        finally:
            connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        return None


@contextmanager
def wire_to(port: int, node_port: int, dice: Random) -> Iterator[Wire]:
    """A wire that runs while the context lasts."""
    wire = Wire(port, node_port, dice)
    thread = threading.Thread(target=wire.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield wire
    finally:
        wire.shutdown()
        thread.join()
        wire.server_close()
