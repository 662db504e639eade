"""Which addresses a stranger's URL may make us connect to. Pure; the guard in `client.py` asks."""

from __future__ import annotations

import ipaddress

__all__ = ["is_address", "is_allowed_address"]

_REFUSED_V4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # a cloud's metadata service on a public address
    )
)  # fmt: skip
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    ipaddress.IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "3fff::/20", "2620:4f:8000::/48")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_6TO4 = ipaddress.IPv6Network("2002::/16")


def is_allowed_address(address: str) -> bool:
    """Whether this is a global unicast address that a stranger's URL may make us connect to.

    Mapped, NAT64 and 6to4 forms are judged by the IPv4 address inside; Teredo (in 2001::/23), compatible and
    site-local forms, documentation, benchmarking and metadata addresses are refused.
    Spec: IANA special-purpose address registries; `security §0`, E01, E02.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return not any(parsed in block for block in _REFUSED_V4)
    inside = parsed.ipv4_mapped
    if parsed in _NAT64:
        inside = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
    elif parsed in _6TO4:
        inside = parsed.sixtofour
    if inside is not None:
        return is_allowed_address(str(inside))
    return parsed in _GLOBAL_V6 and not any(parsed in block for block in _REFUSED_V6)


def is_address(host: str) -> bool:
    """Whether a canonical host is an IP literal rather than a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
