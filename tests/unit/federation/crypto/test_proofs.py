from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import base58
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from federation.errors import ProofInvalid
from federation.keys import PublicKey, SigningKey, ed25519_from_seed
from federation.messages import JsonObject, Limits
from federation.proofs import add_proof, hash_data, proof_claim, verify_proof
from federation.strictjson import dump_json, parse_json_object

LIMITS = Limits()
ANA = "https://ana.example/actors/ana"
CONTEXT: list[Any] = [
    "https://www.w3.org/ns/activitystreams",
    "https://w3id.org/security/data-integrity/v2",
    {"obv": "https://w3id.org/obverse/ns#"},
]


def a_document(**changes: Any) -> JsonObject:
    return {
        "@context": CONTEXT,
        "id": "https://ana.example/activities/1",
        "type": "Create",
        "actor": ANA,
        "object": {"type": "Note", "content": "Grüße", "price": "19.99"},
        **changes,
    }


def sign_with(document: JsonObject, key: SigningKey, **options: Any) -> JsonObject:
    """A proof whose options are the attacker's choice, honestly signed by her own key."""
    chosen = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2026-11-21T12:00:00Z",
        "verificationMethod": key.id,
        "proofPurpose": "assertionMethod",
        "@context": document.get("@context"),
        **options,
    }
    chosen = {name: value for name, value in chosen.items() if value is not ...}
    signature = key.sign(hash_data(document, chosen))
    return {**document, "proof": {**chosen, "proofValue": "z" + base58.b58encode(signature).decode()}}


def check(document: JsonObject, key: SigningKey | PublicKey, now: datetime | None, **options: Any) -> None:
    public = key.public if isinstance(key, SigningKey) else key
    verify_proof(document, public, now=now, limits=LIMITS, **options)


def refused(
    document: JsonObject, key: SigningKey, now: datetime | None, match: str | None = None, **options: Any
) -> None:
    with pytest.raises(ProofInvalid, match=match):
        check(document, key, now, **options)


# --- making ----------------------------------------------------------------------------------------------


def test_a_signed_document_verifies_after_a_journey(ed25519_key: SigningKey, now: datetime) -> None:
    signed = add_proof(a_document(), ed25519_key, created=now)
    check(parse_json_object(dump_json(signed)), ed25519_key, now)


def test_the_proof_has_the_usual_members_and_stands_last(ed25519_key: SigningKey, now: datetime) -> None:
    signed = add_proof(a_document(), ed25519_key, created=now)
    assert list(signed)[-1] == "proof"
    assert list(signed["proof"]) == [
        "type",
        "cryptosuite",
        "created",
        "verificationMethod",
        "proofPurpose",
        "@context",
        "proofValue",
    ]
    assert signed["proof"]["created"] == "2026-11-21T12:00:00Z"
    assert signed["proof"]["@context"] == CONTEXT


def test_signing_changes_nothing_in_the_document(ed25519_key: SigningKey, now: datetime) -> None:
    document = a_document()
    before = copy.deepcopy(document)
    signed = add_proof(document, ed25519_key, created=now)
    assert document == before
    assert {**signed, "proof": None} == {**before, "proof": None}


