"""`node.examine` at servers of other makes, and at our own over HTTPS."""

from __future__ import annotations

import pytest

from federation.messages import JsonObject
from node.demo.neighbour import Neighbour
from tests.interop.peers import Street

pytestmark = [pytest.mark.slow, pytest.mark.processes]


def troubles(report: JsonObject) -> set[tuple[str, str]]:
    return {(one["what"], one["state"]) for one in report["findings"] if one["state"] != "ok"}


def seen(report: JsonObject, what: str) -> str:
    return next(str(one["detail"]) for one in report["findings"] if one["what"] == what)


def test_doctor_finds_nothing_to_mend_at_our_own_nodes_over_https(street: Street) -> None:
    for who in (street.ana.handle, street.shop.handle, f"{street.shop.url}/@south"):
        report = street.ana.ask("node.examine", who=who)
        assert (report["healthy"], troubles(report)) == (True, set()), who
        assert "TLSv1.3" in seen(report, "TLS")


def test_doctor_has_nothing_to_say_against_a_server_of_another_make(
    street: Street, fedify: Neighbour
) -> None:
    report = street.ana.ask("node.examine", who=fedify.handle("mia"))
    assert (report["healthy"], troubles(report)) == (True, set())
    is_closed = fedify.plan.authorized_fetch
    assert ("signed fetches only" in seen(report, "unsigned fetch")) == is_closed
    assert seen(report, "RFC 9421 fetch") == "the document came"
    assert seen(report, "Multikey").endswith("in good form")


def test_doctor_says_of_whom_a_server_does_not_know_that_the_handle_is_not_there(
    street: Street, fedify: Neighbour
) -> None:
    report = street.ana.ask("node.examine", who=fedify.handle("nobody"))
    assert troubles(report) == {("WebFinger", "failed")}
