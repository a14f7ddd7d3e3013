"""Whose data it is: what every file that leaves the record says of itself."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

NO_LICENSE = "No licence is stated: ask whoever runs this record."


class Provenance(NamedTuple):
    """Where the record is reached (scheme and host), the name of its log, the URL of its licence (or nothing), and how
    it wants to be credited (or nothing)."""

    base: str
    origin: str
    license: str
    attribution: str

    @property
    def terms(self) -> str:
        """The URL of the licence, or a sentence that says that there is none."""
        return self.license or NO_LICENSE

    @property
    def credit(self) -> str:
        """How the record wants to be credited: as its operator says, else by its name and address."""
        return self.attribution or f"{self.origin}, {self.base}"

    @property
    def mark(self) -> str:
        """A few characters that change with any of this: a part of the ETag of whatever has it in it."""
        return "-" + sha256("\n".join(self).encode()).hexdigest()[:8]