def test_the_time_is_written_in_utc_and_cut_to_seconds(ed25519_key: SigningKey) -> None:
    local = datetime(2026, 11, 21, 14, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert add_proof(a_document(), ed25519_key, created=local)["proof"]["created"] == "2026-11-21T12:00:00Z"


@pytest.mark.parametrize(
    "context",
    [
        "https://w3id.org/security/data-integrity/v2",
        ["https://w3id.org/security/data-integrity/v2"],
        ["https://www.w3.org/ns/credentials/v2", {"obv": "https://w3id.org/obverse/ns#"}],
    ],
)
def test_a_context_that_knows_proofs_is_signed(context: Any, ed25519_key: SigningKey, now: datetime) -> None:
    check(add_proof(a_document(**{"@context": context}), ed25519_key, created=now), ed25519_key, now)


@pytest.mark.parametrize("context", [None, [], {}, "https://www.w3.org/ns/activitystreams", [CONTEXT]])
def test_a_context_without_proofs_is_not_signed(context: Any, ed25519_key: SigningKey, now: datetime) -> None:
    with pytest.raises(ValueError, match="data-integrity/v2"):
        add_proof(a_document(**{"@context": context}), ed25519_key, created=now)


def test_a_second_proof_is_not_added(ed25519_key: SigningKey, now: datetime) -> None:
    signed = add_proof(a_document(), ed25519_key, created=now)
    with pytest.raises(ValueError, match="already"):
        add_proof(signed, ed25519_key, created=now)


def test_an_rsa_key_makes_and_checks_no_proof(
    rsa_key: SigningKey, ed25519_key: SigningKey, now: datetime
) -> None:
    with pytest.raises(ValueError, match="Ed25519"):
        add_proof(a_document(), rsa_key, created=now)
    refused(sign_with(a_document(), rsa_key), rsa_key, now, match="not an Ed25519 key")


# --- what is altered on the road -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"summary": "added"},
        {"bto": None},
        {"signature": {"type": "RsaSignature2017"}},
        {"actor": "https://mallory.example/actors/m"},
        {"object": {"type": "Note", "content": "Grüße", "price": "9.99"}},
        {"object": {"type": "Note", "content": "Gru\u0308\u00dfe", "price": "19.99"}},
        {"object": {"type": "Note", "content": "Grüße", "price": 19.99}},
        {"type": ["Create"]},
        {"@context": [*CONTEXT, {"price": "https://mallory.example/ns#x"}]},
        {"@context": CONTEXT[:2]},
        {"@context": None},
    ],
)
def test_anything_added_or_changed_is_refused(
    change: dict[str, Any], ed25519_key: SigningKey, now: datetime
) -> None:
    refused({**add_proof(a_document(), ed25519_key, created=now), **change}, ed25519_key, now)


@pytest.mark.parametrize("name", ["id", "type", "actor", "object", "@context"])
def test_anything_taken_away_is_refused(name: str, ed25519_key: SigningKey, now: datetime) -> None:
    signed = add_proof(a_document(), ed25519_key, created=now)
    del signed[name]
    refused(signed, ed25519_key, now)


@pytest.mark.parametrize(
    "change",
    [
        {"created": "2026-11-21T12:00:01Z"},
        {"created": "2026-11-21T12:00:00.0Z"},
        {"created": "2026-11-21T12:00:00+00:00"},
        {"expires": "2030-01-01T00:00:00Z"},
        {"domain": "shop.example"},
        {"nonce": "1"},
        {"id": "urn:x"},
    ],
)
def test_a_changed_proof_is_refused(change: dict[str, Any], ed25519_key: SigningKey, now: datetime) -> None:
    signed = add_proof(a_document(), ed25519_key, created=now)
    refused({**signed, "proof": {**signed["proof"], **change}}, ed25519_key, now, match="does not match")


def test_a_proof_moved_to_another_document_is_refused(ed25519_key: SigningKey, now: datetime) -> None:
    signed = add_proof(a_document(), ed25519_key, created=now)
    moved = {**a_document(id="https://ana.example/activities/2"), "proof": signed["proof"]}
    refused(moved, ed25519_key, now, match="does not match")


def test_a_proof_of_an_embedded_object_does_not_sign_the_activity(
    ed25519_key: SigningKey, now: datetime
) -> None:
    inner = add_proof(a_document(), ed25519_key, created=now)
    refused({**a_document(), "object": inner}, ed25519_key, now, match="exactly one")


