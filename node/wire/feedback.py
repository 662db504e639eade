"""Public feedback: an ordinary post that carries what shows that its writer bought something.

`purchaseProof` is a signature by the feedback key over the post's words, so that a credential cannot be taken
from one post and put under another.
"""

from __future__ import annotations

import hashlib

import base58

from federation.digest import object_digest
from federation.errors import InvalidDocument
from federation.jcs import canonicalize
from federation.jsonld import as_list, check_context
from federation.keys import PublicKey, SigningKey, parse_did_key
from federation.messages import JsonObject
from federation.vocab import PUBLIC, is_public
from node.domain.errors import Reason, Refusal
from node.domain.feedback import FeedbackPost
from node.domain.values import format_time
from node.wire.contexts import READ_TERMS, context_for
from node.wire.credentials import check_vendor_proof, parse_credential
from node.wire.headers import names_public, present
from node.wire.html import plain_text
from node.wire.notes import build_aspects, read_aspects
from node.wire.reading import CONTENT_CHARS, Reader, malformed

__all__ = [
    "build_feedback_post",
    "is_feedback_post",
    "parse_feedback_post",
    "purchase_payload",
    "sign_purchase",
    "verify_purchase",
]

_MAX_CREDENTIAL = 8_000
_MULTIHASH_SHA256 = b"\x12\x20"


# --- the post -------------------------------------------------------------------------------------------


def is_feedback_post(activity: JsonObject) -> bool:
    """Whether an activity publishes a Note about somebody (NeoDB's `withRegardTo`)."""
    note = activity.get("object")
    return activity.get("type") == "Create" and isinstance(note, dict) and "withRegardTo" in note


def parse_feedback_post(activity: JsonObject, *, digest: str) -> FeedbackPost:
    """Read a public post about a vendor. Whether it comes from a purchase is `verify_purchase`'s to say.

    Raises: Refusal(malformed).
    Spec:   `protocol §5` "Feedback"; `security R03` (what a post claims of itself is not read).
    """
    try:
        check_context(activity, READ_TERMS)
    except InvalidDocument as error:
        raise malformed(error.place, error.detail) from None
    reader = Reader(activity)
    reader.choice("type", ("Create",))
    author = reader.iri("actor")
    note = reader.child("object", "Note")
    note.same("attributedTo", author, "the sender")
    note_id = note.own_iri("id", author)
    if not names_public(note):
        raise note.refuse("to", f"must name the public, {PUBLIC}")
    content = note.text("content", CONTENT_CHARS)
    title, words = _read_review(note)
    return FeedbackPost(
        activity_id=reader.own_iri("id", author),
        note_id=note_id,
        author=author,
        vendor=(vendor := note.iri("withRegardTo")),
        published_at=note.time("published"),
        url=note.maybe_iri("url") or note_id,
        content=content,
        title=title,
        text=words or plain_text(content),
        mention=_read_mention(note, vendor),
        followers=_read_followers(note, author, vendor),
        aspects=read_aspects(note),
        credential=note.maybe_text("purchaseCredential", _MAX_CREDENTIAL),
        purchase_proof=note.maybe_text("purchaseProof", 200),
        digest=digest,
    )


def _read_review(note: Reader) -> tuple[str, str]:
    for part in note.children("relatedWith", 10):
        if part.json.get("type") == "Review":
            return part.maybe_text("name") or "", part.maybe_text("content", CONTENT_CHARS) or ""
    return "", ""


def _read_mention(note: Reader, vendor: str) -> str:
    for tag in note.children("tag", 100):
        if tag.json.get("type") == "Mention" and tag.json.get("href") == vendor:
            return tag.maybe_text("name") or ""
    return ""


def _read_followers(note: Reader, author: str, vendor: str) -> str:
    """The author's followers collection: whoever else is named and is neither the public nor the vendor."""
    named = as_list(note.json.get("cc"))
    others = (name for name in named if isinstance(name, str) and name != vendor and not is_public(name))
    return next(others, f"{author}/followers")


def build_feedback_post(post: FeedbackPost) -> JsonObject:
    """The unsigned Create of the public Note."""
    audience = {"to": [PUBLIC], "cc": [post.vendor, post.followers]}
    review = {"type": "Review", "name": post.title, "content": post.text, "mediaType": "text/plain"}
    note = present(
        id=post.note_id,
        type="Note",
        attributedTo=post.author,
        **audience,
        published=format_time(post.published_at),
        url=post.url,
        content=post.content,
        tag=[{"type": "Mention", "href": post.vendor, "name": post.mention}],
        withRegardTo=post.vendor,
        relatedWith=[review],
        aspects=build_aspects(post.aspects),
        purchaseCredential=post.credential,
        purchaseProof=post.purchase_proof,
    )
    activity: JsonObject = {
        "id": post.activity_id,
        "type": "Create",
        "actor": post.author,
        **audience,
        "object": {**note, "attachment": []},
        "published": format_time(post.published_at),
    }
    return {"@context": context_for(activity), **activity}


# --- from a purchase ------------------------------------------------------------------------------------


def purchase_payload(*, note_id: str, author: str, content: str, credential: str) -> bytes:
    """What the feedback key signs, 32 bytes: SHA-256 of the JCS of ids and digests.

    Shapes: `credential` as JSON text; its digest is that of the JSON, the content's that of its UTF-8 bytes.
    Raises: Refusal(malformed) for a credential that is none.
    Spec:   `protocol §5` "From a purchase".
    """
    hashed = _MULTIHASH_SHA256 + hashlib.sha256(content.encode()).digest()
    payload = {
        "object": note_id,
        "author": author,
        "content": "z" + base58.b58encode(hashed).decode(),
        "credential": object_digest(parse_credential(credential).document),
    }
    return hashlib.sha256(canonicalize(payload)).digest()


def sign_purchase(key: SigningKey, *, note_id: str, author: str, content: str, credential: str) -> str:
    """The `purchaseProof` of a post, by the feedback key that the credential names."""
    payload = purchase_payload(note_id=note_id, author=author, content=content, credential=credential)
    return "z" + base58.b58encode(key.sign(payload)).decode()


def verify_purchase(post: FeedbackPost, vendor_key: PublicKey) -> str:
    """The feedback key of a post that is shown to come from a purchase at the vendor that it is about.

    Shapes: `vendor_key` is one that the vendor's actor document lists, taken from the vendor.
    Raises: Refusal(malformed), which says what is missing or does not hold.
    Spec:   `protocol §5` "From a purchase"; `security R01, R04`.
    """
    if post.credential is None or post.purchase_proof is None:
        raise Refusal(Reason.MALFORMED, "the post carries no purchase credential and proof")
    credential = parse_credential(post.credential)
    if credential.issuer != post.vendor:
        raise Refusal(Reason.MALFORMED, "the credential is not by the vendor that the post is about")
    check_vendor_proof(credential.document, vendor_key, post.vendor, "purchaseCredential")
    payload = purchase_payload(
        note_id=post.note_id, author=post.author, content=post.content, credential=post.credential
    )
    if not parse_did_key(credential.feedback_key).verify(payload, _decoded(post.purchase_proof)):
        raise Refusal(Reason.MALFORMED, "the purchase proof does not fit the post")
    return credential.feedback_key


def _decoded(multibase: str) -> bytes:
    try:
        return bytes(base58.b58decode(multibase[1:])) if multibase.startswith("z") else b""
    except ValueError:
        return b""
