"""What a bundle proves: signed, whose key, when; and that nobody can make it prove more."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from federation.digest import object_digest
from federation.strictjson import dump_json, parse_json_object
from node.domain.messages import Cancel, CancelAccept, Message
from node.wire.bindings import Evidence, binding_problems
from node.wire.verification import Whose

ANA = "https://ana.example/p/NNQSzoUrVZvVMmYqduP3mq"
SHOP = "https://shop.example/actors/shop"
DEAL = ("01-intent", "02-intent-update", "06-offer", "10-accept", "11-conclusion")
WHOLE = (*DEAL, "15-progress", "16-receipt", "17-confirm")
ORDER = ("30-standing-offer-post", "31-order", "32-order-accepted")


def texts(report: Any) -> str:
    return "\n".join(f"{problem.place}: {problem.text}" for problem in report.problems)


# --- what holds -------------------------------------------------------------------------------------------


def test_example_bundle_is_signed(golden: Any, judge: Any) -> None:
    report = judge(golden("40-bundle"))
    assert texts(report) == ""
    assert report.signed
    assert [(party.actor, party.role) for party in report.parties] == [(ANA, "customer"), (SHOP, "vendor")]
    assert report.agreement.what == "North Kid 20"
    assert str(report.agreement.agreement.price) == "289.00 EUR"
    assert [seen.kind for seen in report.messages] == ["cast", "update", "offer", "accept", "conclude"]


@pytest.mark.parametrize("names", [DEAL, WHOLE, ORDER, DEAL[:3], (*DEAL[:3], "13-decline-with-reason"),
                                   (*DEAL[:3], "09-counter"), (*DEAL, "14-cancellation"),
                                   (*DEAL[:2], "05-no-bid"), (*DEAL[:2], "03-intent-withdrawn")])  # fmt: skip
def test_every_course_of_a_deal_is_signed(names: Any, maker: Any, judge: Any) -> None:
    assert texts(judge(maker().bundle(names))) == ""


def test_keys_that_only_the_exporter_vouches_for_end_with_3(maker: Any, judge: Any) -> None:
    report = judge(maker().bundle())
    assert (report.whose, report.exit_code) == (Whose.RECORDED, 3)
    key = report.parties[1].keys[0]
    assert (key.source, key.fetched_at.isoformat()) == ("shop.example", "2026-11-21T09:59:00+00:00")


def test_pinned_or_known_keys_of_both_parties_end_with_0(maker: Any, judge: Any, pin: Any) -> None:
    bundle = maker().bundle()
    assert judge(bundle, pinned=pin(ANA, SHOP)).exit_code == 0
    assert judge(bundle, pinned=pin(SHOP), known=pin(ANA)).exit_code == 0
    assert judge(bundle, known=pin(ANA, SHOP)).exit_code == 0


def test_one_pinned_key_of_two_is_not_enough(maker: Any, judge: Any, pin: Any) -> None:
    assert judge(maker().bundle(), pinned=pin(SHOP)).exit_code == 3


def test_deal_without_an_agreement_has_no_summary(maker: Any, judge: Any) -> None:
    assert judge(maker().bundle(DEAL[:3])).agreement is None
    assert judge(maker().bundle(DEAL[:4])).agreement is None
    assert judge(maker().bundle(ORDER)).agreement.what


# --- G28: whoever forges everything -------------------------------------------------------------------------


def test_g28_bundle_forged_with_fresh_keys_is_never_the_shops(maker: Any, judge: Any, pin: Any) -> None:
    forged = maker("forged").bundle()
    report = judge(forged)
    assert report.signed, "what holds together is signed; by whom is another question"
    assert (report.whose, report.exit_code) == (Whose.RECORDED, 3)
    assert judge(forged, pinned=pin(SHOP)).exit_code == 1
    assert judge(forged, pinned=pin(SHOP)).whose is Whose.CONTRADICTED
    assert judge(forged, known=pin(ANA, SHOP)).exit_code == 3


def test_forged_message_among_true_ones_is_seen(maker: Any, judge: Any, pin: Any) -> None:
    """A forger adds a key of his to the shop's document, and one message by it."""
    true, forged = maker().bundle(), maker("forged").bundle()
    bundle = {**true, "actors": true["actors"] + forged["actors"]}
    bundle["messages"] = [*true["messages"][:3], *forged["messages"][3:]]
    report = judge(bundle, pinned=pin(ANA, SHOP))
    assert report.exit_code == 1
    assert not report.signed


