"""Base64 and multibase read in their one canonical spelling.

Standard decoders forgive: spare padding, leftover bits, white space at the end. Two spellings of one
signature or key would then be two digests, two cache entries, two rows in a replay table.
"""

from __future__ import annotations

import base64

import base58

__all__ = ["decode_base64", "decode_multibase", "encode_multibase"]


def decode_base64(text: str) -> bytes:
    """Read standard base64 with padding.

    Raises: ValueError for any other spelling.
    Spec:   RFC 4648 §4, §3.5.
    """
    raw = base64.b64decode(text.encode("ascii"), validate=True)
    if base64.b64encode(raw).decode() != text:
        raise ValueError("Base64 that is not canonical.")
    return raw


def encode_multibase(raw: bytes) -> str:
    """Write multibase base58btc: "z" and the base58."""
    return "z" + base58.b58encode(raw).decode()


def decode_multibase(text: str, *, max_characters: int) -> bytes:
    """Read multibase base58btc.

    Units:  `max_characters` bounds the work, which grows with the square of the length.
    Raises: ValueError for a longer text, another base, or another spelling.
    """
    if not text.startswith("z") or len(text) > max_characters:
        raise ValueError("Not multibase base58btc, or too long.")
    raw: bytes = base58.b58decode(text[1:])
    if encode_multibase(raw) != text:
        raise ValueError("Base58 that is not canonical.")
    return raw
