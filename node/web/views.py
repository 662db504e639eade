"""What a public page shows, as plain frozen values. Who fills them in has already decided what is public.

Texts that came from outside as HTML arrive sanitised, as `Markup`; a plain `str` is escaped when it is shown.
Addresses from outside become links only where they are http or https.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from markupsafe import Markup

from node.domain.values import Money, Quantity
from node.web.asked_views import AskedView

__all__ = [
    "AnswerLine",
    "AnswerView",
    "AspectLine",
    "FeedLine",
    "FeedView",
    "FeedbackLine",
    "FeedbackView",
    "FollowView",
    "FrontView",
    "MissingView",
    "OfferLine",
    "Party",
    "PictureLine",
    "PostLine",
    "PostView",
    "Price",
    "ProfileView",
    "PublicView",
    "QuoteView",
    "ReplyLine",
    "StandingOfferView",
    "TopicView",
]


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who is named on a page. `page` is where people read about them, None where there is none."""

    name: str
    handle: str
    page: str | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """`amount` of a currency (an ISO code) for each `per`: 1.35 EUR for one litre."""

    amount: Decimal
    currency: str
    per: Quantity


@dataclass(frozen=True, slots=True)
class OfferLine:
    """A standing offer in a list; `title` is "" where it has none."""

    title: str
    page: str
    price: Price
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class AspectLine:
    """One thing that was liked or not; `mood` in a word, or None."""

    name: str
    content: str
    mood: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """What a vendor says to feedback in public, beside it. `by` is its name."""

    page: str
    published_at: datetime
    content: Markup | str
    by: str = ""


