"""What strangers may see, by path: the document for programs and the page for people, from one look."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from markupsafe import Markup

from federation.errors import InvalidJson
from federation.messages import JsonObject
from federation.strictjson import parse_json_object
from node.domain.accounts import Account, AccountKind
from node.domain.errors import Refusal
from node.domain.feedback import FeedbackPost, Standing
from node.domain.offers import StandingOffer
from node.domain.values import Quantity
from node.public.documents import Documents
from node.public.posts import POST_KINDS, feed_lines_of_posts, post_lines, post_view, topic_view
from node.public.quotes import PATHS, told_at
from node.store.media import Purpose
from node.store.ports import Post, Tx
from node.web.unseen import show_unseen_in_prose
from node.web.views import (
    AnswerLine,
    AnswerView,
    AspectLine,
    FeedbackLine,
    FeedbackView,
    FeedLine,
    FeedView,
    FollowView,
    FrontView,
    MissingView,
    OfferLine,
    Party,
    Price,
    ProfileView,
    PublicView,
    StandingOfferView,
)
from node.wire.feedback import parse_feedback_post
from node.wire.html import clean_html, plain_text
from node.wire.replies import read_reply

__all__ = ["ATOM", "PublicDocument", "PublicPages"]

JSON = "application/json"
ACTIVITY = "application/activity+json"
ATOM = "application/atom+xml"
OFFER = "standing offer"
FEEDBACK = "feedback"
ANSWER = "reply"
FEED = "feed.atom"
MOST_IN_A_FEED = 50


@dataclass(frozen=True, slots=True)
class PublicDocument:
    """One public thing: JSON for programs, and a view for people where there is a page of it.

    A feed is a view alone: `json` is empty, and `media_type` that of what the view becomes.
    """

    json: JsonObject | bytes
    view: PublicView | None = None
    media_type: str = ACTIVITY
    status: int = 200


class PublicPages:
    """Finds what lies at a path of this node and is public.

    Shapes: `report(what, error)` is told of what the store holds and this version cannot read: one such post
            is left out of a page, and hides nothing beside it.
    """

    def __init__(
        self, base_url: str, documents: Documents, report: Callable[[str, BaseException], None]
    ) -> None:
        self._base = base_url
        self._host = base_url.split("://", 1)[1]
        self._documents = documents
        self._report = report

    def at(self, tx: Tx, path: str, now: datetime, *, as_page: bool = True) -> PublicDocument | None:
        """What lies at a raw path, None where a stranger may see nothing.

        Shapes: without `as_page` the view is left out: most readers are programs, and never see it.
        """
        if path == "/.well-known/myterms.json":
            return PublicDocument(self._documents.myterms(tx), media_type=JSON)
        if path == "/":
            document = self._documents.actor(tx, self._documents.node_actor)
            view = self._front(tx) if as_page else None
            return PublicDocument(document, view) if document is not None else None
        if path.startswith("/@"):
            return self._below_a_name(tx, path, now, as_page)
        if path.startswith(PATHS):
            told = told_at(tx, path, self._host, self._party, now)
            return PublicDocument(*told, JSON) if told is not None else None
        found = self._documents.at(tx, path)
        if found is None:
            return self._gone(tx, path) if path.startswith("/posts/") else None
        return PublicDocument(found, self._page_of_object(tx, path, now) if as_page else None)

    def follow(self, tx: Tx, handle: str) -> FollowView | None:
        """Who a handle of this node is, for those who want to follow it from elsewhere; None for nobody."""
        name, _, host = handle.removeprefix("@").partition("@")
        account = tx.accounts.by_name(name) if host == self._host else None
        if account is None:
            return None
        party, page = self._party(account), self._page_of(account)
        return FollowView(host=self._host, page=page, name=party.name, handle=party.handle, actor=account.id)

    def _party(self, account: Account) -> Party:
        return Party(account.display_name, f"@{account.name}@{self._host}", self._page_of(account))

    def _page_of(self, account: Account) -> str:
        return f"{self._base}/@{account.name}"

    def _feed_of(self, account: Account) -> str:
        return f"{self._page_of(account)}/{FEED}"

    def _below_a_name(self, tx: Tx, path: str, now: datetime, as_page: bool) -> PublicDocument | None:
        name, _, rest = path.removeprefix("/@").partition("/")
        account = tx.accounts.by_name(name)
        if account is None:
            return None
        if rest == FEED:
            return PublicDocument(b"", self._feed(tx, account), ATOM)
        found: JsonObject | bytes | None
        if not rest:
            found = self._documents.actor(tx, account.id)
            view = self._profile(tx, account) if as_page else None
            return PublicDocument(found, view) if found is not None else None
        post = tx.posts.get(f"{self._base}/posts/{rest}")
        if post is None or post.author != account.id:
            return None
        found = self._documents.at(tx, f"/posts/{rest}")
        if found is None:
            return self._gone(tx, f"/posts/{rest}")
        return PublicDocument(found, self._post_page(tx, account, post, now) if as_page else None)

    def _gone(self, tx: Tx, path: str) -> PublicDocument | None:
        """What was here for everybody to read, and was taken back (`interop §4.4`)."""
        found = self._documents.tombstone(tx, path)
        if found is None:
            return None
        return PublicDocument(found, MissingView(host=self._host, gone=True), status=410)

    def _page_of_object(self, tx: Tx, path: str, now: datetime) -> PublicView | None:
        """The page for an object's own id, so that either address opens in a browser."""
        if path.startswith("/posts/"):
            post = tx.posts.get(self._base + path)
            author = tx.accounts.get(post.author) if post else None
            return self._post_page(tx, author, post, now) if post and author else None
        if path.startswith("/tags/"):
            return topic_view(tx, self._host, self._base, path)
        account = tx.accounts.get(self._base + path)
        return self._profile(tx, account) if account is not None else None

    # --- pages --------------------------------------------------------------------------------------------

    def _front(self, tx: Tx) -> FrontView:
        found = [account for account in tx.accounts.all() if account.is_discoverable]
        return FrontView(
            host=self._host,
            page=f"{self._base}/",
            actor=self._documents.node_actor,
            accounts=tuple(self._party(account) for account in found),
        )

    def _profile(self, tx: Tx, account: Account) -> ProfileView:
        is_vendor = account.kind is AccountKind.VENDOR
        worn = tx.media.all(account.id, [Purpose.ICON], place=account.id)
        return ProfileView(
            host=self._host,
            page=self._page_of(account),
            actor=account.id,
            name=account.display_name,
            handle=f"@{account.name}@{self._host}",
            is_vendor=is_vendor,
            since=account.created_at,
            summary=_prose(account.summary or ""),
            terms=account.terms_accepted,
            offers=tuple(_offer_line(offer) for offer in _offers(tx, account) if offer.is_running),
            feedback=self._feedback_lines(tx, account),
            posts=post_lines(tx, account),
            indexed=account.is_discoverable,
            description=plain_text(account.summary or ""),
            feed=self._feed_of(account),
            icon=f"/media/{worn[0].name}" if worn else "",
            icon_words=worn[0].alt if worn else "",
        )

    def _post_page(self, tx: Tx, author: Account, post: Post, now: datetime) -> PublicView | None:
        if post.kind == FEEDBACK:
            return self._feedback_page(tx, author, post)
        if post.kind == ANSWER:
            return self._answer_page(tx, author, post)
        if post.kind in POST_KINDS:
            return post_view(tx, self._host, author, self._party(author), post)
        offer = tx.posts.offer(post.id)
        return self._offer_page(author, offer, now) if offer is not None else None

    def _offer_page(self, author: Account, offer: StandingOffer, now: datetime) -> StandingOfferView:
        least = Quantity(offer.minimum_quantity, offer.unit)
        return StandingOfferView(
            host=self._host,
            page=offer.url,
            object_id=offer.id,
            vendor=self._party(author),
            title=offer.name or "",
            price=_price(offer),
            published_at=offer.published_at,
            ends_at=offer.ends_at,
            content=_prose(offer.content),
            least=least if least.value > 1 else None,
            terms=offer.terms_accepted,
            is_open=offer.withdrawn_at is None and offer.ends_at > now,
            category=offer.category,
            indexed=author.is_indexable,
            description=plain_text(offer.content),
            feed=self._feed_of(author),
        )

    def _feedback_page(self, tx: Tx, author: Account, post: Post) -> FeedbackView | None:
        said = self._words(post)
        if said is None:
            return None
        return FeedbackView(
            host=self._host,
            page=said.url,
            object_id=post.id,
            author=self._party(author),
            vendor=Party(said.mention or said.vendor, said.mention, said.vendor),
            title=said.title,
            published_at=said.published_at,
            standing=post.standing or Standing.UNVERIFIED.value,
            from_a_purchase=post.standing == Standing.FROM_A_PURCHASE.value,
            content=_prose(said.content),
            aspects=tuple(AspectLine(a.name, a.content, a.mood) for a in said.aspects),
            answers=self._beside(author, post, said, self._answers(tx, author)),
            description=plain_text(said.content),
            feed=self._feed_of(author),
        )

    def _answer_page(self, tx: Tx, author: Account, post: Post) -> AnswerView:
        answered, content = read_reply(parse_json_object(post.body))
        said = tx.posts.get(answered)
        return AnswerView(
            host=self._host,
            page=self._page_of_post(author, post),
            object_id=post.id,
            author=self._party(author),
            published_at=post.at,
            content=_prose(content),
            said=self._line_of(said) if said is not None else None,
            description=plain_text(content),
            feed=self._feed_of(author),
        )

    def _line_of(self, post: Post) -> FeedbackLine | None:
        if post.kind != FEEDBACK or post.deleted_at is not None:
            return None
        said = self._words(post)
        return _feedback_line(post, said) if said is not None else None

    def _feedback_lines(self, tx: Tx, account: Account) -> tuple[FeedbackLine, ...]:
        answers = self._answers(tx, account)
        return tuple(
            replace(_feedback_line(post, said), answers=self._beside(account, post, said, answers))
            for post, said in self._feedback(tx, account)
        )

    def _answers(self, tx: Tx, account: Account) -> dict[str, list[AnswerLine]]:
        """Public answers by the feedback that they answer, oldest first: its own, and those to it."""
        answers: dict[str, list[AnswerLine]] = {}
        for post in reversed(tx.posts.all(account.id, ANSWER)):
            answered, content = read_reply(parse_json_object(post.body))
            page = self._page_of_post(account, post) if post.author == account.id else post.id
            answers.setdefault(answered, []).append(AnswerLine(page, post.at, _prose(content)))
        return answers

    def _beside(
        self, account: Account, post: Post, said: FeedbackPost, answers: Mapping[str, list[AnswerLine]]
    ) -> tuple[AnswerLine, ...]:
        """The answers to one feedback, each by the name of the vendor that it is about."""
        name = account.display_name if post.author != account.id else said.mention or said.vendor
        return tuple(replace(line, by=name) for line in answers.get(post.id, ()))

    def _feedback(self, tx: Tx, account: Account) -> Iterator[tuple[Post, FeedbackPost]]:
        for post in tx.posts.all(account.id, FEEDBACK):
            said = self._words(post)
            if said is not None:
                yield post, said

    def _words(self, post: Post) -> FeedbackPost | None:
        """What a kept post says; None, and reported, where this version cannot read it."""
        try:
            return parse_feedback_post(parse_json_object(post.body), digest="")
        except (InvalidJson, Refusal) as error:
            self._report("kept feedback", error)
            return None

    def _page_of_post(self, account: Account, post: Post) -> str:
        return f"{self._page_of(account)}/{post.id.rpartition('/')[2]}"

    # --- what is new --------------------------------------------------------------------------------------

    def _feed(self, tx: Tx, account: Account) -> FeedView:
        party = self._party(account)
        lines = [_feed_line_of_offer(offer, party) for offer in _offers(tx, account)]
        answers = self._answers(tx, account)
        lines += feed_lines_of_posts(tx, account, party, MOST_IN_A_FEED)
        lines += [
            _feed_line_of_feedback(post, said, self._beside(account, post, said, answers))
            for post, said in self._feedback(tx, account)
        ]
        newest = sorted(lines, key=lambda line: line.updated_at, reverse=True)[:MOST_IN_A_FEED]
        return FeedView(
            host=self._host,
            page=self._page_of(account),
            feed=self._feed_of(account),
            name=account.display_name,
            handle=party.handle,
            is_vendor=account.kind is AccountKind.VENDOR,
            updated_at=newest[0].updated_at if newest else account.created_at,
            lines=tuple(newest),
            indexed=account.is_indexable,
        )


