"""Which resources a node is asked for by WebFinger: URIs of any kind, nothing else (RFC 7033 §4.2, §4.5)."""

from __future__ import annotations

from typing import Any, cast

import pytest

from federation.errors import InvalidIri
from node.public.documents import Documents

NOBODY: Any = None
"""None of these is looked for in the store."""


@pytest.mark.parametrize(
    "resource", ["ana@ana.example", "@ana@ana.example", "=acct:ana@ana.example", "acct:ana", ""]
)
def test_what_is_no_resource_is_refused(resource: str) -> None:
    with pytest.raises(InvalidIri):
        Documents("https://ana.example").webfinger(cast(Any, NOBODY), resource)


@pytest.mark.parametrize(
    "resource",
    ["mailto:ana@ana.example", "foo://ana.example", "urn:isbn:0451450523", "acct:ana@shop.example"],
)
def test_resource_of_another_kind_or_host_is_not_here(resource: str) -> None:
    assert Documents("https://ana.example").webfinger(cast(Any, NOBODY), resource) is None


@pytest.mark.parametrize("resource", ["acct:ana.example@ana.example", "ACCT:ana.example@Ana.Example"])
def test_scheme_and_host_are_read_in_any_case(resource: str) -> None:
    found = Documents("https://ana.example").webfinger(cast(Any, NOBODY), resource)
    assert found is not None
    assert found["subject"] == "acct:ana.example@ana.example"
