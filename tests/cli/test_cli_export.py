"""`onrecord export --format`: the record as others read it, to a file or to standard output."""

from __future__ import annotations

import csv
import io
import json
import sqlite3

from tests.cli.conftest import Shell
from tests.interop.vocabulary import faults


def test_without_a_format_it_is_the_ledger(full: Shell) -> None:
    """Nothing changes for whoever names none: a header and every entry, as with `--format ledger`."""
    done = full("export")
    assert done.status == 0 and done.out == full("export", "--format", "ledger").out
    header, *entries = [json.loads(line) for line in done.out.splitlines()]
    assert header["format"] == "onrecord/export/v1" and header["size"] == len(entries) == full.head.size


def test_each_format_to_a_file_and_to_standard_output(full: Shell) -> None:
    """Both are the same bytes, and whoever wrote a file is told how much is in it."""
    for form in ("csv", "ndjson", "claimreview"):
        path = full.folder / f"out.{form}"
        done = full("export", path, "--format", form)
        assert done.status == 0 and done.out == f"Wrote the record of {full.head.size} entries to {path}.\n"
        # The runner reads line ends as a terminal shows them.
        written = path.read_bytes().replace(b"\r\n", b"\n")
        assert written == full("export", "--format", form).out.encode()


def test_the_files_are_what_they_are_called(full: Shell) -> None:
    """Readers of each format take them, and find the licence and the attribution of the settings."""
    settings = {
        "ONRECORD_LICENSE": "https://licence.example/by",
        "ONRECORD_ATTRIBUTION": "The Record",
        "ONRECORD_PUBLIC_URL": "https://record.example",
    }
    terms = {"license": "https://licence.example/by", "attribution": "The Record"}
    out = {form: full("export", "--format", form, **settings).out for form in ("csv", "ndjson", "claimreview")}
    rows = list(csv.DictReader(io.StringIO(out["csv"], newline="")))
    assert len(rows) == 100 and all(terms.items() <= row.items() for row in rows)
    about = json.loads(out["ndjson"].splitlines()[0])
    assert terms.items() <= about.items() and about["source"] == "https://record.example"
    feed = json.loads(out["claimreview"])
    assert faults(feed) == [] and feed["license"] == terms["license"] and feed["creditText"] == "The Record"
    assert full("export", full.folder / "x.sqlite", "--format", "sqlite", **settings).status == 0
    db = sqlite3.connect(full.folder / "x.sqlite")
    assert terms.items() <= dict(db.execute("SELECT name, value FROM about").fetchall()).items()
    db.close()


def test_what_cannot_be_written(full: Shell) -> None:
    """A database needs a file, a file that is there is left alone, and a format must be one of them."""
    done = full("export", "--format", "sqlite")
    assert (done.status, done.out) == (1, "") and "name a FILE" in done.err
    there = full.write("there.csv", b"kept")
    for form in ("csv", "sqlite"):
        done = full("export", there, "--format", form)
        assert done.status == 1 and "exists" in done.err and there.read_bytes() == b"kept"
    assert full("export", "--format", "excel").status == 2
    assert [path.name for path in full.folder.iterdir() if "part" in path.name] == []


def test_a_reader_may_have_heard_enough(full: Shell) -> None:
    """`onrecord export --format ndjson | head` ends quietly."""
    with full.start("export", "--format", "ndjson") as process:
        assert process.stdout and process.stdout.read(10)
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(timeout=60)
    assert err == b""


def test_a_broken_record_is_no_traceback(bare: Shell) -> None:
    """Without a database there is one line that says so, and no file."""
    done = bare("export", bare.folder / "x.csv", "--format", "csv")
    assert done.status == 1 and "migrate" in done.err and not (bare.folder / "x.csv").exists()
