"""Public feedback: publishing it, and counting what others publish about a vendor of ours."""

from __future__ import annotations

from datetime import datetime

from federation.keys import SigningKey
from node.desk import Desk
from node.domain.accounts import Account, Contact
from node.domain.deals import Deal
from node.domain.errors import InvalidInput
from node.domain.feedback import FeedbackPost, Standing, standing
from node.domain.messages import Aspect
from node.domain.sayings import said
from node.sending import attest, publish
from node.store.ports import Notice, Post

__all__ = [
    "KIND",
    "REPLY",
    "PublicWords",
    "answer_feedback",
    "publish_feedback",
    "receive_answer",
    "receive_feedback",
]

KIND = "feedback"
REPLY = "reply"


class PublicWords:
    """What she publishes: a title, words, and aspects liked or not."""

    def __init__(self, title: str, text: str, aspects: tuple[Aspect, ...]) -> None:
        self.title = title.strip()
        self.text = text.strip()
        self.aspects = aspects


def publish_feedback(
    desk: Desk, account: Account, deal: Deal, vendor: Contact, words: PublicWords
) -> FeedbackPost:
    """Publish feedback from the account itself, with what shows that it comes from a purchase.

    Raises: InvalidInput when nothing was agreed in this deal, or there is nothing to say.
    """
    agreed = deal.agreed
    if agreed is None or agreed.credential is None:
        wrong = said("it is %(state)s", state=deal.state)
        raise InvalidInput("deal", wrong, "Feedback comes from something that was agreed.")
    if not words.text:
        raise InvalidInput("text", "it is empty", "Say in words how it was.")
    name = desk.new_id()
    draft = FeedbackPost(
        activity_id=desk.iri("activities"),
        note_id=desk.iri("posts", name),
        author=account.id,
        vendor=deal.peer,
        published_at=desk.signing_time,
        url=f"{desk.setting.base_url}/@{account.name}/{name}",
        content=attest.mention_of(vendor) + attest.html_of(words.text),
        title=words.title or words.text[:60],
        text=words.text,
        mention=vendor.handle,
        followers=f"{account.id}/followers",
        aspects=words.aspects,
        credential=agreed.credential,
    )
    return publish.publish_feedback(desk, account, draft, vendor, _purchase_key(desk, agreed.feedback_key))


def _purchase_key(desk: Desk, did: str) -> SigningKey:
    row = desk.tx.keys.get(did)
    if row is None:
        raise InvalidInput(
            "deal", "the key of this purchase is gone", "Feedback can still be given in private."
        )
    return desk.setting.keys.unsealed(row)


def receive_feedback(
    desk: Desk, account: Account, post: FeedbackPost, body: bytes, feedback_key: str | None, *, proven: bool
) -> Standing:
    """Keep a post about a vendor of ours, with what we make of it; each purchase counts once.

    Shapes: `proven` says that credential and signature were verified just now.
    """
    seen = desk.tx.purchase_keys.first(feedback_key) if feedback_key else None
    judged = standing(proven=proven, feedback_key=feedback_key, seen=seen, post=post)
    if judged is Standing.FROM_A_PURCHASE and feedback_key is not None and seen is None:
        desk.tx.purchase_keys.remember(feedback_key, post.author, post.note_id)
    known = desk.tx.posts.get(post.note_id)
    if known is None or known.author == post.author:
        desk.tx.posts.save(
            Post(
                id=post.note_id,
                account=account.id,
                author=post.author,
                kind=KIND,
                body=body,
                at=desk.now,
                activity_id=post.activity_id,
                standing=judged.value,
            )
        )
    text = f"Public feedback by {post.author}: {post.title} ({judged})"
    values = {"author": post.author, "title": post.title}
    desk.tx.notices.add(Notice(account.id, desk.now, text, kind=KIND, code="feedback-public", values=values))
    return judged


def receive_answer(
    desk: Desk, answered: Post, note_id: str, vendor: str, published_at: datetime, body: bytes
) -> None:
    """Keep the vendor's public answer to feedback of ours, to stand beside it.

    Shapes: `body` is the Create as it came. What is there already stays: an answer is said once.
    """
    if desk.tx.posts.get(note_id) is not None:
        return
    at = min(published_at, desk.now)
    desk.tx.posts.save(Post(note_id, answered.account, vendor, REPLY, body, at))
    known = desk.tx.contacts.get(answered.account, vendor)
    name = known.name if known is not None else vendor
    text = f"{name} answered your public feedback, for everybody to read"
    values = {"vendor": name}
    desk.tx.notices.add(
        Notice(answered.account, desk.now, text, kind=KIND, code="feedback-answered", values=values)
    )


def answer_feedback(desk: Desk, account: Account, feedback_id: str, writer: Contact, words: str) -> str:
    """Answer public feedback in public, beside it; the id of the answer.

    Shapes: `writer` is whose feedback it is, as their server shows them.
    Raises: InvalidInput.
    """
    post = desk.tx.posts.get(feedback_id)
    if post is None or post.kind != KIND or post.account != account.id or post.author != writer.actor:
        raise InvalidInput("feedback", "there is no such feedback", "It may have been taken back.")
    if not words.strip():
        raise InvalidInput("text", "it is empty", "Say what you want everybody to read.")
    reply = attest.Reply(
        id=desk.iri("posts"),
        author=account.id,
        in_reply_to=post.id,
        writer=writer.actor,
        mention=writer.handle,
        content=attest.mention_of(writer) + attest.html_of(words),
        published_at=desk.signing_time,
    )
    note, body = attest.sign_reply(desk, reply)
    desk.tx.posts.save(Post(reply.id, account.id, account.id, REPLY, body, desk.now))
    publish.announce_note(desk, account, note, named=[(writer.actor, writer.inbox)])
    return reply.id
