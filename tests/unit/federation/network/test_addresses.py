from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.addresses import is_address, is_allowed_address


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:c0a8:101::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:2::1",
        "2001:20::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "100::1",
        "not an address",
        "2130706433",
        "0x7f.1",
        "",
    ],
)
def test_an_address_that_is_not_global_unicast_is_refused(address: str) -> None:
    assert not is_allowed_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "8.8.8.8",
        "93.184.215.14",
        "172.32.0.1",
        "100.128.0.1",
        "2606:4700:4700::1111",
        "2a00:1450:4001::1",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
    ],
)
def test_a_global_unicast_address_is_allowed(address: str) -> None:
    assert is_allowed_address(address)


@given(st.ip_addresses())
def test_whatever_the_standard_library_calls_private_is_refused(address: ipaddress.IPv4Address) -> None:
    if not address.is_global and not str(address).startswith(("64:ff9b::", "2002:", "::ffff:")):
        assert not is_allowed_address(str(address))


@given(st.ip_addresses(v=4))
def test_an_embedded_address_is_judged_like_the_plain_one(address: ipaddress.IPv4Address) -> None:
    plain = is_allowed_address(str(address))
    number = int(address)
    assert is_allowed_address(f"::ffff:{address}") == plain
    assert is_allowed_address(str(ipaddress.IPv6Address((0x64FF9B << 96) | number))) == plain
    assert is_allowed_address(str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80)))) == plain


def test_names_are_no_addresses() -> None:
    assert is_address("192.0.2.1")
    assert is_address("::1")
    assert not is_address("a.example")
