"""Full JSON-LD processing with bundled contexts and no network, for odd documents and for tests.

Nothing on the path of a message imports this package: loading the processor takes over half a second, and one
expansion a hundred times as long as reading compact keys (`federation.jsonld`). RDF canonicalisation is not
offered at all, since a few hundred hostile bytes keep it busy for minutes (`security D13`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from pyld import BUNDLED_CONTEXTS, FrozenDocumentLoader
from pyld.jsonld import JsonLdError
from pyld.jsonld import expand as _expand

from federation.errors import InvalidDocument
from federation.messages import JsonObject
from federation.vocab import CID_CONTEXT, DATA_INTEGRITY_CONTEXT

__all__ = ["BUNDLED", "expand", "frozen_loader"]

_HERE = Path(__file__).parent

BUNDLED: dict[str, Path] = {
    **BUNDLED_CONTEXTS,
    CID_CONTEXT: _HERE / "cid-v1.jsonld",
    DATA_INTEGRITY_CONTEXT: _HERE / "data-integrity-v2.jsonld",
}
"""Context URL → file: those that the processor brings along, and the two that it lacks."""


def frozen_loader() -> FrozenDocumentLoader:
    """A loader that knows the bundled contexts and refuses every other URL; it never opens a socket."""
    return FrozenDocumentLoader(documents=BUNDLED)


def expand(
    document: JsonObject, *, max_bytes: int = 256 * 1024, loader: FrozenDocumentLoader | None = None
) -> list[Any]:
    """Expand a JSON-LD document by the bundled contexts.

    Shapes: a document from the strict parser, so that its depth is bounded; `loader` may be shared between
            calls to keep its parsed contexts.
    Raises: InvalidDocument for a larger document, an unknown context, or one that the processor refuses.
    Spec:   JSON-LD 1.1 §5.1.
    """
    try:
        if len(orjson.dumps(document)) > max_bytes:
            raise InvalidDocument(f"larger than {max_bytes} bytes")
        expanded: list[Any] = _expand(document, {"documentLoader": loader or frozen_loader()})
    except (JsonLdError, orjson.JSONEncodeError, RecursionError) as error:
        raise InvalidDocument(f"cannot be expanded: {type(error).__name__}", place="/@context") from None
    return expanded
