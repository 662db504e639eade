"""Base64 and multibase read in their one canonical spelling.

Standard decoders forgive: spare padding, leftover bits, white space at the end. Two spellings of one
signature or key would then be two digests, two cache entries, two rows in a replay table.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64

__all__ = ["decode_base64", "decode_multibase", "encode_base58", "encode_multibase"]

_DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# Two digits at a time halve the divisions of long numbers, which is what base58 consists of.
_PAIRS = tuple(high + low for high in _DIGITS for low in _DIGITS)
_VALUES = {pair: value for value, pair in enumerate(_PAIRS)}


def decode_base64(text: str) -> bytes:
    """Read standard base64 with padding.

    Raises: ValueError for any other spelling.
    Spec:   RFC 4648 §4, §3.5.
    """
    raw = a2b_base64(text)  # forgives much; what it forgave is not written back
    if b2a_base64(raw, newline=False).decode() != text:
        raise ValueError("Base64 that is not canonical.")
    return raw


def encode_base58(raw: bytes) -> str:
    """Write base58btc: each leading zero byte is a "1", the rest one number.

    Spec: draft-msporny-base58-03 §3.
    """
    number = int.from_bytes(raw, "big")
    pairs: list[str] = []
    while number:
        number, value = divmod(number, len(_PAIRS))
        pairs.append(_PAIRS[value])
    zeros = len(raw) - len(raw.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(pairs)).lstrip("1")


def _decode_base58(text: str) -> bytes:
    """The one inverse: no two texts give the same bytes. Raises: ValueError."""
    digits = text.lstrip("1")
    padded = "1" * (len(digits) % 2) + digits
    number = 0
    try:
        for place in range(0, len(padded), 2):
            number = number * len(_PAIRS) + _VALUES[padded[place : place + 2]]
    except KeyError:
        raise ValueError("Not base58btc.") from None
    return bytes(len(text) - len(digits)) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def encode_multibase(raw: bytes) -> str:
    """Write multibase base58btc: "z" and the base58."""
    return "z" + encode_base58(raw)


def decode_multibase(text: str, *, max_characters: int) -> bytes:
    """Read multibase base58btc.

    Units:  `max_characters` bounds the work, which grows with the square of the length.
    Raises: ValueError for a longer text, another base, or characters that base58 does not have.
    """
    if not text.startswith("z") or len(text) > max_characters:
        raise ValueError("Not multibase base58btc, or too long.")
    return _decode_base58(text[1:])
