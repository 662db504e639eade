"""All that a transaction keeps of the fediverse beside the deals; each part has its ports in a module."""

from __future__ import annotations

from typing import Protocol

from node.store.fan_outs import Fanning
from node.store.following import Relations
from node.store.media import Pictures
from node.store.plain_casts import Asking
from node.store.reading import Reacting
from node.store.talking import Talking

__all__ = ["Fediverse"]


class Fediverse(Asking, Fanning, Relations, Pictures, Reacting, Talking, Protocol):
    """This part of a transaction: a new one is a base more."""
