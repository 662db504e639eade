"""Example messages as plain JSON, to be changed in one place and read again."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from federation.digest import object_digest
from node.domain.messages import Message
from node.wire.messages import parse_message

_MESSAGES = Path(__file__).parents[3] / "golden" / "messages"
_LOADED = {path.stem[:2]: json.loads(path.read_text()) for path in _MESSAGES.glob("[0-9]*.json")}

Change = Callable[..., dict[str, Any]]


def _without_proof(number: str) -> dict[str, Any]:
    document = copy.deepcopy(_LOADED[number])
    document.pop("proof", None)
    found: dict[str, Any] = document
    return found


def _change(document: dict[str, Any], path: str, value: object) -> None:
    """Set the member at `a.b[0].c`; Ellipsis takes it away. A `~` stands for a dot in a name."""
    names = [step.replace("~", ".") for step in re.findall(r"[^.\[\]]+", path)]
    *steps, last = [int(name) if name.isdigit() else name for name in names]
    place: Any = document
    for step in steps:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value


@pytest.fixture
def example() -> Change:
    """`example("06", {"object.stipulates.due": None})`: a fresh copy without its proof, with changes."""

    def make(number: str, changes: dict[str, object] | None = None) -> dict[str, Any]:
        document = _without_proof(number)
        for path, value in (changes or {}).items():
            _change(document, path, value)
        return document

    return make


@pytest.fixture
def signed_example() -> Callable[[str], dict[str, Any]]:
    """The same with its proof."""
    return lambda number: copy.deepcopy(_LOADED[number])


@pytest.fixture
def read() -> Callable[..., Message]:
    """Parse in euros, with the digest of what is given."""

    def parse(activity: dict[str, Any], currency: str | None = "EUR") -> Message:
        return parse_message(activity, digest=object_digest(activity), currency=currency)

    return parse
