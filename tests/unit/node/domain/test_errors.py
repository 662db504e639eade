"""What a refusal says to its sender, to the owner, and to who typed."""

from __future__ import annotations

from node.domain.errors import DomainError, Early, InvalidInput, Reason, Refusal, Superfluous


def test_a_refusal_carries_its_reason_apart_from_its_words() -> None:
    refusal = Refusal(Reason.OUT_OF_STOCK, "the last one went a minute ago")
    assert (refusal.reason, refusal.detail) == (Reason.OUT_OF_STOCK, "the last one went a minute ago")
    assert str(refusal) == "the last one went a minute ago (outOfStock)"


def test_wrong_input_names_field_fault_and_remedy() -> None:
    wrong = InvalidInput("price", "it is empty", "Write 279.00.")
    assert (wrong.field, wrong.wrong, wrong.right) == ("price", "it is empty", "Write 279.00.")
    assert str(wrong) == "price: it is empty. Write 279.00."


def test_all_stand_in_one_tree_and_an_echo_is_a_refusal() -> None:
    assert issubclass(Superfluous, Refusal)
    for kind in (Refusal, Early, InvalidInput):
        assert issubclass(kind, DomainError)
    assert not issubclass(Early, Refusal)
