from __future__ import annotations

import base64
import dataclasses
from typing import Any

import base58
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    RSAPublicNumbers,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import KeyRefused
from federation.keys import (
    KeyAlgorithm,
    PublicKey,
    SigningKey,
    did_key,
    ed25519_from_seed,
    generate_ed25519,
    keys_of_actor,
    parse_did_key,
    parse_multikey,
    parse_public_pem,
    seal,
    unseal,
)

P = 2**255 - 19
ANA = "https://ana.example/actors/ana"
NODE_KEY = b"n" * 32


def multibase(raw: bytes) -> str:
    return "z" + base58.b58encode(raw).decode()


def read_pem(pem: str) -> PublicKey:
    return parse_public_pem(pem, key_id="k", owner="o")


def read_multikey(text: str) -> PublicKey:
    return parse_multikey(text, key_id="k", owner="o")


def rsa_pem(bits: int = 2048, exponent: int = 65537) -> str:
    # Only the size matters to the judge, so no costly search for primes.
    modulus = (1 << (bits - 1)) + 12345
    public = RSAPublicNumbers(exponent, modulus).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def as_pem(der: bytes, label: str = "PUBLIC KEY") -> str:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n"


# --- signing and verifying -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rsa_key", "ed25519_key"])
def test_a_key_verifies_what_it_signed_and_nothing_else(kind: str, request: pytest.FixtureRequest) -> None:
    key: SigningKey = request.getfixturevalue(kind)
    signature = key.sign(b"deal")

    assert key.public.verify(b"deal", signature)
    assert not key.public.verify(b"Deal", signature)
    assert not key.public.verify(b"deal", signature[:-1])
    assert not key.public.verify(b"deal", signature + b"\x00")
    assert not key.public.verify(b"deal", b"\x00" + signature)
    assert not key.public.verify(b"deal", b"")


def test_keys_do_not_verify_each_others_signatures(rsa_key: SigningKey, ed25519_key: SigningKey) -> None:
    assert not rsa_key.public.verify(b"deal", ed25519_key.sign(b"deal"))
    assert not ed25519_key.public.verify(b"deal", rsa_key.sign(b"deal"))


def test_an_ed25519_signature_with_a_larger_scalar_is_refused(ed25519_key: SigningKey) -> None:
    order = 2**252 + 27742317777372353535851937790883648493
    signature = ed25519_key.sign(b"deal")
    scalar = int.from_bytes(signature[32:], "little") + order
    assert not ed25519_key.public.verify(b"deal", signature[:32] + scalar.to_bytes(32, "little"))


def test_an_rsa_signature_plus_the_modulus_is_refused(rsa_key: SigningKey) -> None:
    assert isinstance(rsa_key.material, RSAPrivateKey)
    modulus = rsa_key.material.public_key().public_numbers().n
    signature = int.from_bytes(rsa_key.sign(b"deal"), "big") + modulus
    size = (signature.bit_length() + 7) // 8
    assert not rsa_key.public.verify(b"deal", signature.to_bytes(size, "big"))


def test_a_signing_key_shows_no_secret(rsa_key: SigningKey, ed25519_key: SigningKey) -> None:
    for key in (rsa_key, ed25519_key):
        assert "material" not in repr(key)
        assert "PrivateKey" not in repr(key)
        assert key.id in repr(key)


def test_generated_keys_are_of_the_named_kinds(rsa_key: SigningKey) -> None:
    assert isinstance(rsa_key.material, RSAPrivateKey)
    assert rsa_key.material.key_size == 2048
    first, second = generate_ed25519("a", "b"), generate_ed25519("a", "b")
    assert first.algorithm is KeyAlgorithm.ED25519
    assert first.public.multibase != second.public.multibase


def test_equal_keys_are_one_in_a_set(rsa_key: SigningKey, ed25519_key: SigningKey) -> None:
    again = read_multikey(rsa_key.public.multibase)
    same = dataclasses.replace(again, id=rsa_key.id, owner=rsa_key.owner)
    other = dataclasses.replace(ed25519_key.public, id=rsa_key.id, algorithm=KeyAlgorithm.RSA)
    assert {rsa_key.public, same} == {rsa_key.public}
    assert len({rsa_key.public, other}) == 2
    assert len({rsa_key, ed25519_key}) == 2


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_seed_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(KeyRefused, match="32 bytes"):
        ed25519_from_seed("k", "o", b"x" * length)


