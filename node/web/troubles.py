"""What went wrong on the way to a page, and what is told of it: each with the way back."""

from __future__ import annotations

import math
from urllib.parse import quote, urlencode

from node.store.ports import StoreRefused
from node.web.fields import Wrong
from node.web.forms import BadForm
from node.web.gate import TooMany
from node.web.visits import (
    ConfirmFirst,
    Forbidden,
    GoTo,
    LogInFirst,
    Missing,
    Page,
    Redirect,
    Visit,
    is_local,
)

__all__ = ["Expired", "TooLong", "trouble_of", "unshown", "way_back"]

_COME_BACK = {"retry-after": "30"}


class Expired(Exception):
    """A form that no page of ours has sent, or an old one."""


class TooLong(Exception):
    """More than a form of this kind may have."""


def trouble_of(error: Exception, visit: Visit) -> Page | Redirect:
    """The page that tells it, or where to go first. Raises: the error itself where it is a fault of ours."""
    back = way_back(visit)
    match error:
        case LogInFirst():
            return _log_in(visit, back)
        case GoTo():
            return Redirect(error.path)
        case ConfirmFirst():
            return Redirect(f"/my/confirm?next={quote(error.back, safe='/')}")
        case Missing():
            return Page("frame/missing.html", status=404)
        case Forbidden():
            return Page("frame/forbidden.html", str(error), status=403)
        case Expired():
            return Page("frame/expired.html", back, status=403)
        case BadForm():
            return Page("frame/expired.html", back, status=400)
        case TooLong():
            return Page("frame/too_long.html", back, status=413, headers={"connection": "close"})
        case TooMany():
            wait_s = math.ceil(error.wait_s)
            return Page("frame/too_many.html", wait_s, status=429, headers={"retry-after": str(wait_s)})
        case StoreRefused():
            return Page("frame/unavailable.html", str(error), status=503, headers=_COME_BACK)
        case _:
            raise error


def _log_in(visit: Visit, back: str) -> Page | Redirect:
    """To the log-in and back again; what was posted is not kept, and the page says so."""
    if visit.method == "POST":
        return Page("frame/logged_out.html", back, status=403)
    typed = [(name, value) for name, values in visit.query.by_name.items() for value in values]
    if typed and back == visit.path:  # a link that somebody followed says more than where it leads
        back = f"{back}?{urlencode(typed)}"
    is_plain = back == "/my" or not is_local(back)
    return Redirect("/login" if is_plain else f"/login?next={quote(back, safe='/')}")


def unshown(visit: Visit) -> Wrong | None:
    """What is wrong with a form that the page does not show."""
    if visit.form is None or visit.is_shown:
        return None
    return visit.form.trouble or next(iter(visit.form.errors.values()), None)


def way_back(visit: Visit) -> str:
    """A page that can be opened again: the one that htmx is on, else this one, else one above it."""
    current = visit.headers.get("hx-current-url", "").removeprefix(visit.node.config.base_url)
    if is_local(current):
        return current
    return visit.back