def test_document_of_another_host_shows_no_key_of_the_shop(maker: Any, judge: Any) -> None:
    bundle = maker("forged").bundle()
    for actor in bundle["actors"]:
        actor["from"] = actor["from"].replace("shop.example", "mallory.example")
    report = judge(bundle)
    assert report.exit_code == 1
    assert "not the document of https://mallory.example" in texts(report)


# --- altered after it was signed ----------------------------------------------------------------------------


@pytest.mark.parametrize("index", range(5))
def test_changed_message_is_not_signed(index: int, maker: Any, judge: Any) -> None:
    bundle = maker().bundle()
    entry = bundle["messages"][index]
    message = parse_json_object(base64.b64decode(entry["bytes"]))
    message["summary"] = "added later"
    entry["bytes"] = base64.b64encode(dump_json(message)).decode()
    assert f"messages[{index}]: its digest is not that of its bytes" in texts(judge(bundle))
    entry["digest"] = object_digest(message)
    assert f"messages[{index}]: The proof does not match the document" in texts(judge(bundle))


@pytest.mark.parametrize("index", range(5))
def test_missing_message_is_noticed(index: int, maker: Any, judge: Any) -> None:
    bundle = maker().bundle()
    del bundle["messages"][index]
    report = judge(bundle)
    # Without its last statement the deal holds; without the first one the second opens nothing.
    assert report.signed is (index == 4)


def test_repeated_message_is_noticed(maker: Any, judge: Any) -> None:
    bundle = maker().bundle()
    bundle["messages"].append(bundle["messages"][2])
    assert "messages[5]: stands twice" in texts(judge(bundle))


def test_message_without_a_document_of_its_signer_is_not_signed(maker: Any, judge: Any) -> None:
    bundle = maker().bundle()
    del bundle["actors"][1]
    assert f"no document here shows that {SHOP}#ed25519-key is a key of {SHOP}" in texts(judge(bundle))


def test_message_without_a_proof_is_not_signed(golden: Any, maker: Any, judge: Any) -> None:
    bundle = maker().bundle()
    message = {key: value for key, value in golden("06-offer").items() if key != "proof"}
    bundle["messages"][2] = {
        "receivedAt": "2026-11-25T10:00:00Z",
        "digest": object_digest(message),
        "bytes": base64.b64encode(dump_json(message)).decode(),
    }
    assert "it carries no signature that can be checked" in texts(judge(bundle))


def test_bytes_that_are_no_message_are_a_problem(maker: Any, judge: Any) -> None:
    bundle = maker().bundle()
    bundle["messages"][2]["bytes"] = base64.b64encode(b'{"a":1,"a":2}').decode()
    bundle["actors"][1]["bytes"] = base64.b64encode(b"[]").decode()
    found = texts(judge(bundle))
    assert "messages[2]: A key stands twice" in found
    assert "actors[1]: not the document of" in found


def test_message_signed_in_the_future_is_a_problem(maker: Any, judge: Any) -> None:
    report = judge(maker().bundle(), now=datetime(2026, 11, 21, 10, 0, tzinfo=UTC))
    assert "it was signed in the future" in texts(report)
    assert report.exit_code == 1


def test_one_key_id_may_have_had_two_keys(maker: Any, judge: Any) -> None:
    bundle = maker().bundle()
    bundle["actors"] = (
        maker("older").bundle()["actors"] + bundle["actors"] + maker("newer").bundle()["actors"]
    )
    assert texts(judge(bundle)) == ""


