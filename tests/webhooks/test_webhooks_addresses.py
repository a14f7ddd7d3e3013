"""Whom we call, and whom never."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from api.errors import InvalidRequest
from api.interop.webhooks import addresses

PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "64:ff9b::808:808"]
PRIVATE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",  # carrier-grade NAT
    "100.100.100.200",  # Alibaba's metadata
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",  # Azure's hosts
    "169.254.169.254",  # metadata
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.9",
    "192.0.0.192",  # Oracle's metadata
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
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",  # Teredo
    "2001:0:a00:1::",
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
    "2002:808:808::",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",  # Amazon's metadata
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700:4700::1111%eth0",
    "fec0::1",
    "ff02::1",
    "nonsense",
    "",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_called_by_https(address: str) -> None:
    """By https, and not by http."""
    assert addresses.may_call("https", address, ())
    assert not addresses.may_call("http", address, ())
    assert not addresses.may_call("http", address, (ip_network("127.0.0.0/8"),))


@pytest.mark.parametrize("address", PRIVATE)
def test_others_are_never_called(address: str) -> None:
    """Whatever leads to this machine, its network, its host, or nowhere, however it is written."""
    assert not addresses.may_call("https", address, ())
    assert not addresses.may_call("http", address, ())


def test_networks_of_our_own_may_be_called() -> None:
    """Those that the operator names, by http as well, and no others."""
    own = (ip_network("10.0.0.0/8"), ip_network("::1/128"))
    for address in ("10.1.2.3", "::1", "::ffff:10.1.2.3"):
        assert addresses.may_call("http", address, own)
        assert addresses.may_call("https", address, own)
    assert not addresses.may_call("https", "127.0.0.1", own)
    assert not addresses.may_call("https", "169.254.169.254", own)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://a.example", ("https", "a.example", 443, "/", "a.example")),
        ("https://A.example:8443/x?y=1", ("https", "a.example", 8443, "/x?y=1", "A.example:8443")),
        ("http://[::1]:9000/x", ("http", "::1", 9000, "/x", "[::1]:9000")),
        ("https://a.example?y", ("https", "a.example", 443, "/?y", "a.example")),
    ],
)
def test_a_url_is_taken_apart(url: str, target: tuple[str, str, int, str, str]) -> None:
    """What is connected to, what is asked for, and what stands in Host."""
    assert tuple(addresses.target(url)) == target


@pytest.mark.parametrize("url", ["https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/"])
def test_odd_spellings_are_left_to_the_call(url: str) -> None:
    """A host that only the system's resolver reads as an address is judged by what it resolves to (`calls`)."""
    addresses.check(url, ())


def test_with_networks_of_our_own_http_is_taken() -> None:
    """Whether it may be called is then a matter of the address."""
    own = (ip_network("127.0.0.0/8"),)
    for url in ("http://127.0.0.1:9000/", "http://localhost:9000/", "http://a.example/"):
        addresses.check(url, own)
    with pytest.raises(InvalidRequest):
        addresses.check("http://10.0.0.1/", own)
