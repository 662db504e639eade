"""What a public page shows, as plain frozen values. Who fills them in has already decided what is public.

Texts that came from outside as HTML arrive sanitised, as `Markup`; a plain `str` is escaped when it is shown.
Addresses from outside become links only where they are http or https.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from markupsafe import Markup

__all__ = [
    "AspectLine",
    "FeedbackLine",
    "FeedbackView",
    "FrontView",
    "MissingView",
    "OfferLine",
    "Party",
    "ProfileView",
    "StandingOfferView",
]


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who is named on a page. `page` is where people read about them, None where there is none."""

    name: str
    handle: str
    page: str | None = None


@dataclass(frozen=True, slots=True)
class OfferLine:
    """A standing offer in a list. `price` is ready to be read: `1.35 EUR a litre`."""

    title: str
    page: str
    price: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class AspectLine:
    """One thing that was liked or not; `mood` in a word, or None."""

    name: str
    content: str
    mood: str | None = None


@dataclass(frozen=True, slots=True)
class FeedbackLine:
    """Feedback in a list. `from_a_purchase` says that this node has verified the vendor's own credential."""

    title: str
    page: str
    author: Party
    published_at: datetime
    from_a_purchase: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontView:
    """The node's front page. `accounts` are those that want to be found, and no others.

    Shapes: `host` is the node's public name; `page` its address; `actor` the node actor's id.
    """

    host: str
    page: str
    actor: str
    accounts: tuple[Party, ...] = ()
    lang: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileView:
    """An account as strangers see it.

    Shapes: `actor` is the account's id, `page` its address for people; `is_vendor` chooses the words;
            `terms` are identifiers of the agreements that it accepts; `indexed`: search engines may list it.
    """

    host: str
    page: str
    actor: str
    name: str
    handle: str
    is_vendor: bool
    since: datetime
    summary: Markup | str = ""
    terms: tuple[str, ...] = ()
    offers: tuple[OfferLine, ...] = ()
    feedback: tuple[FeedbackLine, ...] = ()
    indexed: bool = False
    lang: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingOfferView:
    """An offer that stands for everybody.

    Shapes: `object_id` is the Note's id; `price` is ready to be read, `unit` says for how much (`a litre`);
            `least` and `most` are quantities in words, "" for none; `is_open` is False once it has ended or
            was taken back.
    """

    host: str
    page: str
    object_id: str
    vendor: Party
    title: str
    price: str
    unit: str
    published_at: datetime
    ends_at: datetime
    content: Markup | str = ""
    least: str = ""
    most: str = ""
    terms: tuple[str, ...] = ()
    is_open: bool = True
    lang: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackView:
    """A public post about a vendor.

    Shapes: `standing` says in words what a reader may make of it (`node.domain.feedback.Standing`);
            `from_a_purchase` whether that is good news.
    """

    host: str
    page: str
    object_id: str
    author: Party
    vendor: Party
    title: str
    published_at: datetime
    standing: str
    from_a_purchase: bool = False
    content: Markup | str = ""
    aspects: tuple[AspectLine, ...] = field(default=())
    lang: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingView:
    """Nothing is here; `gone` says that something was."""

    host: str
    gone: bool = False
    lang: str = "en"
