"""IRIs of actors, activities and objects: one canonical spelling, origins, hosts and blocked domains.

Whatever is stored, compared or opened passes `parse_iri` first, so that two spellings of one address are
never two identities (userinfo, upper case, default ports, trailing dots, fullwidth and punycode hosts).
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from functools import lru_cache
from urllib.parse import quote

import idna

from federation.errors import InvalidIri

__all__ = [
    "MAX_IRI_CHARS",
    "canonical_host",
    "domain_matches",
    "host",
    "origin",
    "parse_iri",
    "same_origin",
    "without_fragment",
]

MAX_IRI_CHARS = 2048

_USUAL = re.compile(
    r"https://(?!-)(?=[a-z0-9.-]{4,63}/)(?![^/]*(?:xn--|-\.|\.-|-/))"
    r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*"
    r"/[A-Za-z0-9._~!$&'()*+,;=:@/-]*(?:#[A-Za-z0-9._~-]*)?"
)
"""The usual ids, already canonical; all others are taken apart."""
_PARTS = re.compile(r"(?i:(https?))://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::([0-9]{0,5}))?")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\"<>\\^`{}|\ud800-\udfff\ufffe\uffff]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DEFAULT_PORTS = {"https": 443, "http": 80}
_REMEMBERED = 2048
"""How many spellings are remembered: one message asks for the same few ids some thirty times. What is kept is
pure and bounded, some megabytes if every one of them were as long as an IRI may be.
"""


def parse_iri(text: object) -> str:
    """Return the canonical spelling of an absolute http(s) IRI.

    Shapes: any value; only a string can pass. The answer is ASCII: scheme and host lower case, the host in
            its A-label form, no default port, a path of at least "/", other characters percent-encoded.
    Raises: InvalidIri for userinfo, white space, control characters, numeric hosts that are not plain
            dotted IPv4, more than 2048 characters, and everything else that two parsers may read in two ways.
    Spec:   RFC 3987 §3.1, RFC 3986 §6.2; `security C10, E18`.
    """
    if not isinstance(text, str):
        raise InvalidIri("an id must be a string")
    return _canonical(text)


@lru_cache(_REMEMBERED)
def _canonical(text: str) -> str:
    if len(text) > MAX_IRI_CHARS:
        raise InvalidIri(f"longer than {MAX_IRI_CHARS} characters")
    if _USUAL.fullmatch(text):
        return text
    scheme, name, port, rest = _split(text)
    spelled = quote(rest, safe="/?#[]@!$&'()*+,;=:%~")
    iri = f"{scheme}://{_authority(scheme, name, port)}{spelled}"
    if len(iri) > MAX_IRI_CHARS:
        raise InvalidIri(f"longer than {MAX_IRI_CHARS} characters")
    return iri


def _split(text: str) -> tuple[str, str, int, str]:
    """Cut into lower-case scheme, canonical host, port and the rest (path, query, fragment)."""
    if _FORBIDDEN.search(text):
        raise InvalidIri("contains a space, a control character or one that no IRI may contain")
    parts = _PARTS.fullmatch(text)
    if parts is None:
        raise InvalidIri("not an absolute http or https IRI")
    scheme = parts[1].lower()
    if "@" in parts[2]:
        raise InvalidIri("contains a user name before the host")
    authority = _AUTHORITY.fullmatch(parts[2])
    if authority is None:
        raise InvalidIri("the host or the port is malformed")
    port = int(authority[2]) if authority[2] else _DEFAULT_PORTS[scheme]
    if not 0 < port < 65536:
        raise InvalidIri("the port is out of range")
    fragment = parts[5] or ""
    if "#" in fragment[1:]:
        raise InvalidIri("contains a second #")
    return scheme, canonical_host(authority[1]), port, (parts[3] or "/") + (parts[4] or "") + fragment


def _authority(scheme: str, name: str, port: int) -> str:
    bracketed = f"[{name}]" if ":" in name else name
    return bracketed if port == _DEFAULT_PORTS[scheme] else f"{bracketed}:{port}"


def canonical_host(text: str) -> str:
    """Return the one spelling of a host: lower-case A-labels without a trailing dot, or a plain address.

    Shapes: IPv6 comes with or without brackets and leaves without. Fullwidth letters and dots, Unicode and
            punycode all map to the same A-labels.
    Raises: InvalidIri for anything that is no host, and for numeric forms (`2130706433`, `0x7f.1`) that
            resolvers read as addresses.
    Spec:   UTS 46; `security C12, E02`.
    """
    name = unicodedata.normalize("NFKC", text).replace("\u3002", ".").lower()
    if name.startswith("[") or ":" in name:
        return _canonical_ipv6(name)
    name = name.removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _canonical_ipv4(name)
    if not name.isascii() or any(label.startswith("xn--") for label in labels):
        name = _to_a_labels(name)
    if not _is_name(name):
        raise InvalidIri(f"not a host name: {name[:80]!r}")
    return name


def _is_name(name: str) -> bool:
    """Judged after the mapping too, which drops characters from numbers and leaves a dot at the end."""
    labels = name.split(".")
    if len(name) > 253 or _NUMBER.fullmatch(labels[-1]):
        return False
    return all(_LABEL.fullmatch(label) for label in labels)


def _canonical_ipv6(name: str) -> str:
    try:
        address = ipaddress.IPv6Address(name[1:-1] if name.startswith("[") and name.endswith("]") else name)
    except ValueError:
        raise InvalidIri("not an IPv6 address") from None
    if address.scope_id is not None:
        raise InvalidIri("an IPv6 address with a zone")
    return address.compressed


def _canonical_ipv4(name: str) -> str:
    try:
        return str(ipaddress.IPv4Address(name))
    except ValueError:
        raise InvalidIri("a numeric host that is not four decimal numbers") from None


def _to_a_labels(name: str) -> str:
    try:
        # Both ways, so that an A-label that hides something else than its U-label does not pass.
        return idna.encode(idna.decode(name, uts46=True), uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        raise InvalidIri("not an international host name") from None


def origin(iri: str) -> str:
    """Return `scheme://host[:port]` of an IRI (FEP-fe34).

    Raises: InvalidIri.
    """
    return _origin_and_host(parse_iri(iri))[0]


@lru_cache(_REMEMBERED)
def _origin_and_host(canonical: str) -> tuple[str, str]:
    scheme_and_authority = canonical[: canonical.index("/", 8)]
    authority = scheme_and_authority.split("://", 1)[1]
    if authority.startswith("["):
        return scheme_and_authority, authority[1 : authority.index("]")]
    return scheme_and_authority, authority.split(":", 1)[0]


def same_origin(one: object, other: object) -> bool:
    """Whether both are usable IRIs with one scheme, host and port; anything unusable has no origin."""
    try:
        return _origin_and_host(parse_iri(one))[0] == _origin_and_host(parse_iri(other))[0]
    except InvalidIri:
        return False


def host(iri: str) -> str:
    """Return the canonical host of an IRI, IPv6 without brackets.

    Raises: InvalidIri.
    """
    return _origin_and_host(parse_iri(iri))[1]


def domain_matches(name: str, blocked: str) -> bool:
    """Whether host `name` is the domain `blocked` or lies under it, in whatever spelling.

    Raises: InvalidIri when either is no host.
    """
    ours, theirs = canonical_host(name), canonical_host(blocked)
    return ours == theirs or ours.endswith("." + theirs)


def without_fragment(iri: str) -> str:
    """Return the canonical IRI without its fragment: the document that holds it.

    Raises: InvalidIri.
    """
    return parse_iri(iri).split("#", 1)[0]