def _offers(tx: Tx, account: Account) -> list[StandingOffer]:
    found = (tx.posts.offer(post.id) for post in tx.posts.all(account.id, OFFER))
    return [offer for offer in found if offer is not None]


def _prose(html: str) -> Markup:
    return Markup(show_unseen_in_prose(clean_html(html)))  # noqa: S704 - sanitised just here


def _price(offer: StandingOffer) -> Price:
    return Price(offer.unit_price, offer.currency, Quantity(offer.per_quantity, offer.unit))


def _offer_line(offer: StandingOffer) -> OfferLine:
    return OfferLine(offer.name or "", offer.url, _price(offer), offer.ends_at)


def _writer(said: FeedbackPost) -> Party:
    """Who wrote it, by where they are at home: their name there is for their own page to say."""
    return Party(urlsplit(said.author).netloc, said.author, said.url)


def _feedback_line(post: Post, said: FeedbackPost) -> FeedbackLine:
    verified = post.standing == Standing.FROM_A_PURCHASE.value
    return FeedbackLine(said.title, said.url, _writer(said), said.published_at, verified)


def _feed_line_of_offer(offer: StandingOffer, vendor: Party) -> FeedLine:
    return FeedLine(
        id=offer.id,
        page=offer.url,
        title=offer.name or "",
        author=vendor,
        published_at=offer.published_at,
        updated_at=offer.updated_at or offer.published_at,
        content=_prose(offer.content),
        price=_price(offer),
        kind="offer",
    )


def _feed_line_of_feedback(post: Post, said: FeedbackPost, answers: tuple[AnswerLine, ...]) -> FeedLine:
    return FeedLine(
        id=post.id,
        page=said.url,
        title=said.title,
        author=_writer(said),
        published_at=said.published_at,
        updated_at=max([said.published_at, *(answer.published_at for answer in answers)]),
        content=_prose(said.content),
        standing=post.standing or Standing.UNVERIFIED.value,
        answers=answers,
    )
