"""Conversations between our accounts and users of a Fedify server, up to a sale by `accept REFERENCE`."""

from __future__ import annotations

from decimal import Decimal

import pytest

from federation.messages import JsonObject
from node.demo.neighbour import Neighbour
from node.demo.stage import Player
from tests.interop.peers import Street, posts_of

pytestmark = [pytest.mark.slow, pytest.mark.processes]


def thread_with(street: Street, player: Player, words: str) -> JsonObject:
    """The conversation of an account of ours in which somebody said these words, once it is there."""

    def look() -> JsonObject | None:
        for line in player.ask("talk.list", all=True)["threads"]:
            thread = player.ask("talk.show", thread=line["id"])
            if any(words in said["text"] for said in thread["said"]):
                return thread
        return None

    return street.awaits(f"{player.name} hears: {words}", look)


def heard(street: Street, fedify: Neighbour, user: str, words: str) -> JsonObject:
    """What reached a user of theirs with these words, once it is there."""
    return street.awaits(
        f"{user} hears: {words}",
        lambda: next((post for post in posts_of(fedify, user) if words in post["content"]), None),
    )


def says(fedify: Neighbour, user: str, player: Player, text: str, **more: object) -> str:
    """A user of theirs writes to an account of ours; the id of what was said."""
    said = fedify.act(
        "post", user=user, text=text, mentions=[player.handle], **{"visibility": "direct", **more}
    )
    return str(said["id"])


def line_of(thread: JsonObject, said_id: str) -> JsonObject:
    return next(line for line in thread["said"] if line["id"] == said_id)


# --- words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("visibility", ["public", "unlisted", "direct"])
def test_a_question_reaches_the_vendor_and_its_answer_the_asker(
    street: Street, fedify: Neighbour, visibility: str
) -> None:
    words = f"Do you mend gears? ({fedify.plan.host}, {visibility})"
    asked = says(fedify, "mia", street.shop, words, visibility=visibility)
    thread = thread_with(street, street.shop, words)
    assert (thread["actor"], thread["peer"]) == (fedify.actor("mia"), fedify.handle("mia"))
    assert line_of(thread, asked)["visibility"] == visibility
    street.shop.ask("talk.answer", thread=thread["id"], text=f"We do. {words}")
    answer = heard(street, fedify, "mia", f"We do. {words}")
    assert (answer["author"], answer["inReplyTo"]) == (street.shop.actor, asked)
    assert fedify.actor("mia") in [tag["href"] for tag in answer["tags"]]
    again = says(fedify, "mia", street.shop, f"Thank you. {words}", replyTo=answer["id"])
    thread = thread_with(street, street.shop, f"Thank you. {words}")
    assert line_of(thread, asked), "it is still the same conversation"
    assert line_of(thread, again)["by"] == "them"


def test_a_reply_to_a_post_of_the_vendor_becomes_a_conversation(street: Street, fedify: Neighbour) -> None:
    post = street.shop.ask("post.new", text="We are open until nine.")
    words = f"Even today? ({fedify.plan.host})"
    says(fedify, "ben", street.shop, words, replyTo=post["id"], visibility="public")
    thread = thread_with(street, street.shop, words)
    assert thread["actor"] == fedify.actor("ben")
    street.shop.ask("talk.answer", thread=thread["id"], text="Today, too.")
    assert heard(street, fedify, "ben", "Today, too.")["to"], "the answer is addressed to somebody"


def test_our_person_writes_to_a_fediverse_user_and_hears_the_answer(
    street: Street, fedify: Neighbour
) -> None:
    ana, mia = street.ana, fedify.handle("mia")
    words = f"Is your stall there on Saturday? ({fedify.plan.host})"
    post = ana.ask("post.new", text=f"{mia} {words}", visibility="direct")
    asked = heard(street, fedify, "mia", words)
    assert (asked["id"], asked["to"]) == (post["id"], [fedify.actor("mia")])
    answer = f"From nine. ({fedify.plan.host})"
    says(fedify, "mia", ana, answer, replyTo=asked["id"])
    thread = thread_with(street, ana, answer)
    ana.ask("talk.answer", thread=thread["id"], text=f"I will come. ({fedify.plan.host})")
    assert heard(street, fedify, "mia", "I will come.")["to"] == [fedify.actor("mia")]


def test_what_was_said_is_changed_and_taken_back(street: Street, fedify: Neighbour) -> None:
    shop = street.shop
    said = says(fedify, "mia", shop, f"Is it red? ({fedify.plan.host})")
    thread = thread_with(street, shop, f"Is it red? ({fedify.plan.host})")

    def now() -> JsonObject:
        return line_of(shop.ask("talk.show", thread=thread["id"]), said)

    street.awaits("a second has passed", lambda: fedify.act("wait", seconds=1.1) is not None)
    fedify.act("edit", user="mia", id=said, text=f"Is it blue? ({fedify.plan.host})")
    street.awaits("the words are changed", lambda: "blue" in now()["text"])
    assert now()["edited"]
    fedify.act("delete", user="mia", id=said)
    street.awaits("the words are gone", lambda: now()["deleted"])
    assert "blue" not in now()["text"]


