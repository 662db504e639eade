"""The bounds of a node whose load comes from one machine: the checks are made, and let everything pass."""

from __future__ import annotations

from dataclasses import fields, replace

from federation.messages import Limits

__all__ = ["unhurried"]

PLENTY = 1_000_000_000


def unhurried(limits: Limits) -> Limits:
    """The same limits, but for those on how much may come in a minute."""
    rates = {field.name: PLENTY for field in fields(limits) if "_per_minute" in field.name}
    return replace(limits, **rates, key_fetches_per_host=PLENTY)
