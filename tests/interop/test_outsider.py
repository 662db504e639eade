"""The part of the demo that a user of another server plays, in this process and against HTTPS."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from node.demo.neighbour import Neighbour
from node.demo.outsider import Outsider
from node.demo.waiting import StepFailed
from node.demo.words import Teller
from tests.interop.peers import Street

pytestmark = [pytest.mark.slow, pytest.mark.processes]


@pytest.fixture
def usual(street: Street) -> Neighbour:
    return street.neighbour("usual")


def test_an_outsider_meets_a_shop_from_its_feed_to_a_sale(street: Street, usual: Neighbour) -> None:
    said = io.StringIO()
    outsider = Outsider(street.stage, usual, Teller(Console(file=said, width=200)))
    feedback = street.ana.ask("post.new", text="They set the saddle at my door.")
    outsider.play(feedback["url"])
    lines = said.getvalue().splitlines()
    assert len(lines) == 9
    assert [" ok " in line for line in lines].count(True) == 8, "a post that is fetched comes unsigned"
    assert [whose for whose, _ in outsider.leave_alive()] == ["Ana", "South"]
    assert outsider.page == f"{usual.plan.origin}/@ben"
    shown = usual.act("fetch", url=outsider.page, accept="text/html")
    assert (shown["status"], "We are open until nine" in shown["text"]) == (200, True)
    usual.act("unfollow", user="ben", whom=street.shop.actor)


def test_an_outsider_who_reads_something_else_says_so(street: Street, usual: Neighbour) -> None:
    outsider = Outsider(street.stage, usual, Teller(Console(file=io.StringIO())))
    other = street.ana.ask("post.new", text="Something else.")
    with pytest.raises(StepFailed, match="an ordinary Note"):
        outsider.play(other["url"])
    assert outsider.now_at == "Ben opens Ana's feedback"
    usual.act("unfollow", user="ben", whom=street.shop.actor)
