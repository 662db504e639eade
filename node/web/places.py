"""How a thing whose id is another's is named in an address of ours: by its whole id."""

from __future__ import annotations

import base64
import binascii

__all__ = ["named_by", "place_of"]


def place_of(iri: str) -> str:
    """The name in an address: the whole id, so that no two things share one."""
    return base64.urlsafe_b64encode(iri.encode()).decode().rstrip("=")


def named_by(place: str) -> str:
    """The id that `place_of` was given, "" for what is no such name."""
    try:
        return base64.urlsafe_b64decode(place + "=" * (-len(place) % 4)).decode()
    except (ValueError, binascii.Error):
        return ""
