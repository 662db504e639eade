"""Whatever the domain says to an owner, a page says in the reader's language, as a sentence."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from node.domain.accounts import AccountKind
from node.domain.deals import DealState, OfferState
from node.domain.errors import InvalidInput, Reason, Refusal
from node.domain.sayings import said
from node.domain.values import Money, Quantity
from node.web.i18n import Locale
from node.web.sayings import ON_PAGES, sentence, wrong_of
from tests.catalogues import read_catalogue
from tests.sayings import built, texts_of_the_domain

ENGLISH, GERMAN = Locale("en"), Locale("de")
OF_THE_COMMAND_LINE = "node/services/accounts.py:"
"""Whose account is meant, which a page knows."""


def test_every_text_of_the_domain_is_translated() -> None:
    catalogue = read_catalogue("de")
    texts = {ON_PAGES.get(found.text, found.text) for found in texts_of_the_domain()}
    assert len(texts) > 200
    unsaid = [text for text in texts if (found := catalogue.get(text)) is None or not found.string]
    assert unsaid == []


def test_no_text_is_put_together_where_it_is_raised() -> None:
    assert [one for one in built() if not one.startswith(OF_THE_COMMAND_LINE)] == []


def test_no_page_names_a_command() -> None:
    shown = {ON_PAGES.get(found.text, found.text) for found in texts_of_the_domain()}
    of_commands = {"Make one with `obverse user add`.", "Say which with --as."}
    assert [text for text in shown if re.search(r"`|\bobverse\b|--", text)] == sorted(
        of_commands & shown, key=[*shown].index
    )


def test_what_pages_say_otherwise_is_said_somewhere() -> None:
    texts = {found.text for found in texts_of_the_domain()}
    assert [text for text in ON_PAGES if text not in texts] == []


def test_no_placeholder_is_made_up_for_a_page() -> None:
    def marks(text: str) -> set[str]:
        return set(re.findall(r"%\((\w+)\)", text))

    assert [text for text, shown in ON_PAGES.items() if not marks(shown) <= marks(text)] == []


@pytest.mark.parametrize(
    ("text", "english", "german"),
    [
        ("it is empty", "It is empty.", "Hier steht nichts."),
        (said("the price is %(price)s", price=Money(28900, "EUR")), "The price is €289.00.", "289,00\xa0€"),
        (
            said("Wanted: %(quantity)s.", quantity=Quantity(Decimal("2.5"), "litre")),
            "2.5 litres.",
            "2,5 Liter",
        ),
        (said("%(n)s is no whole number", n=Decimal("1.5")), "1.5 is no whole number.", "1,5"),
        (said("it has %(n)s columns", n=1200), "It has 1,200 columns.", "1.200"),
        (said("not accepted: %(terms)s", terms=("A", "B")), "Not accepted: A and B.", "A und B"),
        (said("the offer is %(state)s", state=OfferState.EXPIRED), "no longer open: run out.", "abgelaufen"),
        (said("it is %(state)s", state=DealState.CONCLUDED), "cannot be done now: agreed.", "vereinbart"),
        (said("%(name)s is a %(kind)s here", name="x", kind=AccountKind.PERSON), "X is there already", "X"),
        (
            said("%(item)s is sold by the %(unit)s", item="Milk", unit="litre"),
            "Milk has another unit: litres.",
            "Liter",
        ),
        (said("%(span)s is out of bounds", span=timedelta(hours=1)), "1 hour is too short", "1 Stunde"),
        (
            said("%(reference)s was not found: %(error)s", reference="@x@y", error=TimeoutError("ours")),
            "@x@y was not found: its answer cannot be used.",
            "@x@y",
        ),
    ],
)
def test_a_page_says_it_as_its_reader_writes(text: str, english: str, german: str) -> None:
    assert english in sentence(text, ENGLISH)
    assert german in sentence(text, GERMAN)
    assert sentence(text, GERMAN)[-1] == "."


def test_an_error_of_another_server_is_told_by_its_kind() -> None:
    class FetchFailed(OSError):
        pass

    class NoRoom(FetchFailed):
        pass

    text = said("%(vendor)s could not be asked: %(error)s", vendor="@n@n.example", error=NoRoom("[Errno 24]"))
    assert sentence(text, ENGLISH) == "@n@n.example could not be asked: its server does not answer."


def test_what_is_not_ours_stays_as_it_is() -> None:
    assert sentence("Their own words!", GERMAN) == "Their own words!"
    assert sentence("", GERMAN) == ""


def test_an_error_is_told_with_what_would_be_right() -> None:
    told = wrong_of(InvalidInput("text", "it is empty", "Say in words how it was."), ENGLISH)
    assert (told.wrong, told.right) == ("It is empty.", "Say in words how it was.")
    refused = wrong_of(Refusal(Reason.EXPIRED, "the standing offer has ended"), GERMAN)
    assert (refused.wrong, refused.right) == ("Das Dauerangebot ist abgelaufen.", "")
