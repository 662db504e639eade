"""Names of the outside world: contexts, types, media types, link relations and capabilities."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = [
    "ACTIVITY_JSON",
    "ACTIVITY_TYPES",
    "ACTOR_TYPES",
    "AS_CONTEXT",
    "AS_NAMESPACE",
    "AS_TERMS",
    "CAPABILITY_FEP_8B32",
    "CAPABILITY_RFC9421",
    "CAPABILITY_RFC9421_ED25519",
    "CID_CONTEXT",
    "CREDENTIALS_CONTEXT",
    "DATA_INTEGRITY_CONTEXT",
    "FETCH_ACCEPT",
    "JRD_JSON",
    "JSON",
    "LD_JSON",
    "LD_JSON_PROFILE",
    "OBJECT_TYPES_WITH_OWNER_ID",
    "PROBLEM_JSON",
    "PUBLIC",
    "PUBLIC_SPELLINGS",
    "REL_APPLICATION",
    "REL_NODEINFO_2_0",
    "REL_NODEINFO_2_1",
    "REL_PROFILE_PAGE",
    "REL_SELF",
    "REL_SERVICE",
    "REL_SUBSCRIBE",
    "SECURITY_CONTEXT",
    "XRD_XML",
    "is_activity_content_type",
    "is_inbox_content_type",
    "is_json_content_type",
    "is_public",
]

AS_CONTEXT = "https://www.w3.org/ns/activitystreams"
AS_NAMESPACE = AS_CONTEXT + "#"
SECURITY_CONTEXT = "https://w3id.org/security/v1"
CID_CONTEXT = "https://www.w3.org/ns/cid/v1"
DATA_INTEGRITY_CONTEXT = "https://w3id.org/security/data-integrity/v2"
CREDENTIALS_CONTEXT = "https://www.w3.org/ns/credentials/v2"

PUBLIC = AS_NAMESPACE + "Public"
PUBLIC_SPELLINGS = frozenset({PUBLIC, "as:Public", "Public"})
"""All three are met; only the first is ever sent (interop §4.3)."""

ACTOR_TYPES = frozenset({"Application", "Group", "Organization", "Person", "Service"})
OBJECT_TYPES_WITH_OWNER_ID = ACTOR_TYPES
"""Objects that own themselves: their owner is their `id` (FEP-fe34)."""

ACTIVITY_TYPES = frozenset(
    {
        "Accept", "Add", "Announce", "Arrive", "Block", "Create", "Delete", "Dislike", "EmojiReact", "Flag",
        "Follow", "Ignore", "Invite", "Join", "Leave", "Like", "Listen", "Move", "Offer", "Question", "Read",
        "QuoteRequest", "Reject", "Remove", "TentativeAccept", "TentativeReject", "Travel", "Undo", "Update",
        "View",
    }
)  # fmt: skip

ACTIVITY_JSON = "application/activity+json"
LD_JSON = "application/ld+json"
LD_JSON_PROFILE = f'{LD_JSON}; profile="{AS_CONTEXT}"'
JRD_JSON = "application/jrd+json"
JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
XRD_XML = "application/xrd+xml"
FETCH_ACCEPT = f"{ACTIVITY_JSON}, {LD_JSON_PROFILE}"

REL_SELF = "self"
REL_PROFILE_PAGE = "http://webfinger.net/rel/profile-page"
REL_SUBSCRIBE = "http://ostatus.org/schema/1.0/subscribe"
FEP_3B86 = "https://w3id.org/fep/3b86/"
"""Before the name of an activity: the relation of the page at which its owner does it (activity intents)."""
REL_NODEINFO_2_0 = "http://nodeinfo.diaspora.software/ns/schema/2.0"
REL_NODEINFO_2_1 = "http://nodeinfo.diaspora.software/ns/schema/2.1"
REL_APPLICATION = AS_NAMESPACE + "Application"
"""FEP-2677: NodeInfo's link to the node actor."""
REL_SERVICE = AS_NAMESPACE + "Service"
"""FEP-d556: WebFinger's link to the node actor."""

