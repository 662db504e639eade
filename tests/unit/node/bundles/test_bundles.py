"""The file itself: read strictly, within bounds, and written as it was read."""

from __future__ import annotations

from typing import Any

import pytest

from federation.strictjson import dump_json
from node.domain.errors import InvalidInput
from node.wire import bundles
from node.wire.bundles import build_bundle, parse_bundle


def test_bundle_is_built_as_it_was_parsed(golden: Any) -> None:
    example = golden("40-bundle")
    assert build_bundle(parse_bundle(dump_json(example))) == example


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("format",), "obverse-bundle/2", "is not obverse-bundle/1"),
        (("deal",), "no id", "no usable id"),
        (("exportedAt",), "yesterday", "is not like"),
        (("messages",), {}, "is not a list"),
        (("messages", 0), "x", "is no object"),
        (("messages", 0, "digest"), 3, "is no digest"),
        (("messages", 0, "bytes"), "e30", "is not base64"),
        (("messages", 0, "bytes"), "e30=\n", "is not base64"),
        (("messages", 0, "bytes"), "", "is not base64"),
        (("messages", 0, "bytes"), 7, "is not base64"),
        (("messages", 0, "bytes"), "e31=", "one spelling"),
        (("messages", 0, "receivedAt"), 5, "must be a string"),
        (("actors", 0, "from"), "mailto:x", "no usable id"),
        (("actors", 0, "more"), 1, "has no meaning"),
        (("more",), 1, "has no meaning"),
    ],
)
def test_odd_member_is_refused_by_its_name(
    path: tuple[Any, ...], value: Any, words: str, golden: Any
) -> None:
    bundle = inner = golden("40-bundle")
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(InvalidInput, match=words) as refused:
        parse_bundle(dump_json(bundle))
    assert refused.value.field.startswith(f"bundle {path[0]}")


def test_missing_member_is_refused(golden: Any) -> None:
    bundle = golden("40-bundle")
    del bundle["messages"][1]["receivedAt"]
    with pytest.raises(InvalidInput, match="is missing"):
        parse_bundle(dump_json(bundle))


@pytest.mark.parametrize("data", [b"", b"[]", b'{"format":"obverse-bundle/1","format":"x"}', b"{}" * 2])
def test_what_is_not_one_strict_document_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="bundle"):
        parse_bundle(data)


def test_file_beyond_all_measure_is_refused(golden: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = dump_json(golden("40-bundle"))
    monkeypatch.setattr(bundles, "MOST_BYTES", len(data) - 1)
    with pytest.raises(InvalidInput, match="larger than"):
        parse_bundle(data)


def test_more_messages_than_a_deal_has_are_refused(golden: Any) -> None:
    bundle = golden("40-bundle")
    bundle["messages"] *= 300
    with pytest.raises(InvalidInput, match="at most 1000"):
        parse_bundle(dump_json(bundle))
