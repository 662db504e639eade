from __future__ import annotations

from datetime import UTC, datetime

import pytest

from federation.keys import SigningKey, ed25519_from_seed, generate_rsa
from federation.messages import HttpMessage

ANA = "https://ana.example/actors/ana"


@pytest.fixture(scope="session")
def rsa_key() -> SigningKey:
    return generate_rsa(f"{ANA}#main-key", ANA)


@pytest.fixture(scope="session")
def ed25519_key() -> SigningKey:
    return ed25519_from_seed(f"{ANA}#ed25519-key", ANA, b"a" * 32)


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def a_post() -> HttpMessage:
    return HttpMessage.request(
        "POST",
        "https://shop.example/actors/shop/inbox",
        {"Content-Type": "application/activity+json"},
        b'{"type":"Create"}',
    )


@pytest.fixture
def a_get() -> HttpMessage:
    return HttpMessage.request(
        "GET", "https://shop.example/actors/shop", {"Accept": "application/activity+json"}
    )
