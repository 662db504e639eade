"""Which signatures of requests are recorded: those of the author, where nothing else proves what was said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from federation.inbox import Reception
from federation.kept_signatures import KeptSignature, check_kept_signature
from federation.proofs import add_proof
from federation.strictjson import dump_json

pytestmark = pytest.mark.anyio
INBOX = "https://ana.example/inbox"


@pytest.fixture
def keeping(ana: Any) -> list[Any]:
    """What the application was asked about; it keeps all of it."""
    asked: list[Any] = []

    def keeps(activity: Any) -> bool:
        asked.append(activity["id"])
        return True

    ana.deps = replace(ana.deps, keeps_signature=keeps)
    return asked


@pytest.mark.parametrize(("key", "spec"), [("rsa", "cavage"), ("rsa", "rfc9421"), ("ed25519", "rfc9421")])
async def test_signature_of_an_author_is_recorded_and_holds_for_the_body(
    network: Any, ana: Any, shop: Any, a_note: Any, keeping: list[Any], key: str, spec: str
) -> None:
    author = shop.account("north")
    signing = getattr(author, key)
    receipt = await ana.take(network.post(INBOX, a_note(author), key=signing, spec=spec))
    assert receipt.outcome is Reception.ACCEPTED
    (entry,) = ana.pending
    assert (entry.signature.scheme, entry.signature.key_id) == (spec, signing.id)
    at = check_kept_signature(entry.signature, entry.body, signing.public)
    assert at == network.clock().replace(microsecond=0)
    assert keeping == [entry.activity_id]


async def test_nothing_is_recorded_that_the_application_does_not_ask_for(
    network: Any, ana: Any, shop: Any, a_note: Any
) -> None:
    author = shop.account("north")
    await ana.take(network.post(INBOX, a_note(author), key=author.rsa))
    (entry,) = ana.pending
    assert entry.signature is None


async def test_what_proves_itself_needs_no_signature_of_its_request(
    network: Any, ana: Any, shop: Any, a_note: Any, keeping: list[Any]
) -> None:
    author = shop.account("north")
    proven = add_proof(
        {
            **a_note(author),
            "@context": [
                "https://www.w3.org/ns/activitystreams",
                "https://w3id.org/security/data-integrity/v2",
            ],
        },
        author.ed25519,
        created=network.clock(),
    )
    await ana.take(network.post(INBOX, proven, key=author.rsa))
    (entry,) = ana.pending
    assert entry.proof_key_id == author.ed25519.id
    assert (entry.signature, keeping) == (None, [])


async def test_courier_that_brings_the_very_bytes_of_the_origin_has_signed_nothing_of_theirs(
    network: Any, ana: Any, shop: Any, evil: Any, a_note: Any, keeping: list[Any]
) -> None:
    author, courier = shop.account("north"), evil.account("courier")
    genuine = a_note(author)
    shop.serve(genuine["id"], genuine)
    await ana.take(network.post(INBOX, genuine, key=courier.rsa))
    (entry,) = ana.pending
    assert entry.body == dump_json(genuine)
    assert (entry.signer, entry.signature, keeping) == (courier.id, None, [])


async def test_signature_beyond_all_measure_is_not_recorded_and_the_message_is(
    network: Any, ana: Any, shop: Any, a_note: Any, keeping: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KeptSignature, "is_small", property(lambda kept: False))
    author = shop.account("north")
    await ana.take(network.post(INBOX, a_note(author), key=author.rsa))
    (entry,) = ana.pending
    assert (entry.signature, len(keeping)) == (None, 1)
