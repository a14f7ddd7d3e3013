"""Lists of documents: stored bytes joined by commas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

import orjson

from api.domain import words
from api.errors import InvalidRequest
from api.projection import publisher_facet
from api.reads import cursors
from api.storage import lists, log, search
from api.storage.lists import Row, Selection
from api.storage.log import Connection
from schemas.dates import OPEN_END, OPEN_START, Bounds, day


class Page(NamedTuple):
    """One page of a list: its items as JSON, and the cursor of the next page."""

    items: list[bytes]
    next: str | None


def rendered(page: Page, more: bytes = b"") -> bytes:
    """The JSON of a page; `more` are further members, each after a comma."""
    return b'{"items":[' + b",".join(page.items) + b'],"next":' + orjson.dumps(page.next) + more + b"}"


def by_number(db: Connection, facet: str, asked: Mapping[str, Any], at: int | None) -> bytes:
    """A list in the order in which its documents were recorded."""
    return rendered(_by_number(db, Selection((facet,), at=at), asked, newest_first=False))


def claims(db: Connection, asked: Mapping[str, Any], at: int | None) -> bytes:
    """The claims that have all that is asked for (see `schemas.claims.ClaimsQuery`)."""
    _check_known(db, asked)
    if asked.get("q") is not None:
        return _search(db, asked, at)
    first, last = _days(asked)
    chosen = Selection(tuple(_facets(asked)) or ("claims",), first, last, at)
    dated = first is not None or last is not None
    sort = asked.get("sort") or ("stated" if dated else "-recorded")
    newest_first = sort.startswith("-")
    if sort.endswith("recorded"):
        return rendered(_by_number(db, chosen, asked, newest_first))
    return rendered(_by_date(db, chosen, asked, newest_first))


def _days(asked: Mapping[str, Any]) -> tuple[int | None, int | None]:
    first, last = (day(asked[name]) if asked.get(name) else None for name in ("stated_from", "stated_to"))
    return first, last


def _by_number(db: Connection, chosen: Selection, asked: Mapping[str, Any], newest_first: bool) -> Page:
    kind = "-n" if newest_first else "n"
    after = cursors.decode(asked.get("cursor"), kind, int)
    rows = lists.by_number(db, chosen, after[0] if after else None, asked["limit"] + 1, newest_first)
    return _page(rows, asked["limit"], lambda row: cursors.encode(kind, row.no))


def _by_date(db: Connection, chosen: Selection, asked: Mapping[str, Any], newest_first: bool) -> Page:
    kind = "-d" if newest_first else "d"
    after = cursors.decode(asked.get("cursor"), kind, int, int, int)
    key = (after[0], after[1], after[2]) if after else None
    rows = lists.by_date(db, chosen, key, asked["limit"] + 1, newest_first)
    return _page(rows, asked["limit"], lambda row: cursors.encode(kind, row.earliest, row.latest, row.no))


def _page(rows: list[lists.Found], limit: int, cursor: Any) -> Page:
    shown = rows[:limit]
    return Page([row[-1] for row in shown], cursor(Row._make(shown[-1])) if len(rows) > limit else None)


def _facets(asked: Mapping[str, Any]) -> Iterable[str]:
    """The facets that are asked for, those first that usually have fewer rows: among large ones the first leads."""
    for name in ("reviewer", "tag"):
        if asked.get(name):
            yield f"{name}={asked[name]}"
    if asked.get("publisher"):
        yield publisher_facet(asked["publisher"])
    if asked.get("position"):
        yield f"position={asked['question']}/{asked['position']}"
    elif asked.get("question"):
        yield f"question={asked['question']}"
    for name in ("party", "rating", "status"):
        if asked.get(name):
            yield f"{name}={asked[name]}"


def _check_known(db: Connection, asked: Mapping[str, Any]) -> None:
    """Refuse the id of a party or question that is not on record: an empty list would hide the typing error."""
    for name, kind in (("party", "party"), ("reviewer", "party"), ("question", "question")):
        if asked.get(name):
            number(db, kind, asked[name], name)
    if asked.get("position"):
        _check_position(db, asked["question"], asked["position"])


def _check_position(db: Connection, question: str, position: str) -> None:
    found = log.document(db, f"question/{question}")
    known = [known["id"] for known in orjson.loads(found[1])["positions"]] if found else []
    if position not in known:
        detail = f"'{position}' is no position of '{question}': use one of {', '.join(known)}."
        raise InvalidRequest.of("/position", detail, "unknown-position")


def number(db: Connection, kind: str, identifier: str, parameter: str) -> int:
    """The number of the party or question that a parameter names. Raises InvalidRequest where there is none."""
    found = log.number(db, f"{kind}/{identifier}")
    if found is None:
        raise InvalidRequest.of(f"/{parameter}", f"No {kind} '{identifier}' is on record.", f"unknown-{kind}")
    return found


def _search(db: Connection, asked: Mapping[str, Any], at: int | None) -> bytes:
    """The claims that hold the words, best first. A page that follows another shows the record as the first
    page saw it."""
    after = cursors.decode(asked.get("cursor"), "q", int, int)
    size = log.head(db).size
    moment, skipped = (after[0], after[1]) if after else (size if at is None else at, 0)
    if moment > size:
        raise cursors.unfit()
    terms = words.asked(asked["q"])
    found = ranked(db, terms, tuple(_facets(asked)), _days(asked), moment if after or at is not None else None)
    shown = found.numbers[skipped : skipped + asked["limit"]]
    end = skipped + len(shown)
    items = [_found(db, number, terms, moment) for number in shown]
    page = Page(items, cursors.encode("q", moment, end) if end < len(found.numbers) else None)
    return rendered(page, b',"truncated":' + orjson.dumps(found.truncated))


class Ranked(NamedTuple):
    """The numbers of the claims that a search found, best first, and whether there were more than are ranked."""

    numbers: list[int]
    truncated: bool


def ranked(
    db: Connection,
    terms: list[words.Term],
    facets: tuple[str, ...],
    between: tuple[int | None, int | None],
    at: int | None,
) -> Ranked:
    """The claims that hold all the terms and all the facets, with the date of the facets certainly between two days."""
    if not terms:
        return Ranked([], False)
    first, last = between
    dated = first is not None or last is not None
    facets = facets or (("claims",) if dated else ())
    leading = lists.leading_terms(db, Selection(facets, at=at)) if facets else []
    if leading is None:
        return Ranked([], False)
    days = Bounds(first or OPEN_START, OPEN_END if last is None else last) if dated else None
    last = search.last_row(db, at)
    # Who leads may follow from it, and the scores do: each term is counted once.
    frequency = cache(lambda term: search.frequency(db, term, last))
    led = bool(leading) and search.leads(lists.count(db, leading[0], search.MANY + 1, at), terms, frequency)
    found, truncated = search.matches(db, terms, leading, led, last, at, days)
    # One term is as rare in every text that has it, so its rarity cannot change the order and is not counted.
    rarities = [1.0] if len(terms) == 1 else [words.rarity(frequency(term), last) for term in terms]
    scores = words.scores(terms, rarities, [match.words for match in found])
    order = sorted(zip(scores, found, strict=True), key=lambda scored: (-scored[0], -scored[1].no))
    return Ranked([match.no for _, match in order], truncated)


def _found(db: Connection, number: int, terms: list[words.Term], at: int) -> bytes:
    """A found claim's document with its snippet. Only what is shown is parsed, to mark the words in its text."""
    body = log.document_by_number(db, number, at)
    snippet = words.snippet(orjson.loads(body)["text"], terms)
    return body[:-1] + b',"snippet":' + orjson.dumps(snippet) + b"}"
