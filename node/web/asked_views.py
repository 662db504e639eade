"""What the page of an intent shows that was told to an account without a node."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["AskedView"]


@dataclass(frozen=True, slots=True)
class AskedView:
    """What one plain account was told of an intent; it does not say whom, nor who asks.

    Its address is a secret (`by_link_only`), as that of a quote is.
    """

    host: str
    title: str
    words: str
    is_open: bool
    indexed: bool = False
    by_link_only: bool = True
