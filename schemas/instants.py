"""The parameter `at`: a size of the log, or an instant (RFC 3339) as the ledger writes it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from schemas.vocabulary import REVISION_PATTERN

_INSTANT_PATTERN = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
AT_PATTERN = rf"^(({REVISION_PATTERN})|{_INSTANT_PATTERN})$"

_SIZE = re.compile(REVISION_PATTERN)
_INSTANT = re.compile(r"([0-9-]{10})[Tt]([0-9:]{8})(?:\.([0-9]+))?([Zz]|[+ -][0-9]{2}:[0-9]{2})")


def size_or_instant(text: str) -> int | str:
    """The size as an int, or the instant in UTC as YYYY-MM-DDTHH:MM:SS.mmmZ.

    Digits beyond the milliseconds are cut off: the ledger has none, so that the same entries come before
    either. Raises ValueError with a sentence for people.
    """
    if _SIZE.fullmatch(text):
        return int(text)
    match = _INSTANT.fullmatch(text) if len(text) <= 64 else None
    if match is None:
        raise ValueError(
            "`at` is a size of the log, as 120, or an instant with its offset, as 2026-11-24T10:00:00Z."
        )
    day, time, fraction, offset = match.groups()
    if offset[0] == " ":
        raise ValueError(
            "The + of the offset arrived as a blank: write %2B in an address, or give UTC with Z."
        )
    try:
        moment = datetime.strptime(f"{day}T{time}", "%Y-%m-%dT%H:%M:%S").replace(tzinfo=_zone(offset))
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"There is no such instant as {text}: check the day, the time and the offset."
        ) from None
    milliseconds = (fraction or "0")[:3].ljust(3, "0")
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}.{milliseconds}Z"


def _zone(offset: str) -> timezone:
    if offset in "Zz":
        return UTC
    hours, minutes = int(offset[1:3]), int(offset[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError("no such offset")
    delta = timedelta(hours=hours, minutes=minutes)
    return timezone(-delta if offset[0] == "-" else delta)
