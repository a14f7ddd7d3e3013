"""The whole record in one file: what is in it is what is on record, for the readers that people have."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sqlite3
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from api import erasing
from api.errors import Busy
from api.interop import bulk, rows
from api.interop.moments import Moment
from api.interop.provenance import Provenance
from api.interop.rows import COLUMNS, cell
from api.storage import log, portable
from api.storage.portable import TooLarge
from api.storage.sqlite import Database
from tests.interop.vocabulary import faults
from tests.records import DESK, Recorder

WHOSE = Provenance("https://record.example", "record.example/log", "https://licence.example/by/4.0/", "The Record")


def stream(database: Database, form: str, size: int | None = None) -> bytes:
    """A whole file of a format that is a stream."""
    return b"".join(bulk.STREAMS[form].stream(Moment(database, size), WHOSE))


def table(database: Database, size: int | None = None) -> list[dict[str, str]]:
    """The rows of the CSV."""
    return list(csv.DictReader(io.StringIO(stream(database, "csv", size).decode(), newline=""), strict=True))


def lines(database: Database, size: int | None = None) -> list[dict[str, Any]]:
    """The lines of the NDJSON."""
    return [json.loads(line) for line in stream(database, "ndjson", size).splitlines()]


def opened(database: Database, path: Path) -> sqlite3.Connection:
    """The SQLite file, made and opened."""
    bulk.sqlite(path, Moment(database), WHOSE)
    return sqlite3.connect(path)


def test_ndjson_is_every_document(history: Database) -> None:
    """After the header each line is a document, byte for byte that of the API, and none is missing."""
    db = history.reader()
    head, *rest = stream(history, "ndjson").splitlines()
    about = json.loads(head)
    assert about["format"] == "onrecord/documents/v1"
    assert (about["size"], about["root"]) == (log.head(db).size, log.head(db).root.hex())
    assert (about["license"], about["attribution"]) == (WHOSE.license, "The Record")
    documents = [line for line in rest if not line.startswith(b'{"type":"contradiction"')]
    for line in documents:
        one = json.loads(line)
        found = log.document(db, f"{one['type']}/{one['document']['id']}")
        assert found is not None and line == b'{"type":"%s","document":%s}' % (one["type"].encode(), found[1])
    kinds = ("party", "question", "claim")
    subjects = db.execute("SELECT name FROM subjects").fetchall()
    assert len(documents) == sum(name.partition("/")[0] in kinds for (name,) in subjects)
    pairs = [json.loads(line)["document"]["claims"] for line in rest if line not in documents]
    assert len(pairs) == len({tuple(pair) for pair in pairs})
    assert {f"contradiction/{a}:{b}" for a, b in pairs} == {
        name for (name,) in subjects if name.startswith("contradiction/")
    }


def test_csv_has_a_row_for_each_verdict(history: Database) -> None:
    """A reader of CSV finds each verdict once, and each claim that has none once, with the licence in each row."""
    rows = table(history)
    claims = [line["document"] for line in lines(history) if line.get("type") == "claim"]
    expected = [(claim["id"], one["id"]) for claim in claims for one in claim["verdicts"] or [{"id": ""}]]
    assert [(row["claim"], row["verdict"]) for row in rows] == expected
    assert all(row.keys() == set(COLUMNS) for row in rows)
    assert {(row["license"], row["attribution"]) for row in rows} == {(WHOSE.license, "The Record")}
    by_id = {claim["id"]: claim for claim in claims}
    for row in rows:
        claim = by_id[row["claim"]]
        assert row["text"] == cell(claim["text"]) and row["claim_status"] == claim["status"]
        assert row["stated_on"] == (claim["stated_on"] or "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+41", "'+41"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("＝1", "'＝1"),
        ("'=1", "''=1"),
        ("'Tis so", "'Tis so"),
        ("a=1", "a=1"),
        (" =1", " =1"),
        ("", ""),
        (None, ""),
        (True, "true"),
        (0, "0"),
    ],
)
def test_no_cell_is_a_formula(text: Any, shown: str) -> None:
    """An apostrophe stands before what a spreadsheet would compute; taking one away there gives the text back."""
    assert cell(text) == shown


def test_csv_keeps_line_breaks_quotes_and_scripts(database: Database, record: Recorder) -> None:
    """Whatever a text holds comes back out of a reader, and stays in its own cell."""
    record.party("agency")
    record.party(DESK)
    nasty = 'First "line",\r\nsecond; 東京\u2028\n=HYPERLINK("https://evil.example")'
    record.verdict(record.claim(nasty, "agency"), label="=1", explanation="a,b\n")
    [row] = table(database)
    assert (row["text"], row["label"], row["explanation"]) == (nasty, "'=1", "a,b\n")


def test_an_imported_verdict_has_its_mapping() -> None:
    """A label that no mapping knows is there without a rating."""
    seen = {"id": "1", "text": "Words.", "withdrawn": None, "erased": None, "tags": [], "stances": []}
    ruled = {"id": "2", "rating": None, "label": "Eh", "explanation": None, "mapping": "labels/1", "reviewer": "desk"}
    ruled |= {"reviewed_on": None, "stale": False, "url": None, "title": None, "status": "standing"}
    ruled |= {"recorded_at": "", "retraction": None, "erased": None, "evidence": []}
    whole = seen | {"appearances": [], "status": "unreviewed", "recorded_at": "", "verdicts": [ruled]}
    whole["attribution"] = {"speaker": "agency", "on_behalf_of": None}
    [row] = rows.csv_rows(whole, lambda party_id: None, {})
    found = dict(zip(COLUMNS, row, strict=True))
    assert (found["rating"], found["mapping"], found["label"]) == ("", "labels/1", "Eh")
    [verdict] = rows.claim_rows(whole)["verdicts"]
    assert (verdict["rating"], verdict["mapping"]) == (None, "labels/1")


def test_sqlite_has_every_row(history: Database, tmp_path: Path) -> None:
    """The file is sound, every reference in it leads somewhere, and its rows are the documents."""
    db = opened(history, tmp_path / "export.sqlite")
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    about = dict(db.execute("SELECT name, value FROM about").fetchall())
    assert (about["license"], about["attribution"]) == (WHOSE.license, "The Record")
    claims = [line["document"] for line in lines(history) if line.get("type") == "claim"]
    assert db.execute("SELECT id, text, status, stated_on FROM claims ORDER BY rowid").fetchall() == [
        (claim["id"], claim["text"], claim["status"], claim["stated_on"]) for claim in claims
    ]
    verdicts = [one for claim in claims for one in claim["verdicts"]]
    assert db.execute("SELECT id, claim, rating, status, stale FROM verdicts ORDER BY rowid").fetchall() == [
        (one["id"], one["claim"], one["rating"], one["status"], one["stale"]) for one in verdicts
    ]
    counts = {name: db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in portable.TABLES}
    db.close()
    assert counts["appearances"] == sum(len(claim["appearances"]) for claim in claims)
    assert counts["evidence"] == sum(len(one["evidence"]) for one in verdicts)
    assert counts["stances"] == sum(len(claim["stances"]) for claim in claims) > 0
    assert counts["assessments"] > 0 and counts["positions"] > 0


def test_datasette_reads_the_file(dhs: Database, tmp_path: Path) -> None:
    """Datasette opens the file, answers with a row of it, and follows its references."""
    from datasette.app import Datasette

    bulk.sqlite(tmp_path / "record.db", Moment(dhs), WHOSE)

    async def asked() -> tuple[Any, Any]:
        served = Datasette([str(tmp_path / "record.db")])
        await served.invoke_startup()
        query = "select rating, p.name from verdicts v join parties p on p.id = reviewer where claim like '%744AK'"
        answers = (
            await served.client.get("/record/claims/01M6A6FT1V7023F1KX5X0744AK.json?_shape=objects"),
            await served.client.get("/record.json", params={"sql": query, "_shape": "array"}),
        )
        for database in served.databases.values():
            database.close()
        return answers[0].json(), answers[1].json()

    row, joined = asyncio.run(asked())
    assert row["rows"][0]["text"].startswith("Secure Communities is not voluntary")
    assert row["rows"][0]["speaker"] == "dhs-official-2011-04"
    assert joined == [{"rating": "false", "name": "Example Desk"}]


def test_claimreview_is_one_feed(history: Database) -> None:
    """It is a sound DataFeed with every verdict; one has a rating if and only if it stands on words that are shown."""
    feed = json.loads(stream(history, "claimreview"))
    assert faults(feed) == [] and feed["license"] == WHOSE.license and feed["creditText"] == "The Record"
    items = feed["dataFeedElement"]
    found = history.reader().execute("SELECT count(*) FROM subjects WHERE name LIKE 'verdict/%'").fetchone()
    assert len({item["item"]["@id"] for item in items}) == len(items) == found[0] > 0
    for item in items:
        review = item["item"]
        assert ("reviewRating" in review) == ("dateDeleted" not in item) == ("creativeWorkStatus" not in review)
        assert "reviewRating" in review or review["correction"][0]["text"]
        assert "[erased]" not in json.dumps(item)


def test_an_empty_record_is_a_file_too(database: Database, tmp_path: Path) -> None:
    """Without any entry each file is still what it is."""
    assert table(database) == [] and len(lines(database)) == 1
    assert json.loads(stream(database, "claimreview"))["dataFeedElement"] == []
    db = opened(database, tmp_path / "export.sqlite")
    assert db.execute("SELECT count(*) FROM claims").fetchone() == (0,)
    db.close()


@pytest.mark.parametrize("form", bulk.STREAMS)
def test_a_file_is_of_one_moment(database: Database, record: Recorder, form: str) -> None:
    """What is written while the file is read is not in it; it is the file that one asks for by that size later."""
    record.party("agency")
    record.party(DESK)
    with record.together():
        claims = [record.claim(f"Claim {i}.", "agency") for i in range(450)]
        verdicts = [record.verdict(claim) for claim in claims[:300]]
    size = log.head(database.reader()).size
    before = stream(database, form)
    chunks = bulk.STREAMS[form].stream(Moment(database), WHOSE)
    read = next(chunks) + next(chunks)
    record.amend_claim(claims[440], text="Other words.")
    record.withdraw(claims[430])
    record.retract(verdicts[290])
    record.verdict(record.claim("One more.", "agency"))
    record.amend_party("agency", name="The Agency")
    assert read + b"".join(chunks) == before == stream(database, form, size) != stream(database, form)


def test_an_erasure_ends_a_file(database: Database, record: Recorder) -> None:
    """Words that were erased while it was read are not followed by others, as if nothing had been."""
    record.party("agency")
    with record.together():
        claims = [record.claim(f"Claim {i}.", "agency") for i in range(450)]
    chunks = bulk.STREAMS["csv"].stream(Moment(database), WHOSE)
    next(chunks), next(chunks)
    erasing.erase(database, f"claim/{claims[0]}", "By order.", DESK)
    with pytest.raises(Busy, match="erased"):
        next(chunks)
    assert "Claim 0." not in stream(database, "csv").decode()


def test_memory_does_not_grow_with_the_record(database: Database, record: Recorder, tmp_path: Path) -> None:
    """Three times the claims take no more memory, whatever the format."""
    record.party("agency")

    def peaks() -> list[int]:
        found = []
        for form in (*bulk.STREAMS, "sqlite"):
            tracemalloc.start()
            if form == "sqlite":
                bulk.sqlite(tmp_path / f"{len(list(tmp_path.iterdir()))}.sqlite", Moment(database), WHOSE)
            else:
                for _ in bulk.STREAMS[form].stream(Moment(database), WHOSE):
                    pass
            found.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        return found

    def write(numbers: range) -> None:
        with record.together():
            for i in numbers:
                record.claim(f"Claim {i}.", "agency", context="Words. " * 150)

    write(range(600))
    peaks()
    small = peaks()
    write(range(600, 1800))
    large = peaks()
    assert all(after < before * 1.3 for before, after in zip(small, large, strict=True)), (small, large)


def test_a_file_that_is_too_large_is_none(dhs: Database, tmp_path: Path) -> None:
    """The file grows no further than is allowed."""
    path = tmp_path / "export.sqlite"
    with pytest.raises(TooLarge):
        bulk.sqlite(path, Moment(dhs), WHOSE, most=100_000)
    assert path.stat().st_size <= 100_000


def test_without_a_licence_every_file_says_so(dhs: Database) -> None:
    """Nobody has to guess whether there is one."""
    whose = Provenance("https://record.example", "record.example/log", "", "")
    for name, form in bulk.STREAMS.items():
        text = b"".join(form.stream(Moment(dhs), whose)).decode()
        assert "No licence is stated" in text and "record.example/log, https://record.example" in text, name
