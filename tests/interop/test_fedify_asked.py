"""A person of ours asks users of a Fedify server, who have no node: by a message, only where she says so."""

from __future__ import annotations

import pytest

from federation.messages import JsonObject
from node.demo.neighbour import Neighbour
from node.runtime.asking import CommandFailed
from tests.interop.peers import Street, posts_of
from tests.interop.test_fedify_talks import heard, says, thread_with

pytestmark = [pytest.mark.slow, pytest.mark.processes]

BICYCLE = "https://www.wikidata.org/wiki/Q11442"


def casts(street: Street, name: str, **more: object) -> JsonObject:
    wanted = {"name": name, "category": BICYCLE, "budget": "300 EUR", "until": "3d", **more}
    made: JsonObject = street.ana.ask("intent.cast", **wanted)
    return made


def now(street: Street, intent: JsonObject) -> JsonObject:
    shown: JsonObject = street.ana.ask("intent.show", intent=intent["id"])
    return shown


def told(fedify: Neighbour, user: str, words: str) -> list[JsonObject]:
    return [post for post in posts_of(fedify, user) if words in post["content"]]


def test_an_offer_of_a_user_without_a_node_stands_unsigned_beside_the_others(
    street: Street, fedify: Neighbour
) -> None:
    ana, name = street.ana, f"Child bicycle ({fedify.plan.host})"
    wishes = [{"wish": "red", "weight": "nice"}, {"wish": "for 115 cm", "weight": "must"}]
    intent = casts(street, name, as_message=[fedify.handle("mia")], wishes=wishes)
    asked = heard(street, fedify, "mia", name)
    assert (asked["author"], asked["to"]) == (ana.actor, [fedify.actor("mia")])
    for words in ("for 115 cm (a must)", "Offers in EUR", "/asked/"):
        assert words in asked["content"], words
    assert "300" not in asked["content"], "her budget stays with her"
    assert told(fedify, "ben", name) == [], "nobody else has heard of it"

    answer = f"260 euros, on Friday. ({fedify.plan.host})"
    said = says(fedify, "mia", ana, answer, replyTo=asked["id"])
    thread = thread_with(street, ana, answer)
    assert [line["by"] for line in thread["said"]] == ["us", "them"], "it is the conversation of the intent"
    [message] = now(street, intent)["messages"]
    assert (message["thread"], message["answered"]) == (thread["id"], True)

    made = ana.ask(
        "talk.record", thread=thread["id"], goods="Norrland Kid 340", price="260.00", meets={"w2": "yes"}
    )
    assert (made["source"], made["signed"]) == (said, False)
    shown = now(street, intent)
    assert (shown["recorded"], shown["state"]) == ([made], "live")
    assert ana.ask("offers.list", of=intent["id"])["offers"] == [], "among the signed ones it is not"
    done = ana.ask("talk.recorded.take", offer=made["id"], tell_others=True)
    assert (done["told"], now(street, intent)["state"]) == (0, "decided")
    assert len(told(fedify, "mia", name)) == 1, "a record is told to nobody"


def test_a_change_is_an_edit_and_the_end_of_it_a_short_message(street: Street, fedify: Neighbour) -> None:
    name = f"A trailer ({fedify.plan.host})"
    intent = casts(street, name, as_message=[fedify.handle("ben")])
    asked = heard(street, fedify, "ben", name)
    street.awaits("a second has passed", lambda: fedify.act("wait", seconds=1.1) is not None)
    street.ana.ask("intent.update", intent=intent["id"], name=f"{name} for two children")
    changed = heard(street, fedify, "ben", "for two children")
    assert changed["id"] == asked["id"], "it is the same message"
    street.ana.ask("intent.withdraw", intent=intent["id"])
    over = heard(street, fedify, "ben", "no longer need")
    assert (over["inReplyTo"], over["to"]) == (asked["id"], [fedify.actor("ben")])


def test_the_page_of_the_message_says_the_same_to_whoever_has_its_link(
    street: Street, fedify: Neighbour
) -> None:
    name = f"A bell ({fedify.plan.host})"
    [message] = casts(street, name, as_message=[fedify.handle("ben")])["messages"]
    asked = heard(street, fedify, "ben", name)
    assert message["page"] in asked["content"]
    page = fedify.act("fetch", url=message["page"], accept="text/html")
    assert page["status"] == 200
    assert name in page["text"]
    assert fedify.actor("ben") not in page["text"], "it does not say whom she asks"


def test_a_user_without_a_node_hears_nothing_where_she_has_not_said_so(
    street: Street, fedify: Neighbour
) -> None:
    name = f"A secret ({fedify.plan.host})"
    with pytest.raises(CommandFailed, match="--as-message"):
        casts(street, name, to=[fedify.handle("mia")])
    says(fedify, "mia", street.ana, f"Anything new? ({fedify.plan.host})")
    thread = thread_with(street, street.ana, f"Anything new? ({fedify.plan.host})")
    street.ana.ask("talk.answer", thread=thread["id"], text=f"Nothing. ({fedify.plan.host})")
    assert heard(street, fedify, "mia", f"Nothing. ({fedify.plan.host})")
    assert told(fedify, "mia", name) == [], "what came after it is there"
