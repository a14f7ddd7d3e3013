"""What the text of a setting means: each function takes the text and gives the value, or raises ValueError with what
would be right. `api.settings` has the table that they are used in."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

import limits

from api import notes
from api.keyring import Keyring
from api.notes import BadKey
from api.storage.database import is_server
from api.storage.opening import place

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOG_LEVELS = ("debug", "info", "warning", "error")


def replica(text: str) -> str:
    """The URL of a server that follows another one, or nothing."""
    if text and not is_server(place(text)):
        raise ValueError("write postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    return place(text) if text else ""


def bind(text: str) -> str:
    """An address and a port to listen on."""
    host, colon, port = text.rpartition(":")
    if not host or not colon:
        raise ValueError("write HOST:PORT, as 127.0.0.1:8000 or [::1]:8000")
    whole(0, 65535)(port)
    return text


def whole(low: int, high: int) -> Callable[[str], int]:
    """The function that takes whole numbers from `low` to `high`."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not low <= int(text) <= high:
            raise ValueError(f"write a whole number from {low} to {high}")
        return int(text)

    return parse


def optional(parse: Callable[[str], int]) -> Callable[[str], int | None]:
    """The same, but that nothing is None."""
    return lambda text: parse(text) if text else None


def flag(text: str) -> bool:
    """True or false."""
    lowered = text.lower()
    if lowered in ("true", "1", "yes", "on"):
        return True
    if lowered in ("false", "0", "no", "off"):
        return False
    raise ValueError("write true or false")


def optional_flag(text: str) -> bool | None:
    """The same, but that nothing is None."""
    return flag(text) if text else None


def networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks, separated by commas."""
    found: list[Network] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        try:
            found.append(ipaddress.ip_network(part))
        except ValueError:
            raise ValueError(f"{part!r} is no address or network; write a list as 10.0.0.1,192.168.0.0/16") from None
    return tuple(found)


def rate(text: str) -> str:
    """How many in how long."""
    try:
        limits.parse(text)
    except ValueError:
        raise ValueError("write COUNT/UNIT, as 600/minute or 10/second") from None
    return text


def rate_storage(text: str) -> str:
    """Where rates are counted."""
    scheme = text.partition("://")[0]
    if scheme not in ("memory", "redis", "rediss", "memcached"):
        raise ValueError("write memory:// or the URL of a Redis or memcached server")
    return text


def origin(text: str) -> str:
    """The name of a log: the origin of a C2SP checkpoint."""
    # The first line of a checkpoint and the name in its signature, where a space or a plus sign would be
    # ambiguous.
    if any(c.isspace() or c == "+" or not c.isprintable() for c in text) or len(text) > 255:
        raise ValueError("write a name like record.example.org/log: no spaces, no plus sign, 255 characters at most")
    return text


def key_name(text: str) -> str:
    """The name of a key of a C2SP signed note, or nothing."""
    if text:
        notes.check_name(text)
    return text


def model_name(text: str) -> str:
    """The name of a model, or nothing."""
    if len(text) > 100 or not text.isprintable():
        raise ValueError("write a name of 100 characters at most, in one line")
    return text


def signing_key(text: str) -> Keyring:
    """Private and verifier keys, of which at least one signs; or none."""
    keys = Keyring(tuple(notes.parse(word) for word in text.replace(",", " ").split()))
    if keys.keys and not keys.signing:
        raise BadKey(f"none of its keys signs: one must begin with {notes.PRIVATE}")
    return keys


def optional_url(text: str) -> str:
    """An address under which a record is served, without a slash at its end; or nothing."""
    if text and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", text):
        raise ValueError("write the address of the record, as https://record.example.org")
    return text.rstrip("/")


def license_url(text: str) -> str:
    """The address of a licence, or nothing."""
    if text and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", text):
        raise ValueError("write the URL of the licence, as https://creativecommons.org/licenses/by/4.0/")
    return text


def line(text: str) -> str:
    """A line of text, or nothing."""
    if not text.isprintable() or len(text) > 500:
        raise ValueError("write one line of at most 500 characters")
    return text


def log_level(text: str) -> str:
    """What is worth a line in the log."""
    if text.lower() not in LOG_LEVELS:
        raise ValueError(f"write one of {', '.join(LOG_LEVELS)}")
    return text.lower()
