"""`obverse talk`: what is said, answered, quoted and sold, as a vendor reads it in a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.node.cli.conftest import Obverse


def say(obverse: Obverse, text: str) -> None:
    """Ana writes to the shop of the same node, as to anybody."""
    said = obverse("post", "new", text, "--visibility", "direct", "--to", "@shop@ana.example", "--as", "ana")
    assert said.code == 0, said.err


def the_talk(obverse: Obverse, account: str = "shop") -> dict[str, Any]:
    listed = obverse("talk", "list", "--as", account, "--json").json["threads"]
    assert len(listed) == 1, listed
    thread: dict[str, Any] = listed[0]
    return thread


def test_nobody_has_written_and_nothing_was_quoted(obverse: Obverse) -> None:
    assert "Nobody has written yet." in obverse("talk", "list", "--as", "shop").out
    assert "No quotes yet." in obverse("talk", "quotes", "--as", "shop").out
    missing = obverse("talk", "show", "nowhere", "--as", "shop")
    assert (missing.code, "there is no conversation 'nowhere'" in missing.err) == (2, True)


def test_conversation_is_listed_shown_answered_and_put_away(obverse: Obverse) -> None:
    say(obverse, "Do you mend wheels?")
    listed = obverse("talk", "list", "--as", "shop").out
    for part in ("@ana@ana.example", "open", "Do you mend wheels?"):
        assert part in listed
    talk = the_talk(obverse)["id"][-6:]
    answered = obverse("talk", "answer", talk, "On Fridays.", "--warning", "Hours", "--as", "shop")
    assert answered.out == "Said, direct.\n"
    refused = obverse("talk", "answer", talk, "To all.", "--visibility", "public", "--as", "shop")
    assert (refused.code, "more people would read this answer" in refused.err) == (2, True)
    wider = obverse("talk", "answer", talk, "To all.", "--visibility", "public", "--wider", "--as", "shop")
    assert wider.out == "Said, public.\n"
    shown = obverse("talk", "show", talk, "--as", "shop").out
    for part in ("@ana@ana.example (", "They, ", "You, ", "[Hours]", "  On Fridays.", "delivered"):
        assert part in shown
    assert obverse("talk", "close", talk, "--as", "shop").out == "Closed.\n"
    assert "Nobody has written yet." in obverse("talk", "list", "--as", "shop").out
    assert "closed" in obverse("talk", "list", "--all", "--search", "ana", "--as", "shop").out
    assert obverse("talk", "open", talk, "--as", "shop").out == "It is answered.\n"


def test_quote_is_sent_accepted_listed_and_judged(obverse: Obverse, tmp_path: Path) -> None:
    say(obverse, "Would you paint it?")
    talk = the_talk(obverse)["id"]
    made = obverse("talk", "quote", talk, "--goods", "Painting", "--price", "40 EUR", "--as", "shop")
    assert made.out.startswith("Sent: Painting, 40.00 EUR, until ")
    reference = made.out.strip().rpartition("accept ")[2]
    say(obverse, f"accept {reference}")
    sold = obverse("talk", "quotes", "--as", "shop").out
    for part in (reference, "1 × Painting", "concluded", "the customer's server"):
        assert part in sold
    shown = obverse("talk", "show", talk, "--as", "shop").out
    for part in ("quote", "acceptance", "automatic", reference, f"cancel {reference}"):
        assert part in shown
    listed = obverse("deal", "list", "--as", "shop").out
    for part in (reference, "Painting", "agreed by message"):
        assert part in listed
    path = tmp_path / "sale.json"
    assert "2 messages" in obverse("export", reference, "--as", "shop", "-o", str(path)).out
    judged = obverse("verify", str(path), "--as", "shop")
    assert f"Sold: {reference}, accepted at" in judged.out
    refused = obverse("talk", "quote-withdraw", reference, "--as", "shop")
    assert (refused.code, "it is concluded" in refused.err) == (2, True)


def test_quote_is_taken_back(obverse: Obverse) -> None:
    say(obverse, "Would you paint it?")
    talk = the_talk(obverse)["id"]
    made = obverse(
        "talk", "quote", talk, "--goods", "Painting", "--price", "40 EUR", "--as", "shop", "--json"
    ).json
    assert obverse("talk", "quote-withdraw", made["reference"], "--as", "shop").out == "Taken back.\n"
    assert "No quotes yet." in obverse("talk", "quotes", "--as", "shop").out
    assert "withdrawn" in obverse("talk", "quotes", "--all", "--as", "shop").out


@pytest.mark.parametrize("words", [("talk",), ("talk", "quote", "--help")])
def test_help_says_what_can_be_done(obverse: Obverse, words: tuple[str, ...]) -> None:
    shown = obverse(*words)
    assert "Usage" in shown.out + shown.err
