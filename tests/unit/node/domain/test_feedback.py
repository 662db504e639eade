"""Each purchase counts once, and only where it is proven."""

from __future__ import annotations

import pytest

from node.domain.feedback import FeedbackPost, Standing, standing
from tests.builders import FEEDBACK_KEY, NOW, VENDOR

POST = FeedbackPost(
    activity_id="https://ana.example/activities/1",
    note_id="https://ana.example/notes/1",
    author="https://ana.example/actors/ana",
    vendor=VENDOR,
    published_at=NOW,
    url="https://ana.example/@ana/1",
    content="<p>It rides well.</p>",
    title="North Kid 20",
    text="It rides well.",
    mention="@shop@shop.example",
    followers="https://ana.example/actors/ana/followers",
)


@pytest.mark.parametrize("seen", [None, (POST.author, POST.note_id)])
def test_a_proven_purchase_counts_the_first_time_and_when_read_again(seen: tuple[str, str] | None) -> None:
    assert standing(proven=True, feedback_key=FEEDBACK_KEY, seen=seen, post=POST) is Standing.FROM_A_PURCHASE


@pytest.mark.parametrize(
    "seen", [(POST.author, "https://ana.example/notes/2"), ("https://ben.example/actors/ben", POST.note_id)]
)
def test_the_same_purchase_counts_once_whoever_speaks_next(seen: tuple[str, str]) -> None:
    assert standing(proven=True, feedback_key=FEEDBACK_KEY, seen=seen, post=POST) is Standing.REPEATED


@pytest.mark.parametrize(("proven", "key"), [(False, FEEDBACK_KEY), (True, None), (False, None)])
def test_what_is_not_proven_is_unverified(proven: bool, key: str | None) -> None:
    assert standing(proven=proven, feedback_key=key, seen=None, post=POST) is Standing.UNVERIFIED
