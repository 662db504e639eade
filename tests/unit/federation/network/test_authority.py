from __future__ import annotations

from typing import Any

import pytest

from federation.authority import check_origins, check_sender, is_same_owner, owner_of
from federation.errors import AuthenticationFailed, Forbidden, InvalidDocument

M = "https://m.example/actors/m"
T = "https://t.example/actors/t"


def an_activity(**changed: Any) -> dict[str, Any]:
    note = {"id": "https://m.example/notes/1", "type": "Note", "attributedTo": M}
    activity = {"id": "https://m.example/activities/1", "type": "Create", "actor": M, "object": note}
    return {name: value for name, value in {**activity, **changed}.items() if value is not None}


@pytest.mark.parametrize(
    ("document", "owner"),
    [
        ({"type": "Person", "id": M}, M),
        ({"type": "Create", "actor": M, "id": "x"}, M),
        ({"type": "obv:Unheard", "actor": {"id": M}}, M),
        ({"type": "Question", "attributedTo": M}, M),
        ({"type": "Note", "attributedTo": M}, M),
        ({"type": "Note", "attributedTo": [{"id": M}]}, M),
        ({"publicKeyPem": "x", "owner": M}, M),
        ({"type": "Multikey", "publicKeyMultibase": "z", "controller": M}, M),
        ({"type": "Note"}, None),
        ({"type": "Note", "attributedTo": [M, T]}, None),
        ("https://m.example/", None),
        (None, None),
    ],
)
def test_the_owner_is_where_the_kind_of_document_says_it(document: Any, owner: str | None) -> None:
    assert owner_of(document) == owner


def test_documents_without_an_owner_have_none_in_common() -> None:
    assert is_same_owner({"type": "Note", "attributedTo": M}, {"type": "Like", "actor": M})
    assert not is_same_owner({"type": "Note", "attributedTo": M}, {"type": "Note", "attributedTo": T})
    assert not is_same_owner({"type": "Note"}, {"type": "Note"})


@pytest.mark.parametrize(
    "activity",
    [
        an_activity(),
        an_activity(id=None),
        an_activity(actor={"id": M, "type": "Person"}),
        an_activity(object="https://m.example/notes/1"),
        an_activity(object={"type": "Note", "content": "nothing said of its owner"}),
        an_activity(object={"type": "Video", "attributedTo": [M, "https://m.example/channels/1"]}),
        an_activity(type="Update", object={"type": "Person", "id": M}),
        an_activity(type="Delete", object=M),
        an_activity(type="Delete", object={"type": "Tombstone", "id": "https://m.example/notes/1"}),
        an_activity(type="Undo", object={"type": "Follow", "id": "https://m.example/f", "actor": M}),
        an_activity(type="Like", object="https://t.example/notes/1"),
        an_activity(type="Announce", object={"id": "https://t.example/n", "attributedTo": T}),
        an_activity(type="Follow", object=T),
        an_activity(type="Accept", object={"type": "Follow", "id": "https://t.example/f", "actor": T}),
        an_activity(type="Accept", object="https://t.example/o", result="https://m.example/agreements/1"),
        an_activity(
            type="Accept",
            object="https://t.example/o",
            result={"type": "Agreement", "id": "https://m.example/agreements/1", "attributedTo": M},
        ),
        an_activity(
            type="Offer", object={"type": "Agreement", "stipulates": {"satisfies": "https://t.example/p"}}
        ),
    ],
)
def test_an_actor_may_make_and_change_what_is_its_own(activity: dict[str, Any]) -> None:
    check_sender(activity, M, own_origins={"https://us.example"})


def test_c01_a_signature_by_another_actor_is_no_authentication() -> None:
    with pytest.raises(AuthenticationFailed):
        check_sender(an_activity(actor=T, id="https://t.example/a"), M)


@pytest.mark.parametrize("actor", [None, 7, [M, T], "not an iri", {"type": "Person"}])
def test_an_activity_without_one_usable_actor_is_invalid(actor: Any) -> None:
    with pytest.raises(InvalidDocument):
        check_sender(an_activity(actor=actor), M)


@pytest.mark.parametrize(
    ("activity", "place"),
    [
        (an_activity(id="https://t.example/activities/1"), "/id"),
        (an_activity(id="http://m.example/activities/1"), "/id"),
        (an_activity(id="https://m.example:8443/activities/1"), "/id"),
        (an_activity(id=7), "/id"),
        (an_activity(object={"id": "https://t.example/n", "type": "Note"}), "/object/id"),
        (an_activity(object={"id": "https://us.example/n", "type": "Note"}), "/object/id"),
        (an_activity(object={"type": "Note", "attributedTo": T}), "/object/attributedTo"),
        (an_activity(object={"type": "Note", "attributedTo": [M, T]}), "/object/attributedTo"),
        (an_activity(object={"type": "Note", "attributedTo": 7}), "/object/attributedTo"),
        (an_activity(type="Offer", object={"type": "Agreement", "id": "https://t.example/a"}), "/object/id"),
        (an_activity(type="Update", object="https://t.example/n"), "/object"),
        (
            an_activity(type="Update", object={"type": "Person", "id": "https://m.example/actors/x"}),
            "/object/id",
        ),
        (an_activity(type="Update", object={"type": "Person"}), "/object/id"),
        (an_activity(type="Delete", object="https://t.example/n"), "/object"),
        (
            an_activity(type="Undo", object={"type": "Follow", "actor": "https://m.example/x"}),
            "/object/actor",
        ),
        (an_activity(type="Accept", object="https://t.example/o", result="https://t.example/a"), "/result"),
        (
            an_activity(type="Accept", object="https://t.example/o", result={"id": "https://t.example/a"}),
            "/result/id",
        ),
    ],
)
def test_c05_an_id_or_object_that_is_not_the_senders_is_forbidden(
    activity: dict[str, Any], place: str
) -> None:
    with pytest.raises(Forbidden) as refused:
        check_sender(activity, M)
    assert refused.value.place == place


def test_c22_an_actor_of_our_own_does_not_come_in_from_outside() -> None:
    with pytest.raises(Forbidden, match="this node"):
        check_origins(an_activity(), own_origins={"https://m.example"})
