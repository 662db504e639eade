"""Which of two forms of one thing a reader would rather have."""

from __future__ import annotations

import re

from federation.vocab import ACTIVITY_JSON, JSON

__all__ = ["prefers_html"]


def prefers_html(accept: str | None) -> bool:
    """Whether a reader would rather have a page than JSON; in doubt JSON, since most readers are servers.

    A type that is named outweighs a wildcard of the same quality.
    Spec: RFC 9110 §12.5.1; `interop §1.1`, GET.
    """
    html, data = (0.0, 0), (0.0, 0)
    for part in (accept or "").lower().split(",")[:50]:
        media_range, *parameters = (piece.strip() for piece in part.split(";"))
        weight = _quality(parameters)
        if media_range in ("text/html", "application/xhtml+xml", "text/*"):
            html = max(html, (weight, 2))
        elif media_range in (ACTIVITY_JSON, "application/ld+json", JSON, "application/*"):
            data = max(data, (weight, 2))
        elif media_range == "*/*":
            html, data = max(html, (weight, 1)), max(data, (weight, 1))
    return html > data and html[0] > 0


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        match = re.fullmatch(r"q\s*=\s*([01](?:\.[0-9]{0,3})?)", parameter)
        if match:
            return float(match[1])
    return 1.0