# --- forms on the wire -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rsa_key", "ed25519_key"])
def test_pem_and_multikey_are_read_as_they_were_written(kind: str, request: pytest.FixtureRequest) -> None:
    public = request.getfixturevalue(kind).public
    assert parse_public_pem(public.pem, key_id=public.id, owner=public.owner) == public
    assert parse_multikey(public.multibase, key_id=public.id, owner=public.owner) == public


@pytest.mark.parametrize("kind", ["rsa_key", "ed25519_key"])
def test_pem_is_read_with_the_line_ends_that_servers_use(kind: str, request: pytest.FixtureRequest) -> None:
    public = request.getfixturevalue(kind).public
    for pem in (
        public.pem.strip(),
        public.pem.replace("\n", "\r\n"),
        "\n" + public.pem + "\n\n",
        public.pem.replace("\n", " "),
    ):
        assert read_pem(pem).fingerprint == public.fingerprint


def test_prefixes_are_those_of_fep_521a(rsa_key: SigningKey, ed25519_key: SigningKey) -> None:
    assert rsa_key.public.multibase.startswith("z4MX")
    assert ed25519_key.public.multibase.startswith("z6Mk")


def test_a_fingerprint_names_the_key_under_any_id(rsa_key: SigningKey, ed25519_key: SigningKey) -> None:
    public = ed25519_key.public
    assert dataclasses.replace(public, id="other").fingerprint == public.fingerprint
    assert public.fingerprint != rsa_key.public.fingerprint
    assert len(bytes.fromhex(public.fingerprint)) == 32


@pytest.mark.parametrize("bits", [2048, 3072, 4096, 8192])
def test_rsa_keys_as_met_are_read(bits: int) -> None:
    assert read_pem(rsa_pem(bits)).algorithm is KeyAlgorithm.RSA


@pytest.mark.parametrize("exponent", [65537, 65539, 2**32 + 1, 2**64 - 1])
def test_common_exponents_are_read(exponent: int) -> None:
    assert read_pem(rsa_pem(exponent=exponent)).algorithm is KeyAlgorithm.RSA


@pytest.mark.parametrize(("bits", "exponent"), [(2047, 65537), (1024, 65537), (8193, 65537), (16384, 65537)])
def test_rsa_of_a_wrong_size_is_refused(bits: int, exponent: int) -> None:
    with pytest.raises(KeyRefused, match="2048 to 8192"):
        read_pem(rsa_pem(bits, exponent))


@pytest.mark.parametrize("exponent", [3, 17, 257, 65535, 2**64 + 1, 2**2000 + 1])
def test_rsa_with_a_weak_or_costly_exponent_is_refused(exponent: int) -> None:
    with pytest.raises(KeyRefused, match="exponent or modulus"):
        read_pem(rsa_pem(exponent=exponent))


def der_of(modulus: int, exponent: int) -> bytes:
    def integer(value: int) -> bytes:
        return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))

    def tlv(tag: int, content: bytes) -> bytes:
        size = len(content)
        length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
        return bytes([tag]) + length + content

    return tlv(0x30, integer(modulus) + integer(exponent))


@pytest.mark.parametrize(
    ("modulus", "exponent"),
    [
        ((1 << 2047) + 12345, 1),
        ((1 << 2047) + 12345, 65536),
        ((1 << 2047) + 12344, 65537),
        ((1 << 511) + 12345, 65537),
        ((1 << 2047) + 12345, (1 << 2047) + 99999),
    ],
)
def test_rsa_numbers_that_no_generator_makes_are_refused_as_multikey(modulus: int, exponent: int) -> None:
    with pytest.raises(KeyRefused):
        read_multikey(multibase(b"\x85\x24" + der_of(modulus, exponent)))


