"""NodeInfo 2.1 (FEP-f1d5): what software runs here, and where its node actor is (FEP-2677)."""

from __future__ import annotations

from federation.messages import JsonObject

__all__ = ["build_nodeinfo", "build_wellknown", "parse_wellknown"]


def build_wellknown(*, nodeinfo_url: str, node_actor: str) -> JsonObject:
    raise NotImplementedError


def build_nodeinfo(
    *,
    name: str,
    version: str,
    repository: str | None = None,
    homepage: str | None = None,
    node_name: str | None = None,
    node_description: str | None = None,
    open_registrations: bool = False,
) -> JsonObject:
    raise NotImplementedError


def parse_wellknown(document: JsonObject) -> tuple[str | None, str | None]:
    """The NodeInfo 2.x document's URL and the node actor's id, None where absent."""
    raise NotImplementedError
