"""The steps of the main job as two people take them on their pages, from the intent to public feedback."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from playwright.sync_api import expect

from federation.messages import JsonObject
from node.demo.people import coming_friday
from tests.browser.people import Person
from tests.browser.story import PASSWORD

__all__ = ["Deal"]

INTENT = "Child bicycle, Glasgow, by Friday"
QUESTION, ANSWER = "Does it come assembled?", "Yes, and we set the saddle at your door."
BUDGET, COUNTER, PRICE = "300", "250", "255"
SAID_ALONE = "The brakes came a little loose."
SAID_TO_ALL = "They came in time, and set the saddle at the door."
SAID_BACK = "Thank you, Ana. We check every brake twice now."


@dataclass
class Deal:
    """One deal between `ana` and `shop`; `rival` is the name of the shop that loses."""

    ana: Person
    shop: Person
    rival: str

    # --- Ana says what she wants --------------------------------------------------------------------------

    def compose(self, *handles: str) -> None:
        """Part by part, up to the page where all is looked through; the first vendor is kept before."""
        ana, friday, (known, new) = self.ana, coming_friday(date.today()), handles
        self._add(known)
        ana.go("/my")
        ana.follow("Say what you want")
        ana.pick("A thing")
        ana.press("Begin")
        ana.write("In a few words", INTENT)
        ana.write("Category", "Bicycle")
        ana.write("More about it", "For a girl of six who rides every day.")
        ana.press("Save and go on")
        self._wish("Fits a child of 115 cm", "Must have", measured=True)
        self._wish("A colour that is lively", "Nice to have")
        ana.looks()
        ana.press("Go on")
        ana.write("Budget", BUDGET)
        ana.write("By when", friday.isoformat())
        ana.write("Where", "Glasgow")
        ana.press("Save and go on")
        ana.write("Somebody new", new)
        ana.press("Look up and add")
        ana.press("Choose all that fit")
        ana.looks()
        ana.press("Save and go on")
        ana.reads("2 of the 2 you chose accept it.")
        for ticked in ("Only to make me an offer", "Only for this service, and mine to take along"):
            expect(ana.main.get_by_role("checkbox", name=ticked)).to_be_checked()
        ana.pick("A new name for each vendor")
        ana.write("Until when", (date.today() + timedelta(days=3)).isoformat())
        ana.press("Save and go on")

    def _add(self, handle: str) -> None:
        """A vendor, by its handle, seen before it is kept."""
        ana = self.ana
        ana.menu("Vendors")
        ana.follow("Add a vendor")
        ana.write("Handle or link", handle)
        ana.main.get_by_role("button", name="Look up", exact=True).click()
        ana.reads("South Wheels")
        ana.press("Add South Wheels")
        ana.reads("South Wheels")

    def _wish(self, words: str, weight: str, *, measured: bool = False) -> None:
        ana = self.ana
        ana.write("Wish", words)
        ana.pick(weight)
        if measured:
            ana.main.get_by_text("Measure it, so that").click()
            ana.write("Property", "body height")
            ana.choose("How", "has a range that fits", within=ana.main.locator("details"))
            ana.write("Value", "115")
            ana.choose("Unit", "centimetres")
        ana.press("Add this wish")

    def look_through_and_send(self) -> None:
        """The bytes, the answers, the thirty seconds."""
        ana = self.ana
        ana.reads(f"€{BUDGET}.00, which stays with you")
        ana.follow("See the exact bytes first")
        sent = ana.main.get_by_role("region", name="Set out for South Wheels", exact=True)
        expect(sent).to_contain_text(INTENT)
        ana.reads_nowhere(BUDGET + ".00")
        ana.reads_nowhere("budget")
        ana.follow("Check")
        ana.looks()
        ana.press("Send to 2 vendors")
        ana.reads("Nothing has left yet.")
        clock = ana.main.get_by_role("group", name="On its way").get_by_role("time")
        if ana.look.has_script:
            expect(clock).to_have_text(re.compile(r"^Leaves in \d+ seconds?$"))
            expect(clock).not_to_have_text(clock.inner_text())
        ana.press("Send now")
        ana.reads("It is on its way.")

    # --- two offers ---------------------------------------------------------------------------------------

    def offer(self) -> None:
        """The shop finds the intent in its inbox and answers it from its shelves, wish by wish."""
        shop = self.shop
        shop.comes(INTENT)
        shop.reads("no budget named")
        if shop.look.has_script:  # where there is none, the list looks at the shelves when it is asked to
            shop.comes("North Kid 20 fits, €259.00")
        shop.page.locator("li.inbox-row", has_text=INTENT).get_by_role("link", name="Make an offer").click()
        expect(shop.field("What you offer")).not_to_be_empty()
        if not shop.look.has_script:
            shop.write("Search your catalogue", "Kid 20")
            shop.press("Search")
            shop.follow("North Kid 20")
        expect(shop.field("What you offer")).to_have_value("North Kid 20")
        colour = shop.main.get_by_role("group", name="A colour that is lively")
        shop.choose("Does it?", "meets the wish", within=colour)
        shop.write("In your words", "Fire engine red", within=colour)
        shop.main.get_by_text("What you need to know if they accept").click()
        shop.pick("Name", "Address", "Telephone")
        shop.write("A few words", "Set up for the road.")
        shop.looks()
        shop.press("Check the offer")
        shop.reads("€259.00")
        shop.looks()
        shop.press("Sign and send the offer")
        shop.reads("Your offer is sent.")

    def compare(self) -> None:
        """Both stand side by side, by her wishes in her order; the lower total comes first."""
        ana = self.ana
        ana.comes("Compare 2 offers")
        ana.follow("Compare 2 offers")
        ana.reads("2 offers are open.")
        ana.looks()
        expect(ana.main.locator("li.offer .who a")).to_have_text(["South Wheels", self.rival])
        ana.press("Compare side by side")
        ana.reads("Fire engine red")
        ana.reads("€289.00")
        ana.looks()
        ana.follow("South Wheels")

    # --- talk ---------------------------------------------------------------------------------------------

    def ask(self) -> None:
        ana, shop = self.ana, self.shop
        ana.follow("Ask a question")
        ana.write("Your words", QUESTION)
        ana.press("Send")
        ana.reads(QUESTION)
        shop.menu("Messages")
        shop.finds(QUESTION)
        shop.follow(INTENT)
        shop.write("Your message", ANSWER)
        shop.press("Send")
        shop.reads("Your message is sent.")
        ana.comes(ANSWER)

    def counter(self) -> None:
        """She names a price; the offer ends, and the shop makes another."""
        ana, shop = self.ana, self.shop
        ana.follow("Look at it")
        ana.follow("Name another price …")
        ana.write("I would take it for", COUNTER)
        ana.looks()
        ana.press("Send my price")
        ana.reads("They have your price")
        shop.menu("Inbox")
        shop.comes(f"asks for €{COUNTER}.00")
        row = shop.page.locator("li.inbox-row", has_text=INTENT)
        row.get_by_role("link", name=INTENT, exact=True).click()
        shop.follow("Make a new offer")
        shop.follow("the same as last time")
        shop.write("Goods", PRICE)
        shop.press("Check the offer")
        shop.reads(f"€{PRICE}.00")
        shop.press("Sign and send the offer")
        ana.comes("An offer is here")

    # --- yes ----------------------------------------------------------------------------------------------

    def accept(self) -> None:
        """A password first, since she proved who she was long ago; then both hold the same."""
        ana, shop = self.ana, self.shop
        ana.follow("Look at it")
        ana.follow("Accept …")
        ana.reads("Confirm it is you")
        ana.write("Password", PASSWORD)
        ana.press("Confirm")
        ana.reads("1 other offer is open.")
        ana.page.locator("#disclose-name").check()
        ana.page.locator("#value_name").fill("Ana Perez")
        ana.page.locator("#disclose-addresses").check()
        ana.page.locator("#value_addresses").fill("1 Rose Street, Glasgow")
        ana.choose("Why not", "the price")
        ana.pick("They may answer with one better offer")
        ana.looks()
        ana.press(f"Accept for €{PRICE}.00")
        expect(ana.page).to_have_url(re.compile("/agreement$"))
        ana.comes("Agreed: both have signed")
        ana.reads("Ana Perez")
        ana.reads_nowhere("Telephone")
        ana.looks()
        shop.menu("Deals")
        shop.finds("North Kid 20")
        shop.follow("North Kid 20")
        shop.reads("1 Rose Street, Glasgow")
        reference = ana.main.locator("#reference").inner_text()
        shop.reads(reference)
        shop.looks()

    def both_hold_the_same(self) -> None:
        """What either keeps of the deal, message by message: the same digests."""
        ana, shop = self.ana, self.shop
        ours, theirs = ana.keeps("Download the signed record"), shop.keeps("Keep all of it as a file")
        assert _digests(ours) == _digests(theirs)
        assert len(_digests(ours)) >= 8

    # --- goods and money ----------------------------------------------------------------------------------

    def fulfil(self) -> None:
        ana, shop = self.ana, self.shop
        ana.follow("The deal")
        shop.pick("Sent off")
        shop.write("Number to follow it by", "GLA 115")
        shop.press("Tell them")
        shop.reads("Noted, and they are told.")
        ana.comes("GLA 115")
        shop.pick("Delivered")
        shop.press("Tell them")
        ana.comes("It is here. What is left is to pay, and to confirm")
        ana.looks()
        ana.follow("I have paid …")
        expect(ana.field("Paid")).to_have_value(f"{PRICE}.00")
        ana.press("Say that I have paid")
        ana.reads("They know that you have paid.")
        self._receipt()
        ana.follow("I received everything …")
        ana.press("Yes, I received everything")
        ana.reads("Received and confirmed")
        shop.finds("received and confirmed")

    def _receipt(self) -> None:
        shop, back = self.shop, date.today() + timedelta(days=30)
        shop.finds("They say that they have paid.")
        shop.write("May come back until", back.isoformat())
        shop.press("Sign and send the receipt")
        shop.reads("The receipt is signed and sent.")
        self.ana.comes("May come back until")

    # --- how it was ---------------------------------------------------------------------------------------

    def tell_them(self) -> None:
        """To them alone."""
        ana, shop = self.ana, self.shop
        ana.follow("Tell them how it was …")
        ana.write("Your words", SAID_ALONE)
        ana.page.locator("#aspect_1").fill("Delivery")
        ana.choose("Mood 1", "pleased")
        ana.press("Tell them")
        ana.reads("Told. Only they can read it.")
        shop.menu("Feedback")
        shop.finds(SAID_ALONE)

    def tell_everybody(self) -> None:
        ana, shop = self.ana, self.shop
        ana.follow("Say it in public …")
        ana.write("Title", "Good people")
        ana.write("Your words", SAID_TO_ALL)
        ana.pick("I have read what others learn")
        ana.looks()
        ana.press("Publish")
        ana.reads("Published. It stands on your page.")
        shop.finds(SAID_TO_ALL)
        shop.main.get_by_text("Answer in public").click()
        shop.write("What everybody may read", SAID_BACK)
        shop.looks()
        shop.press("Publish the answer")
        shop.reads("Your answer is published beside it.")
        shop.go("/@south")
        shop.reads("Good people")
        shop.reads(SAID_BACK)
        shop.reads_nowhere(SAID_ALONE)


def _digests(bundle: JsonObject) -> set[str]:
    return {str(line["digest"]) for line in bundle["messages"]}
