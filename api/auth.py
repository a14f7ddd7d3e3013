"""Who is asking: the token in the Authorization header, and what it may do."""

from __future__ import annotations

import re

from api import errors, http
from api.nodes import NEWEST
from api.storage import keys
from api.storage.keys import Token
from api.storage.log import Connection

_BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)
# The shape of a token.
TOKEN = rf"{keys.PREFIX}[A-Za-z0-9_-]{{43}}"
_TOKEN = re.compile(TOKEN)


def authenticate() -> Token | None:
    """The token of the current request, or None when it carries no Authorization header. Every read calls
    this.

    The primary is asked, so that a token which was made a moment ago works, and one which was revoked does not. While
    it cannot be reached, a replica is asked, which may not know yet that a token was revoked.

    Raises Unauthenticated for a header that is not a known, unrevoked token, and where reading is closed also
    for no header; RateLimited for an address that failed too often, whatever it sends now.
    """
    request = http.current()
    header: str | None = request.environ.get("HTTP_AUTHORIZATION")
    if header is None:
        if http.house().settings.read_token_required:
            raise _challenge("Reading this record needs a token: Authorization: Bearer onr_…", None)
        return None
    limits = http.house().limits
    address = limits.client_address(request.environ)
    limits.refuse_if_blocked(address)
    try:
        found = http.house().nodes.read(lambda database: _find(database.reader(), header), NEWEST)
    except _Unknown:
        limits.count_auth_failure(address)
        # The same words for a malformed, an unknown and a revoked token: the answer teaches nothing about
        # tokens.
        told = "The token is unknown or revoked. Send one as Authorization: Bearer onr_…"
        raise _challenge(told, "invalid_token") from None
    request.token = found
    return found


def present() -> Token:
    """The token of the current request, whatever its scopes: for what is a party's own. Raises Unauthenticated, and
    RateLimited as `authenticate`."""
    token = authenticate()
    if token is None:
        raise _challenge("This needs a token: Authorization: Bearer onr_…", None)
    return token


def require(*scopes: str) -> Token:
    """The token of the current request, which must have all of `scopes` (or `admin`); any will do for none. Every write
    calls this; it counts as one write of the token. Raises Unauthenticated, Forbidden or RateLimited, and
    ReadOnlyMirror for any token where this is a mirror."""
    if mirrored := http.house().settings.mirror_of:
        raise errors.ReadOnlyMirror.of(mirrored)
    token = present()
    for scope in scopes:
        if token.allows(scope):
            continue
        raise errors.Forbidden(
            f"The token lacks the scope {scope!r}; it has {' '.join(token.scopes) or 'none'}.",
            headers={"WWW-Authenticate": f'Bearer realm="onrecord", error="insufficient_scope", scope="{scope}"'},
        )
    http.house().limits.count_write(token.id)
    return token


class _Unknown(errors.Refusal):
    """No token that is not revoked."""


def _find(db: Connection, header: str) -> Token:
    """Looks the token up by its digest. Raises _Unknown.

    Comparing digests of 256 random bits in an index leaks nothing that helps a guesser, since he cannot choose a
    digest; so no comparison here has to take constant time.
    """
    bearer = _BEARER.fullmatch(header)
    found = keys.find_token(db, keys.digest_of(bearer[1])) if bearer and _TOKEN.fullmatch(bearer[1]) else None
    if found is None or found.revoked_at is not None:
        raise _Unknown("The token is unknown or revoked.")
    return found


def _challenge(detail: str, error: str | None) -> errors.Unauthenticated:
    challenge = 'Bearer realm="onrecord"' + (f', error="{error}"' if error else "")
    return errors.Unauthenticated(detail, headers={"WWW-Authenticate": challenge})
