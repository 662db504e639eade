"""All targets by name."""

from __future__ import annotations

from tests.fuzz.lines import LINES
from tests.fuzz.meanings import MEANINGS
from tests.fuzz.posts import POSTS
from tests.fuzz.readers import READERS
from tests.fuzz.seals import SEALS
from tests.fuzz.stories import STORIES
from tests.fuzz.targets import Target

__all__ = ["TARGETS"]

TARGETS: dict[str, Target] = {
    target.name: target for target in (*READERS, *POSTS, *SEALS, *MEANINGS, *STORIES, *LINES)
}
