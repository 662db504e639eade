"""The plain public pages: what opens when somebody follows a link in a message. Pure: a view in, HTML out.

No script, no form, no cookie, no request to anybody else; `PAGE_HEADERS` says so to the browser.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from node.domain.terms import ROSTER, short_name
from node.web.marks import initials
from node.web.static import FILES
from node.web.views import FeedbackView, FrontView, MissingView, ProfileView, StandingOfferView

__all__ = [
    "CONTENT_SECURITY_POLICY",
    "PAGE_HEADERS",
    "render_feedback",
    "render_front",
    "render_missing",
    "render_profile",
    "render_standing_offer",
]

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS: tuple[tuple[str, str], ...] = (
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "browsing-topics=(), camera=(), geolocation=(), microphone=()"),
)


def render_front(view: FrontView) -> str:
    """The node's front page, `/`."""
    return _PAGES.get_template("front.html").render(view=view)


def render_profile(view: ProfileView) -> str:
    """An account's page, `/@NAME`."""
    return _PAGES.get_template("profile.html").render(view=view)


def render_standing_offer(view: StandingOfferView) -> str:
    """The page of a standing offer, `/@NAME/POSTID`."""
    return _PAGES.get_template("standing_offer.html").render(view=view)


def render_feedback(view: FeedbackView) -> str:
    """The page of public feedback, `/@NAME/POSTID`."""
    return _PAGES.get_template("feedback.html").render(view=view)


def render_missing(view: MissingView) -> str:
    """The page of a 404, or of a 410 where something was here and is gone."""
    return _PAGES.get_template("missing.html").render(view=view)


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC).day} {at.astimezone(UTC):%B %Y}"


def _moment(at: datetime) -> str:
    return f"{_day(at)}, {at.astimezone(UTC):%H:%M} UTC"


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _term_words(iri: str) -> str:
    return ROSTER.get(short_name(iri), "")


def _is_web_address(address: str | None) -> bool:
    """Whether a link may lead there: a scheme like javascript: in a foreign profile must not become one."""
    if address is None:
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _environment() -> Environment:
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    pages.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    pages.globals.update(lang="en", static=FILES.address)
    pages.filters.update(day=_day, moment=_moment, stamp=_stamp, term_name=short_name, term_words=_term_words)
    pages.filters["initials"] = initials
    pages.tests["web_address"] = _is_web_address
    return pages


_PAGES = _environment()
