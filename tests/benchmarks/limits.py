"""The bounds of a node whose load comes from one machine: the checks are made, and let everything pass."""

from __future__ import annotations

from dataclasses import fields, replace

from federation.messages import Limits

__all__ = ["PLENTY", "unhurried"]

PLENTY = 1_000_000_000
_RATES = ("_per_minute", "_per_second", "_burst")


def unhurried(limits: Limits) -> Limits:
    """The same limits, but for those on how much may come in a time."""
    names = [field.name for field in fields(limits)]
    rates = {name: PLENTY for name in names if name.endswith(_RATES) or name.startswith("key_fetches_")}
    return replace(limits, **rates)
