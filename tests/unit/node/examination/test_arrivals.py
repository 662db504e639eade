"""A message that is looked out for is kept as it came, and no other is."""

from __future__ import annotations

from federation.messages import HttpMessage
from node.examination.arrivals import MARK_HEADER, Arrivals

MARK = "3f9a1c"


def message(body: bytes = b"{}", mark: str = "") -> HttpMessage:
    return HttpMessage.request("POST", "https://ana.example/inbox", {MARK_HEADER: mark} if mark else {}, body)


def test_marked_message_is_kept_as_it_came_whichever_mark_survived() -> None:
    arrivals = Arrivals()
    for came in (
        message(mark=MARK),
        message(b'{"id":"#' + MARK.encode() + b'"}'),
    ):
        with arrivals.of(MARK) as arrival:
            arrivals.came(message())
            assert arrival.message is None
            arrivals.came(came)
            assert arrival.message is came


def test_nothing_is_kept_once_nobody_looks_out() -> None:
    arrivals = Arrivals()
    with arrivals.of(MARK) as arrival:
        pass
    arrivals.came(message(mark=MARK))
    assert arrival.message is None
