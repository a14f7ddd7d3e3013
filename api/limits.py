"""Rates: writes of a token, failed authentications of an address. Reads are never counted, and so no 304 is
either.

The counting is that of the `limits` library (the engine of Flask-Limiter, whose hook before every request a
read would pay for). Windows are fixed: what Retry-After says is then the exact moment at which the next
request is taken.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Sequence
from functools import lru_cache
from threading import Lock

import limits
import limits.errors
from limits.storage import Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from api import errors
from api.setting_values import Network
from api.settings import Settings, SettingsError

# Seconds after which windows that are over are put away.
SWEPT_EVERY = 60.0
# The window of what was not counted yet, or so long ago that it was put away.
_NONE = (0, 0.0)


class Counters(Storage):
    """What `memory://` is: counted in this process.

    The library's own starts a thread whenever something is counted and the last one has ended, which it does after a
    hundredth of a second, and whoever counts waits until it runs: a twentieth of what a `POST` costs. Here whoever
    counts puts away, once in a while, what is over.
    """

    # A list, since that is what the library has there.
    STORAGE_SCHEME = ["memory"]  # noqa: RUF012
    base_exceptions = ()

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: float | str | bool) -> None:
        super().__init__(uri, wrap_exceptions, **options)
        self._lock = Lock()
        # Key -> how often it was counted, and when its window is over.
        self._windows: dict[str, tuple[int, float]] = {}
        self._swept = time.time()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, in a window that is over `expiry` seconds after it was begun. Out: how often that makes in it."""
        now = time.time()
        with self._lock:
            if now - self._swept > SWEPT_EVERY:
                self._windows = {name: window for name, window in self._windows.items() if window[1] > now}
                self._swept = now
            count, until = self._windows.get(key, _NONE)
            if until <= now:
                count, until = 0, now + expiry
            self._windows[key] = count + amount, until
        return count + amount

    def get(self, key: str) -> int:
        """How often it was counted in the window that is on."""
        count, until = self._windows.get(key, _NONE)
        return count if until > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """When the window is over, in seconds of the epoch: now where none is on."""
        return max(self._windows.get(key, _NONE)[1], time.time())

    def check(self) -> bool:
        """Whether it can be counted."""
        return True

    def reset(self) -> int:
        """Forget everything. Out: how many windows there were."""
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget a window."""
        with self._lock:
            self._windows.pop(key, None)


class Limits:
    """The two rates of one process."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsError when the place where the rates are to be counted cannot be used."""
        self._writes = limits.parse(settings.rate_writes)
        self._failures = limits.parse(settings.rate_auth_failures)
        try:
            storage = storage_from_string(settings.rate_storage)
        except (limits.errors.ConfigurationError, ValueError) as error:
            raise SettingsError(f"ONRECORD_RATE_STORAGE={settings.rate_storage!r} cannot be used: {error}") from None
        self._limiter = FixedWindowRateLimiter(storage)
        self._proxies = settings.trusted_proxies

    def count_write(self, token_id: str) -> None:
        """Counts a write of a token. Raises RateLimited, with Retry-After, when it is over the rate."""
        if not self._limiter.hit(self._writes, "write", token_id):
            raise self._refusal(self._writes, "write", token_id, "This token writes too often.")

    def count_auth_failure(self, address: str) -> None:
        """Counts a failed authentication of an address (as `client_address` gives it)."""
        self._limiter.hit(self._failures, "auth", _network(address))

    def refuse_if_blocked(self, address: str) -> None:
        """Raises RateLimited, with Retry-After, for an address with too many failed authentications."""
        key = _network(address)
        if not self._limiter.test(self._failures, "auth", key):
            raise self._refusal(self._failures, "auth", key, "Too many failed authentications from this address.")

    def client_address(self, environ: dict[str, str]) -> str:
        """Who is really asking. X-Forwarded-For is walked from the right for as long as the hop behind us is
        one of the proxies named in the settings; anyone else could have written the rest."""
        peer = environ.get("REMOTE_ADDR", "")
        if not self._proxies or not _within(peer, self._proxies):
            return peer
        for hop in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            hop = hop.strip()
            if _parsed(hop) is None:
                break  # a hop that is no address says nothing: the last one that we know must do
            peer = hop
            if not _within(hop, self._proxies):
                break
        return peer

    def _refusal(self, rate: limits.RateLimitItem, *key_and_text: str) -> errors.RateLimited:
        *key, text = key_and_text
        seconds = max(1, math.ceil(self._limiter.get_window_stats(rate, *key).reset_time - time.time()))
        return errors.RateLimited(f"{text} Come back in {seconds} s.", headers={"Retry-After": str(seconds)})


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    # A socket that takes both families shows IPv4 clients as ::ffff:192.0.2.1.
    return getattr(found, "ipv4_mapped", None) or found


def _within(address: str, networks: Sequence[Network]) -> bool:
    found = _parsed(address)
    return found is not None and any(found in network for network in networks)


@lru_cache(1_000)
def _network(address: str) -> str:
    """What is counted: an IPv4 address, but the /64 of an IPv6 one, since one household has 2^64 of those."""
    found = _parsed(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found or "unknown")
