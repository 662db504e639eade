"""The JSON-LD contexts of our messages: every term, and the least context that one message needs."""

from __future__ import annotations

import re
from functools import lru_cache

from federation.jsonld import as_list
from federation.messages import JsonObject, JsonValue
from federation.vocab import AS_CONTEXT, AS_NAMESPACE, AS_TERMS, CREDENTIALS_CONTEXT, DATA_INTEGRITY_CONTEXT

__all__ = [
    "OBV",
    "PREFIXES",
    "READ_TERMS",
    "TERMS",
    "context_for",
    "has_only_our_contexts",
    "is_plainly_written",
    "obv",
    "odd_member",
    "plain_code",
    "plain_name",
]

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


_DEFINITIONS: dict[str, JsonValue] = {**PREFIXES, **TERMS}
_DOCUMENTS = frozenset({AS_CONTEXT, DATA_INTEGRITY_CONTEXT, CREDENTIALS_CONTEXT})
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

_FORBIDDEN = frozenset({"@graph", "@included", "@reverse"})


def has_only_our_contexts(document: JsonObject) -> bool:
    """Whether every context in a document, nested ones included, says of our terms exactly what we say.

    True spares the general check, which takes each definition apart; False means only that it is needed.
    """
    waiting: list[JsonValue] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            if not _FORBIDDEN.isdisjoint(value) or not _is_ours(value.get("@context")):
                return False
            waiting.extend(child for key, child in value.items() if key != "@context")
    return True


def _is_ours(context: JsonValue) -> bool:
    return all(
        part in _DOCUMENTS
        if isinstance(part, str)
        else isinstance(part, dict) and part.items() <= _DEFINITIONS.items()
        for part in as_list(context)
    )


def is_plainly_written(document: JsonObject) -> bool:
    """Whether every member has its plain name and every context says what we say, found in one walk.

    True spares `odd_member` and `has_only_our_contexts`; False means only that they are needed.
    """
    waiting: list[JsonValue] = [document]
    known: JsonValue = None
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            if not (_PLAIN_NAMES.issuperset(value) or all(map(_is_plain, value))):
                return False
            if "@context" in value:
                value = {**value}
                context = value.pop("@context")
                if (known is None or context != known) and not _is_ours(context):
                    return False
                known = context  # the proof's is the document's
            waiting += value.values()
    return True


def _is_plain(name: str) -> bool:
    return name == "@context" or ("@" not in name and (":" not in name or name in _SPELLINGS))


_SPELLINGS = frozenset(f"{prefix}:{term}" for prefix in ("om2", "vf") for term in _OM2.split())
"""The only members that are read under a prefix (`quantities`)."""
_PLAIN_NAMES = frozenset({"@context", *READ_TERMS})
_TERM_NAMES = frozenset(TERMS)


def odd_member(document: JsonObject) -> str | None:
    """A member that says under another spelling what we read under its plain name; None where there is none.

    A reader of JSON-LD would take `as:cc` for a second audience and `@type` for a second type. Objects with a
    context of their own, such as credentials and proofs, are read by their own rules.
    """
    waiting: list[JsonValue] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict) and (value is document or "@context" not in value):
            for key in value:
                if (":" in key or key.startswith("@")) and key != "@context" and _means_ours(key):
                    return str(key)
            waiting.extend(child for key, child in value.items() if key != "@context")
    return None


def _means_ours(key: str) -> bool:
    return key.startswith("@") or (plain_name(key) in READ_TERMS and key not in _SPELLINGS)


def plain_name(name: str) -> str:
    """A name without its prefix or namespace: `vf:Proposal` and `https://…/vf#Proposal` are `Proposal`."""
    if name.isidentifier():  # nearly all of the names in a message, and there are many
        return name
    for mark in ("#", "/", ":"):
        name = name.rpartition(mark)[2]
    return name


_PREFIXED = re.compile(r"(vf|om2|obv):[A-Za-z0-9_-]+", re.ASCII)
_PREFIX_STARTS = tuple(f"{prefix}:" for prefix in PREFIXES)


def context_for(document: JsonObject) -> list[JsonValue]:
    """The `@context` that a message needs: the two documents, then the prefixes and terms that occur, sorted.

    Shapes: `document` without a proof; nested objects with a context of their own count for nothing.
    Spec:   FEP-8b32 (data-integrity must be listed before signing); `protocol §2`.
    """
    context: list[JsonValue] = [AS_CONTEXT, DATA_INTEGRITY_CONTEXT]
    inline = _inline(_words(document))
    return [*context, dict(inline)] if inline else context


@lru_cache(256)
def _inline(words: frozenset[str]) -> JsonObject:
    """The definitions behind these terms and prefixes; most messages of a kind use the very same ones."""
    used = sorted(words - PREFIXES.keys())
    stated = {_prefix(TERMS[term]) for term in used} | (words & PREFIXES.keys())
    return {
        **{prefix: iri for prefix, iri in PREFIXES.items() if prefix in stated},
        **{term: TERMS[term] for term in used},
    }


def _prefix(definition: JsonValue) -> str:
    iri: str = definition["@id"] if isinstance(definition, dict) else definition
    return iri.partition(":")[0]


def _words(document: JsonObject) -> frozenset[str]:
    """The terms among the keys and type names, and the prefixes that begin a key or a value."""
    names: set[str] = set()
    waiting: list[JsonValue] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if value.startswith(_PREFIX_STARTS):
                names.add(value)
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            if "@context" in value:
                if value is not document:
                    continue
                value = {name: child for name, child in value.items() if name != "@context"}
            names.update(value)
            kinds = value.get("type")
            if isinstance(kinds, str):
                names.add(kinds)
            else:
                names.update(name for name in as_list(kinds) if isinstance(name, str))
            waiting += value.values()
    prefixed = (match for name in names if ":" in name and (match := _PREFIXED.fullmatch(name)))
    return frozenset((names & _TERM_NAMES) | {match[1] for match in prefixed})


def obv(code: str) -> str:
    """A code of ours as it is written on the wire: `obv:timing`."""
    return f"obv:{code}"


def plain_code(text: str) -> str | None:
    """The code without its prefix or namespace; None for what is not a code of ours."""
    for start in ("obv:", OBV):
        if text.startswith(start):
            return text.removeprefix(start)
    return None
