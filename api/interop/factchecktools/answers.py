"""A claim and its reviews as Google's API answers them, made from the documents of the record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from api.domain import reviewed
from api.errors import InvalidRequest
from api.storage import log
from api.storage.log import Connection

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Wanted(NamedTuple):
    """Which reviews are asked for: those on a site, those in a language (see `reviewed.language`); None is any."""

    site: str | None = None
    language: str | None = None


class Record:
    """The record as it stood when the log had `at` entries (None: as it stands), reached at `base`."""

    def __init__(self, db: Connection, at: int | None, base: str) -> None:
        self.db, self.at, self.base = db, at, base
        self._names: dict[str, str | None] = {}

    def name(self, party_id: str) -> str | None:
        """The name of a party."""
        if party_id not in self._names:
            found = log.document(self.db, f"party/{party_id}", self.at)
            self._names[party_id] = orjson.loads(found[1])["name"] if found else None
        return self._names[party_id]

    def document(self, number: int) -> dict[str, Any]:
        """The document of a claim or verdict, by its number."""
        found: dict[str, Any] = orjson.loads(log.document_by_number(self.db, number, self.at))
        return found


def claim(document: dict[str, Any], record: Record, wanted: Wanted) -> dict[str, Any] | None:
    """A claim with those of its standing reviews that are wanted; None where it has none of these."""
    reviews = [review(verdict, record) for verdict in document["verdicts"] if _is_wanted(verdict, wanted)]
    if not reviews:
        return None
    return filled(
        text=document["text"],
        claimant=record.name(document["attribution"]["speaker"]),
        claimDate=instant(document["stated_on"]),
        claimReview=reviews,
    )


def review(verdict: dict[str, Any], record: Record) -> dict[str, Any]:
    """A review. One that was published nowhere else stands here, and then has no site of its reviewer's."""
    return filled(
        publisher=filled(name=record.name(verdict["reviewer"]), site=reviewed.site(verdict["url"])),
        url=verdict["url"] or f"{record.base}/v1/verdicts/{verdict['id']}",
        title=verdict["title"],
        reviewDate=instant(verdict["reviewed_on"]),
        textualRating=textual_rating(verdict),
        languageCode=verdict["language"],
    )


def textual_rating(verdict: Mapping[str, Any]) -> str | None:
    """The rating as the reviewer words it, else as we do: `mostly_true` -> `Mostly true`."""
    rating: str | None = verdict.get("rating")
    label: str | None = verdict.get("label")
    return label or (rating.replace("_", " ").capitalize() if rating else None)


def instant(edtf: str | None) -> str | None:
    """A day as the instant at which it begins in UTC, which is how Google gives dates; None for all that is less exact
    than a day, since the format has no way to say so."""
    return f"{edtf}T00:00:00Z" if edtf and _DAY.fullmatch(edtf) else None


def asked_site(asked: Mapping[str, Any], parameter: str) -> str | None:
    """The site that a parameter asks for, however it is written: `https://www.site.example/` is `site.example`. None
    without it. Raises InvalidRequest."""
    given: str | None = asked.get(parameter)
    if given is None:
        return None
    site = reviewed.site(given if "://" in given else f"https://{given}")
    if site is None:
        detail = "This is no site: write its host, such as factcheck.example."
        raise InvalidRequest.of(f"/{parameter}", detail, "site")
    return site


def filled(**members: Any) -> dict[str, Any]:
    """The members that are not empty."""
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}


def _is_wanted(verdict: dict[str, Any], wanted: Wanted) -> bool:
    return (
        verdict["status"] == "standing"
        and wanted.site in (None, reviewed.site(verdict["url"]))
        and (wanted.language is None or reviewed.is_in(verdict["language"], wanted.language))
    )