CAPABILITY_RFC9421 = "https://datatracker.ietf.org/doc/html/rfc9421"
CAPABILITY_RFC9421_ED25519 = CAPABILITY_RFC9421 + "#name-eddsa-using-curve-edwards25"
CAPABILITY_FEP_8B32 = "https://w3id.org/fep/8b32"

AS_TERMS: dict[str, tuple[str, ...]] = {
    "as": (AS_NAMESPACE,),
    "sec": ("https://w3id.org/security#",),
    "id": ("@id",),
    "type": ("@type",),
    "publicKey": ("https://w3id.org/security#publicKey",),
    "publicKeyPem": ("https://w3id.org/security#publicKeyPem",),
    "owner": ("https://w3id.org/security#owner",),
    "controller": ("https://w3id.org/security#controller",),
    "assertionMethod": ("https://w3id.org/security#assertionMethod",),
    "publicKeyMultibase": ("https://w3id.org/security#publicKeyMultibase",),
    "proof": ("https://w3id.org/security#proof",),
    "inbox": ("http://www.w3.org/ns/ldp#inbox", AS_NAMESPACE + "inbox"),
    **{
        term: (AS_NAMESPACE + term,)
        for term in (
            "actor", "attachment", "attributedTo", "audience", "bcc", "bto", "cc", "content", "context",
            "endTime", "endpoints", "first", "followers", "following", "generator", "href", "icon", "image",
            "inReplyTo", "instrument", "items", "last", "mediaType", "name", "next", "object", "origin",
            "outbox", "partOf", "preferredUsername", "prev", "published", "result", "sharedInbox",
            "startTime", "summary", "tag", "target", "to", "totalItems", "updated", "url",
        )
    },
    **{term: (AS_NAMESPACE + term,) for term in ACTIVITY_TYPES - {"EmojiReact", "QuoteRequest"}},
    **{term: (AS_NAMESPACE + term,) for term in ACTOR_TYPES},
    **{term: (AS_NAMESPACE + term,) for term in ("Link", "Mention", "Note", "Place", "Tombstone")},
    "orderedItems": (AS_NAMESPACE + "items",),
}  # fmt: skip
"""The terms that this toolkit reads as compact keys, each with the IRIs that it may stand for."""

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_CONTENT_TYPE = re.compile(rf'\s*({_NAME}/{_NAME})((?:\s*;(?:\s*{_NAME}=(?:{_NAME}|"[^"\\]*"))?)*)\s*')
_PARAMETER = re.compile(rf';\s*({_NAME})=({_NAME}|"[^"\\]*")')


@lru_cache(256)
def _split_content_type(header: str) -> tuple[str, dict[str, str]]:
    """Media type and parameters in lower-case names; ("", {}) for what is not exactly one media type."""
    match = _CONTENT_TYPE.fullmatch(header) if len(header) <= 1024 else None
    if match is None:
        return "", {}
    return match[1].lower(), {name.lower(): value.strip('"') for name, value in _PARAMETER.findall(match[2])}


def is_activity_content_type(header: str | None) -> bool:
    """Whether a fetched document with this Content-Type may be an ActivityStreams object.

    ld+json needs the ActivityStreams profile, since servers hand out uploads as ld+json too. Parameters such
    as charset are tolerated. Plain JSON never is.
    Spec: ActivityPub §3.2; `security C07, C08`.
    """
    media_type, parameters = _split_content_type(header or "")
    if media_type == LD_JSON:
        return AS_CONTEXT in parameters.get("profile", "").split()
    return media_type == ACTIVITY_JSON


def is_inbox_content_type(header: str | None) -> bool:
    """Whether an inbox takes a body with this Content-Type: activity+json or ld+json, with any parameters.

    The signature vouches for the body, so that a forgotten profile does no harm here.
    """
    return _split_content_type(header or "")[0] in (ACTIVITY_JSON, LD_JSON)


def is_json_content_type(header: str | None) -> bool:
    """Whether a discovery document (JRD, NodeInfo) may carry this Content-Type."""
    return _split_content_type(header or "")[0] in (JRD_JSON, JSON)


def is_public(value: object) -> bool:
    """Whether this names the public collection in any of its three spellings."""
    return isinstance(value, str) and value in PUBLIC_SPELLINGS
