"""The command line, from `init` to feedback, with a person and a shop of one node; no process is started."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node.cli import run

CATALOGUE = """\
sku,name,category,price,currency,stock,lead_days,prop.bodyHeight
NK20,Kid 20,https://www.wikidata.org/wiki/Q11442,279.00,EUR,30,2,105..125 centimetre
"""
Line = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node with a person, ana, and a shop that has a catalogue."""
    data = tmp_path_factory.mktemp("home") / "node"
    table = data.parent / "items.csv"
    table.write_text(CATALOGUE, encoding="utf-8")
    base = ["--data", str(data)]
    assert run([*base, "init", "--url", "https://town.example", "--name", "ana", "--cast-spread", "0"]) == 0
    assert run([*base, "user", "add", "shop", "--kind", "vendor", "--display", "The Shop"]) == 0
    assert run([*base, "catalogue", "import", str(table)]) == 0
    assert run([*base, "rules", "add", "At once", "--ask-field", "name"]) == 0
    return data


@pytest.fixture
def line(home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Line:
    """Run one line: (exit code, stdout, stderr)."""
    monkeypatch.setenv("COLUMNS", "200")
    capfd.readouterr()

    def typed(*words: str) -> tuple[int, str, str]:
        code = run(["--data", str(home), *words])
        return (code, *capfd.readouterr())

    return typed


def read(answer: tuple[int, str, str]) -> Any:
    """The JSON that a line gave."""
    code, out, err = answer
    assert (code, err) == (0, ""), answer
    return json.loads(out)


CAST = ("intent", "cast", "child bicycle", "--category", "Q11442", "--to", "@shop@town.example")
WISHES = ("--must", "for 115 cm [bodyHeight fits 115 centimetre]", "--nice", "red")


def test_a_deal_from_cast_to_feedback_in_commands(line: Line) -> None:
    code, out, _ = line(*CAST, *WISHES, "--budget", "300 EUR", "--due", "5d", "--until", "3d")
    assert code == 0
    assert "to @shop@town.example; it ends in 3 days" in out
    assert "279.00 EUR" in line("offers", "--as", "ana")[1]
    offers = read(line("--json", "offers", "--as", "ana"))["offers"]
    assert [(row["price"]["amount"], row["signature"]["holds"]) for row in offers] == [("279.00", True)]
    deal = offers[0]["deal"][-6:]

    assert line("ask", deal, "Gears?", "--as", "ana")[0] == 0
    assert line("ask", deal, "Six.", "--as", "shop")[0] == 0
    assert "Countered at 250.00." in line("counter", deal, "--price", "250.00", "--text", "Please.")[1]
    assert "an answer to the counter of 250.00 EUR" in line("inbox")[1]
    code, out, _ = line("offer", deal, "--sku", "NK20", "--price", "260.00", "--ask-field", "name", "--firm")
    assert (code, "Offered 260.00 EUR" in out) == (0, True)
    assert line("shortlist", deal)[0] == 0
    assert line("accept", deal, "--price", "1.00")[2].startswith("price: the offer says 260.00 EUR.")
    code, out, _ = line("accept", deal, "--price", "260.00", "--disclose", "name=Ana Perez")
    assert (code, out.splitlines()[0]) == (0, "Accepted. They will know your name.")

    shown = line("deal", "show", deal, "--as", "shop")[1]
    assert "agreed: Kid 20 for 260.00 EUR" in shown
    assert "Ana Perez" in shown
    assert "DOES NOT HOLD" not in shown
    assert line("progress", deal, "paid", "--as", "ana")[0] == 0
    assert line("progress", deal, "delivered", "--as", "shop")[0] == 0
    assert line("receipt", deal, "--return-until", "2030-01-01", "--as", "shop")[0] == 0
    assert line("cancel", deal, "--reason", "fit", "--as", "ana")[0] == 1
    assert "Confirmed." in line("confirm", deal)[1]
    assert "to nobody else" in line("feedback", deal, "Good.", "--aspect", "fit=right:pleased")[1]
    code, out, _ = line("feedback", deal, "Very good.", "--public", "--title", "Yes")
    assert (code, "Published: https://town.example/@ana/" in out) == (0, True)
    states = {
        one["side"]: one["state"]
        for name in ("ana", "shop")
        for one in read(line("--json", "deal", "list", "--as", name))["deals"]
    }
    assert states == {"customer": "confirmed", "vendor": "confirmed"}


def test_standing_offer_is_posted_and_bought(line: Line) -> None:
    posted = read(line("post", "offer", "NK20", "--for", "10d", "--json"))
    code, out, _ = line("buy", posted["url"])
    assert (code, out.splitlines()[0]) == (0, "Ordered: Kid 20 for 279.00 EUR.")
    assert "concluded: agreed by both" in line("deal", "list", "--as", "ana")[1]


def test_cancellation_is_asked_and_answered(line: Line) -> None:
    posted = read(line("post", "offer", "NK20", "--json"))
    deal = read(line("buy", posted["url"], "--json"))["id"]
    assert line("cancel", deal, "--reason", "needGone", "--as", "ana")[0] == 0
    assert "an answer to the cancellation" in line("inbox")[1]
    assert "Called off." in line("cancel-answer", deal, "--yes", "--as", "shop")[1]


def test_intent_is_updated_shown_and_withdrawn(line: Line) -> None:
    intent = read(line(*CAST, "--currency", "EUR", "--json"))["id"]
    assert "Said anew: 2 × child bicycle" in line("intent", "update", intent, "--quantity", "2")[1]
    shown = line("intent", "show", intent[-6:])[1]
    assert "558.00 EUR" in shown
    code, out, _ = line("offer-withdraw", read(line("intent", "show", intent, "--json"))["deals"][0]["id"])
    assert (code, out.splitlines()[0]) == (0, "Withdrawn.")
    assert line("intent", "withdraw", intent)[1] == "Withdrawn; 1 vendor told.\n"
    assert intent[-6:] not in line("intent", "list")[1]
    assert intent[-6:] in line("intent", "list", "--all")[1]


def test_vendor_says_no_bid_and_customer_declines(line: Line) -> None:
    first = read(line(*CAST, "--currency", "USD", "--json"))["deals"][0]["id"]
    assert line("nobid", first, "--reason", "price", "--text", "Euro only.")[0] == 0
    assert "no bid" in line("offers", first, "--as", "ana")[1]
    second = read(line(*CAST, "--currency", "EUR", "--json"))["deals"][0]["id"]
    assert "Declined." in line("decline", second, "--reason", "trust")[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("accept", "zzzz"), "offer: no deal or offer ends with 'zzzz'. List them with `obverse offers`."),
        (("catalogue", "import", "/nowhere.csv"), "file: /nowhere.csv cannot be read"),
        (("intent", "cast", "x", "--category", "Q1", "--near", "north"), "near: 'north' is no place."),
        (("accept", "zzzz", "--disclose", "name"), "disclose: 'name' cannot be read."),
        (("vendors", "add", "nonsense"), "vendor: nonsense was not found"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(line: Line, words: tuple[str, ...], told: str) -> None:
    code, out, err = line(*words)
    assert (code, out) == (2, "")
    assert err.startswith(told), err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_bad_table_is_named_cell_by_cell_and_exits_2(line: Line, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(CATALOGUE.replace("279.00", "cheap"), encoding="utf-8")
    code, out, _ = line("catalogue", "import", str(bad))
    assert code == 2
    assert "1 problem: nothing is saved." in out
    bad.write_bytes(b"sku\xff")
    code, _, err = line("catalogue", "import", str(bad))
    assert (code, err) == (2, "file: byte 3 is not UTF-8. Save it as CSV in UTF-8.\n")


def test_lists_say_what_to_do_where_they_are_empty(line: Line, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    start = ("--data", str(bare))
    assert line(*start, "init", "--url", "https://bare.example", "--name", "bob")[0] == 0
    assert "obverse vendors add" in line(*start, "vendors", "list")[1]
    assert "obverse intent cast" in line(*start, "intent", "list")[1]
    assert "obverse intent cast" in line(*start, "deal", "list")[1]
    assert "obverse intent list" in line(*start, "offers")[1]
    assert line(*start, "inbox") == (
        2,
        "",
        "account: there is no vendor's account here. Make one with `obverse user add`.\n",
    )


@pytest.mark.parametrize(
    "words",
    ["accept", "ask", "buy", "cancel", "cancel-answer", "confirm", "counter", "decline", "feedback", "inbox",
     "nobid", "offer", "offer-withdraw", "offers", "post new", "post request", "post list", "post show",
     "post edit", "post delete", "post pin", "post unpin", "post offer", "post change",
     "progress", "receipt", "shortlist",
     "catalogue import", "catalogue list", "deal list", "deal show", "intent cast", "intent list",
     "intent show", "intent update",
     "intent withdraw", "rules add", "rules list", "rules remove", "vendors add", "vendors list"],
)  # fmt: skip
def test_help_says_what_it_does_and_shows_an_example(line: Line, words: str) -> None:
    code, out, _ = line(*words.split(), "--help")
    assert code == 0
    assert f"Example:\n  obverse {words}" in out
