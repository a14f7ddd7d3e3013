"""Whom we call. A receiver's address is chosen by whoever holds a token, and called from where this service runs; so
whatever is not on the public internet is refused, or a token would reach what only this machine should reach.

A name is judged by the addresses that it has at the moment of the call, and the call goes to one of those addresses:
asking again in between could give another one (DNS rebinding). Ranges: the IANA special-purpose address registries
(https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from api.errors import InvalidRequest

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

PORTS = {"http": 80, "https": 443}
# Below are the ports of mail, shells and the like, which have no use for our messages.
LOWEST_PORT = 1024

# Public by the registries, or by the `ipaddress` of some version of Python, and still not for us: relays of 6to4, the
# protocol assignments, and the address under which Azure's hosts speak to their guests.
_REFUSED_V4 = tuple(map(ipaddress.IPv4Network, ("192.88.99.0/24", "192.0.0.0/24", "168.63.129.16/32")))
# Of IPv6 only what is assigned for global unicast, without tunnels (Teredo, 6to4), protocols and documentation.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
# Where a network has only IPv6, names of IPv4 hosts are given as these (RFC 6052): the last four bytes count.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class Target(NamedTuple):
    """Where a URL leads: what is asked for there, and what stands in Host."""

    scheme: str
    host: str
    port: int
    path: str
    authority: str


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(address.packed[12:]))
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        refused = any(address in network for network in _REFUSED_V6)
        return address.is_global and address in _GLOBAL_V6 and address.scope_id is None and not refused
    refused = any(address in network for network in _REFUSED_V4)
    return address.is_global and not address.is_multicast and not refused


def may_call(scheme: str, address: str, networks: Sequence[Network]) -> bool:
    """Whether a receiver at an address may be called: a public one by https, one in the operator's own `networks` also
    by http."""
    try:
        found: Address = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None) or found
    if any(mapped in network for network in networks):
        return True
    return scheme == "https" and is_public(found)


def target(url: str) -> Target:
    """Where a URL leads that `check` has let through."""
    parts = urlsplit(url)
    port = parts.port or PORTS[parts.scheme]
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname or "", port, path, parts.netloc)


def check(url: str, networks: Sequence[Network]) -> None:
    """Refuse a URL that could never be called. What a name resolves to is not looked at: it can change, and is judged
    at every call. Raises InvalidRequest."""
    fault = _fault(url, networks)
    if fault:
        raise InvalidRequest.of("/url", *fault)


def _fault(url: str, networks: Sequence[Network]) -> tuple[str, str] | None:
    if not url.isascii():
        return "Write the address in ASCII: the host as xn--…, the rest with %XX.", "url"
    parts = urlsplit(url)
    if parts.scheme != "https" and not networks:
        return "Send an address that begins with https://: messages are sent over nothing else.", "https"
    if parts.fragment or url.endswith("#"):
        return "Leave out what follows the #: it is never sent.", "fragment"
    if parts.port is not None and parts.port < LOWEST_PORT and parts.port != PORTS[parts.scheme]:
        return f"Use port {PORTS[parts.scheme]}, or one from {LOWEST_PORT} on.", "port"
    host = (parts.hostname or "").rstrip(".")
    if _is_address(host) and not may_call(parts.scheme, host, networks):
        return f"{host} is no address of the public internet: it is never called.", "address"
    if not networks and (host == "localhost" or host.endswith((".localhost", ".internal", ".local"))):
        return f"{host} is a name of this machine or its network: it is never called.", "address"
    return None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