# --- signed by their owners, and still wrong ----------------------------------------------------------------


def put(*path: str, value: Any) -> Any:
    def edit(message: dict[str, Any]) -> None:
        inner = message
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = value

    return edit


def ended_early(note: dict[str, Any]) -> None:
    for name in ("endTime", "hasEnd"):
        if name in note:
            note[name] = "2026-11-21T00:00:01Z"


WRONG: list[tuple[tuple[str, ...], str, Any, str]] = [
    (DEAL, "10-accept", put("result", "stipulatesReciprocal", "resourceQuantity", "hasNumericalValue",
                            value="28.90"), "not the one that was offered"),
    (DEAL, "10-accept", put("result", "extra", value=1), "not the one that was offered"),
    (DEAL, "10-accept", put("result", "terms", value=["https://w3id.org/dpv/standards/ieee/7012#SD-BASE"]),
     "terms are not those that were proffered"),
    (DEAL, "10-accept", put("offerDigest", value="zQmR82cR2vSEK1NNRojdAXLDZFPV8ZRPYvonkefWQTXMEFz"),
     "offer_digest is not here"),
    (DEAL, "10-accept", put("object", value="https://shop.example/activities/other"), "name two messages"),
    (DEAL, "10-accept", put("context", value="https://ana.example/deals/other"), "another deal"),
    (DEAL, "10-accept", put("feedbackKey", value="did:key:z6MkmBvkyY48GptYZ4CbXYSXbpHMzW3RrPJkKJ1gzU9KMcMv"),
     "about another issuer, key or category"),
    (DEAL, "10-accept", put("endTime", value="2026-11-21T12:00:01Z"), "after the Accept had ended"),
    (DEAL, "06-offer", put("endTime", value="2026-11-21T11:00:00Z"), "after the offer had ended"),
    (DEAL, "06-offer", put("object", "stipulates", "satisfies",
                           value="https://ana.example/proposals/other#primary"), "about another proposal"),
    (DEAL, "06-offer", put("to", value=["https://ana.example/p/DSmAsXsCC53s6hcZxwZ2sB"]),
     "are not the two parties"),
    (DEAL, "11-conclusion", put("object", value="https://ana.example/activities/other"),
     "another Accept than the one"),
    (DEAL, "02-intent-update", put("object", "publishes", "resourceConformsTo",
                                   value="https://www.wikidata.org/wiki/Q8495"), "key or category"),
    (DEAL, "06-offer", put("priceParts", value="x"), "priceParts"),
    (WHOLE, "17-confirm", put("object", "context", value="https://ana.example/agreements/other"),
     "another agreement"),
    (ORDER, "32-order-accepted", put("result", "terms", value=[]), "terms are not those"),
    (ORDER, "32-order-accepted", put("result", "extra", value=1), "not the one that was ordered"),
    (ORDER, "30-standing-offer-post", ended_early, "had ended"),
    (ORDER, "31-order", put("object", "stipulates", "satisfies",
                            value="https://shop.example/posts/other#primary"), "another standing offer"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "name", "edit", "words"), WRONG, ids=[f"{w[1]}-{w[3][:24]}" for w in WRONG]
)
def test_what_does_not_bind_is_named(
    names: tuple[str, ...], name: str, edit: Any, words: str, maker: Any, judge: Any
) -> None:
    report = judge(maker(edits={name: edit}).bundle(names))
    assert words in texts(report)
    assert report.exit_code == 1


def test_receipt_by_another_key_than_the_vendors_does_not_hold(maker: Any, judge: Any) -> None:
    other = maker("other")
    one = maker()
    one.edits = {"16-receipt": lambda message: message.update(object=other.resigned(message["object"]))}
    assert "receipt: object: The proof does not match" in texts(judge(one.bundle(WHOLE)))