@dataclass(frozen=True, slots=True)
class FeedbackLine:
    """Feedback in a list, with the vendor's answers, oldest first.

    `from_a_purchase` says that this node has verified the vendor's own credential.
    """

    title: str
    page: str
    author: Party
    published_at: datetime
    from_a_purchase: bool = False
    answers: tuple[AnswerLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PostLine:
    """A post in a list; `warning` is what its writer says before it, "" for nothing.

    Shapes: `author` is named where the list is of several people's posts, None elsewhere.
    """

    page: str
    title: str
    published_at: datetime
    content: Markup | str
    warning: str = ""
    language: str = ""
    is_pinned: bool = False
    is_request: bool = False
    is_answer: bool = False
    author: Party | None = None


@dataclass(frozen=True, slots=True)
class PictureLine:
    """A picture of ours below a post; `alt` says what it shows, "" where nobody has said it.

    Units: `width` and `height` in pixels, 0 where they are not known.
    """

    url: str
    alt: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """That somebody has answered, where, and when; what they say is read there."""

    author: Party
    page: str
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontView:
    """The node's front page. `accounts` are those that want to be found, and no others.

    Shapes: `host` is the node's public name; `page` its address; `actor` the node actor's id.
    """

    host: str
    page: str
    actor: str
    accounts: tuple[Party, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileView:
    """An account as strangers see it.

    Shapes: `actor` is the account's id, `page` its address for people; `is_vendor` chooses the words;
            `terms` are identifiers of the agreements that it accepts; `indexed`: search engines may list it;
            `description` is the summary in plain words; `feed` the address of what is new there; `icon` is
            the address of its image, and `icon_words` what that shows.
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
    posts: tuple[PostLine, ...] = ()
    indexed: bool = False
    description: str = ""
    feed: str = ""
    icon: str = ""
    icon_words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingOfferView:
    """An offer that stands for everybody.

    Shapes: `object_id` is the Note's id; `least` is the smallest quantity to be ordered, None where that says
            nothing; `is_open` is False once it has ended or was taken back; `category` is the address of
            a Wikidata item; `description` is the content in plain words.
    """

    host: str
    page: str
    object_id: str
    vendor: Party
    title: str
    price: Price
    published_at: datetime
    ends_at: datetime
    content: Markup | str = ""
    least: Quantity | None = None
    terms: tuple[str, ...] = ()
    is_open: bool = True
    category: str = ""
    indexed: bool = True
    description: str = ""
    feed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackView:
    """A public post about a vendor.

    Shapes: `standing` says what a reader may make of it (a value of `node.domain.feedback.Standing`);
            `from_a_purchase` whether that is good news; `description` is the content in plain words.
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
    aspects: tuple[AspectLine, ...] = ()
    answers: tuple[AnswerLine, ...] = ()
    description: str = ""
    feed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """A vendor's public answer to feedback.

    Shapes: `said` is the feedback as it stands in a list, None where it is no longer here; `description` is
            the content in plain words.
    """

    host: str
    page: str
    object_id: str
    author: Party
    published_at: datetime
    content: Markup | str
    said: FeedbackLine | None = None
    description: str = ""
    feed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostView:
    """A post that everybody may read.

    Shapes: `title` is what it is called where it needs a name; `warning` what its writer says before it;
            `answers` the address of what it answers, "" for nothing; `replies` the first of `reply_count`;
            `is_request` says that its writer is looking for something; `description` is the content in plain
            words.
    """

    host: str
    page: str
    object_id: str
    author: Party
    title: str
    published_at: datetime
    content: Markup | str
    updated_at: datetime | None = None
    warning: str = ""
    language: str = ""
    is_request: bool = False
    answers: str = ""
    pictures: tuple[PictureLine, ...] = ()
    replies: tuple[ReplyLine, ...] = ()
    reply_count: int = 0
    likes: int = 0
    shares: int = 0
    indexed: bool = False
    description: str = ""
    feed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicView:
    """The newest of `total` public posts here that mark a topic."""

    host: str
    page: str
    topic: str
    lines: tuple[PostLine, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingView:
    """Nothing is here; `gone` says that something was."""

    host: str
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowView:
    """The way from an account here to following it, or to asking a vendor here, from an account elsewhere.

    Shapes: `asks` says which; `typed` is the visitor's own handle as it was typed; `action` the address at
            his server that asks him what to do, at `server`, "" where his server names none or could not be
            asked; `wrong` says which: "" for nothing, else "handle", "server", "none" or "busy".
    """

    host: str
    page: str
    name: str
    handle: str
    actor: str
    typed: str = ""
    action: str = ""
    server: str = ""
    wrong: str = ""
    asks: bool = False


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One thing in a feed, by its `kind`: an offer with its `price`, feedback with its `standing`, a post."""

    id: str
    page: str
    title: str
    author: Party
    published_at: datetime
    updated_at: datetime
    content: Markup | str = ""
    price: Price | None = None
    standing: str = ""
    answers: tuple[AnswerLine, ...] = ()
    kind: str = "feedback"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedView:
    """What is new at an account, newest first: an Atom feed. `updated_at` is that of its newest line."""

    host: str
    page: str
    feed: str
    name: str
    handle: str
    is_vendor: bool
    updated_at: datetime
    lines: tuple[FeedLine, ...] = ()
    indexed: bool = True


@dataclass(frozen=True, slots=True)
class QuoteView:
    """What a vendor offers to one plain account, for whoever has the link; it does not say to whom.

    Its address is a secret (`by_link_only`): nobody on the way keeps the page.
    """

    host: str
    page: str
    vendor: Party
    title: str
    quantity: Quantity
    price: Money
    terms: str
    ends_at: datetime
    firm: bool
    is_open: bool
    is_agreed: bool
    indexed: bool = False
    by_link_only: bool = True


PublicView = (
    FrontView
    | ProfileView
    | StandingOfferView
    | FeedbackView
    | AnswerView
    | PostView
    | TopicView
    | QuoteView
    | AskedView
    | FeedView
    | MissingView
)
"""What lies at a public address; a `MissingView` where something did. `FollowView` answers something else."""
