"""Passkeys: what the browser is asked for, and whether what it brings is a proof.

A challenge needs no row: it is our own seal over a time, a purpose and the browser that it was given to. What
was proven once proves nothing a second time.
Spec: W3C Web Authentication, level 3, §7.1, §7.2.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from node.store.ports import Passkey

__all__ = ["CREDENTIAL_CHARS", "MadePasskey", "Passkeys", "ProvenPasskey", "Unproven"]

CREDENTIAL_CHARS = 12_000
"""Of what a browser brings, as JSON; without attestation it is a tenth of that."""

_LASTS_S = 600
_NONCE_BYTES = 16
_SEAL_BYTES = 32
_USED_KEPT = 1000
_MAKE, _SHOW = b"make", b"show"
_TRANSPORTS = frozenset({"ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"})
_UNREADABLE = (WebAuthnException, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)


class Unproven(Exception):
    """What the browser brought proves nothing: forged, for somebody else, too old, or shown before."""


@dataclass(frozen=True, slots=True)
class MadePasskey:
    """A new key, as the authenticator made it."""

    id: str
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    is_synced: bool

    def of(self, account: str, name: str, now: datetime) -> Passkey:
        """The row that is kept of it."""
        return Passkey(
            id=self.id,
            account=account,
            name=name,
            public_key=self.public_key,
            sign_count=self.sign_count,
            created_at=now,
            transports=self.transports,
            is_synced=self.is_synced,
        )


@dataclass(frozen=True, slots=True)
class ProvenPasskey:
    """A key that has just proven its owner."""

    id: str
    sign_count: int


class Passkeys:
    """The rites of one node. `secret` seals challenges; it may be new at each start.

    Shapes: `browser` is what only this browser has, so that nobody shows what another's was asked for.
    """

    def __init__(self, base_url: str, *, secret: bytes) -> None:
        self._origin = base_url
        self._domain = urlsplit(base_url).hostname or ""
        self._secret = secret
        self._used: dict[bytes, int] = {}

    def ask_to_make(
        self, *, user: bytes, name: str, known: Iterable[Passkey], browser: str, nonce: bytes, now: datetime
    ) -> str:
        """Options of `navigator.credentials.create`, as JSON; who has one of `known` needs no other."""
        return options_to_json(
            generate_registration_options(
                rp_id=self._domain,
                rp_name=self._domain,
                user_id=user,
                user_name=name,
                user_display_name=name,
                challenge=self._challenge(_MAKE, browser, nonce, now),
                timeout=_LASTS_S * 1000,
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.REQUIRED,
                    require_resident_key=True,
                    user_verification=UserVerificationRequirement.REQUIRED,
                ),
                exclude_credentials=[_named(passkey) for passkey in known],
            )
        )

    def ask_to_show(self, *, known: Iterable[Passkey], browser: str, nonce: bytes, now: datetime) -> str:
        """Options of `navigator.credentials.get`, as JSON; without `known` any key for this node will do."""
        return options_to_json(
            generate_authentication_options(
                rp_id=self._domain,
                challenge=self._challenge(_SHOW, browser, nonce, now),
                timeout=_LASTS_S * 1000,
                allow_credentials=[_named(passkey) for passkey in known],
                user_verification=UserVerificationRequirement.REQUIRED,
            )
        )

    def verify_made(self, credential: str, *, browser: str, now: datetime) -> MadePasskey:
        """What a browser made. Raises: Unproven."""
        try:
            parsed = parse_registration_credential_json(_bounded(credential))
            challenge = parse_client_data_json(parsed.response.client_data_json).challenge
            self._check_challenge(challenge, _MAKE, browser, now)
            made = verify_registration_response(
                credential=parsed,
                expected_challenge=challenge,
                expected_rp_id=self._domain,
                expected_origin=self._origin,
                require_user_verification=True,
            )
            named = [str(one.value) for one in parsed.response.transports or ()]
        except _UNREADABLE:
            raise Unproven from None
        self._use_up(challenge, now)
        return MadePasskey(
            id=bytes_to_base64url(made.credential_id),
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            transports=tuple(one for one in named if one in _TRANSPORTS),
            is_synced=made.credential_backed_up,
        )

    def id_of(self, credential: str) -> str:
        """Which key a browser says that it shows. Raises: Unproven where it says nothing that can be read."""
        try:
            return bytes_to_base64url(parse_authentication_credential_json(_bounded(credential)).raw_id)
        except _UNREADABLE:
            raise Unproven from None

    def verify_shown(
        self, credential: str, passkey: Passkey, *, browser: str, now: datetime
    ) -> ProvenPasskey:
        """That the browser holds this key and its owner was there. Raises: Unproven."""
        try:
            parsed = parse_authentication_credential_json(_bounded(credential))
            challenge = parse_client_data_json(parsed.response.client_data_json).challenge
            self._check_challenge(challenge, _SHOW, browser, now)
            shown = verify_authentication_response(
                credential=parsed,
                expected_challenge=challenge,
                expected_rp_id=self._domain,
                expected_origin=self._origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except _UNREADABLE:
            raise Unproven from None
        if bytes_to_base64url(shown.credential_id) != passkey.id:
            raise Unproven
        self._use_up(challenge, now)
        return ProvenPasskey(passkey.id, shown.new_sign_count)

    # --- challenges ---------------------------------------------------------------------------------------

    def _challenge(self, purpose: bytes, browser: str, nonce: bytes, now: datetime) -> bytes:
        until = int(now.timestamp()) + _LASTS_S
        head = hashlib.blake2b(nonce, digest_size=_NONCE_BYTES).digest() + until.to_bytes(8, "big")
        return head + self._seal(purpose, browser, head)

    def _seal(self, purpose: bytes, browser: str, head: bytes) -> bytes:
        sealed = b"\x00".join((purpose, hashlib.sha256(browser.encode()).digest(), head))
        return hmac.new(self._secret, sealed, hashlib.sha256).digest()

    def _check_challenge(self, challenge: bytes, purpose: bytes, browser: str, now: datetime) -> None:
        head, seal = challenge[:-_SEAL_BYTES], challenge[-_SEAL_BYTES:]
        if not browser or not hmac.compare_digest(seal, self._seal(purpose, browser, head)):
            raise Unproven
        if int.from_bytes(head[_NONCE_BYTES:], "big") <= now.timestamp() or challenge in self._used:
            raise Unproven

    def _use_up(self, challenge: bytes, now: datetime) -> None:
        """Only what has proven something is remembered, so that nobody fills this by guessing."""
        at_s = int(now.timestamp())
        self._used = {used: until for used, until in self._used.items() if until > at_s}
        while len(self._used) >= _USED_KEPT:
            del self._used[next(iter(self._used))]
        self._used[challenge] = at_s + _LASTS_S


def _bounded(credential: str) -> str:
    if len(credential) > CREDENTIAL_CHARS:
        raise Unproven
    return credential


def _named(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(id=base64url_to_bytes(passkey.id))
