"""What claims to be a message of the deal, what does not, and what nobody may slip past."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation.vocab import AS_CONTEXT, DATA_INTEGRITY_CONTEXT
from node.domain.errors import Refusal
from node.domain.messages import Kind
from node.wire.messages import UnknownMessage, envelope_of, is_deal_message, parse_message

Example = Callable[..., dict[str, Any]]
NUMBERS = [f"{n:02}" for n in range(1, 18)] + ["31", "32"]
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
BOB = "https://mastodon.example/users/bob"
SHOP = "https://shop.example/actors/shop"
CONTEXT = "https://mastodon.example/contexts/1"


def activity(verb: str, of: object, **members: object) -> dict[str, Any]:
    return {
        "@context": AS_CONTEXT,
        "id": f"{BOB}/1",
        "type": verb,
        "actor": BOB,
        "to": [SHOP],
        "object": of,
        **members,
    }


ORDINARY: list[dict[str, Any]] = [
    activity("Follow", SHOP),
    activity("Accept", {"id": f"{BOB}/2", "type": "Follow", "actor": SHOP, "object": BOB}),
    activity("Reject", {"id": f"{BOB}/2", "type": "Follow", "actor": SHOP, "object": BOB}),
    activity("Undo", {"id": f"{BOB}/2", "type": "Follow", "actor": BOB, "object": SHOP}),
    activity("Undo", {"id": f"{BOB}/2", "type": "Like", "actor": BOB, "object": f"{SHOP}/1"}),
    activity("Like", f"{SHOP}/1"),
    activity("Announce", f"{SHOP}/1", to=[PUBLIC]),
    activity("Announce", {"id": f"{SHOP}/1", "type": "Offer", "offerDigest": "zQm1"}),
    activity("Delete", BOB),
    activity("Delete", {"id": f"{BOB}/3", "type": "Tombstone", "formerType": "Note"}),
    activity("Update", {"id": BOB, "type": "Person"}),
    activity("Create", {"id": f"{BOB}/4", "type": "Note", "content": "hi", "to": [SHOP]}),
    activity("Create", {"id": f"{BOB}/4", "type": "Document", "name": "a photograph"}),
    activity("Create", {"id": f"{BOB}/4", "type": "Note", "context": CONTEXT, "inReplyTo": SHOP}),
    # Pleroma puts the context on the activity; no proof.
    activity(
        "Create",
        {"id": f"{BOB}/4", "type": "Note", "context": CONTEXT, "inReplyTo": f"{SHOP}/1", "to": [SHOP]},
        context=CONTEXT,
    ),
    # Hubzilla proves its direct Notes; this one starts a thread.
    activity(
        "Create",
        {"id": f"{BOB}/4", "type": "Note", "context": CONTEXT, "to": [SHOP]},
        context=CONTEXT,
        proof={"type": "DataIntegrityProof"},
    ),
    # Public and proven, in a context.
    activity(
        "Create",
        {"id": f"{BOB}/4", "type": "Note", "context": CONTEXT, "inReplyTo": f"{SHOP}/1"},
        to=["as:Public"],
        context=CONTEXT,
        proof={"type": "DataIntegrityProof"},
    ),
    activity("Create", [{"type": "Note"}, 5, None], context=CONTEXT),
    activity("Create", "https://mastodon.example/notes/1", context=CONTEXT, proof={}),
    activity("TentativeAccept", {"type": "Invite"}),
    activity("QuoteRequest", f"{SHOP}/1", instrument={"type": "Note"}),
    activity("Accept", {"type": "QuoteRequest"}, result="https://mastodon.example/approvals/1"),
    activity("Read", f"{SHOP}/1", digest="x"),
    {"type": 5, "object": None},
    {},
]


@pytest.mark.parametrize("ordinary", ORDINARY, ids=[str(n) for n in range(len(ORDINARY))])
def test_ordinary_activity_is_no_message_of_the_deal(ordinary: dict[str, Any]) -> None:
    assert not is_deal_message(ordinary)
    with pytest.raises(UnknownMessage):
        parse_message(ordinary, digest="zQm", currency="EUR")


def test_word_on_a_deal_is_one_with_a_proof_or_the_context_for_one(example: Example) -> None:
    ask = example("04")
    assert is_deal_message(ask)
    longer = {
        **ask,
        "@context": [AS_CONTEXT, DATA_INTEGRITY_CONTEXT, {"vendor": "https://vendor.example/ns#"}],
    }
    assert is_deal_message(longer)
    proven = {**ask, "@context": AS_CONTEXT, "proof": {}}
    assert is_deal_message(proven)
    assert not is_deal_message({**ask, "@context": AS_CONTEXT})
    assert not is_deal_message({**longer, "cc": [BOB]})
    assert is_deal_message({**ask, "cc": [BOB]})
    assert not is_deal_message({**ask, "context": None})


@pytest.mark.parametrize(
    "of",
    [
        {"type": "Proposal"},
        {"type": ["Note", "Proposal"]},
        {"type": "vf:Proposal"},
        {"type": "https://w3id.org/valueflows/ont/vf#Proposal"},
        {"@type": "vf:Proposal"},
        [{"type": "Note"}, {"type": "Proposal"}],
    ],
)
@pytest.mark.parametrize("verb", ["Create", ["Note", "Create"], "as:Create", f"{AS_CONTEXT}#Create"])
def test_proposal_in_any_spelling_must_be_proven_and_is_read_in_one(verb: Any, of: Any) -> None:
    sent = activity(verb, of)
    assert is_deal_message(sent)
    with pytest.raises(Refusal):
        parse_message(sent, digest="zQm")


@pytest.mark.parametrize(
    "sent",
    [
        activity("Accept", f"{SHOP}/1", **{"obv:offerDigest": "zQm1"}),
        activity("Accept", f"{SHOP}/1", **{"https://w3id.org/obverse/ns#offerDigest": "zQm1"}),
        activity("Reject", f"{SHOP}/1", instrument={"type": "Reason"}),
        activity("Reject", f"{SHOP}/1", instrument={"obv:reasonCode": "obv:other"}),
        activity("Reject", f"{SHOP}/1", instrument=[{"type": "obv:Reason"}]),
        activity("Reject", f"{SHOP}/1", result={"type": "Proposal"}),
        activity("Accept", f"{SHOP}/1", result=[{"@type": "Agreement"}]),
        activity("Accept", f"{SHOP}/1", purchaseCredential="{}"),
        activity("Accept", f"{SHOP}/1", feedbackKey="did:key:z"),
        activity("Delete", {"type": "Tombstone", "formerType": ["Proposal"]}),
        activity("Delete", {"type": "Tombstone", "formerType": "vf:Proposal"}),
        activity("Create", {"type": "Document"}, acceptDigest=None),
        activity("Create", {"type": ["VerifiableCredential", "obv:ReceiptCredential"]}),
        activity("Create", {"type": "Note", "grant": f"{BOB}/grants/1"}),
    ],
)
def test_disguised_message_must_be_proven(sent: dict[str, Any]) -> None:
    assert is_deal_message(sent)
    with pytest.raises((Refusal, UnknownMessage)):
        parse_message(sent, digest="zQm", currency="EUR")


@pytest.mark.parametrize("number", NUMBERS)
def test_message_of_the_deal_stays_one_without_its_proof_or_with_a_hundred_more_members(
    number: str, example: Example
) -> None:
    bare = example(number)
    assert is_deal_message(bare)
    assert is_deal_message({**bare, **{f"x{n}": n for n in range(100)}})


def test_member_that_nobody_knows_carries_no_meaning(example: Example, read: Callable[..., Any]) -> None:
    for number in NUMBERS:
        plain = read(example(number))
        more = example(number, {"tracking": {"https://ads.example/ns#pixel": [1, None]}, "verified": True})
        read_again = parse_message(more, digest=plain.digest, currency="EUR")
        assert read_again == plain


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["Proposal", "zQm1", BOB, "obv:other", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "type", "@type", "object", "result", "instrument", "reasonCode", "formerType", "to"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
MEMBERS = [
    "type",
    "object",
    "result",
    "instrument",
    "context",
    "@context",
    "to",
    "cc",
    "actor",
    "id",
    "proof",
    "offerDigest",
    "acceptDigest",
    "digest",
    "proposalDigest",
    "feedbackKey",
    "purchaseCredential",
    "published",
    "endTime",
]


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    st.sampled_from(
        ["Create", "Update", "Delete", "Offer", "Undo", "Accept", "TentativeAccept", "Reject", "Like"]
    ),
    st.dictionaries(st.sampled_from(MEMBERS), json_values, max_size=8),
)
def test_no_document_breaks_the_reader_and_none_is_read_that_need_not_be_proven(
    verb: str, members: dict[str, Any]
) -> None:
    document = {"type": verb, **members}
    claims = is_deal_message(document)
    envelope = envelope_of(document)
    assert envelope.kind is None or claims
    with pytest.raises((Refusal, UnknownMessage)) as caught:
        parse_message(document, digest="zQm", currency="EUR")
    assert claims or isinstance(caught.value, UnknownMessage)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(st.data())
def test_example_with_anything_anywhere_is_read_or_refused_in_words(data: st.DataObject) -> None:
    number = data.draw(st.sampled_from(NUMBERS))
    document = data.draw(st.builds(_EXAMPLES.__getitem__, st.just(number)))
    where, name = data.draw(st.sampled_from(_places(document)))
    changed = _with(document, where, name, data.draw(json_values))
    try:
        message = parse_message(changed, digest="zQm", currency="EUR")
    except (Refusal, UnknownMessage):
        return
    assert is_deal_message(changed)
    assert message.kind in Kind


_EXAMPLES: dict[str, dict[str, Any]] = {}


@pytest.fixture(autouse=True, scope="module")
def _load_examples() -> None:
    import json
    from pathlib import Path

    folder = Path(__file__).parents[3] / "golden" / "messages"
    _EXAMPLES.update(
        {number: json.loads(next(folder.glob(f"{number}-*.json")).read_text()) for number in NUMBERS}
    )


def _places(document: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], str]]:
    """Every member of every object in the document."""
    found: list[tuple[tuple[str, ...], str]] = []
    for name, value in document.items():
        found.append((path, name))
        if isinstance(value, dict):
            found += _places(value, (*path, name))
    return found


def _with(document: dict[str, Any], path: tuple[str, ...], name: str, value: object) -> dict[str, Any]:
    if not path:
        return {**document, name: value}
    return {**document, path[0]: _with(document[path[0]], path[1:], name, value)}
