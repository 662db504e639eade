"""The reasons that people give: for no bid, for a decline, for a cancellation (`protocol §4`).

Why a node refuses a message is another thing: `errors.Reason`.
"""

from __future__ import annotations

__all__ = ["CANCEL_REASONS", "DECLINE_REASONS", "NO_BID_REASONS"]

NO_BID_REASONS = ("notStocked", "area", "capacity", "price", "terms", "other")
DECLINE_REASONS = ("price", "timing", "terms", "fit", "trust", "needGone", "other")
CANCEL_REASONS = tuple(dict.fromkeys((*DECLINE_REASONS, *NO_BID_REASONS)))
