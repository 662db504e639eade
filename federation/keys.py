"""Keys: their forms on the wire and at rest, and which of them prove anything.

A key with a small-order point, a short modulus or a bad exponent verifies what its owner never signed; such
keys are refused where they come in, so that everything after may trust a `PublicKey`.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, cast

from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from federation.encodings import decode_base64, decode_multibase, encode_multibase
from federation.errors import KeyRefused
from federation.ids import same_origin
from federation.messages import JsonObject

__all__ = [
    "KeyAlgorithm",
    "PublicKey",
    "SigningKey",
    "did_key",
    "ed25519_from_seed",
    "generate_ed25519",
    "generate_rsa",
    "keys_of_actor",
    "parse_did_key",
    "parse_multikey",
    "parse_public_pem",
    "seal",
    "unseal",
]

_ED25519_PREFIX = b"\xed\x01"
_RSA_PREFIX = b"\x85\x24"
_MAX_KEY_TEXT = 8192
_MAX_MULTIBASE = 1600
"""An 8192-bit RSA key takes about 1,420 characters; base58 takes quadratic time, so longer ones stop here."""
_RSA_BITS = range(2048, 8193)
_RSA_EXPONENTS = range(65537, 2**64)
"""The upper end bounds the work of one verification; nobody uses a larger one honestly."""
_KEYS_PER_LIST = 10
_PKCS1V15, _SHA256 = padding.PKCS1v15(), hashes.SHA256()
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----\s([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----", re.ASCII)


class KeyAlgorithm(Enum):
    """What kind of key, and so how it signs: RSA is always PKCS#1 v1.5 with SHA-256."""

    RSA = "rsa"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that was judged fit to verify with.

    Shapes: `id` is the key's IRI (or did:key), `owner` the actor's. Equality is by id, owner and key bytes.
    """

    id: str
    owner: str
    algorithm: KeyAlgorithm
    material: RSAPublicKey | Ed25519PublicKey = field(repr=False, hash=False)

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Whether `signature` over `data` is by this key; never raises for a bad one."""
        try:
            if self.algorithm is KeyAlgorithm.RSA:  # to ask the material costs more: its class is abstract
                cast(RSAPublicKey, self.material).verify(signature, data, _PKCS1V15, _SHA256)
            else:
                cast(Ed25519PublicKey, self.material).verify(signature, data)
        except InvalidSignature:
            return False
        return True

    @property
    def pem(self) -> str:
        """SPKI, as `publicKeyPem` carries it, with a newline at its end."""
        return self.material.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def multibase(self) -> str:
        """The `publicKeyMultibase` of a Multikey (FEP-521a)."""
        if isinstance(self.material, RSAPublicKey):
            raw = _RSA_PREFIX + self.material.public_bytes(Encoding.DER, PublicFormat.PKCS1)
        else:
            raw = _ED25519_PREFIX + self.material.public_bytes_raw()
        return encode_multibase(raw)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the key's SPKI form, in lower-case hex: the same for one key under any id."""
        der = self.material.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(der).hexdigest()


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One of our own keys, its secret half included; its repr shows no secret."""

    id: str
    owner: str
    algorithm: KeyAlgorithm
    material: RSAPrivateKey | Ed25519PrivateKey = field(repr=False, hash=False)

    def sign(self, data: bytes) -> bytes:
        """Sign: RSA PKCS#1 v1.5 with SHA-256 (a third of a millisecond), or Ed25519."""
        if self.algorithm is KeyAlgorithm.RSA:
            return cast(RSAPrivateKey, self.material).sign(data, _PKCS1V15, _SHA256)
        return cast(Ed25519PrivateKey, self.material).sign(data)

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.id, self.owner, self.algorithm, self.material.public_key())


# --- making --------------------------------------------------------------------------------------------


def generate_rsa(key_id: str, owner: str) -> SigningKey:
    """A new RSA-2048 key, for the fediverse."""
    return SigningKey(key_id, owner, KeyAlgorithm.RSA, generate_private_key(65537, 2048))


def generate_ed25519(key_id: str, owner: str) -> SigningKey:
    """A new Ed25519 key, for our own kind and for object proofs."""
    return SigningKey(key_id, owner, KeyAlgorithm.ED25519, Ed25519PrivateKey.generate())


def ed25519_from_seed(key_id: str, owner: str, seed: bytes) -> SigningKey:
    """The Ed25519 key of a 32-byte seed (RFC 8032 §5.1.5).

    Raises: KeyRefused for another length.
    """
    if len(seed) != 32:
        raise KeyRefused("An Ed25519 seed has 32 bytes.")
    return SigningKey(key_id, owner, KeyAlgorithm.ED25519, Ed25519PrivateKey.from_private_bytes(seed))


