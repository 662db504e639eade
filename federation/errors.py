"""Every error that the toolkit raises, drawn once.

FederationError
├── Refused                        an inbound message that is answered with `status` and changes nothing
│   ├── InvalidJson                400  the bytes are not one strict JSON document; `place` says where
│   ├── InvalidDocument            400  JSON, but not a usable ActivityStreams document; `place` says where
│   ├── AuthenticationFailed       401
│   │   ├── SignatureMissing       401  nothing to verify
│   │   ├── SignatureInvalid       401  malformed, incomplete coverage, wrong digest or wrong bytes
│   │   ├── SignatureExpired       401  outside the window, on either side
│   │   ├── KeyUnknown             401  the key cannot be shown to belong to the actor
│   │   ├── ProofMissing           401  a message that must carry a proof carries none that we can check
│   │   └── ProofInvalid           401  a proof that does not hold
│   ├── Forbidden                  403  blocked, or an id on an origin that is not the sender's
│   ├── NotHere                    404  no such inbox
│   ├── TooLarge                   413
│   ├── UnsupportedMediaType       415
│   ├── TooManyRequests            429  `retry_after_s` says when to come back
│   └── TemporarilyUnavailable     503  ours or the key's server's passing trouble; `retry_after_s`
├── InvalidIri                     not an absolute http(s) IRI that we would use
├── KeyRefused                     weak, small-order or malformed key
├── DuplicateListener              two handlers for one (activity, object) type; raised at import
└── FetchError                     something that we asked of another server did not come
    ├── AddressRefused             the guard forbids the address; never retried, never a time-out
    ├── FetchFailed                passing: no connection, time-out, 5xx, 408, 425, 429
    │   └── NoRoom                 passing, and ours: no descriptors left; says nothing of the other server
    ├── DocumentRefused            came, but is not acceptable: type, size, id, redirects
    ├── NotFound                   404, or another final 4xx
    └── Gone                       410
"""

__all__ = [
    "AddressRefused",
    "AuthenticationFailed",
    "DocumentRefused",
    "DuplicateListener",
    "FederationError",
    "FetchError",
    "FetchFailed",
    "Forbidden",
    "Gone",
    "InvalidDocument",
    "InvalidIri",
    "InvalidJson",
    "KeyRefused",
    "KeyUnknown",
    "NoRoom",
    "NotFound",
    "NotHere",
    "ProofInvalid",
    "ProofMissing",
    "Refused",
    "SignatureExpired",
    "SignatureInvalid",
    "SignatureMissing",
    "TemporarilyUnavailable",
    "TooLarge",
    "TooManyRequests",
    "UnsupportedMediaType",
]


class FederationError(Exception):
    """The root of the tree above; `str(error)` is a sentence for people."""


class Refused(FederationError):
    """An inbound message is refused.

    `status` is the HTTP status of the answer, `title` its short name (RFC 9457), `place` where in the
    message the trouble lies (a JSON Pointer with line and column, or a header's name), `retry_after_s`
    the seconds after which trying again makes sense.
    """

    status = 400
    title = "Refused"

    def __init__(self, detail: str, *, place: str = "", retry_after_s: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.place = place
        self.retry_after_s = retry_after_s


class InvalidJson(Refused):
    title = "Not one strict JSON document"


class InvalidDocument(Refused):
    title = "Not a usable ActivityStreams document"


class AuthenticationFailed(Refused):
    status = 401
    title = "Authentication failed"


class SignatureMissing(AuthenticationFailed):
    title = "Signature missing"


class SignatureInvalid(AuthenticationFailed):
    title = "Signature invalid"


class SignatureExpired(AuthenticationFailed):
    title = "Signature outside its time window"


class KeyUnknown(AuthenticationFailed):
    title = "Key not shown to belong to the actor"


class ProofMissing(AuthenticationFailed):
    title = "Proof missing"


class ProofInvalid(AuthenticationFailed):
    title = "Proof invalid"


class Forbidden(Refused):
    status = 403
    title = "Forbidden"


class NotHere(Refused):
    status = 404
    title = "No such inbox"


class TooLarge(Refused):
    status = 413
    title = "Too large"


class UnsupportedMediaType(Refused):
    status = 415
    title = "Unsupported media type"


class TooManyRequests(Refused):
    status = 429
    title = "Too many requests"


class TemporarilyUnavailable(Refused):
    status = 503
    title = "Temporarily unavailable"


class InvalidIri(FederationError):
    """Not an absolute http(s) IRI that we would store, compare or open."""


class KeyRefused(FederationError):
    """A key that proves nothing: too short, small order, bad exponent, or not a key."""


class DuplicateListener(FederationError):
    """Two handlers were registered for one (activity type, object type)."""


class FetchError(FederationError):
    """Something asked of another server did not come; `url` is what was asked."""

    def __init__(self, detail: str, *, url: str = "", status: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.url = url
        self.status = status


class AddressRefused(FetchError, OSError):
    """The guard forbids this address. An OSError, so that the connector lets it pass unchanged."""


class FetchFailed(FetchError):
    """A passing failure; trying again later may succeed."""


class NoRoom(FetchFailed):
    """This machine cannot open a connection now; the other server has nothing to do with it."""


class DocumentRefused(FetchError):
    """An answer came that we do not take: wrong type, too large, wrong id, too many redirects."""


class NotFound(FetchError):
    """404, or another final refusal by the other server."""


class Gone(FetchError):
    """410: the other server says that this existed and is deleted."""
