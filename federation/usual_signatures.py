"""The one shape of RFC 9421 signature that nearly everybody sends, read and rebuilt without the library.

`signatures` asks here first and goes to http-message-signatures for all that is not of this shape: one label,
components without parameters, `created`, `expires`, `keyid` and `alg` in their canonical spelling. What is
read here means the same there; a differential test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from federation.encodings import decode_base64
from federation.messages import HttpMessage

__all__ = ["UsualSignature", "build_base", "read_usual"]

_NAME = r'"(?:@method|@target-uri|@authority|[a-z][a-z0-9-]*)"'
# Integers of eleven digits are times that every platform has; longer ones are the library's to judge.
_PARAMETER = r';(?:(?:created|expires)=[1-9][0-9]{0,10}|(?:keyid|alg)="[ !#-\[\]-~]{0,2048}")'
_INPUT = re.compile(rf"([a-z][a-z0-9]{{0,31}})=(\(({_NAME}(?: {_NAME}){{0,19}})\)((?:{_PARAMETER}){{1,4}}))")
_PARAMETERS = re.compile(r';([a-z]+)=(?:([0-9]+)|"([^"]*)")')
_VALUE = re.compile(r"([a-z][a-z0-9]{0,31})=:([A-Za-z0-9+/]+={0,2}):")
_URL = re.compile(r"https?://([a-z0-9.-]+(?::(?!80/|443/)[1-9][0-9]{1,4})?)/[A-Za-z0-9._~!$&'()*+,;=:@/-]*")
_METHODS = frozenset({"GET", "POST"})
_MAX_HEADER = 4096
_FIELD_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")


@dataclass(frozen=True, slots=True)
class UsualSignature:
    """What such a signature says. `input` is the text that stands for @signature-params in the base."""

    input: str
    covered: tuple[str, ...]
    key_id: str
    created: int
    expires: int | None
    algorithm: str | None
    signature: bytes


def read_usual(message: HttpMessage) -> UsualSignature | None:
    """Read the two signature headers, None where they are of any other shape, good or bad.

    Spec: RFC 9421 §4, RFC 9651.
    """
    texts = message.header("signature-input") or "", message.header("signature") or ""
    if max(map(len, texts)) > _MAX_HEADER:
        return None
    found, value = _INPUT.fullmatch(texts[0]), _VALUE.fullmatch(texts[1])
    if found is None or value is None or found[1] != value[1]:
        return None
    covered = tuple(found[3][1:-1].split('" "'))
    pairs = [(name, number or text) for name, number, text in _PARAMETERS.findall(found[4])]
    parameters = dict(pairs)
    twice = len(parameters) != len(pairs) or len(set(covered)) != len(covered)
    if twice or not parameters.get("keyid") or "created" not in parameters:
        return None
    try:
        signature = decode_base64(value[2])
    except ValueError:
        return None
    expires = parameters.get("expires")
    return UsualSignature(
        input=found[2],
        covered=covered,
        key_id=parameters["keyid"],
        created=int(parameters["created"]),
        expires=None if expires is None else int(expires),
        algorithm=parameters.get("alg"),
        signature=signature,
    )


def build_base(message: HttpMessage, covered: Iterable[str], signature_input: str) -> bytes | None:
    """The signature base of components that have one plain spelling, None where one has not.

    Shapes: `covered` are bare names, none twice; `signature_input` the canonical text of @signature-params.
    Spec:   RFC 9421 §2.5.
    """
    url = _URL.fullmatch(message.url)
    if url is None or message.method not in _METHODS:
        return None
    derived = {"@method": message.method, "@target-uri": message.url, "@authority": url[1]}
    lines = []
    for name in covered:
        value = derived.get(name)
        if value is None:
            values = message.values(name)
            if len(values) != 1 or not _FIELD_VALUE.fullmatch(values[0]):
                return None
            value = values[0]
        lines.append(f'"{name}": {value}\n')
    return f'{"".join(lines)}"@signature-params": {signature_input}'.encode("ascii")