def test_options_and_document_cannot_change_places(ed25519_key: SigningKey, now: datetime) -> None:
    signed = add_proof(a_document(), ed25519_key, created=now)
    options = {name: value for name, value in signed["proof"].items() if name != "proofValue"}
    swapped = {**options, "proof": {**a_document(), "proofValue": signed["proof"]["proofValue"]}}
    refused(swapped, ed25519_key, now)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    document=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=5).filter(
            lambda k: k not in ("proof", "@context")
        ),
        st.integers(-1000, 1000) | st.text(st.characters(exclude_categories=["Cs"])) | st.floats(-1e6, 1e6),
        min_size=1,
    ),
    data=st.data(),
)
def test_every_single_change_is_noticed(
    document: JsonObject, data: st.DataObject, ed25519_key: SigningKey, now: datetime
) -> None:
    signed = add_proof({"@context": CONTEXT, **document}, ed25519_key, created=now)
    check(signed, ed25519_key, now)
    name = data.draw(st.sampled_from(sorted(document)))
    refused({**signed, name: [signed[name]]}, ed25519_key, now)
    refused({**signed, name + "x": 1, "y" + name: 1}, ed25519_key, now)


# --- which proofs count ----------------------------------------------------------------------------------


@pytest.mark.parametrize("proof", [..., None, [], {}, "z", 5, [{}], [{}, {}]])
def test_anything_but_one_proof_is_refused(proof: Any, ed25519_key: SigningKey, now: datetime) -> None:
    document = a_document() if proof is ... else a_document(proof=proof)
    refused(document, ed25519_key, now)


def test_a_list_with_the_one_valid_proof_is_refused(ed25519_key: SigningKey, now: datetime) -> None:
    signed = add_proof(a_document(), ed25519_key, created=now)
    for proofs in ([signed["proof"]], [signed["proof"], signed["proof"]]):
        refused({**signed, "proof": proofs}, ed25519_key, now, match="exactly one")


@pytest.mark.parametrize(
    "options",
    [
        {"type": "Ed25519Signature2020"},
        {"type": ["DataIntegrityProof"]},
        {"type": ...},
        {"cryptosuite": "eddsa-rdfc-2022"},
        {"cryptosuite": "jcs-eddsa-2022"},
        {"cryptosuite": "EDDSA-JCS-2022"},
        {"cryptosuite": ...},
        {"proofPurpose": "authentication"},
        {"proofPurpose": "capabilityInvocation"},
        {"proofPurpose": ["assertionMethod"]},
        {"proofPurpose": ...},
        {"verificationMethod": "https://mallory.example/actors/m#ed25519-key"},
        {"verificationMethod": ANA},
        {"verificationMethod": {"id": f"{ANA}#ed25519-key"}},
        {"verificationMethod": ...},
    ],
)
def test_another_kind_of_proof_is_refused(
    options: dict[str, Any], ed25519_key: SigningKey, now: datetime
) -> None:
    refused(sign_with(a_document(), ed25519_key, **options), ed25519_key, now, match="The proof's")


def test_the_key_of_another_is_refused(ed25519_key: SigningKey, now: datetime) -> None:
    other = ed25519_from_seed(ed25519_key.id, ANA, b"m" * 32)
    refused(add_proof(a_document(), other, created=now), ed25519_key, now, match="does not match")


def test_a_proof_value_has_one_spelling(ed25519_key: SigningKey, now: datetime) -> None:
    signed = add_proof(a_document(), ed25519_key, created=now)
    good = signed["proof"]["proofValue"]
    raw = base58.b58decode(good[1:])
    order = 2**252 + 27742317777372353535851937790883648493
    larger = raw[:32] + (int.from_bytes(raw[32:], "little") + order).to_bytes(32, "little")
    values: list[Any] = [
        None,
        5,
        "",
        "z",
        good[1:],
        good + " ",
        good + "\n",
        " " + good,
        "z1" + good[1:],
        good[:-1],
        good + "1",
        "u" + good[1:],
        "f" + raw.hex(),
        good.replace(good[5], "0"),
        [good],
        "z" + base58.b58encode(raw + b"\0").decode(),
        "z" + base58.b58encode(raw[:-1]).decode(),
        "z" + base58.b58encode(b"\0" + raw).decode(),
        "z" + base58.b58encode(larger).decode(),
        "z" + "1" * 64,
        "z" + "2" * 100_000,
    ]
    for value in values:
        refused({**signed, "proof": {**signed["proof"], "proofValue": value}}, ed25519_key, now)
    missing = {name: value for name, value in signed["proof"].items() if name != "proofValue"}
    refused({**signed, "proof": missing}, ed25519_key, now)


