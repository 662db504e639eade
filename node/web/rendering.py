"""From a template and its view to HTML, for private pages: what each is given beside its view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from node.domain.accounts import Account
from node.store.ports import Flash
from node.web.fields import Wrong
from node.web.forms import TOKEN_FIELD, Filled
from node.web.i18n import Locale
from node.web.templating import TEMPLATES, Reader, spoken

__all__ = ["Frame", "render"]


@dataclass(frozen=True, slots=True)
class Frame:
    """What is around every private page: `frame` in templates.

    `token` is the form token; write `{{ frame.token_field }}` into each form. `account` is None where nobody
    is logged in. `counts` are the numbers beside the names of the navigation, `trouble` is what is wrong with
    a form that the page does not show, `theme` "light", "dark" or "" for the browser's own.
    """

    host: str
    path: str
    locale: Locale
    now: datetime
    token: str = field(repr=False)
    account: Account | None = None
    flashes: tuple[Flash, ...] = ()
    trouble: Wrong | None = None
    theme: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def lang(self) -> str:
        return self.locale.language

    @property
    def token_field(self) -> Markup:
        """The hidden field by which a form of ours is known."""
        return Markup('<input type="hidden" name="{}" value="{}">').format(TOKEN_FIELD, escape(self.token))


def render(
    template: str,
    frame: Frame,
    now: datetime,
    view: Any = None,
    form: Filled | None = None,
    *,
    block: str = "",
) -> str:
    """A page of `templates/`, or one block of it: its view as `view`, its form as `form`."""
    found = TEMPLATES.get_template(template)
    reader = Reader(frame.locale, now)
    context = found.new_context({**spoken(reader), "frame": frame, "view": view, "form": form})
    whole = found.root_render_func(context)
    if not block:
        return "".join(whole)
    next(whole, None)  # what the template imports is there once its first part is
    return "".join(found.blocks[block](context))