def test_credential_whose_key_no_document_shows_does_not_hold(maker: Any, judge: Any) -> None:
    def elsewhere(message: dict[str, Any]) -> None:
        credential = parse_json_object(message["purchaseCredential"].encode())
        credential["proof"]["verificationMethod"] = f"{SHOP}#other"
        message["purchaseCredential"] = dump_json(credential).decode()

    report = judge(maker(edits={"11-conclusion": elsewhere}).bundle())
    assert "no document here shows the key of the credential" in texts(report)


def test_receipt_with_another_total_than_agreed_does_not_hold(maker: Any, judge: Any) -> None:
    one = maker()

    def cheaper(message: dict[str, Any]) -> None:
        message["object"]["credentialSubject"]["obv:total"] = "1.00"
        message["object"] = one.resigned(message["object"])

    one.edits = {"16-receipt": cheaper}
    assert "its total is 1.00 EUR, the agreement says 289.00 EUR" in texts(judge(one.bundle(WHOLE)))


def test_customer_cannot_speak_as_the_vendor(maker: Any, judge: Any) -> None:
    def by_ana(message: dict[str, Any]) -> None:
        message.update(actor=ANA, to=[SHOP], id="https://ana.example/activities/x")

    assert "offer: is not the customer's to say" in texts(
        judge(maker(edits={"06-offer": by_ana}).bundle(DEAL[:3]))
    )


def test_standing_offer_by_somebody_else_is_noticed(maker: Any, judge: Any) -> None:
    mallory = "https://mallory.example/actors/m"

    def theirs(message: dict[str, Any]) -> None:
        for name, value in message.items():
            if name in ("id", "attributedTo", "url") and isinstance(value, str):
                message[name] = value.replace(SHOP, mallory).replace("shop.example", "mallory.example")
        for name in ("publishes", "reciprocal"):
            message[name] = parse_json_object(
                dump_json(message[name]).replace(b"shop.example/posts", b"mallory.example/posts").replace(
                    SHOP.encode(), mallory.encode())
            )  # fmt: skip

    report = judge(maker(edits={"30-standing-offer-post": theirs}).bundle(ORDER))
    assert report.exit_code == 1
    assert "standing offer: is not by the vendor of this deal" in texts(report)


def test_order_without_the_standing_offer_is_not_proven(maker: Any, judge: Any) -> None:
    one = maker()
    bundle = one.bundle(ORDER)
    del bundle["messages"][0]
    assert not judge(bundle).signed


def test_message_of_a_later_version_is_named(maker: Any, judge: Any) -> None:
    assert "is not read by this version" in texts(judge(maker().bundle((*DEAL, "18-issue"))))


def test_refusal_cites_what_is_no_part_of_the_evidence(maker: Any, judge: Any) -> None:
    assert texts(judge(maker().bundle((*DEAL[:4], "12-refusal")))) == ""


def test_bundle_without_its_beginning_is_not_signed(maker: Any, judge: Any) -> None:
    bundle = maker().bundle()
    bundle["messages"] = []
    report = judge(bundle)
    assert "the message that opened the deal is not here" in texts(report)
    assert report.exit_code == 1
    assert report.parties == ()


@pytest.mark.parametrize(("answerer", "asked"), [(ANA, SHOP), (SHOP, ANA)])
def test_nobody_answers_a_cancellation_of_their_own(answerer: str, asked: str) -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    said: dict[str, Any] = {"deal_id": "https://ana.example/deals/x", "actor": ANA, "to": SHOP, "at": at}
    cancel = Cancel(**said, id="c", digest="c", accept_digest="a", ends_at=at, reason="price")
    said |= {"actor": answerer, "to": asked}
    answer = CancelAccept(**said, id="d", digest="d", cancel_id="c", cancel_digest="c", accept_digest="a")
    messages: dict[str, Message] = {"c": cancel, "d": answer}
    found = dict(binding_problems(Evidence("https://ana.example/deals/x", messages, {}, {})))
    assert ("answers its own" in found["d"]) is (answerer == ANA)
