"""Every member that must be otherwise is refused as malformed, by its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from node.domain.errors import Reason, Refusal
from node.domain.messages import Message

OTHER = "https://evil.example/actors/mallory"
DAY = "2026-11-24T10:00:00Z"

Case = tuple[str, dict[str, object], str]

QUANTITIES: tuple[object, ...] = (
    "-1", "0", "1000000000", "0.5", "1e3", "+5", "1,000", "٣", "01", " 1", "", 1, 1.0, True, None
)  # fmt: skip
AMOUNTS: tuple[object, ...] = (
    289, 289.0, "-289.00", "289.001", "1,000.00", "1e3", "+5", "٢٨٩", "289.", ".5", "9" * 16, "NaN"
)  # fmt: skip


def _number_cases(commitment: str, values: tuple[object, ...]) -> list[Case]:
    path = f"object.{commitment}.resourceQuantity.hasNumericalValue"
    return [("06", {path: value}, f"{path}: ") for value in values]


CASES: list[Case] = [
    # --- the envelope ---
    ("01", {"id": ...}, "id: is missing"),
    ("01", {"id": "https://shop.example/activities/1"}, "id: must be on the sender's own origin"),
    ("01", {"id": "ftp://ana.example/1"}, "id: must be an absolute"),
    ("01", {"actor": ...}, "actor: is missing"),
    ("01", {"actor": {"id": "https://ana.example/p/1"}}, "actor: must be an absolute"),
    ("01", {"actor": ["https://ana.example/p/1"]}, "actor: must be an absolute"),
    ("01", {"published": ...}, "published: is missing"),
    ("01", {"published": 1795262400}, "published: time must be a string"),
    ("01", {"published": "2026-11-21"}, "published: time"),
    ("01", {"to": ...}, "to: must name the one"),
    ("01", {"to": {"id": OTHER}}, "to: must name the one"),
    ("01", {"to": []}, "to: must name exactly one"),
    ("01", {"to": ["https://shop.example/actors/shop", OTHER]}, "to: must name exactly one"),
    ("01", {"to": ["https://www.w3.org/ns/activitystreams#Public"]}, "to: must name exactly one"),
    ("01", {"cc": [OTHER]}, "cc: must not be here"),
    ("01", {"bto": OTHER}, "bto: must not be here"),
    ("01", {"bcc": [OTHER]}, "bcc: must not be here"),
    ("01", {"audience": OTHER}, "audience: must not be here"),
    ("01", {"object.cc": [OTHER]}, "object.cc: must not be here"),
    ("01", {"object.to": [OTHER]}, "object.to: must be the receiving actor alone"),
    ("01", {"object.to": ["https://shop.example/actors/shop", OTHER]}, "object.to: must be the receiving"),
    ("09", {"result.bcc": [OTHER]}, "result.bcc: must not be here"),
    ("04", {"cc": [OTHER]}, "cc: must not be here"),
    ("06", {"as:cc": [OTHER]}, "as:cc: must be written as its plain name"),
    ("06", {"https://www~w3~org/ns/activitystreams#to": [OTHER]}, "must be written as its plain name"),
    ("06", {"object.@type": "vf:Agreement"}, "type: must be one plain name"),
    ("06", {"object.stipulates.@id": OTHER}, "@id: must be written as its plain name"),
    ("06", {"object.stipulates.vf:due": DAY}, "vf:due: must be written as its plain name"),
    ("06", {"context": ...}, "context: is missing"),
    ("06", {"context": "deal 1"}, "context: must be an absolute"),
    # --- the shape ---
    ("01", {"type": ["Create"]}, "type: must be one plain name"),
    ("01", {"type": "as:Create"}, "type: must be one plain name"),
    ("01", {"type": "https://www.w3.org/ns/activitystreams#Create"}, "type: must be one plain name"),
    ("01", {"object.type": ["Proposal"]}, "object.type: must be one plain name"),
    ("01", {"object.type": ["Note", "Proposal"]}, "object.type: must be one plain name"),
    ("01", {"object.type": "vf:Proposal"}, "object.type: must be one plain name"),
    ("01", {"object": [{"type": "Proposal"}]}, "object: must be one object"),
    ("01", {"@type": "Create"}, "type: must be one plain name"),
    ("01", {"type": "Accept"}, "object: Accept of Proposal is no message"),
    ("06", {"type": "Create"}, "object: Create of Agreement is no message"),
    ("06", {"proposalDigest": ...}, "proposalDigest: is missing"),
    ("06", {"acceptDigest": "zQm1"}, "acceptDigest: must not be here"),
    ("06", {"disclosed": "{}"}, "disclosed: must not be here"),
    ("06", {"result": {}}, "result: must not be here"),
    ("10", {"purchaseCredential": "{}"}, "feedbackKey: must not be here"),
    ("11", {"result": {}}, "result: must not be here"),
    ("11", {"feedbackKey": "did:key:z"}, "feedbackKey: must not be here"),
    ("11", {"offerDigest": ...}, "offerDigest: is missing"),
    ("12", {"offerDigest": "zQm1"}, "a refusal names one digest"),
    ("12", {"result": {}}, "result: must not be here"),
    ("12", {"instrument.reasonCode": "obv:timing"}, "instrument.reasonCode: must be one of obv:expired"),
    ("12", {"instrument.reasonCode": "outOfStock"}, "instrument.reasonCode: must be one of"),
    ("13", {"proposalDigest": "zQm1"}, "proposalDigest: must not be here"),
    ("08", {"object": {"id": "https://shop.example/activities/1"}}, "object.type"),
    ("08", {"object": {"type": "Offer"}}, "object: TentativeAccept of Offer is no message"),
    ("08", {"offerDigest": ["zQm1"]}, "offerDigest: must be a text"),
    ("08", {"offerDigest": "sha256:abc"}, "offerDigest: must be a digest"),
    ("08", {"offerDigest": "zQm" + "1" * 300}, "offerDigest: must be a text of at most"),
    # --- the proposal ---
    ("01", {"object.id": ...}, "object.id: is missing"),
    ("01", {"object.id": "https://shop.example/proposals/1"}, "object.id: must be on the sender's own"),
    ("01", {"object.attributedTo": OTHER}, "object.attributedTo: must be the sender"),
    ("01", {"object.attributedTo": ...}, "object.attributedTo: is missing"),
    ("01", {"object.purpose": "offer"}, "object.purpose: must be one of request"),
    ("01", {"object.purpose": ...}, "object.purpose: is missing"),
    ("01", {"object.unitBased": True}, "object.unitBased: must be false"),
    ("01", {"object.unitBased": ...}, "object.unitBased: must be false"),
    ("01", {"object.unitBased": "false"}, "object.unitBased: must be true or false"),
    ("01", {"object.name": "x" * 501}, "object.name: must be a text of at most 500"),
    ("01", {"object.content": "x" * 20_001}, "object.content: must be a text of at most 20000"),
    ("01", {"object.content": {"en": "hello"}}, "object.content: must be a text"),
    ("01", {"object.endTime": "2026-11-24T10:00:00"}, "object.endTime: time"),
    ("01", {"object.endTime": "2026-02-30T10:00:00Z"}, "object.endTime"),
    ("01", {"object.endTime": "10000-11-24T10:00:00Z"}, "object.endTime: time"),
    ("01", {"object.hasEnd": "2026-11-25T10:00:00Z"}, "object.hasEnd: must equal endTime"),
    ("01", {"object.endTime": ...}, "object.hasEnd: must not be here"),
    ("01", {"object.published": "2026-11-21T10:00:01Z"}, "object.published: must not be later"),
    ("02", {"object.updated": "2026-11-21T10:20:01Z"}, "object.updated: must not be later"),
    ("02", {"object.updated": ...}, "object.updated: is missing"),
    ("01", {"object.context": "https://shop.example/deals/1"}, "object.context: must be on the sender's own"),
    ("01", {"context": "https://ana.example/deals/other"}, "context: must be the proposal's"),
    ("01", {"object.publishes": ...}, "object.publishes: is missing"),
    ("01", {"object.publishes": ["x"]}, "object.publishes: must be one object"),
    ("01", {"object.publishes.type": "Commitment"}, 'object.publishes.type: must be "Intent"'),
    ("01", {"object.publishes.id": "https://ana.example/x"}, "object.publishes.id: must be the proposal's"),
    ("01", {"object.publishes.action": "steal"}, "object.publishes.action: must be one of transfer"),
    ("01", {"object.publishes.receiver": OTHER}, "object.publishes.receiver: must be the sender"),
    ("01", {"object.publishes.resourceConformsTo": "https://example.org/bicycle"}, "must be a Wikidata URI"),
    (
        "01",
        {"object.publishes.resourceConformsTo": ["https://www.wikidata.org/wiki/Q1"]},
        "must be a Wikidata",
    ),
    ("01", {"object.publishes.resourceQuantity": ...}, "object.publishes.resourceQuantity: is missing"),
    ("01", {"object.publishes.due": "Friday"}, "object.publishes.due: time"),
    ("01", {"object.reciprocal.provider": OTHER}, "object.reciprocal.provider: must be the sender"),
    ("01", {"object.reciprocal.action": ...}, "object.reciprocal.action: is missing"),
    ("01", {"object.reciprocal.resourceConformsTo": ...}, "object.reciprocal.resourceConformsTo: is missing"),
    (
        "01",
        {"object.reciprocal.resourceConformsTo": "https://www.wikidata.org/wiki/Q11442"},
        "is not a currency",
    ),
    ("01", {"object.location.type": "Point"}, 'object.location.type: must be "Place"'),
    ("01", {"object.location.latitude": 91}, "object.location.latitude: must be a number from -90 to 90"),
    ("01", {"object.location.longitude": "4.3"}, "object.location.longitude: must be a number"),
    ("01", {"object.location.radius": True}, "object.location.radius: must be a number"),
    (
        "01",
        {"object.wishes": [{"id": str(n), "wish": "x", "weight": "nice"} for n in range(51)]},
        "at most 50",
    ),
    ("01", {"object.wishes[1].id": "w1"}, "object.wishes: must each have an id of their own"),
    ("01", {"object.wishes[0].weight": "perhaps"}, "object.wishes[0].weight: must be one of must, nice"),
    ("01", {"object.wishes[0].value": 115}, "object.wishes[0].value: must be a text"),
    ("01", {"object.wishes[0].wish": " "}, "object.wishes[0].wish: must be a text that is not empty"),
    ("01", {"object.wishes[0]": "second-hand"}, "object.wishes[0]: must be an object"),
    ("01", {"object.terms[0]": "SD-BASE"}, "object.terms: must be an absolute"),
    (
        "01",
        {"object.terms[0]": "https://w3id.org/dpv/standards/ieee/7012#SD-BASE-DP"},
        "terms: each only once",
    ),
    ("01", {"object.terms": [f"https://terms.example/{n}" for n in range(21)]}, "object.terms: at most 20"),
    ("01", {"object.SPC": "1"}, "object.SPC: must be a whole number"),
    ("01", {"object.SPC": True}, "object.SPC: must be a whole number"),
    ("01", {"object.SPC": -1}, "object.SPC: must be a whole number"),
    (
        "01",
        {"object.budget": {"currency": "https://www.wikidata.org/wiki/Q4916", "max": 300}},
        "object.budget.max",
    ),
    ("01", {"object.budget": {"max": "300"}}, "object.budget.currency: is missing"),
    ("03", {"object.type": "Note"}, "object: Delete of Note is no message"),
    ("03", {"object.id": "https://shop.example/1"}, "object.id: must be on the sender's own origin"),
    ("09", {"result.endTime": "tomorrow"}, "result.endTime: time"),
    ("09", {"result.context": "https://ana.example/deals/other"}, "context: must be the proposal's"),
    (
        "09",
        {"result.reciprocal.resourceQuantity.hasNumericalValue": 270},
        "result.reciprocal.resourceQuantity",
    ),
    ("09", {"result.reciprocal.resourceQuantity.hasUnit": "hour"}, 'hasUnit: must be "one" for money'),
    # --- quantities: G14, G18, G21 ---
    *_number_cases("stipulates", QUANTITIES),
    ("06", {"object.stipulates.resourceQuantity.hasUnit": "barrel"}, "unit 'barrel' is not one that we know"),
    ("06", {"object.stipulates.resourceQuantity.hasUnit": ...}, "resourceQuantity.hasUnit: must be a text"),
    ("06", {"object.stipulates.resourceQuantity.om2:hasUnit": "hour"}, "om2:hasUnit: must not be here"),
    # --- money: D04, G15, G16, G18 ---
    *_number_cases("stipulatesReciprocal", AMOUNTS),
    ("06", {"priceParts[0].amount": 279.0}, "priceParts[0].amount: amount must be a decimal string"),
    ("06", {"priceParts[0].kind": "bribe"}, "priceParts[0].kind: must be one of goods"),
    ("06", {"priceParts[0].name": ...}, "priceParts[0].name: must be a text"),
    ("06", {"recurring": {"amount": "9.00", "period": "monthly", "times": 12}}, "recurring.period"),
    ("06", {"recurring": {"amount": "9.00", "period": "P", "times": 12}}, "recurring.period"),
    ("06", {"recurring": {"amount": "9.00", "period": "P1M"}}, "recurring.times: is missing"),
    (
        "06",
        {"recurring": {"amount": "9.00", "period": "P1M", "times": 0}},
        "recurring.times: must be a whole",
    ),
    ("06", {"recurring": {"amount": 9, "period": "P1M", "times": 12}}, "recurring.amount"),
    # --- the offer ---
    ("06", {"firm": "yes"}, "firm: must be true or false"),
    ("06", {"supersedes": "the last one"}, "supersedes: must be an absolute"),
    ("06", {"answers[0].meets": "yes"}, "answers[0].meets: must be one of obv:yes"),
    ("06", {"answers[0].meets": "obv:very"}, "answers[0].meets: must be one of obv:yes"),
    ("06", {"answers": [{"wish": "w", "answer": "a"}] * 101}, "answers: at most 100"),
    ("06", {"fieldsAsked[0].dataPurpose": "delivery"}, "fieldsAsked[0].dataPurpose: must be an absolute"),
    ("06", {"attachment": [{"type": "Link", "href": "https://x.example/"}] * 11}, "attachment: at most 10"),
    ("06", {"attachment[0].href": ...}, "attachment[0].href: must be a text"),
    ("06", {"attachment[0].rel": [1]}, "attachment[0].rel: must be a list of link relations"),
    ("06", {"object.id": "https://shop.example/agreements/1"}, "object.id: must not be here"),
    (
        "06",
        {"object.attributedTo": "https://shop.example/actors/shop"},
        "object.attributedTo: must not be here",
    ),
    ("06", {"object.terms": ["https://terms.example/mine"]}, "object.terms: must not be here"),
    ("06", {"object.stipulates.resourceConformsTo": OTHER}, "resourceConformsTo: must not be here"),
    ("06", {"object.stipulatesReciprocal.resourceConformsTo": OTHER}, "resourceConformsTo: must not be here"),
    ("06", {"object.stipulatesReciprocal.receiver": OTHER}, "object.stipulatesReciprocal.receiver: must not"),
    ("06", {"object.stipulates.id": "https://shop.example/1"}, "object.stipulates.id: must not be here"),
    ("06", {"object.stipulates": ...}, "object.stipulates: is missing"),
    ("06", {"object.stipulates.type": "Intent"}, 'object.stipulates.type: must be "Commitment"'),
    ("06", {"object.stipulates.satisfies": ...}, "object.stipulates.satisfies: is missing"),
    ("06", {"object.stipulates.item.name": ""}, "object.stipulates.item.name: must be a text"),
    ("06", {"object.stipulates.item.condition": "stolen"}, "item.condition: must be one of new"),
    ("06", {"object.stipulates.item.url": 5}, "item.url: must be a text"),
    ("07", {"object.actor": OTHER}, "object.actor: must be the sender"),
    ("07", {"object.id": "https://ana.example/activities/1"}, "object.id: must be on the sender's own"),
    ("07", {"object": "https://ana.example/activities/1"}, "object: must be on the sender's own"),
    # --- accept and conclusion ---
    ("10", {"feedbackKey": ...}, "feedbackKey: must be a text"),
    ("10", {"feedbackKey": "did:web:ana.example"}, "feedbackKey: must be a did:key"),
    (
        "10",
        {
            "feedbackKey": "did:key:z6MksKqDLgocCZa6yq1zXyBcSTHW7B2Jp8wzh5B194WrPDSv"
            "#z6MksKqDLgocCZa6yq1zXyBcSTHW7B2Jp8wzh5B194WrPDSv"
        },
        "feedbackKey: must be a did:key without a fragment",
    ),
    ("10", {"disclosed": {"version": "1.0"}}, "disclosed: must be a text"),
    ("10", {"disclosed": "{"}, "disclosed: must be one JSON object as text"),
    ("10", {"disclosed": '{"@type":"Card","@type":"Card"}'}, "A key stands twice"),
    ("10", {"disclosed": '{"@type":"Event"}'}, 'disclosed.@type: must be "Card"'),
    ("10", {"disclosed": " " * 16_001}, "disclosed: must be a text of at most 16000"),
    ("10", {"result": ...}, "result: is missing"),
    ("10", {"result.type": "Contract"}, 'result.type: must be "Agreement"'),
    ("10", {"result.id": "https://shop.example/agreements/1"}, "result.id: must be on the sender's own"),
    (
        "10",
        {"result.attributedTo": "https://shop.example/actors/shop"},
        "result.attributedTo: must be the sender",
    ),
    (
        "10",
        {"result.stipulates.id": "https://ana.example/1"},
        "result.stipulates.id: must be the agreement's id",
    ),
    ("10", {"result.stipulatesReciprocal.id": ...}, "result.stipulatesReciprocal.id: is missing"),
    ("10", {"object": ...}, "object: must be one object, or the id"),
    ("11", {"purchaseCredential": ...}, "purchaseCredential: must be a text"),
    ("11", {"purchaseCredential": "[]"}, "purchaseCredential: must be one JSON object"),
    ("11", {"actor": "https://shop.example/actors/other"}, "purchaseCredential.issuer: must be the sender"),
    # --- rejects, notes, cancellations, progress, confirmation ---
    ("05", {"instrument": ...}, "instrument.reasonCode: is missing"),
    ("05", {"instrument.type": "Excuse"}, 'instrument.type: must be "Reason"'),
    ("05", {"instrument.reasonCode": "obv:timing"}, "instrument.reasonCode: must be one of obv:notStocked"),
    ("13", {"instrument.mayAnswer": 1}, "instrument.mayAnswer: must be true or false"),
    ("13", {"instrument.reasonCode": "obv:area"}, "instrument.reasonCode: must be one of obv:price"),
    ("04", {"object.inReplyTo": ...}, "object.inReplyTo: is missing"),
    ("04", {"object.content": "  "}, "object.content: must be a text that is not empty"),
    ("04", {"object.attributedTo": OTHER}, "object.attributedTo: must be the sender"),
    ("04", {"object.context": "https://ana.example/deals/2"}, "object.context: must be the activity's"),
    ("14", {"instrument": ...}, "instrument: is missing"),
    ("14", {"instrument.reasonCode": "obv:boredom"}, "instrument.reasonCode: must be one of"),
    ("14", {"object.type": "cancellation"}, "object: Offer of cancellation is no message"),
    ("15", {"object.stage": "lost"}, "object.stage: must be one of paid"),
    ("15", {"object.fulfills": ...}, "object.fulfills: is missing"),
    ("15", {"object.hasPointInTime": ...}, "object.hasPointInTime: is missing"),
    ("15", {"object.resourceQuantity": ...}, "object.resourceQuantity: is missing"),
    ("15", {"object.id": "https://ana.example/events/1"}, "object.id: must be on the sender's own"),
    ("17", {"object.context": ...}, "object.context: is missing"),
    (
        "17",
        {
            "object.attachment": [
                {"type": "Link", "href": "https://x.example/", "rel": "https://w3id.org/obverse/ns#receipt"}
            ]
            * 2
        },
        "object.attachment: must link to one receipt",
    ),
    # --- the receipt ---
    ("16", {"object.issuer": OTHER}, "object.issuer: must be the sender"),
    ("16", {"object.@context": ["https://www.w3.org/ns/credentials/v2"]}, "object.type: must be a receipt"),
    ("16", {"object.type": ["VerifiableCredential"]}, "object.type: must be a receipt"),
    ("16", {"object.proof": ...}, "object.proof: is missing"),
    ("16", {"object.id": "https://ana.example/receipts/1"}, "object.id: must be on the sender's own"),
    ("16", {"object.credentialSubject.id": OTHER}, "credentialSubject.id: must be the customer"),
    ("16", {"object.credentialSubject.obv:acceptDigest": "zQm1"}, "obv:acceptDigest: must be the message's"),
    ("16", {"object.credentialSubject.obv:category": "bicycle"}, "obv:category: must be a Wikidata URI"),
    ("16", {"object.credentialSubject.obv:total": 289}, "obv:total: amount must be a decimal string"),
    ("16", {"object.credentialSubject.obv:currency": ...}, "obv:currency: is missing"),
    ("16", {"object.credentialSubject.obv:returnUntil": "2026-02-30"}, "obv:returnUntil"),
    ("16", {"object.credentialSubject.obv:returnUntil": "20261211"}, "obv:returnUntil"),
    ("16", {"object.credentialSubject.obv:guaranteeUntil": 2028}, "obv:guaranteeUntil: must be a text"),
    ("16", {"object.validFrom": ...}, "object.validFrom: is missing"),
    # --- the order ---
    ("31", {"context": "https://shop.example/deals/1"}, "context: must be on the sender's own origin"),
    ("31", {"termsAccepted": ["https://terms.example/1"]}, "termsAccepted: must not be here"),
    ("31", {"firm": True}, "firm: must not be here"),
    ("31", {"object.terms": ["https://terms.example/1"]}, "object.terms: must not be here"),
    ("32", {"purchaseCredential": "{}"}, "purchaseCredential.credentialSubject: is missing"),
]


@pytest.mark.parametrize(
    ("number", "changes", "detail"), CASES, ids=[f"{c[0]}-{'-'.join(c[1])}-{n}" for n, c in enumerate(CASES)]
)
def test_malformed_member_is_refused_by_its_name(
    number: str,
    changes: dict[str, object],
    detail: str,
    example: Callable[..., dict[str, Any]],
    read: Callable[..., Message],
) -> None:
    with pytest.raises(Refusal) as refused:
        read(example(number, changes))
    assert refused.value.reason is Reason.MALFORMED
    assert detail in refused.value.detail


def test_the_same_with_nothing_changed_is_read(
    example: Callable[..., dict[str, Any]], read: Callable[..., Message]
) -> None:
    for number in sorted({case[0] for case in CASES}):
        read(example(number))


CREDENTIAL_CASES: list[tuple[str, object, str]] = [
    ("note", "persona 1", "note: must not be here"),
    ("validFrom", "2026-11-21T12:00:05Z", "validFrom: must not be here"),
    ("credentialSubject.agreement", "https://ana.example/1", "credentialSubject.agreement: must not be here"),
    ("proof.nonce", "persona 1", "proof.nonce: must not be here"),
    ("@context", ["https://www.w3.org/ns/credentials/v2"], "type: must be a purchase credential"),
    ("@context", ..., "type: must be a purchase credential"),
    ("type", ["VerifiableCredential"], "type: must be a purchase credential"),
    ("proof", ..., "proof: is missing"),
    ("proof.type", "Ed25519Signature2020", 'proof.type: must be "DataIntegrityProof"'),
    ("credentialSubject.id", "did:key:z1", "credentialSubject.id: must be a did:key"),
    ("credentialSubject.month", "2026-13", "credentialSubject.month: must be like 2026-11"),
    ("credentialSubject.category", "bicycle", "credentialSubject.category: must be a Wikidata URI"),
    ("issuer", {"id": "https://shop.example/actors/shop"}, "issuer: must be an absolute"),
]


@pytest.mark.parametrize(
    ("path", "value", "detail"), CREDENTIAL_CASES, ids=[f"{c[0]}-{n}" for n, c in enumerate(CREDENTIAL_CASES)]
)
def test_purchase_credential_says_exactly_what_it_must(
    path: str,
    value: object,
    detail: str,
    example: Callable[..., dict[str, Any]],
    read: Callable[..., Message],
) -> None:
    activity = example("11")
    credential = json.loads(activity["purchaseCredential"])
    *steps, last = path.split(".")
    place = credential
    for step in steps:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    activity["purchaseCredential"] = json.dumps(credential)
    with pytest.raises(Refusal) as refused:
        read(activity)
    assert refused.value.reason is Reason.MALFORMED
    assert f"purchaseCredential.{detail}" in refused.value.detail
