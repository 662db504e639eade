"""Handles: WebFinger (RFC 7033) as server and as client, and host-meta."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from federation.errors import DocumentRefused, InvalidIri
from federation.fetching import FetchBudget, Fetcher
from federation.ids import canonical_host, origin, parse_iri
from federation.jsonld import as_list, as_text
from federation.messages import JsonObject
from federation.vocab import (
    ACTIVITY_JSON,
    JRD_JSON,
    JSON,
    REL_PROFILE_PAGE,
    REL_SELF,
    REL_SERVICE,
    REL_SUBSCRIBE,
    is_activity_content_type,
)

__all__ = ["Handle", "build_host_meta", "build_jrd", "lookup", "parse_handle"]

_HANDLE = re.compile(r"(?:(?i:acct):|@)?([A-Za-z0-9_.~!$&'*+=-]{1,128})@([^@/?#\s]{1,300})")
_HOST_AND_PORT = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::([1-9][0-9]{0,4}))?")


@dataclass(frozen=True, slots=True)
class Handle:
    """`user` as written, `host` canonical, with its port where that is not the scheme's own."""

    user: str
    host: str

    def __str__(self) -> str:
        return f"@{self.user}@{self.host}"

    @property
    def acct(self) -> str:
        """The `acct:` URI that WebFinger is asked for."""
        return f"acct:{self.user}@{self.host}"

    def names_same(self, other: Handle) -> bool:
        """Whether both name one account; users are compared without regard to case."""
        return self.host == other.host and self.user.lower() == other.user.lower()


def parse_handle(text: object) -> Handle:
    """Read `@user@host`, `user@host` or `acct:user@host`.

    Raises: InvalidIri for anything else, line breaks and other white space included (`security E18`).
    Spec:   RFC 7565.
    """
    match = _HANDLE.fullmatch(text) if isinstance(text, str) else None
    place = _HOST_AND_PORT.fullmatch(match[2]) if match else None
    if match is None or place is None:
        raise InvalidIri("not a handle of the form @user@host")
    name = canonical_host(place[1])
    bracketed = f"[{name}]" if ":" in name else name
    return Handle(match[1], bracketed if place[2] in (None, "443") else f"{bracketed}:{place[2]}")


def build_jrd(
    *,
    subject: str,
    actor: str,
    profile: str | None = None,
    subscribe: str | None = None,
    templates: Mapping[str, str] | None = None,
    aliases: Sequence[str] = (),
    service: str | None = None,
) -> JsonObject:
    """The answer about one account.

    Shapes: `subject` is its one canonical `acct:` URI; `subscribe` a template with `{uri}`; `templates` are
            others by their relation (FEP-3b86); `service` the node actor, for the answer about the host
            itself (FEP-d556). Exactly one `self` link: two broke Mastodon.
    Spec:   RFC 7033 §4.4; interop §3.2.
    """
    links = [{"rel": REL_SELF, "type": ACTIVITY_JSON, "href": actor}]
    if profile is not None:
        links.append({"rel": REL_PROFILE_PAGE, "type": "text/html", "href": profile})
    if subscribe is not None:
        links.append({"rel": REL_SUBSCRIBE, "template": subscribe})
    links += [{"rel": rel, "template": template} for rel, template in (templates or {}).items()]
    if service is not None:
        links.append({"rel": REL_SERVICE, "type": ACTIVITY_JSON, "href": service})
    known_as = dict.fromkeys([actor, *([profile] if profile is not None else []), *aliases])
    return {"subject": subject, "aliases": list(known_as), "links": links}


def build_host_meta(base_url: str) -> bytes:
    """The XRD at `/.well-known/host-meta`, which some servers ask for after a 404. Spec: RFC 6415."""
    template = quoteattr(f"{base_url.rstrip('/')}/.well-known/webfinger?resource={{uri}}")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">\n'
        f'  <Link rel="lrdd" type="{JRD_JSON}" template={template}/>\n'
        "</XRD>\n"
    ).encode()


async def lookup(
    fetcher: Fetcher, handle: Handle, *, budget: FetchBudget | None = None, scheme: str = "https"
) -> str:
    """Return the id of the actor that a handle names, checked in both directions.

    The handle's host names the actor; the actor's own host must name the same account and the same actor. So
    a split domain (`@a@example.com` served by `ap.example.com`) holds, and nobody can claim another's handle
    or another's actor. `scheme` is http in closed networks only; the guard refuses it elsewhere.
    Raises: DocumentRefused when the directions disagree, and as `Fetcher.fetch`.
    Spec:   RFC 7033; interop §3.2; `security C15, C16`.
    """
    budget = budget or FetchBudget()
    canonical, actor = await _finger(fetcher, handle, budget, scheme)
    checked = [handle]
    if not canonical.names_same(handle):
        await _check_agrees(fetcher, canonical, canonical, actor, budget, scheme)
        checked.append(canonical)
    document = await fetcher.fetch(actor, budget=budget)
    if document.url != actor:
        raise DocumentRefused("the handle's actor goes by another id", url=actor)
    home = origin(actor).split("://", 1)[1]
    try:
        back = parse_handle(f"{as_text(document.json.get('preferredUsername')) or ''}@{home}")
    except InvalidIri:
        raise DocumentRefused("the actor has no usable preferredUsername", url=actor) from None
    if not any(back.names_same(known) for known in checked):
        await _check_agrees(fetcher, back, canonical, actor, budget, scheme)
    return actor


async def _check_agrees(
    fetcher: Fetcher, asked: Handle, canonical: Handle, actor: str, budget: FetchBudget, scheme: str
) -> None:
    subject, named = await _finger(fetcher, asked, budget, scheme)
    if named != actor or not subject.names_same(canonical):
        raise DocumentRefused(f"{asked} and {canonical} do not name one account", url=actor)


async def _finger(fetcher: Fetcher, handle: Handle, budget: FetchBudget, scheme: str) -> tuple[Handle, str]:
    """Ask a handle's host once: the canonical handle and the actor that it names."""
    url = f"{scheme}://{handle.host}/.well-known/webfinger?resource={quote(handle.acct, safe=':@')}"
    document = await fetcher.fetch_json(url, f"{JRD_JSON}, {JSON}", budget=budget)
    try:
        subject = parse_handle(document.json.get("subject"))
        actors = {parse_iri(link.get("href")) for link in _self_links(document.json)}
    except InvalidIri as error:
        raise DocumentRefused(f"not a usable WebFinger answer: {error}", url=url) from None
    if len(actors) != 1:
        raise DocumentRefused("a WebFinger answer names one actor", url=url)
    return subject, actors.pop()


def _self_links(document: JsonObject) -> list[JsonObject]:
    links = [link for link in as_list(document.get("links"))[:50] if isinstance(link, dict)]
    return [
        link
        for link in links
        if link.get("rel") == REL_SELF and is_activity_content_type(str(link.get("type")))
    ]
