"""The JSON-LD contexts of our messages: every term, and the least context that one message needs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from federation.jsonld import as_list
from federation.messages import JsonObject, JsonValue
from federation.vocab import AS_CONTEXT, AS_NAMESPACE, AS_TERMS, DATA_INTEGRITY_CONTEXT

__all__ = ["OBV", "PREFIXES", "READ_TERMS", "TERMS", "context_for", "obv", "plain_code"]

VF = "https://w3id.org/valueflows/ont/vf#"
OM2 = "http://www.ontology-of-units-of-measure.org/resource/om-2/"
OBV = "https://w3id.org/obverse/ns#"
NEODB = "https://neodb.net/ns#"
CREDENTIALS = "https://www.w3.org/2018/credentials#"

PREFIXES: dict[str, str] = {"vf": VF, "om2": OM2, "obv": OBV}
"""In the order in which a context states them."""

_VF = """
    Agreement Commitment EconomicEvent Intent Proposal action due hasEnd hasPointInTime minimumQuantity
    publishes purpose reciprocal resourceQuantity stipulates stipulatesReciprocal unitBased
"""
_VF_IDS = "fulfills provider receiver resourceConformsTo satisfies"
_OM2 = "hasNumericalValue hasUnit"
_OBV = """
    Cancellation DeletionReceipt Grant Issue Reason Remedy SPC acceptDigest amount answer answers aspects
    attribute attributes brand budget condition deletedAt digest disclosed feedbackKey fieldsAsked firm gtin
    item kind max maxPerPeriod mayAnswer offerDigest op period priceParts property proposalDigest
    purchaseCredential purchaseProof recurring resetsAt respondBy sku stage times unit used value weight wish
    wishes
"""
_OBV_IDS = """
    currency dataPurpose grant meets mood outcome readAt reasonCode remedyFor supersedes terms termsAccepted
    topic wanted
"""


def _as_id(iri: str) -> JsonObject:
    return {"@id": iri, "@type": "@id"}


TERMS: dict[str, JsonValue] = {
    **{term: f"vf:{term}" for term in _VF.split()},
    **{term: _as_id(f"vf:{term}") for term in _VF_IDS.split()},
    **{term: f"om2:{term}" for term in _OM2.split()},
    **{term: f"obv:{term}" for term in _OBV.split()},
    **{term: _as_id(f"obv:{term}") for term in _OBV_IDS.split()},
    "Review": f"{NEODB}Review",
    "relatedWith": f"{NEODB}relatedWith",
    "withRegardTo": _as_id(f"{NEODB}withRegardTo"),
}
"""Every term that is not ActivityStreams' own, as a context defines it."""


def _expanded(definition: JsonValue) -> str:
    iri: str = definition["@id"] if isinstance(definition, dict) else definition
    prefix, _, name = iri.partition(":")
    return PREFIXES[prefix] + name if prefix in PREFIXES else iri


_AS_EXTRA = "Document Place Tombstone deleted formerType latitude location longitude radius rel units"

READ_TERMS: dict[str, tuple[str, ...]] = {
    **AS_TERMS,
    **{term: (AS_NAMESPACE + term,) for term in _AS_EXTRA.split()},
    **{prefix: (iri,) for prefix, iri in PREFIXES.items()},
    **{term: (_expanded(definition),) for term, definition in TERMS.items()},
    # Both spellings are met in FEP-0837's wild (protocol §3).
    "hasUnit": (OM2 + "hasUnit", VF + "hasUnit"),
    "hasNumericalValue": (OM2 + "hasNumericalValue", VF + "hasNumericalValue"),
    "category": (OBV + "category",),
    "month": (OBV + "month",),
    **{
        term: (CREDENTIALS + term,)
        for term in ("VerifiableCredential", "credentialSubject", "issuer", "validFrom")
    },
}
"""Terms that we read as compact keys of a message of ours, with the IRIs that a context may give them.

For messages of the deal and postings only: Mastodon's contexts mean something else by `value`, and may.
"""

_PREFIXED = re.compile(r"(vf|om2|obv):[A-Za-z0-9_-]+", re.ASCII)


def context_for(document: JsonObject) -> list[JsonValue]:
    """The `@context` that a message needs: the two documents, then the prefixes and terms that occur, sorted.

    Shapes: `document` without a proof; nested objects with a context of their own count for nothing.
    Spec:   FEP-8b32 (data-integrity must be listed before signing); `protocol §2`.
    """
    words = set(_words(document))
    used = sorted(word for word in words if word in TERMS)
    stated = {_prefix(TERMS[term]) for term in used}
    stated.update(match[1] for word in words if (match := _PREFIXED.fullmatch(word)))
    inline = {prefix: iri for prefix, iri in PREFIXES.items() if prefix in stated}
    inline.update((term, TERMS[term]) for term in used)
    context: list[JsonValue] = [AS_CONTEXT, DATA_INTEGRITY_CONTEXT]
    return [*context, inline] if inline else context


def _prefix(definition: JsonValue) -> str:
    iri: str = definition["@id"] if isinstance(definition, dict) else definition
    return iri.partition(":")[0]


def _words(document: JsonObject) -> Iterator[str]:
    """Every key, every type name, and every value that a prefix begins."""
    waiting: list[JsonValue] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str):
            if _PREFIXED.fullmatch(value):
                yield value
        elif isinstance(value, dict) and (value is document or "@context" not in value):
            yield from value
            yield from (name for name in as_list(value.get("type")) if isinstance(name, str))
            waiting.extend(child for key, child in value.items() if key != "@context")


def obv(code: str) -> str:
    """A code of ours as it is written on the wire: `obv:timing`."""
    return f"obv:{code}"


def plain_code(text: str) -> str | None:
    """The code without its prefix or namespace; None for what is not a code of ours."""
    for start in ("obv:", OBV):
        if text.startswith(start):
            return text.removeprefix(start)
    return None
