"""Each check of the soak finds the fault that it is there for, and finds none where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.soak.books import Line
from tests.soak.checker import CHECKS, Account, check
from tests.soak.conftest import OURS, STRANGE, TESS, a_line
from tests.soak.gauges import Gauge, Sample, slope_of
from tests.soak.journal import Journal, read_journal
from tests.soak.plan import Limits

Make = Callable[[], Account]


def lose(account: Account, node: str, deal: str, kind: str) -> Line:
    """Take one line out of a node's book."""
    lines = account.books[node].lines
    (line,) = [one for one in lines if (one.deal, one.kind) == (deal, kind)]
    lines.remove(line)
    return line


def put(account: Account, node: str, line: Line) -> None:
    account.books[node].lines.append(line)


def test_account_without_fault_passes_every_check(an_account: Make) -> None:
    assert check(an_account()) == {name: [] for name in CHECKS}


def damaged(account: Account) -> None:
    account.books["north"].integrity = "row 7 missing from index"


def forgotten(account: Account) -> None:
    lose(account, "north", STRANGE, "accept")


def altered(account: Account) -> None:
    put(account, "north", replace(lose(account, "north", STRANGE, "accept"), digest="zother"))


def unfollowed(account: Account) -> None:
    account.books["north"].followers.clear()


def uncast(account: Account) -> None:
    account.said.intents |= {"another", "and another"}


def made_up(account: Account) -> None:
    put(account, "north", a_line(STRANGE, "decline", "in", TESS))


def heard_of_nobody(account: Account) -> None:
    account.said.heard["http://north.localhost:1/x"] = {"kind": "offer", "deal": STRANGE, "digest": "z"}


def lost_on_the_way(account: Account) -> None:
    lose(account, "ana", OURS, "conclude")


def never_left(account: Account) -> None:
    account.books["north"].delivered.clear()
    lose(account, "ana", OURS, "conclude")


def not_done(account: Account) -> None:
    lose(account, "ana", OURS, "accept")


def done_twice(account: Account) -> None:
    put(account, "ana", replace(a_line(OURS, "accept", "out", "http://ana.localhost:1/p/one"), activity="2"))


def stored_twice(account: Account) -> None:
    put(account, "north", account.books["north"].lines[0])


def acted_twice(account: Account) -> None:
    account.books["north"].notices[(STRANGE, "accept")] = 2


def other_words(account: Account) -> None:
    account.said.changed.append("http://north.localhost:1/x")


def offered_twice(account: Account) -> None:
    put(account, "north", replace(a_line(STRANGE, "offer", "out", TESS), activity="2"))


def not_concluded(account: Account) -> None:
    lose(account, "north", STRANGE, "conclude")


def refused(account: Account) -> None:
    put(account, "north", replace(lose(account, "north", OURS, "accept"), refused="expired: too late"))


def refused_in_words(account: Account) -> None:
    account.said.heard["x"] = {"kind": "refuse", "deal": STRANGE, "digest": "z", "reason": "obv:limit"}


def answered_500(account: Account) -> None:
    account.said.statuses[500] += 1


def agreed_otherwise(account: Account) -> None:
    put(account, "ana", replace(lose(account, "ana", OURS, "conclude"), digest="zother"))


def ended_otherwise(account: Account) -> None:
    account.books["ana"].deals[OURS] = "expired"


def known_to_nobody(account: Account) -> None:
    del account.books["north"].deals[OURS]


def concluded_what_nobody_accepted(account: Account) -> None:
    account.said.heard["x"] = {"kind": "conclude", "deal": STRANGE, "digest": "z", "acceptDigest": "zno"}


def concluded_twice(account: Account) -> None:
    (first,) = [line for line in account.said.heard.values() if line["kind"] == "conclude"]
    account.said.heard["x"] = first


def conclusion_never_heard(account: Account) -> None:
    account.said.heard.clear()


def sold_too_much(account: Account) -> None:
    account.books["north"].stock["KID"] = ("97", "0")


def held_back(account: Account) -> None:
    account.books["north"].stock["KID"] = ("98", "1")


def unread(account: Account) -> None:
    account.books["north"].inbox["pending"] = 1


def buried(account: Account) -> None:
    account.books["north"].buried.append("ValueError: no")