# --- reading -------------------------------------------------------------------------------------------


def parse_public_pem(pem: str, *, key_id: str, owner: str) -> PublicKey:
    """Read a `publicKeyPem`: one SPKI block and nothing else; RSA of 2048 to 8192 bits, or Ed25519.

    Raises: KeyRefused, also for PKCS#1 blocks, certificates, and text around the block.
    """
    found = _PEM.fullmatch(pem.strip()) if len(pem) <= _MAX_KEY_TEXT else None
    if found is None:
        raise KeyRefused("Not one PEM block of the kind PUBLIC KEY.")
    try:
        der = decode_base64("".join(found[1].split()))
    except ValueError:
        raise KeyRefused("The PEM block is not base64.") from None
    material = _load_der(der)
    if isinstance(material, RSAPublicKey) and der == material.public_bytes(Encoding.DER, PublicFormat.PKCS1):
        raise KeyRefused("The PEM block holds a PKCS#1 key, not SPKI.")
    return _judge(material, key_id, owner)


def parse_multikey(text: str, *, key_id: str, owner: str) -> PublicKey:
    """Read a `publicKeyMultibase`: Ed25519 (z6Mk…) or RSA (z4MX…), in its one canonical spelling.

    Raises: KeyRefused.
    Spec:   FEP-521a, W3C Controlled Identifiers §2.2.2 (Multikey); RSA as PKCS#1 DER.
    """
    try:
        raw = decode_multibase(text, max_characters=_MAX_MULTIBASE)
    except ValueError:
        raise KeyRefused("Not multibase base58btc in its one spelling.") from None
    if raw.startswith(_ED25519_PREFIX) and len(raw) == 34:
        return _judge(Ed25519PublicKey.from_public_bytes(raw[2:]), key_id, owner)
    if raw.startswith(_RSA_PREFIX):
        material = _load_der(raw[2:])
        is_rsa = isinstance(material, RSAPublicKey)
        if is_rsa and material.public_bytes(Encoding.DER, PublicFormat.PKCS1) == raw[2:]:
            return _judge(material, key_id, owner)
    raise KeyRefused("The Multikey is neither Ed25519 nor RSA.")


def did_key(public: PublicKey) -> str:
    """The did:key of an Ed25519 key.

    Raises: KeyRefused for another kind.
    """
    if public.algorithm is not KeyAlgorithm.ED25519:
        raise KeyRefused("Only Ed25519 keys are written as did:key here.")
    return f"did:key:{public.multibase}"


def parse_did_key(text: str) -> PublicKey:
    """Read "did:key:z6Mk…", or the same with its own fragment as verification methods have it.

    Shapes: `id` is the text as given, `owner` the DID without a fragment.
    Raises: KeyRefused, also for other kinds than Ed25519.
    """
    did, hash_sign, fragment = text.partition("#")
    multibase = did.removeprefix("did:key:")
    if multibase == did or (hash_sign and fragment != multibase):
        raise KeyRefused("Not a did:key.")
    key = parse_multikey(multibase, key_id=text, owner=did)
    if key.algorithm is not KeyAlgorithm.ED25519:
        raise KeyRefused("Only Ed25519 keys are read as did:key here.")
    return key


def keys_of_actor(document: JsonObject, *, assertion_only: bool = False) -> list[PublicKey]:
    """The usable keys that an actor document lists as its actor's own.

    Shapes: `publicKey` (object or list; RSA or Ed25519 PEM) and `assertionMethod` (Multikey, FEP-521a), at
            most ten of each, a longer list counting as none. With `assertion_only` just the latter: an object
            proof needs a key from there. Each key names the document's id as owner (controller) and has an id
            on the actor's origin. What does not is skipped; one id with two different keys is no key.
    Raises: nothing, whatever the document holds.
    """
    actor = document.get("id")
    if not isinstance(actor, str):
        return []
    found: list[PublicKey | None] = []
    if not assertion_only:
        found += [
            _read_entry(entry, actor, "owner", "publicKeyPem") for entry in _entries(document, "publicKey")
        ]
    for entry in _entries(document, "assertionMethod"):
        found.append(_read_entry(entry, actor, "controller", "publicKeyMultibase"))
    return _without_ambiguous([key for key in found if key is not None])


def _entries(document: JsonObject, name: str) -> list[JsonObject]:
    value = document.get(name)
    listed = value if isinstance(value, list) else [value]
    return [entry for entry in listed if isinstance(entry, dict)] if len(listed) <= _KEYS_PER_LIST else []


