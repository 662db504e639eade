"""NodeInfo 2.1 (FEP-f1d5): what software runs here, and where its node actor is (FEP-2677).

Some servers ask for version 2.0 by its address and for no other, so both are there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from federation.errors import InvalidIri
from federation.ids import parse_iri
from federation.jsonld import as_list, as_text
from federation.messages import JsonObject
from federation.vocab import REL_APPLICATION, REL_NODEINFO_2_0, REL_NODEINFO_2_1

__all__ = [
    "NODEINFO_2_0",
    "NODEINFO_2_1",
    "NodeLinks",
    "Usage",
    "as_nodeinfo_2_0",
    "build_nodeinfo",
    "build_wellknown",
    "parse_wellknown",
]

NODEINFO_2_0, NODEINFO_2_1 = "/nodeinfo/2.0", "/nodeinfo/2.1"
"""Where the documents lie on a server of ours."""

_REL_NODEINFO = re.compile(r"https?://nodeinfo\.diaspora\.software/ns/schema/2\.[01]")
_SOFTWARE_NAME = re.compile(r"[a-z0-9-]+")


def build_wellknown(*, base_url: str, node_actor: str) -> JsonObject:
    """The document at `/.well-known/nodeinfo`."""
    return {
        "links": [
            {"rel": REL_NODEINFO_2_0, "href": base_url + NODEINFO_2_0},
            {"rel": REL_NODEINFO_2_1, "href": base_url + NODEINFO_2_1},
            {"rel": REL_APPLICATION, "href": node_actor},
        ]
    }


@dataclass(frozen=True, slots=True)
class Usage:
    """How much a server is used, as its owner lets it be told.

    Shapes: `active_month` and `active_half_year` are those of `users` who did something in 30 and 180 days.
    """

    users: int
    active_month: int
    active_half_year: int
    local_posts: int


def build_nodeinfo(
    *,
    name: str,
    version: str,
    repository: str | None = None,
    homepage: str | None = None,
    node_name: str | None = None,
    node_description: str | None = None,
    open_registrations: bool = False,
    usage: Usage | None = None,
) -> JsonObject:
    """The NodeInfo 2.1 document. Without `usage` it counts nobody: how many live here is theirs to tell.

    Raises: ValueError for a software name outside `[a-z0-9-]+`.
    Spec:   NodeInfo 2.1, FEP-f1d5, FEP-0151.
    """
    if not _SOFTWARE_NAME.fullmatch(name):
        raise ValueError("a software name is lower-case letters, digits and hyphens")
    software = {"name": name, "version": version, "repository": repository, "homepage": homepage}
    metadata = {"nodeName": node_name, "nodeDescription": node_description}
    return {
        "version": "2.1",
        "software": {key: value for key, value in software.items() if value is not None},
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": open_registrations,
        "usage": _told(usage),
        "metadata": {key: value for key, value in metadata.items() if value is not None},
    }


def as_nodeinfo_2_0(document: JsonObject) -> JsonObject:
    """The same as version 2.0 says it, whose schema knows of software its name and version alone."""
    software = {name: document["software"][name] for name in ("name", "version")}
    return {**document, "version": "2.0", "software": software}


def _told(usage: Usage | None) -> JsonObject:
    if usage is None:
        return {"users": {}}
    users = {
        "total": usage.users,
        "activeMonth": usage.active_month,
        "activeHalfyear": usage.active_half_year,
    }
    return {"users": users, "localPosts": usage.local_posts}


@dataclass(frozen=True, slots=True)
class NodeLinks:
    """Where a server's NodeInfo document and its node actor are, None where it does not say."""

    nodeinfo_url: str | None
    node_actor: str | None


def parse_wellknown(document: JsonObject) -> NodeLinks:
    """Read another server's `/.well-known/nodeinfo`; what is malformed is as good as absent."""
    nodeinfo_url = node_actor = None
    for link in as_list(document.get("links"))[:20]:
        if not isinstance(link, dict):
            continue
        rel = as_text(link.get("rel")) or ""
        try:
            href = parse_iri(link.get("href"))
        except InvalidIri:
            continue
        if _REL_NODEINFO.fullmatch(rel):
            nodeinfo_url = href
        elif rel == REL_APPLICATION:
            node_actor = href
    return NodeLinks(nodeinfo_url, node_actor)