def stuck(account: Account) -> None:
    account.books["ana"].stuck.append("queued")


def logged(account: Account) -> None:
    logs = account.logs
    assert isinstance(logs, dict)
    logs["ana"] = '{"event": "claim failed", "level": "error"}\n'


FAULTS = {
    "databases are whole": (damaged,),
    "acknowledged is stored": (forgotten, altered, unfollowed, uncast),
    "stored was sent": (made_up, altered, heard_of_nobody),
    "delivered is stored": (lost_on_the_way, never_left),
    "commands acted once": (not_done, done_twice),
    "one effect an id": (stored_twice, acted_twice, other_words),
    "one answer each": (offered_twice, not_concluded),
    "nothing is refused": (refused, refused_in_words, answered_500),
    "both hold the same agreements": (
        agreed_otherwise,
        ended_otherwise,
        known_to_nobody,
        concluded_what_nobody_accepted,
        concluded_twice,
        conclusion_never_heard,
    ),
    "stock is conserved": (sold_too_much, held_back),
    "no lane is stuck": (unread, buried, stuck),
    "no error was logged": (logged,),
}


@pytest.mark.parametrize(("name", "harm"), [(name, harm) for name, harms in FAULTS.items() for harm in harms])
def test_fault_is_found(an_account: Make, name: str, harm: Callable[[Account], None]) -> None:
    account = an_account()
    harm(account)
    assert check(account)[name], f"{harm.__name__} was not found"


def test_every_check_has_a_fault_that_it_finds() -> None:
    assert {*FAULTS, "memory and descriptors are flat"} == {*CHECKS}


def test_deal_that_does_not_end_and_waits_for_nothing_is_found(an_account: Make) -> None:
    account = replace(an_account(), unended={OURS: "Bicycle 0: offered"}, unheard=3)
    assert len(check(account)["no lane is stuck"]) == 2


def test_deal_with_a_message_that_visibly_waits_may_stand_otherwise(an_account: Make) -> None:
    account = replace(an_account(), unended={OURS: "Bicycle 0: concluded"})
    late = lose(account, "ana", OURS, "conclude")
    account.books["ana"].deals[OURS] = "accepting"
    account.books["ana"].notices[(OURS, "conclude")] = 0
    north = account.books["north"]
    north.delivered.clear()
    north.waiting[late.activity] = "queued after 3 tries: no answer"
    assert check(account) == {name: [] for name in CHECKS}


# --- flat ---------------------------------------------------------------------------------------------------


def gauge(*lives: tuple[float, float]) -> Gauge:
    """A node's samples: each life starts at a level and grows by so much a minute, over 20 minutes."""
    home: object = None
    found = Gauge(home)  # type: ignore[arg-type]  # nobody is looked at here
    for pid, (level, growth) in enumerate(lives):
        found.samples += [
            Sample(pid, at, at, level + growth * at / 60, 30, 1.0) for at in range(0, 20 * 60, 10)
        ]
    return found


def test_growth_is_found_over_lives_of_different_levels(an_account: Make) -> None:
    grows = replace(an_account(), gauges={"ana": gauge((80, 1.5), (120, 1.3), (70, 1.4))})
    (words,) = check(grows)["memory and descriptors are flat"]
    assert "memory_mb +1.40 a minute" in words


def test_memory_that_stays_at_different_levels_is_flat(an_account: Make) -> None:
    level = replace(an_account(), gauges={"ana": gauge((80, 0), (120, 0.1), (70, -0.1))})
    assert check(level)["memory and descriptors are flat"] == []


def test_too_many_descriptors_are_found(an_account: Make) -> None:
    account = replace(an_account(), gauges={"ana": gauge((80, 0))}, limits=Limits(descriptors=29))
    assert check(account)["memory and descriptors are flat"] == ["ana held 30 descriptors"]


def test_slope_of_too_short_lives_says_nothing() -> None:
    assert slope_of([[(0.0, 1.0), (1.0, 99.0)], []]).minutes == 0


# --- the journal --------------------------------------------------------------------------------------------


def test_line_of_the_journal_is_in_the_file_when_write_returns(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    try:
        for number in range(3):
            journal.write(send=f"a{number}")
            assert [line["send"] for line in read_journal(journal.path)][-1] == f"a{number}"
        assert journal.syncs == 3
    finally:
        journal.close()