# --- contexts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "context",
    [
        ...,
        CONTEXT[:1],
        CONTEXT[:2],
        CONTEXT[0],
        [],
        None,
        list(reversed(CONTEXT)),
        [*CONTEXT, "https://x.example/"],
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_a_context_that_is_not_the_documents_is_refused(
    context: Any, strict: bool, ed25519_key: SigningKey, now: datetime
) -> None:
    signed = sign_with(a_document(), ed25519_key, **{"@context": context})
    refused(signed, ed25519_key, now, match="@context", strict_context=strict)
    claim = proof_claim(signed)
    assert claim is not None
    assert claim.usable
    assert not claim.binds_context


def test_true_and_one_are_different_contexts(ed25519_key: SigningKey, now: datetime) -> None:
    document = a_document(**{"@context": [*CONTEXT, {"@protected": True}]})
    other = sign_with(document, ed25519_key, **{"@context": [*CONTEXT, {"@protected": 1}]})
    refused(other, ed25519_key, now, match="@context")


def test_without_any_context_only_the_lenient_check_accepts(ed25519_key: SigningKey, now: datetime) -> None:
    bare = a_document()
    del bare["@context"]
    signed = sign_with(bare, ed25519_key, **{"@context": ...})
    check(signed, ed25519_key, now, strict_context=False)
    refused(signed, ed25519_key, now, match="@context")
    appended = {**signed, "@context": CONTEXT}
    refused(appended, ed25519_key, now, match="@context", strict_context=False)


def test_a_json_ld_signature_added_after_the_proof_is_left_out_only_if_asked(
    ed25519_key: SigningKey, now: datetime
) -> None:
    signed = {**add_proof(a_document(), ed25519_key, created=now), "signature": {"type": "RsaSignature2017"}}
    check(signed, ed25519_key, now, strict_context=False)
    refused(signed, ed25519_key, now, match="does not match")
    refused({**signed, "signatures": 1}, ed25519_key, now, strict_context=False)


def test_a_context_without_canonical_form_is_refused(ed25519_key: SigningKey, now: datetime) -> None:
    signed = add_proof(a_document(), ed25519_key, created=now)
    broken = [2**53]
    odd = {**signed, "@context": broken, "proof": {**signed["proof"], "@context": broken}}
    refused(odd, ed25519_key, now, match="@context")
    refused({**signed, "amount": 2**53}, ed25519_key, now, match="no canonical form")


# --- time ------------------------------------------------------------------------------------------------


def test_a_proof_may_be_old_and_a_little_ahead(ed25519_key: SigningKey, now: datetime) -> None:
    signed = add_proof(a_document(), ed25519_key, created=now)
    check(signed, ed25519_key, now + timedelta(days=30))
    check(signed, ed25519_key, now - timedelta(minutes=5))
    refused(signed, ed25519_key, now - timedelta(minutes=5, seconds=1), match="future")
    check(signed, ed25519_key, None)


def test_expires_is_honoured(ed25519_key: SigningKey, now: datetime) -> None:
    signed = sign_with(a_document(), ed25519_key, expires="2026-11-21T13:00:00Z")
    check(signed, ed25519_key, now)
    check(signed, ed25519_key, datetime(2026, 11, 21, 13, tzinfo=UTC))
    refused(signed, ed25519_key, now + timedelta(minutes=60, seconds=1), match="expired")
    check(signed, ed25519_key, None)


@pytest.mark.parametrize(
    "time",
    [
        "2026-11-21T12:00:00.25Z",
        "2026-11-21T13:30:00+01:30",
        "2026-11-21T12:00:00-00:00",
    ],
)
def test_times_of_other_software_are_read(time: str, ed25519_key: SigningKey, now: datetime) -> None:
    check(sign_with(a_document(), ed25519_key, created=time), ed25519_key, now)


@pytest.mark.parametrize(
    "time",
    [
        ...,
        None,
        0,
        1795262400,
        "",
        "2026-11-21",
        "2026-11-21T12:00:00",
        "2026-11-21 12:00:00Z",
        "2026-11-21t12:00:00z",
        "20261121T120000Z",
        "2026-W47-6T12:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-11-21T12:00:60Z",
        "2026-11-21T24:00:01Z",
        "2026-11-21T12:00:00Z\n",
        "2026-11-21T12:00:00+25:00",
        "\u0662026-11-21T12:00:00Z",
        ["2026-11-21T12:00:00Z"],
    ],
)
def test_a_created_or_expires_that_is_no_time_is_refused(
    time: Any, ed25519_key: SigningKey, now: datetime
) -> None:
    refused(sign_with(a_document(), ed25519_key, created=time), ed25519_key, now, match="created")
    if time is not ...:
        refused(sign_with(a_document(), ed25519_key, expires=time), ed25519_key, now, match="expired")
        refused(sign_with(a_document(), ed25519_key, expires=time), ed25519_key, None, match="expired")


# --- claims ----------------------------------------------------------------------------------------------


def test_a_claim_says_what_a_proof_says(ed25519_key: SigningKey, now: datetime) -> None:
    claim = proof_claim(add_proof(a_document(), ed25519_key, created=now))
    assert claim is not None
    assert (claim.verification_method, claim.cryptosuite) == (ed25519_key.id, "eddsa-jcs-2022")
    assert (claim.created, claim.usable, claim.binds_context) == (now, True, True)


@pytest.mark.parametrize("document", [{}, {"proof": None}, {"proofs": {}}])
def test_no_proof_claims_nothing(document: JsonObject) -> None:
    assert proof_claim(document) is None


@pytest.mark.parametrize(
    "proof",
    [
        [],
        "z",
        5,
        {},
        {"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022"},
        {"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "verificationMethod": "k"},
        {
            "type": "DataIntegrityProof",
            "cryptosuite": ["eddsa-jcs-2022"],
            "verificationMethod": "k",
            "proofValue": "z",
        },
        {
            "type": "DataIntegrityProof",
            "cryptosuite": "mldsa44-jcs-2024",
            "verificationMethod": "k",
            "proofValue": "z",
        },
        {
            "type": "RsaSignature2017",
            "cryptosuite": "eddsa-jcs-2022",
            "verificationMethod": "k",
            "proofValue": "z",
        },
        {
            "type": "DataIntegrityProof",
            "cryptosuite": "eddsa-jcs-2022",
            "verificationMethod": 5,
            "proofValue": "z",
        },
        [
            {
                "type": "DataIntegrityProof",
                "cryptosuite": "eddsa-jcs-2022",
                "verificationMethod": "k",
                "proofValue": "z",
            }
        ],
    ],
)
def test_a_proof_that_we_cannot_use_is_said_to_be_so(proof: Any) -> None:
    claim = proof_claim(a_document(proof=proof))
    assert claim is not None
    assert not claim.usable
    assert not claim.binds_context


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    proof=st.dictionaries(
        st.sampled_from(
            ["type", "cryptosuite", "created", "verificationMethod", "proofValue", "@context", "x"]
        ),
        json_values,
    )
    | json_values
)
def test_any_proof_is_claimed_without_an_exception_and_refused(
    proof: Any, ed25519_key: SigningKey, now: datetime
) -> None:
    proof_claim(a_document(proof=proof))
    refused(a_document(proof=proof), ed25519_key, now)
