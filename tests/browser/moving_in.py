"""The first run of a person and of a shop, by their pages alone, from the printed link to home."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.people import Person
from tests.browser.story import PASSWORD

__all__ = ["CATALOGUE", "move_in_a_person", "move_in_a_shop"]

CATALOGUE = """\
Code;Name;Wikidata;Price;Stock;Days;bodyHeight;colour
NK20;North Kid 20;Q11442;259.00;3;2;105..125 centimetre;red
NK16;North Kid 16;Q11442;199.00;5;2;90..105 centimetre;blue
HB07;Handlebar bell;Q1094979;7.50;40;1;;
"""
"""As a shop's own system writes it: with its own names, and without a currency."""


def _see_the_domain(person: Person) -> None:
    """With a script the page looks by itself."""
    if not person.look.has_script:
        person.follow("Look now")
    person.reads("Everything is well.")
    person.looks()
    person.press("Yes, this stays my address")


def _choose_a_password(person: Person) -> None:
    person.write("Password", PASSWORD)
    person.write("The same again", PASSWORD)
    person.looks()
    person.press("Use this password")


def _keep_the_kit(person: Person) -> None:
    code = person.main.locator("strong code").inner_text()
    with person.page.expect_download() as download:
        person.main.get_by_role("button", name="Download the sealed file").click()
    assert download.value.suggested_filename.endswith(".obverse")
    person.write("The last five letters of the code", code[-5:])
    person.looks()
    person.press("I have both")
    expect(person.page).to_have_url(f"{person.url}/my")


def move_in_a_person(person: Person, link: str, name: str, display: str) -> None:
    """From the printed link to her home."""
    person.page.goto(link)
    person.pick("A new node for a person")
    person.press("Go on")
    _see_the_domain(person)
    _choose_a_password(person)
    person.write("Handle", name)
    person.write("Name", display)
    person.press("Go on")
    person.pick("For this purchase only, and I take my data along")
    person.press("Go on")
    _keep_the_kit(person)
    person.reads("A quiet start")


def move_in_a_shop(person: Person, link: str, name: str, display: str, table: Path | None) -> None:
    """From the printed link to an inbox that is not empty.

    Shapes: `table` is a file to choose for the catalogue; without one its rows are pasted.
    """
    person.page.goto(link)
    person.pick("A new node for a shop")
    person.press("Go on")
    person.write("Handle", name)
    person.write("Name", display)
    person.looks()
    person.press("Go on")
    _see_the_domain(person)
    _choose_a_password(person)
    person.pick(
        "Only to make an offer",
        "For this purchase only",
        "For this purchase only, and they take their data along",
    )
    person.looks()
    person.press("Publish these")
    _bring_goods(person, table)
    person.write("Opening hours", "Mon to Fri 9 to 18")
    person.looks()
    person.press("Go on")
    person.looks()
    person.press("Let the trial customer ask")
    _keep_the_kit(person)
    person.comes("Somebody at south.localhost")


def _bring_goods(person: Person, table: Path | None) -> None:
    """By way of the import, with a look at what would happen; then back to where the set-up was left."""
    person.looks()
    person.follow("Import a table")
    if table is None:
        person.write("Or paste its rows", CATALOGUE)
    else:
        person.field("The table").set_input_files(table)
    person.press("Go on")
    person.choose("What Code is", "Your code for it")
    person.choose("What Wikidata is", "Category (Wikidata)")
    person.choose("What Days is", "Days until it is ready")
    for column in ("bodyHeight", "colour"):
        person.choose(f"What {column} is", "A property of it")
    person.choose("Currency of all rows", "EUR")
    person.looks()
    person.press("Try it out")
    person.reads("3 items are new")
    person.looks()
    person.press("Import 3 items")
    person.reads("Imported: 3 items are new")
    person.reads("3 items are in your catalogue.")
    person.press("Go on")