@pytest.mark.parametrize(
    ("words", "more"),
    [
        ("Which colour?", {"choices": ["Red", "Blue"]}),
        ("Look at this.", {"images": [{"url": "https://elsewhere.example/a.png", "alt": "A dot"}]}),
        ("Guten Tag.", {"language": "de"}),
        ("I fell.", {"summary": "A broken bicycle"}),
        ("Like that one.", {"quote": "QUOTED"}),
    ],
)
def test_polls_pictures_languages_warnings_and_quotes_are_heard(
    street: Street, fedify: Neighbour, words: str, more: dict[str, object]
) -> None:
    if "quote" in more:
        more = {"quote": street.shop.ask("post.new", text="Look at our new ones.")["id"]}
    words = f"{words} ({fedify.plan.host})"
    said = says(fedify, "ben", street.shop, words, visibility="public", **more)
    line = line_of(thread_with(street, street.shop, words), said)
    assert line["warning"] == more.get("summary", "")
    for choice in ("Red", "Blue") if "choices" in more else ():
        assert choice in line["text"]


# --- a sale -----------------------------------------------------------------------------------------------


def stocked(shop: Player) -> JsonObject:
    items = shop.ask("catalogue.list", search="ball", limit=500)["items"]
    return max(items, key=lambda item: Decimal(item["stock"]))


def stock_of(shop: Player, sku: str) -> Decimal:
    items = shop.ask("catalogue.list", search="ball", limit=500)["items"]
    return next(Decimal(item["stock"]) for item in items if item["sku"] == sku)


def quoted(street: Street, fedify: Neighbour, sku: str, words: str) -> tuple[JsonObject, JsonObject]:
    """A quote for one ball to Mia, who asked for it; and the Note that told her so."""
    says(fedify, "mia", street.shop, words)
    thread = thread_with(street, street.shop, words)
    quote = street.shop.ask("talk.quote", thread=thread["id"], sku=sku)
    return quote, heard(street, fedify, "mia", f"accept {quote['reference']}")


def state_of(shop: Player, reference: str) -> str:
    quotes = shop.ask("talk.quotes", all=True)["quotes"]
    return str(next(quote["state"] for quote in quotes if quote["reference"] == reference))


def answers_to(fedify: Neighbour, user: str, said: str) -> list[JsonObject]:
    return [post for post in posts_of(fedify, user) if post["inReplyTo"] == said]


def test_a_plain_account_buys_by_accepting_a_quote_once(street: Street, fedify: Neighbour) -> None:
    shop, sku = street.shop, str(stocked(street.shop)["sku"])
    before = stock_of(shop, sku)
    quote, note = quoted(street, fedify, sku, f"One ball, please. ({fedify.plan.host})")
    assert quote["price"]["amount"] in note["content"]
    assert note["to"] == [fedify.actor("mia")]
    foreign = says(fedify, "ben", shop, f"accept {quote['reference']}", replyTo=note["id"])
    street.awaits("Ben is told", lambda: answers_to(fedify, "ben", foreign))
    assert state_of(shop, quote["reference"]) == "open"
    accepted = says(fedify, "mia", shop, f"accept {quote['reference']}", replyTo=note["id"])
    street.awaits("the sale is concluded", lambda: state_of(shop, quote["reference"]) == "concluded")
    [confirmed] = street.awaits("Mia is told", lambda: answers_to(fedify, "mia", accepted))
    assert quote["price"]["amount"] in confirmed["content"]
    assert "cancel" in confirmed["content"]
    assert stock_of(shop, sku) == before - 1
    again = says(fedify, "mia", shop, f"Accept {quote['reference'].lower()}", replyTo=note["id"])
    street.awaits("the second one is heard", lambda: again in str(thread_ids(shop)))
    assert stock_of(shop, sku) == before - 1


def thread_ids(shop: Player) -> list[str]:
    threads = shop.ask("talk.list", all=True)["threads"]
    return [said["id"] for line in threads for said in shop.ask("talk.show", thread=line["id"])["said"]]


def test_a_sale_is_cancelled_within_the_hour(street: Street, fedify: Neighbour) -> None:
    shop, sku = street.shop, str(stocked(street.shop)["sku"])
    before = stock_of(shop, sku)
    quote, note = quoted(street, fedify, sku, f"A ball for a dog. ({fedify.plan.host})")
    says(fedify, "mia", shop, f"accept {quote['reference']}", replyTo=note["id"])
    street.awaits("the sale is concluded", lambda: state_of(shop, quote["reference"]) == "concluded")
    cancelled = says(fedify, "mia", shop, f"cancel {quote['reference']}", replyTo=note["id"])
    street.awaits("Mia is told", lambda: answers_to(fedify, "mia", cancelled))
    assert state_of(shop, quote["reference"]) == "cancelled"
    assert stock_of(shop, sku) == before


def test_an_edit_into_an_acceptance_buys_nothing(street: Street, fedify: Neighbour) -> None:
    shop, sku = street.shop, str(stocked(street.shop)["sku"])
    before = stock_of(shop, sku)
    quote, note = quoted(street, fedify, sku, f"A ball for a cat. ({fedify.plan.host})")
    words = f"Let me think. ({fedify.plan.host})"
    said = says(fedify, "mia", shop, words, replyTo=note["id"])
    thread = thread_with(street, shop, words)
    street.awaits("a second has passed", lambda: fedify.act("wait", seconds=1.1) is not None)
    fedify.act("edit", user="mia", id=said, text=f"accept {quote['reference']}")
    street.awaits(
        "the edit is heard",
        lambda: line_of(shop.ask("talk.show", thread=thread["id"]), said)["edited"],
    )
    assert state_of(shop, quote["reference"]) == "open"
    assert stock_of(shop, sku) == before
