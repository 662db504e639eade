"""What strangers may see, by path: the document for programs and the page for people, from one look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from federation.messages import JsonObject
from federation.strictjson import parse_json_object
from node.documents import Documents
from node.domain.accounts import Account, AccountKind
from node.domain.feedback import Standing
from node.domain.offers import StandingOffer
from node.domain.values import unit_price_text
from node.store.ports import Post, Tx
from node.web.pages import render_feedback, render_front, render_profile, render_standing_offer
from node.web.views import (
    AspectLine,
    FeedbackLine,
    FeedbackView,
    FrontView,
    OfferLine,
    Party,
    ProfileView,
    StandingOfferView,
)
from node.wire.feedback import parse_feedback_post
from node.wire.html import clean_html

__all__ = ["PublicDocument", "PublicPages"]

JSON = "application/json"
ACTIVITY = "application/activity+json"
OFFER = "standing offer"
FEEDBACK = "feedback"


@dataclass(frozen=True, slots=True)
class PublicDocument:
    """One public thing: JSON for programs, and HTML for people where there is a page of it."""

    json: JsonObject | bytes
    html: str | None = None
    media_type: str = ACTIVITY


class PublicPages:
    """Finds what lies at a path of this node and is public."""

    def __init__(self, base_url: str, documents: Documents) -> None:
        self._base = base_url
        self._host = base_url.split("://", 1)[1]
        self._documents = documents

    def at(self, tx: Tx, path: str, now: datetime) -> PublicDocument | None:
        """What lies at a raw path, None where a stranger may see nothing."""
        if path == "/.well-known/myterms.json":
            return PublicDocument(self._documents.myterms(tx), media_type=JSON)
        if path == "/":
            document = self._documents.actor(tx, self._documents.node_actor)
            return PublicDocument(document, self._front(tx)) if document is not None else None
        if path.startswith("/@"):
            return self._page(tx, path, now)
        found = self._documents.at(tx, path)
        if found is None:
            return None
        return PublicDocument(found, self._page_of_object(tx, path, now))

    def _page(self, tx: Tx, path: str, now: datetime) -> PublicDocument | None:
        name, _, post_name = path.removeprefix("/@").partition("/")
        account = tx.accounts.by_name(name)
        if account is None:
            return None
        if not post_name:
            document = self._documents.actor(tx, account.id)
            return PublicDocument(document, self._profile(tx, account)) if document is not None else None
        post = tx.posts.get(f"{self._base}/posts/{post_name}")
        if post is None or post.author != account.id or post.deleted_at is not None:
            return None
        found = self._documents.at(tx, f"/posts/{post_name}")
        return PublicDocument(found, self._post_page(tx, account, post, now)) if found is not None else None

    def _page_of_object(self, tx: Tx, path: str, now: datetime) -> str | None:
        """The page for an object's own id, so that either address opens in a browser."""
        if path.startswith("/posts/"):
            post = tx.posts.get(self._base + path)
            author = tx.accounts.get(post.author) if post else None
            return self._post_page(tx, author, post, now) if post and author else None
        account = tx.accounts.get(self._base + path)
        return self._profile(tx, account) if account is not None else None

    # --- pages --------------------------------------------------------------------------------------------

    def _front(self, tx: Tx) -> str:
        vendors = [account for account in tx.accounts.all() if account.kind is AccountKind.VENDOR]
        parties = tuple(self._party(account) for account in vendors)
        return render_front(
            FrontView(
                host=self._host, page=f"{self._base}/", actor=self._documents.node_actor, accounts=parties
            )
        )

    def _party(self, account: Account) -> Party:
        return Party(account.display_name, f"@{account.name}@{self._host}", f"{self._base}/@{account.name}")

    def _profile(self, tx: Tx, account: Account) -> str:
        is_vendor = account.kind is AccountKind.VENDOR
        offers = [(post, tx.posts.offer(post.id)) for post in tx.posts.all(account.id, OFFER)]
        return render_profile(
            ProfileView(
                host=self._host,
                page=f"{self._base}/@{account.name}",
                actor=account.id,
                name=account.display_name,
                handle=f"@{account.name}@{self._host}",
                is_vendor=is_vendor,
                since=account.created_at,
                summary=Markup(clean_html(account.summary or "")),  # noqa: S704 - sanitised just here
                terms=account.terms_accepted,
                offers=tuple(_offer_line(offer) for _, offer in offers if offer is not None),
                feedback=tuple(_feedback_line(post) for post in tx.posts.all(account.id, FEEDBACK)),
                indexed=is_vendor,
            )
        )

    def _post_page(self, tx: Tx, author: Account | None, post: Post, now: datetime) -> str | None:
        if author is None:
            return None
        if post.kind == FEEDBACK:
            return self._feedback_page(author, post)
        offer = tx.posts.offer(post.id)
        return self._offer_page(author, offer, now) if offer is not None else None

    def _offer_page(self, author: Account, offer: StandingOffer, now: datetime) -> str:
        least = offer.minimum_quantity
        return render_standing_offer(
            StandingOfferView(
                host=self._host,
                page=offer.url,
                object_id=offer.id,
                vendor=self._party(author),
                title=offer.name or "Standing offer",
                price=f"{unit_price_text(offer.unit_price, offer.currency)} {offer.currency}",
                unit=_unit_words(offer),
                published_at=offer.published_at,
                ends_at=offer.ends_at,
                content=Markup(clean_html(offer.content)),  # noqa: S704 - sanitised just here
                least=f"{least:f} {offer.unit}" if least > 1 else "",
                terms=offer.terms_accepted,
                is_open=offer.withdrawn_at is None and offer.ends_at > now,
            )
        )

    def _feedback_page(self, author: Account, post: Post) -> str:
        words = parse_feedback_post(parse_json_object(post.body), digest="")
        return render_feedback(
            FeedbackView(
                host=self._host,
                page=words.url,
                object_id=post.id,
                author=self._party(author),
                vendor=Party(words.mention or words.vendor, words.mention, words.vendor),
                title=words.title,
                published_at=words.published_at,
                standing=post.standing or Standing.UNVERIFIED.value,
                from_a_purchase=post.standing == Standing.FROM_A_PURCHASE.value,
                content=Markup(clean_html(words.content)),  # noqa: S704 - sanitised just here
                aspects=tuple(AspectLine(a.name, a.content, a.mood) for a in words.aspects),
            )
        )


def _unit_words(offer: StandingOffer) -> str:
    if offer.unit == "one":
        return "each"
    return f"a {offer.unit}"


def _offer_line(offer: StandingOffer) -> OfferLine:
    price = f"{unit_price_text(offer.unit_price, offer.currency)} {offer.currency} {_unit_words(offer)}"
    return OfferLine(offer.name or "Standing offer", offer.url, price, offer.ends_at)


def _feedback_line(post: Post) -> FeedbackLine:
    words = parse_feedback_post(parse_json_object(post.body), digest="")
    author = Party(words.author, words.author, words.url)
    verified = post.standing == Standing.FROM_A_PURCHASE.value
    return FeedbackLine(words.title, words.url, author, words.published_at, verified)
