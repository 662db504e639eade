"""The public pages: what opens when somebody follows a link in a message. Pure: a view in, HTML out.

No script, no cookie, no request to anybody else; `PAGE_HEADERS` says so to the browser. What does not exist
is answered in all our languages at once, so that nothing about it depends on who asks (`security P04`).
"""

from __future__ import annotations

from datetime import UTC, datetime

from node.web.asked_views import AskedView
from node.web.i18n import LANGUAGES, Locale, words_in
from node.web.linked import linked_data
from node.web.templating import TEMPLATES, Reader, spoken
from node.web.views import (
    AnswerView,
    FeedbackView,
    FeedView,
    FollowView,
    FrontView,
    MissingView,
    PostView,
    ProfileView,
    PublicView,
    QuoteView,
    StandingOfferView,
    TopicView,
)

__all__ = ["CONTENT_SECURITY_POLICY", "PAGE_HEADERS", "render_follow", "render_missing", "render_public"]

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS: tuple[tuple[str, str], ...] = (
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "browsing-topics=(), camera=(), geolocation=(), microphone=()"),
)

_PAGES: dict[type, str] = {
    FrontView: "front.html",
    ProfileView: "profile.html",
    StandingOfferView: "standing_offer.html",
    FeedbackView: "feedback.html",
    AnswerView: "answer.html",
    PostView: "post.html",
    TopicView: "topic.html",
    QuoteView: "quote.html",
    AskedView: "asked.html",
    FeedView: "feed.xml",
}
_NO_TIME = datetime.min.replace(tzinfo=UTC)
"""No page that is the same for everybody counts from now."""


def render_public(view: PublicView, reader: Reader) -> str:
    """The page, or the Atom feed, of what lies at a public address."""
    return _render(_PAGES[type(view)], view, reader, linked=linked_data(view))


def render_follow(view: FollowView, reader: Reader) -> str:
    """The way from an account here to following it from an account elsewhere: form and answer."""
    return _render("follow.html", view, reader)


def render_missing(view: MissingView) -> str:
    """The page of a 404, or of a 410 where something was here and is gone: in every language at once."""
    source, *others = LANGUAGES
    spoken_there = [words_in(language) for language in others]
    return _render("missing.html", view, Reader(Locale(source), _NO_TIME), others=spoken_there)


def _render(template: str, view: object, reader: Reader, **values: object) -> str:
    return TEMPLATES.get_template(template).render(spoken(reader), view=view, **values)