EC_PEM = (
    ec.generate_private_key(ec.SECP256R1())
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
GOOD_PEM = rsa_pem()


@pytest.mark.parametrize(
    "pem",
    [
        "",
        "not a key",
        EC_PEM,
        GOOD_PEM + GOOD_PEM,
        "before " + GOOD_PEM,
        GOOD_PEM + "after",
        GOOD_PEM.replace("PUBLIC", "RSA PUBLIC"),
        GOOD_PEM.replace("PUBLIC", "PRIVATE"),
        GOOD_PEM.replace("A", "%", 1),
        GOOD_PEM.replace("-----END PUBLIC KEY-----", "=-----END PUBLIC KEY-----"),
        GOOD_PEM.replace("M", "\u041c", 1),
        GOOD_PEM[:200],
        as_pem(b""),
        as_pem(b"\x30\x03\x02\x01\x01"),
        as_pem(der_of((1 << 2047) + 12345, 65537)),
        as_pem(base64.b64decode("".join(GOOD_PEM.splitlines()[1:-1])) + b"\x00"),
        as_pem(der_of((1 << 2047) + 12345, 65537), "RSA PUBLIC KEY"),
        "-----BEGIN PUBLIC KEY-----\n" + "A" * 9000 + "\n-----END PUBLIC KEY-----",
    ],
)
def test_what_is_not_one_spki_key_is_refused(pem: str) -> None:
    with pytest.raises(KeyRefused):
        read_pem(pem)


def test_a_multikey_has_one_spelling(ed25519_key: SigningKey) -> None:
    good = ed25519_key.public.multibase
    raw = base58.b58decode(good[1:])
    for text in (
        "",
        "z",
        good[1:],
        good + " ",
        good + "\n",
        " " + good,
        "z1" + good[1:],
        good + "1",
        "f" + raw.hex(),
        "u" + base64.urlsafe_b64encode(raw).decode(),
        good.replace("M", "0", 1),
        good.replace("M", "\u041c", 1),
        multibase(raw + b"\x00"),
        multibase(raw[:-1]),
        multibase(b"\xec\x01" + raw[2:]),
        multibase(b"\x80\x26" + raw[2:]),
        multibase(b"\xed\x81\x00" + raw[2:]),
        "z" + "2" * 100_000,
    ):
        with pytest.raises(KeyRefused):
            read_multikey(text)


def test_an_rsa_multikey_has_one_spelling(rsa_key: SigningKey) -> None:
    raw = base58.b58decode(rsa_key.public.multibase[1:])
    spki = base64.b64decode("".join(rsa_key.public.pem.splitlines()[1:-1]))
    ed = base64.b64decode("MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")
    for content in (raw[2:] + b"\x00", raw[2:-1], spki, ed, b""):
        with pytest.raises(KeyRefused):
            read_multikey(multibase(b"\x85\x24" + content))


@given(st.text(max_size=80) | st.binary(max_size=60).map(multibase))
def test_any_text_is_a_key_or_refused(text: str) -> None:
    for read in (read_multikey, read_pem, parse_did_key):
        with pytest.raises(KeyRefused):
            read(text)


# --- points that prove nothing ---------------------------------------------------------------------------

D = -121665 * pow(121666, -1, P) % P


def square_root(value: int) -> int | None:
    root = pow(value, (P + 3) // 8, P)
    if root * root % P != value % P:
        root = root * pow(2, (P - 1) // 4, P) % P
    return root if root * root % P == value % P else None


def y_of_order_8() -> list[int]:
    # Doubling a point of order 8 gives y = 0, which is d·y⁴ + 2·y² - 1 = 0.
    root = square_root(1 + D)
    assert root is not None
    squares = [(-1 + sign * root) * pow(D, -1, P) % P for sign in (1, -1)]
    found = [y for square in squares if (y := square_root(square)) is not None]
    return sorted({y for one in found for y in (one, P - one)})


def encodings(y: int) -> list[bytes]:
    # Also the non-canonical ones: y + p where it still fits, and either sign of x.
    fitting = [value for value in (y, y + P) if value < 2**255]
    return [(value | sign << 255).to_bytes(32, "little") for value in fitting for sign in (0, 1)]


SMALL_ORDER = [raw for y in (0, 1, P - 1, *y_of_order_8()) for raw in encodings(y)]


def test_the_list_of_small_order_points_is_complete() -> None:
    assert len(y_of_order_8()) == 2
    assert len(SMALL_ORDER) == 14


@pytest.mark.parametrize("raw", SMALL_ORDER, ids=bytes.hex)
def test_a_point_of_small_order_is_refused(raw: bytes) -> None:
    spki = bytes.fromhex("302a300506032b6570032100") + raw
    with pytest.raises(KeyRefused):
        read_multikey(multibase(b"\xed\x01" + raw))
    with pytest.raises(KeyRefused):
        read_pem(as_pem(spki))
    with pytest.raises(KeyRefused):
        parse_did_key("did:key:" + multibase(b"\xed\x01" + raw))


def test_the_reason_is_real_one_signature_would_verify_everything() -> None:
    identity = Ed25519PublicKey.from_public_bytes(b"\x01" + bytes(31))
    forged = b"\x01" + bytes(63)
    key = PublicKey("k", "o", KeyAlgorithm.ED25519, identity)
    assert key.verify(b"I owe you 1", forged)
    assert key.verify(b"I owe you 1,000,000", forged)


@pytest.mark.parametrize("y", range(P, 2**255))
def test_a_y_beyond_the_field_is_refused(y: int) -> None:
    for sign in (0, 1):
        with pytest.raises(KeyRefused):
            read_multikey(multibase(b"\xed\x01" + (y | sign << 255).to_bytes(32, "little")))


def test_a_y_without_a_point_is_refused() -> None:
    without = [y for y in range(2, 40) if square_root((y * y - 1) * pow(D * y * y + 1, -1, P)) is None]
    assert without
    for y in without:
        with pytest.raises(KeyRefused, match="no point"):
            read_multikey(multibase(b"\xed\x01" + y.to_bytes(32, "little")))


@given(st.binary(min_size=32, max_size=32))
def test_every_honest_key_is_accepted(seed: bytes) -> None:
    public = ed25519_from_seed("k", "o", seed).public
    assert read_multikey(public.multibase) == public


# --- did:key ---------------------------------------------------------------------------------------------


def test_a_did_key_is_read_with_and_without_its_fragment(ed25519_key: SigningKey) -> None:
    did = did_key(ed25519_key.public)
    method = f"{did}#{did.removeprefix('did:key:')}"
    assert parse_did_key(did).fingerprint == ed25519_key.public.fingerprint
    assert (parse_did_key(did).id, parse_did_key(did).owner) == (did, did)
    assert (parse_did_key(method).id, parse_did_key(method).owner) == (method, did)


def test_a_did_key_of_another_form_is_refused(rsa_key: SigningKey, ed25519_key: SigningKey) -> None:
    did = did_key(ed25519_key.public)
    for text in (
        "",
        did.removeprefix("did:key:"),
        did.replace("did:key:", "did:web:"),
        did + "#",
        did + "#main-key",
        "did:key:did:key:" + did.removeprefix("did:key:"),
        "did:key:" + rsa_key.public.multibase,
    ):
        with pytest.raises(KeyRefused):
            parse_did_key(text)
    with pytest.raises(KeyRefused):
        did_key(rsa_key.public)


# --- actor documents -------------------------------------------------------------------------------------


@pytest.fixture
def actor(rsa_key: SigningKey, ed25519_key: SigningKey) -> dict[str, Any]:
    return {
        "id": ANA,
        "publicKey": {"id": f"{ANA}#main-key", "owner": ANA, "publicKeyPem": rsa_key.public.pem},
        "assertionMethod": [
            {
                "id": f"{ANA}#ed25519-key",
                "type": "Multikey",
                "controller": ANA,
                "publicKeyMultibase": ed25519_key.public.multibase,
            }
        ],
    }


def test_an_actors_keys_are_read(actor: dict[str, Any], rsa_key: SigningKey, ed25519_key: SigningKey) -> None:
    assert keys_of_actor(actor) == [rsa_key.public, ed25519_key.public]
    assert keys_of_actor(actor, assertion_only=True) == [ed25519_key.public]


def test_one_or_many_keys_are_read(actor: dict[str, Any]) -> None:
    expected = keys_of_actor(actor)
    actor["publicKey"] = [actor["publicKey"]]
    actor["assertionMethod"] = actor["assertionMethod"][0]
    assert keys_of_actor(actor) == expected


def test_a_key_id_with_a_path_of_its_own_is_read(actor: dict[str, Any]) -> None:
    actor["publicKey"]["id"] = "https://ana.example/actors/ana/main-key"
    assert keys_of_actor(actor)[0].id == "https://ana.example/actors/ana/main-key"


def test_an_rsa_multikey_and_an_ed25519_pem_are_read(
    actor: dict[str, Any], rsa_key: SigningKey, ed25519_key: SigningKey
) -> None:
    actor["publicKey"]["publicKeyPem"] = ed25519_key.public.pem
    actor["assertionMethod"][0]["publicKeyMultibase"] = rsa_key.public.multibase
    assert [key.algorithm for key in keys_of_actor(actor)] == [KeyAlgorithm.ED25519, KeyAlgorithm.RSA]


@pytest.mark.parametrize(
    "junk", [None, 0, 7, True, "", "https://ana.example/k", [], {}, [None, 3, "x", []], [[{}]]]
)
def test_junk_where_keys_belong_is_no_key_and_no_exception(actor: dict[str, Any], junk: Any) -> None:
    assert keys_of_actor({**actor, "publicKey": junk, "assertionMethod": junk}) == []


def test_more_entries_than_anyone_has_are_no_keys(actor: dict[str, Any]) -> None:
    assert len(keys_of_actor({**actor, "publicKey": [actor["publicKey"]] + ["x"] * 9})) == 2
    assert len(keys_of_actor({**actor, "publicKey": [actor["publicKey"]] * 1000})) == 1


@pytest.mark.parametrize("actor_id", [None, 3, ["x"], "", "https://ana.example/actors/other"])
def test_keys_of_another_document_id_are_no_keys(actor: dict[str, Any], actor_id: Any) -> None:
    assert keys_of_actor({**actor, "id": actor_id}) == []


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": 5},
        {"id": "https://mallory.example/k#main-key"},
        {"id": "https://mallory.example/k#" + ANA},
        {"id": "https://ana.example@mallory.example/k"},
        {"id": "https://mallory@ana.example/k"},
        {"id": "https://ana.example:8443/k"},
        {"id": "http://ana.example/k"},
        {"id": "https://ana.example.mallory.example/k"},
        {"id": "https://[::1/k"},
        {"id": "#main-key"},
        {"id": "data:,x"},
        {"owner": "https://ana.example/actors/other"},
        {"owner": None},
        {"owner": [ANA]},
        {"publicKeyPem": None},
        {"publicKeyPem": ["x"]},
        {"publicKeyPem": "-----BEGIN PUBLIC KEY-----"},
    ],
)
def test_a_public_key_that_is_not_the_actors_own_is_skipped(actor: dict[str, Any], change: Any) -> None:
    changed = {**actor, "publicKey": {**actor["publicKey"], **change}}
    assert [key.id for key in keys_of_actor(changed)] == [f"{ANA}#ed25519-key"]


@pytest.mark.parametrize(
    "change",
    [
        {"controller": "https://ana.example/actors/other"},
        {"controller": None, "owner": ANA},
        {"type": "JsonWebKey"},
        {"type": None},
        {"publicKeyMultibase": "z6Mk"},
        {"publicKeyMultibase": None},
        {"id": "https://mallory.example/k"},
    ],
)
def test_an_assertion_method_that_is_not_the_actors_own_is_skipped(
    actor: dict[str, Any], change: Any
) -> None:
    changed = {**actor, "assertionMethod": [{**actor["assertionMethod"][0], **change}]}
    assert [key.id for key in keys_of_actor(changed)] == [f"{ANA}#main-key"]


def test_a_bad_entry_beside_a_good_one_does_no_harm(actor: dict[str, Any], rsa_key: SigningKey) -> None:
    changed = {**actor, "publicKey": [{"id": 1}, None, actor["publicKey"], "https://ana.example/k"]}
    assert keys_of_actor(changed)[0] == rsa_key.public


def test_one_id_with_two_keys_is_no_key(actor: dict[str, Any], rsa_key: SigningKey) -> None:
    other = {**actor["publicKey"], "publicKeyPem": GOOD_PEM}
    changed = {**actor, "publicKey": [actor["publicKey"], other]}
    assert [key.id for key in keys_of_actor(changed)] == [f"{ANA}#ed25519-key"]

    clash = {**actor, "assertionMethod": [{**actor["assertionMethod"][0], "id": f"{ANA}#main-key"}]}
    assert keys_of_actor(clash) == []


def test_one_key_listed_twice_under_one_id_is_one_key(actor: dict[str, Any], rsa_key: SigningKey) -> None:
    twice = {**actor["assertionMethod"][0], "id": f"{ANA}#main-key"}
    twice["publicKeyMultibase"] = rsa_key.public.multibase
    changed = {**actor, "assertionMethod": [twice, actor["assertionMethod"][0]]}
    assert [key.id for key in keys_of_actor(changed)] == [f"{ANA}#main-key", f"{ANA}#ed25519-key"]


@pytest.mark.parametrize(
    "key_id",
    [
        f"{ANA}#a#b",
        f"{ANA}#{'k' * 2048}",
        f"{ANA}#a b",
        f" {ANA}#k",
        f'{ANA}#"',
        "mailto:ana@ana.example",
        "https:///actors/ana#k",
        "https://ana.exa\nmple/k",
        "https://ana.example/\u2028",
    ],
)
def test_a_key_whose_id_is_no_plain_iri_is_not_listed(actor: dict[str, Any], key_id: str) -> None:
    listed = {**actor["assertionMethod"][0], "id": key_id}
    assert [key.id for key in keys_of_actor({**actor, "assertionMethod": [listed]})] == [f"{ANA}#main-key"]


# --- at rest ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rsa_key", "ed25519_key"])
def test_a_sealed_key_opens_and_signs_as_before(kind: str, request: pytest.FixtureRequest) -> None:
    key: SigningKey = request.getfixturevalue(kind)
    opened = unseal(seal(key, NODE_KEY), NODE_KEY, key.id, key.owner, key.algorithm)
    assert opened.public == key.public
    assert key.public.verify(b"deal", opened.sign(b"deal"))


def test_sealing_twice_gives_different_bytes_that_show_no_key(ed25519_key: SigningKey) -> None:
    first, second = seal(ed25519_key, NODE_KEY), seal(ed25519_key, NODE_KEY)
    assert first != second
    assert b"a" * 32 not in first


def test_a_sealed_key_opens_only_as_itself(ed25519_key: SigningKey) -> None:
    sealed = seal(ed25519_key, NODE_KEY)
    ident, owner, kind = ed25519_key.id, ed25519_key.owner, ed25519_key.algorithm
    attempts: list[tuple[bytes, bytes, str, str, KeyAlgorithm]] = [
        (sealed, b"m" * 32, ident, owner, kind),
        (sealed, NODE_KEY, ident + "x", owner, kind),
        (sealed, NODE_KEY, ident, owner + "x", kind),
        (sealed, NODE_KEY, ident + owner[0], owner[1:], kind),
        (sealed, NODE_KEY, ident, owner, KeyAlgorithm.RSA),
        (sealed[:-1], NODE_KEY, ident, owner, kind),
        (sealed[:20], NODE_KEY, ident, owner, kind),
        (sealed[:1], NODE_KEY, ident, owner, kind),
        (b"", NODE_KEY, ident, owner, kind),
        (b"\x02" + sealed[1:], NODE_KEY, ident, owner, kind),
        (bytes([*sealed[:-1], sealed[-1] ^ 1]), NODE_KEY, ident, owner, kind),
        (sealed, b"short", ident, owner, kind),
    ]
    for attempt in attempts:
        with pytest.raises(KeyRefused, match="cannot be opened"):
            unseal(*attempt)


def test_a_real_rsa_key_of_3072_bits_is_read() -> None:
    real = generate_private_key(65537, 3072).public_key()
    pem = real.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    material = read_pem(pem).material
    assert isinstance(material, RSAPublicKey)
    assert material.public_numbers() == real.public_numbers()
