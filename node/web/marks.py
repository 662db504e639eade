"""The mark of somebody who sent no picture: initials. Pictures are never fetched (`security P08`)."""

from __future__ import annotations

import unicodedata

__all__ = ["initials"]

MOST = 2


def initials(name: str) -> str:
    """At most two letters or digits that stand for a name: North Bicycles is `NB`, ana `A`, nothing `·`."""
    words = [[char for char in word if unicodedata.category(char)[0] in "LN"] for word in name.split()]
    firsts = [word[0] for word in words if word]
    if not firsts:
        return "·"
    chosen = firsts if len(firsts) == 1 else [firsts[0], firsts[-1]]
    return "".join(chosen[:MOST]).upper()[:MOST]
