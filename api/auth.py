"""Who is asking: the token in the Authorization header, and what it may do."""

from __future__ import annotations

import re

from api import errors, http
from api.storage import keys
from api.storage.keys import Token
from api.storage.log import Connection

_BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)
_TOKEN = re.compile(rf"{keys.PREFIX}[A-Za-z0-9_-]{{43}}")


def authenticate(db: Connection) -> Token | None:
    """The token of the current request, or None when it carries no Authorization header. Every read calls
    this.

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
    found = _find(db, header)
    if found is None or found.revoked_at is not None:
        limits.count_auth_failure(address)
        # The same words for a malformed, an unknown and a revoked token: the answer teaches nothing about
        # tokens.
        raise _challenge("The token is unknown or revoked. Send one as Authorization: Bearer onr_…", "invalid_token")
    request.token = found
    return found


def present(db: Connection) -> Token:
    """The token of the current request, whatever its scopes: for what is a party's own. Raises Unauthenticated, and
    RateLimited as `authenticate`."""
    token = authenticate(db)
    if token is None:
        raise _challenge("This needs a token: Authorization: Bearer onr_…", None)
    return token


def require(db: Connection, scope: str | None) -> Token:
    """The token of the current request, which must have `scope` (or `admin`); any will do for None. Every write calls
    this; it counts as one write of the token. Raises Unauthenticated, Forbidden or RateLimited, and ReadOnlyMirror for
    any token where this is a mirror."""
    if mirrored := http.house().settings.mirror_of:
        raise errors.ReadOnlyMirror.of(mirrored)
    token = present(db)
    if scope is not None and not token.allows(scope):
        raise errors.Forbidden(
            f"The token lacks the scope {scope!r}; it has {' '.join(token.scopes) or 'none'}.",
            headers={"WWW-Authenticate": f'Bearer realm="onrecord", error="insufficient_scope", scope="{scope}"'},
        )
    http.house().limits.count_write(token.id)
    return token


def _find(db: Connection, header: str) -> Token | None:
    """Looks the token up by its digest. Comparing digests of 256 random bits in an index leaks nothing that
    helps a guesser, since he cannot choose a digest; so no comparison here has to take constant time."""
    bearer = _BEARER.fullmatch(header)
    if bearer is None or not _TOKEN.fullmatch(bearer[1]):
        return None
    return keys.find_token(db, keys.digest_of(bearer[1]))


def _challenge(detail: str, error: str | None) -> errors.Unauthenticated:
    challenge = 'Bearer realm="onrecord"' + (f', error="{error}"' if error else "")
    return errors.Unauthenticated(detail, headers={"WWW-Authenticate": challenge})
