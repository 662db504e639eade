import pytest

from federation.addressing import Recipient, audience, inboxes, strip_blind
from federation.errors import TooLarge
from federation.messages import Limits

ANA, BOB, CLEO = (f"https://m.example/{name}" for name in ("ana", "bob", "cleo"))


def test_the_audience_is_everyone_who_is_named_once_and_in_order() -> None:
    document = {
        "actor": {"id": ANA},
        "to": [BOB, "as:Public"],
        "cc": {"id": CLEO},
        "bto": BOB,
        "bcc": ["https://x.example/", 7, None, ANA],
    }
    assert audience(document, limits=Limits()) == (BOB, CLEO, "https://x.example/")


def test_too_many_recipients_are_refused() -> None:
    document = {"actor": ANA, "to": [f"https://m.example/{n}" for n in range(5)]}
    assert len(audience(document, limits=Limits(recipients=6))) == 5
    with pytest.raises(TooLarge):
        audience(document, limits=Limits(recipients=5))


def test_blind_recipients_are_stripped_at_every_depth_and_the_original_stays() -> None:
    document = {"bto": BOB, "to": ANA, "object": [{"bcc": [CLEO], "content": "x", "tag": [{"bto": 1}]}]}
    assert strip_blind(document) == {"to": ANA, "object": [{"content": "x", "tag": [{}]}]}
    assert document["bto"] == BOB


def test_a_shared_inbox_stands_for_two_but_not_for_one() -> None:
    shared = "https://m.example/inbox"
    two = [
        Recipient(ANA, ANA + "/in", shared),
        Recipient(BOB, BOB + "/in", shared),
        Recipient(CLEO, CLEO + "/in"),
    ]
    assert inboxes(two, private=False) == (shared, CLEO + "/in")
    assert inboxes([two[0], two[0]][:1], private=False) == (ANA + "/in",)


def test_a_private_message_never_goes_to_a_shared_inbox() -> None:
    shared = "https://m.example/inbox"
    two = [
        Recipient(ANA, ANA + "/in", shared),
        Recipient(BOB, BOB + "/in", shared),
        Recipient(BOB, BOB + "/in"),
    ]
    assert inboxes(two, private=True) == (ANA + "/in", BOB + "/in")