def _read_entry(
    entry: JsonObject, actor: str, owner_name: Literal["owner", "controller"], value_name: str
) -> PublicKey | None:
    key_id, owner, text = entry.get("id"), entry.get(owner_name), entry.get(value_name)
    if not isinstance(key_id, str) or owner != actor or not isinstance(text, str):
        return None
    # FEP-fe34. An id that is no plain IRI has no origin, however it begins: nobody could ask for it.
    if not same_origin(key_id, actor):
        return None
    try:
        if value_name == "publicKeyPem":
            return parse_public_pem(text, key_id=key_id, owner=actor)
        return parse_multikey(text, key_id=key_id, owner=actor) if entry.get("type") == "Multikey" else None
    except KeyRefused:
        return None


def _without_ambiguous(keys: list[PublicKey]) -> list[PublicKey]:
    by_id: dict[str, set[str]] = {}
    for key in keys:
        by_id.setdefault(key.id, set()).add(key.fingerprint)
    first = {key.id: key for key in reversed(keys)}
    return [key for key_id, key in reversed(first.items()) if len(by_id[key_id]) == 1]


def _load_der(der: bytes) -> Any:
    try:
        return load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefused("Not a public key that can be read.") from None


# --- judging -------------------------------------------------------------------------------------------


def _judge(material: Any, key_id: str, owner: str) -> PublicKey:
    if isinstance(material, RSAPublicKey):
        numbers = material.public_numbers()
        if material.key_size not in _RSA_BITS:
            raise KeyRefused("RSA keys have 2048 to 8192 bits here.")
        if numbers.e not in _RSA_EXPONENTS or numbers.e % 2 == 0 or numbers.n % 2 == 0:
            raise KeyRefused("The RSA key's exponent or modulus is weak.")
        return PublicKey(key_id, owner, KeyAlgorithm.RSA, material)
    if isinstance(material, Ed25519PublicKey):
        _refuse_weak_point(material.public_bytes_raw())
        return PublicKey(key_id, owner, KeyAlgorithm.ED25519, material)
    raise KeyRefused("Neither an RSA nor an Ed25519 key.")


_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
# The y of the points of order 8; those of order 1, 2 and 4 are 1, -1 and 0. The sign of x does not matter.
_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = frozenset({0, 1, _P - 1, _ORDER_8, _P - _ORDER_8})


def _refuse_weak_point(raw: bytes) -> None:
    """Refuse a point of small order, in a spelling that is not canonical, or off the curve.

    With the identity as public key one signature verifies every message. Libraries disagree on the other
    two, and a key on which verifiers disagree is no evidence.
    """
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= _P:
        raise KeyRefused("The Ed25519 key is not in its canonical form.")
    if y in _SMALL_ORDER:
        raise KeyRefused("The Ed25519 key has small order.")
    x_squared = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    if pow(x_squared, (_P - 1) // 2, _P) != 1:
        raise KeyRefused("The Ed25519 key is no point of the curve.")


# --- at rest -------------------------------------------------------------------------------------------

_SEAL_VERSION = b"\x01"
_NONCE_BYTES = 12


def seal(key: SigningKey, node_key: bytes) -> bytes:
    """Encrypt a private key under the node's key, bound to its id, owner and kind.

    Shapes: `node_key` has 32 bytes. The answer is version (1 byte), nonce (12), AES-256-GCM of PKCS#8 DER.
    """
    plain = key.material.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    nonce = os.urandom(_NONCE_BYTES)
    bound = _bound_to(key.id, key.owner, key.algorithm)
    return _SEAL_VERSION + nonce + AESGCM(node_key).encrypt(nonce, plain, bound)


def unseal(sealed: bytes, node_key: bytes, key_id: str, owner: str, algorithm: KeyAlgorithm) -> SigningKey:
    """Decrypt what `seal` made; keep the answer, since loading costs.

    Raises: KeyRefused for another node key, another id, owner or kind, or altered bytes.
    """
    nonce, encrypted = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        if sealed[:1] != _SEAL_VERSION:
            raise InvalidTag
        plain = AESGCM(node_key).decrypt(nonce, encrypted, _bound_to(key_id, owner, algorithm))
    except (InvalidTag, ValueError):
        raise KeyRefused(f"The private key {key_id} cannot be opened with this node's key.") from None
    # Checking an RSA key again would take 40 ms; the seal has just proven that these bytes are ours.
    material = load_der_private_key(plain, password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(material, RSAPrivateKey | Ed25519PrivateKey)
    return SigningKey(key_id, owner, algorithm, material)


def _bound_to(key_id: str, owner: str, algorithm: KeyAlgorithm) -> bytes:
    parts = [part.encode() for part in ("federation sealed key", key_id, owner, algorithm.value)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
