"""Test vectors that others published: what they signed and hashed, we must sign and hash."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from datetime import UTC, datetime
from typing import Any

import base58
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from federation import cavage, signatures
from federation.digest import content_digest, verify_cavage_digest, verify_content_digest
from federation.errors import KeyRefused, SignatureInvalid
from federation.jcs import canonicalize
from federation.keys import (
    KeyAlgorithm,
    PublicKey,
    SigningKey,
    did_key,
    ed25519_from_seed,
    parse_did_key,
    parse_multikey,
    parse_public_pem,
)
from federation.messages import HttpMessage, Limits
from federation.proofs import add_proof, hash_data, proof_claim, verify_proof

# --- FEP-8b32, W3C vc-di-eddsa, FEP-c390: one key pair ---------------------------------------------------

SEED = bytes.fromhex("c96ef9ea10c5e414c471723aff9de72c35fa5b70fae97e8832ecac7d2e2b8ed6")
MULTIBASE = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
CREATED = datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC)
ALICE = "https://server.example/users/alice"
OPTIONS = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "created": "2023-02-24T23:36:38Z",
    "proofPurpose": "assertionMethod",
}

FEP_8B32_ACTIVITY: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2"],
    "id": "https://server.example/activities/1",
    "type": "Create",
    "actor": ALICE,
    "object": {
        "id": "https://server.example/objects/1",
        "type": "Note",
        "attributedTo": ALICE,
        "content": "Hello world",
        "location": {"type": "Place", "longitude": -71.184902, "latitude": 25.273962},
    },
}

W3C_CREDENTIAL: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}
W3C_PROOF_VALUE = "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"

FEP_8B32_PROOF_VALUE = (
    "z42ffGu6AUKPCFcFPiabmUvnGLPJzC7e4DGWC52NUasSSH37UMa9c58tdgVszUcZfytxa4fQ5TYHaJENCxUDe9SdL"
)
FEP_C390_PROOF_VALUE = (
    "z26W7TfJYD9DrGqnem245zNbeCbTwjb8avpduzi1JPhFrwML99CpP6gGXSKSXAcQdpGFBXF4kx7VwtXKhu7VDZJ54"
)
FEP_C390_STATEMENT: dict[str, Any] = {
    "type": "VerifiableIdentityStatement",
    "subject": f"did:key:{MULTIBASE}",
    "alsoKnownAs": ALICE,
}


def key_of(key_id: str, owner: str = ALICE) -> SigningKey:
    return ed25519_from_seed(key_id, owner, SEED)


def test_fep_8b32_activity_gets_the_published_proof() -> None:
    key = key_of(f"{ALICE}#ed25519-key")
    signed = add_proof(FEP_8B32_ACTIVITY, key, created=CREATED)

    assert signed["proof"] == {
        **OPTIONS,
        "verificationMethod": f"{ALICE}#ed25519-key",
        "@context": FEP_8B32_ACTIVITY["@context"],
        "proofValue": FEP_8B32_PROOF_VALUE,
    }
    verify_proof(signed, key.public, now=CREATED, limits=Limits())


def test_fep_8b32_hashes_are_the_published_ones_and_the_options_come_first() -> None:
    options = {
        **OPTIONS,
        "verificationMethod": f"{ALICE}#ed25519-key",
        "@context": FEP_8B32_ACTIVITY["@context"],
    }
    assert hash_data(FEP_8B32_ACTIVITY, options).hex() == (
        "cf63e2308ce7d1137667192c5c5e751ba7b1c6e3d5e746a7b717d309654ad198"
        "0793e8d97e2de4b989b2b2d7a5fae8cf941f102a03c0ecab00f03eaa2330c650"
    )


def test_w3c_credential_verifies_with_its_did_key() -> None:
    method = f"did:key:{MULTIBASE}#{MULTIBASE}"
    signed = add_proof(W3C_CREDENTIAL, key_of(method), created=CREATED)

    assert signed["proof"]["proofValue"] == W3C_PROOF_VALUE
    verify_proof(signed, parse_did_key(method), now=None, limits=Limits())


def test_w3c_credential_hashes_are_the_published_ones() -> None:
    options = {
        **OPTIONS,
        "verificationMethod": f"did:key:{MULTIBASE}#{MULTIBASE}",
        "@context": W3C_CREDENTIAL["@context"],
    }
    assert hash_data(W3C_CREDENTIAL, options).hex() == (
        "66ab154f5c2890a140cb8388a22a160454f80575f6eae09e5a097cabe539a1db"
        "59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19"
    )


def test_fep_c390_statement_without_any_context_verifies_where_that_is_allowed() -> None:
    did = f"did:key:{MULTIBASE}"
    proof = {
        **OPTIONS,
        "verificationMethod": did,
        "proofValue": FEP_C390_PROOF_VALUE,
    }
    statement = {**FEP_C390_STATEMENT, "proof": proof}
    claim = proof_claim(statement)

    assert claim is not None
    assert claim.usable
    verify_proof(statement, parse_did_key(did), now=CREATED, limits=Limits(), strict_context=False)


def test_multibase_secret_of_the_vectors_is_our_seed() -> None:
    secret = base58.b58decode("3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq")
    assert secret == bytes.fromhex("8026") + SEED
    assert key_of("k").public.multibase == MULTIBASE
    assert did_key(key_of("k").public) == f"did:key:{MULTIBASE}"


# --- FEP-521a --------------------------------------------------------------------------------------------

FEP_521A_ED25519 = "2e6fcce36701dc791488e0d0b1745cc1e33a4c1c9fcc41c63bd343dbbe0970e6"
FEP_521A_RSA_MODULUS = (
    "sbX82NTV6IylxCh7MfV4hlyvaniCajuP97GyOqSvTmoEdBOflFvZ06kR_9D6ctt45Fk6hskfnag2GG69NALVH2o4RCR6tQiLRpKcMRtDYE_th"
    "EmfBvDzm_VVkOIYfxu-Ipuo9J_S5XDNDjczx2v-3oDh5-CIHkU46hvFeCvpUS-L8TJSbgX0kjVk_m4eIb9wh63rtmD6Uz_KBtCo5mmR4TEtcL"
    "ZKYdqMp3wCjN-TlgHiz_4oVXWbHUefCEe8rFnX1iQnpDHU49_SaXQoud1jCaexFn25n-Aa8f8bc5Vm-5SeRwidHa6ErvEhTvf1dz6GoNPp2iR"
    "vm-wJ1gxwWJEYPQ"
)
FEP_521A_RSA = (
    "z4MXj1wBzi9jUstyPMS4jQqB6KdJaiatPkAtVtGc6bQEQEEsKTic4G7Rou3iBf9vPmT5dbkm9qsZsuVNjq8HCuW1w24nhBFGkRE4cd2Uf2tfr"
    "B3N7h4mnyPp1BF3ZttHTYv3DLUPi1zMdkULiow3M1GfXkoC6DoxDUm1jmN6GBj22SjVsr6dxezRVQc7aj9TxE7JLbMH1wh5X3kA58H3DFW8rn"
    "YMakFGbca5CB2Jf6CnGQZmL7o5uJAdTwXfy2iiiyPxXEGerMhHwhjTA1mKYobyk2CpeEcmvynADfNZ5MBvcCS7m3XkFCMNUYBS9NQ3fze6vMS"
    "UPsNa6GVYmKx2x6JrdEjCk3qRMMmyjnjCMfR4pXbRMZa3i"
)


def test_fep_521a_ed25519_multikey() -> None:
    key = parse_multikey("z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", key_id="k", owner="o")
    assert key.algorithm is KeyAlgorithm.ED25519
    assert base58.b58decode(key.multibase[1:])[2:].hex() == FEP_521A_ED25519


def test_fep_521a_rsa_multikey_reads_and_writes_the_published_key() -> None:
    modulus = int.from_bytes(base64.urlsafe_b64decode(FEP_521A_RSA_MODULUS + "=="), "big")
    published = RSAPublicNumbers(65537, modulus).public_key()

    assert PublicKey("k", "o", KeyAlgorithm.RSA, published).multibase == FEP_521A_RSA
    read = parse_multikey(FEP_521A_RSA, key_id="k", owner="o")
    assert read.material.public_numbers() == published.public_numbers()  # type: ignore[union-attr]


# --- FEP-8fcf --------------------------------------------------------------------------------------------


def test_fep_8fcf_follower_digest_is_the_xor_of_sha256() -> None:
    digests = [hashlib.sha256(f"https://testing.example.org/users/{n}".encode()).digest() for n in (1, 2)]
    xor = bytes(a ^ b for a, b in zip(*digests, strict=True))
    assert xor.hex() == "c33f48cd341ef046a206b8a72ec97af65079f9a3a9b90eef79c5920dce45c61f"


# --- RFC 9421 Appendix B, RFC 9530 -----------------------------------------------------------------------

B26_PRIVATE_SEED = base64.b64decode("MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF")[-32:]
B26_PUBLIC_PEM = (
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n"
    "-----END PUBLIC KEY-----\n"
)
B26_SIGNATURE = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
B2_BODY = b'{"hello": "world"}'
B2_SHA512 = "WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew=="
B26_INPUT = (
    '("date" "@method" "@path" "@authority" "content-type" "content-length")'
    ';created=1618884473;keyid="test-key-ed25519"'
)
B26_BASE = (
    b'"date": Tue, 20 Apr 2021 02:07:55 GMT\n'
    b'"@method": POST\n'
    b'"@path": /foo\n'
    b'"@authority": example.com\n'
    b'"content-type": application/json\n'
    b'"content-length": 18\n'
    b'"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")'
    b';created=1618884473;keyid="test-key-ed25519"'
)


def rfc_9421_request() -> HttpMessage:
    return HttpMessage.request(
        "POST",
        "https://example.com/foo?param=Value&Pet=dog",
        {
            "Host": "example.com",
            "Date": "Tue, 20 Apr 2021 02:07:55 GMT",
            "Content-Type": "application/json",
            "Content-Digest": f"sha-512=:{B2_SHA512}:",
            "Content-Length": "18",
            "Signature-Input": f"sig-b26={B26_INPUT}",
            "Signature": f"sig-b26=:{B26_SIGNATURE}:",
        },
        B2_BODY,
    )


def test_rfc_9421_b26_signature_is_made_and_verified_by_the_published_key() -> None:
    public = parse_public_pem(B26_PUBLIC_PEM, key_id="test-key-ed25519", owner="o")
    signing = ed25519_from_seed("test-key-ed25519", "o", B26_PRIVATE_SEED)

    assert base64.b64encode(signing.sign(B26_BASE)).decode() == B26_SIGNATURE
    assert public.verify(B26_BASE, base64.b64decode(B26_SIGNATURE))


def test_rfc_9421_b26_request_is_read_as_published() -> None:
    claim = signatures.parse_signature(rfc_9421_request())
    assert claim.key_id == "test-key-ed25519"
    assert claim.created == datetime.fromtimestamp(1618884473, UTC)
    assert claim.covered == ("date", "@method", "@path", "@authority", "content-type", "content-length")
    assert claim.signature == base64.b64decode(B26_SIGNATURE)


def test_rfc_9421_b26_request_is_good_but_covers_too_little_for_us() -> None:
    public = parse_public_pem(B26_PUBLIC_PEM, key_id="test-key-ed25519", owner="o")
    with pytest.raises(SignatureInvalid, match="does not cover @target-uri"):
        signatures.verify(
            rfc_9421_request(), public, now=datetime.fromtimestamp(1618884473, UTC), limits=Limits()
        )


def test_rfc_9421_and_rfc_9530_content_digests() -> None:
    verify_content_digest(f"sha-512=:{B2_SHA512}:", B2_BODY)
    assert content_digest(B2_BODY) == "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
    assert content_digest(B2_BODY + b"\n") == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"


# --- draft-cavage-http-signatures-12 Appendix C ----------------------------------------------------------

CAVAGE_PEM = """-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C3
6rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6
Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJw
oYi+1hqp1fIekaxsyQIDAQAB
-----END PUBLIC KEY-----
"""
CAVAGE_SIGNATURE = (
    "qdx+H7PHHDZgy4y/Ahn9Tny9V3GP6YgBPyUXMmoxWtLbHpUnXS2mg2+SbrQDMCJypxBLSPQR2aAjn7ndmw2iicw3HMbe8VfEdKFYRqzic+ef"
    "kb3nndiv/x1xSHDJWeSWkx3ButlYSuBskLu6kd9Fswtemr3lgdDEmn04swr2Os0="
)


def test_cavage_appendix_c_digest_is_the_published_one() -> None:
    verify_cavage_digest("SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=", B2_BODY)


def test_cavage_appendix_c_basic_test_verifies_by_the_published_key() -> None:
    # Its RSA key has 1,024 bits, so it must be built past our own reader, which refuses it.
    material = load_pem_public_key(CAVAGE_PEM.encode())
    assert isinstance(material, RSAPublicKey)
    key = PublicKey("Test", "o", KeyAlgorithm.RSA, material)
    request = HttpMessage.request(
        "POST",
        "https://example.com/foo?param=value&pet=dog",
        {
            "Host": "example.com",
            "Date": "Sun, 05 Jan 2014 21:31:40 GMT",
            "Signature": 'keyId="Test",algorithm="rsa-sha256",headers="(request-target) host date",'
            f'signature="{CAVAGE_SIGNATURE}"',
        },
    )
    made = datetime(2014, 1, 5, 21, 31, 40, tzinfo=UTC)

    assert cavage.verify(request, key, now=made, limits=Limits()).created == made
    with pytest.raises(KeyRefused, match="2048"):
        parse_public_pem(CAVAGE_PEM, key_id="Test", owner="o")


# --- RFC 8785 --------------------------------------------------------------------------------------------

APPENDIX_B = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]


@pytest.mark.parametrize(("bits", "expected"), APPENDIX_B)
def test_rfc_8785_appendix_b_number(bits: str, expected: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonicalize(number) == expected.encode()
    assert canonicalize([number]) == f"[{expected}]".encode()


@pytest.mark.parametrize("bits", ["7fffffffffffffff", "7ff0000000000000"])
def test_rfc_8785_appendix_b_refuses_nan_and_infinity(bits: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    with pytest.raises(rfc8785.FloatDomainError):
        canonicalize({"n": number})


def test_rfc_8785_sample_object_of_3_2_2() -> None:
    sample = json.loads(
        r"""{
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
        }"""
    )
    assert (
        canonicalize(sample)
        == (
            '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
            '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
        ).encode()
    )


def test_rfc_8785_sample_object_of_3_2_3_is_sorted_by_utf_16() -> None:
    sample = json.loads(
        r"""{
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\ud83d\ude00": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis"
        }"""
    )
    order = [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]
    assert list(json.loads(canonicalize(sample)).values()) == order
