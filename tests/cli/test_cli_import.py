"""`onrecord import`: what is recorded, what is there already, what is refused, and what a killed one leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from api import ledger, verification
from api.cli.pipeline import SMALL, Job, batches
from api.domain import claims, questions
from api.importing import Loader
from api.storage import log
from api.storage.sqlite import Database
from schemas.dates import bounds
from tests.bench import synthetic
from tests.cli.conftest import SECONDS, Done, Shell, claim
from tests.records import APPEARANCE, DESK, OPERATOR, Recorder, dump, every_table, fixed_source, ulid, write_many

FIXTURES = Path(__file__).parents[2] / "fixtures"
COUNTS = {"parties": 84, "questions": 2, "claims": 100, "verdicts": 7, "assessments": 7}


def load_fixtures(shell: Shell) -> list[Done]:
    done = []
    for kind in COUNTS:
        name = ("--as", DESK) if kind in ("claims", "verdicts", "assessments") else ()
        done.append(shell("import", FIXTURES / f"{kind}.ndjson", *name))
    return done


def test_import_of_the_example_data_and_again(bare: Shell) -> None:
    """Every file is taken whole, by its name; a second time everything is there already, and nothing changes."""
    bare.database.migrate()
    for done, count in zip(load_fixtures(bare), COUNTS.values(), strict=True):
        assert done == Done(0, f"{count} recorded, 0 already there, 0 refused.\n", "")
    before = bare.head
    for done, count in zip(load_fixtures(bare), COUNTS.values(), strict=True):
        assert done == Done(0, f"0 recorded, {count} already there, 0 refused.\n", "")
    assert bare.head == before
    assert before.size == sum(COUNTS.values())


def test_import_acts_in_the_name_given(shell: Shell) -> None:
    """Without --as the command line itself is the actor."""
    shell("import", shell.write("a.ndjson", [claim("One.")]))
    shell("import", shell.write("b.ndjson", [claim("Two.")]), "--as", DESK)
    actors = [sealed.actor for sealed in log.sealed_entries(shell.database.reader(), 3)]
    assert actors == [OPERATOR, DESK]


def test_import_reports_each_refused_line(shell: Shell) -> None:
    """A refused line is reported with its number, place and reason, whatever refused it; the others are recorded."""
    lines = [
        json.dumps(claim("One.")),
        '{"text": "twice", "text": "twice"}',
        json.dumps(claim("", colour="red")),
        "",
        json.dumps(claim("By nobody.", attribution={"speaker": "nobody"})),
        "[1]",
        json.dumps(claim("Two.", stances=[{"question": "q-join", "position": "maybe"}])),
        json.dumps(claim("Three.")),
    ]
    done = shell("import", shell.write("mine.ndjson", "\n".join(lines).encode()))
    assert done.status == 1
    assert done.out == "2 recorded, 0 already there, 5 refused.\n"
    places = [": ".join(line.split(": ")[:2]) for line in done.err.splitlines()]
    assert places == [
        "line 2: /text",
        "line 3: /text",
        "line 3: /colour",
        "line 5: /attribution/speaker",
        "line 6: This is a list",
        "line 7: /stances/0/position",
    ]
    assert "'nobody'" in done.err


def test_import_of_csv_names_columns(shell: Shell) -> None:
    """A refused row of a table is reported by its line and column."""
    table = "text,wording,speaker,url,stated_on\nOne.,direct,agency,https://a.example/,2011\nTwo.,direct,nobody,x,2011-02-30\n"
    done = shell("import", shell.write("claims.csv", table.encode()))
    assert done.status == 1
    assert done.out == "1 recorded, 0 already there, 1 refused.\n"
    assert [": ".join(line.split(": ")[:2]) for line in done.err.splitlines()] == ["line 3: url", "line 3: stated_on"]


def test_import_of_a_json_array(shell: Shell) -> None:
    """An array is as good as lines."""
    done = shell("import", shell.write("mine.json", json.dumps([claim("One."), claim("Two.")], indent=2).encode()))
    assert done == Done(0, "2 recorded, 0 already there, 0 refused.\n", "")


def test_import_of_the_same_again(shell: Shell) -> None:
    """The same id with the same content, or the same words by the same speaker, are there already, within one file
    too; an id with other content is refused."""
    first = claim("One.", id=ulid(1))
    lines = [first, first, claim("“One”"), claim("Other words.", id=ulid(1)), claim("Two.")]
    done = shell("import", shell.write("mine.ndjson", lines))
    assert done.out == "2 recorded, 2 already there, 1 refused.\n"
    assert done.err.startswith("line 4: /id: Taken by /v1/claims/")


def test_import_leaves_what_was_changed_since(shell: Shell) -> None:
    """A claim or party that was corrected after an import stays as it is when the import is repeated."""
    path = shell.write("mine.ndjson", [claim("One.", id=ulid(1))])
    parties = shell.write("parties.ndjson", [{"id": "office", "name": "Office", "kind": "organization"}])
    shell("import", path)
    shell("import", parties)
    record = Recorder(shell.database)
    record.amend_claim(ulid(1), text="One, corrected.")
    record.amend_party("office", name="Bureau")
    before = shell.head
    for again in (path, parties):
        assert shell("import", again) == Done(0, "0 recorded, 1 already there, 0 refused.\n", "")
    assert shell.head == before


def test_import_refuses_a_party_with_other_content(shell: Shell) -> None:
    """A party or question whose id is taken by another one is refused."""
    parties = shell.write("parties.ndjson", [{"id": "agency", "name": "Another", "kind": "person"}])
    assert shell("import", parties).out == "0 recorded, 0 already there, 1 refused.\n"
    positions = [{"id": "yes", "label": "Yes"}, {"id": "no", "label": "No"}]
    questions = shell.write("questions.ndjson", [{"id": "q-join", "text": "Else?", "positions": positions}])
    assert shell("import", questions).out == "0 recorded, 0 already there, 1 refused.\n"


VERDICT = {"claim": ulid(1), "rating": "false", "evidence": [APPEARANCE]}


def test_import_of_verdicts(shell: Shell) -> None:
    """A verdict names its claim; one without an id is known again by what it says; another one on top of it is
    refused."""
    Recorder(shell.database).claim("One.", "agency", id=ulid(1))
    path = shell.write("verdicts.ndjson", [VERDICT])
    assert shell("import", path, "--as", DESK).out == "1 recorded, 0 already there, 0 refused.\n"
    assert shell("import", path, "--as", DESK).out == "0 recorded, 1 already there, 0 refused.\n"
    other = [VERDICT | {"rating": "true"}, VERDICT | {"claim": ulid(2)}, {"rating": "true", "evidence": [APPEARANCE]}]
    done = shell("import", shell.write("verdicts.ndjson", other), "--as", DESK)
    assert done.out == "0 recorded, 0 already there, 3 refused.\n"
    assert [line.split(": ")[0] for line in done.err.splitlines()] == ["line 1", "line 2", "line 3"]
    assert f"No claim '{ulid(2)}'" in done.err
    assert "line 3: /claim: " in done.err


def test_import_of_assessments_that_changed(shell: Shell) -> None:
    """An assessment that its reviewer ever made is there already, even where another came after it."""
    record = Recorder(shell.database)
    for number, position in ((1, "free"), (2, "bound")):
        record.claim(f"Claim {number}.", "agency", {"q-join": position}, id=ulid(number))
    pair = {"claims": [ulid(2), ulid(1)]}
    path = shell.write("x.ndjson", [pair | {"assessment": "shift"}, pair | {"assessment": "reversal"}])
    words = ("import", path, "--kind", "assessments", "--as", DESK)
    assert shell(*words).out == "2 recorded, 0 already there, 0 refused.\n"
    assert shell(*words).out == "0 recorded, 2 already there, 0 refused.\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["verdicts.ndjson"], "--as PARTY"),
        (["claims.ndjson", "--as", "nobody"], "No party 'nobody'"),
        (["claims.txt"], "--format"),
        (["verdicts.csv", "--as", DESK], "CSV is for claims only"),
        (["missing.ndjson"], "No such file"),
        (["claims.ndjson", "--kind", "rumours"], "'rumours' is not one of"),
    ],
)
def test_import_that_cannot_begin(shell: Shell, words: list[str], told: str) -> None:
    """What is wrong with the command itself is one line, and nothing is recorded."""
    for name in ("verdicts.ndjson", "claims.ndjson", "claims.txt", "verdicts.csv"):
        shell.write(name, [claim("One.")])
    before = shell.head
    done = shell("import", shell.folder / words[0], *words[1:])
    assert done.status in (1, 2)
    assert done.err.startswith("Error: ")
    assert done.err.count("\n") == 1
    assert told in done.err
    assert shell.head == before


def made_up(database: Database, source: ledger.Source) -> None:
    record = Recorder(database, source)
    for party in synthetic.parties():
        body = dict(party)
        record.party(body.pop("id"), **body)
    for question in synthetic.questions():
        record.append(partial(questions.record, question))


def test_import_leaves_the_same_bytes_as_single_writes(shell: Shell, tmp_path: Path) -> None:
    """Row for row, an import makes the database that recording each claim in its own turn makes."""
    bodies: list[dict[str, Any]] = [body | {"id": ulid(i)} for i, body in enumerate(synthetic.claims(120))]
    bodies[40]["variants"] = [{"text": "Ein Ähnliches, 東京"}]
    bodies[50] |= {"disclosed_on": "2012", "context": "Later.", "stated_on": "2011-04/.."}
    bodies[60]["attribution"] |= {"on_behalf_of": "agency", "role": 'chief "of" staff'}
    del bodies[70]["stances"], bodies[70]["stated_on"]
    single, source, other = Database(tmp_path / "single.db"), fixed_source(), fixed_source()
    bulk = Database(tmp_path / "bulk.db")
    for database, its in ((single, source), (bulk, other)):
        database.migrate()
        made_up(database, its)
        Recorder(database, its).party("agency")
    # A file of claims is recorded in the order of their dates.
    for body in sorted(bodies, key=lambda body: bounds(body.get("stated_on"))):
        write_many(single, [(partial(claims.record, body, body["id"]), OPERATOR)], source)
    path = shell.write("claims.ndjson", bodies)
    with path.open("rb") as stream, Loader(bulk, "claims", OPERATOR, other) as loader:
        for batch in batches(stream, Job("ndjson", "claims", 100_000)):
            assert loader.load(batch.items[:70]) == loader.load(batch.items[70:]) == []
    assert loader.counts.recorded == 120
    tables = every_table(single)
    assert dump(bulk, tables) == dump(single, tables)
    single.close()
    bulk.close()


@pytest.fixture
def many(shell: Shell) -> tuple[Path, int]:
    """A file large enough to be prepared by a process of its own, and how many claims it has."""
    made_up(shell.database, fixed_source())
    count = 2_500
    path = shell.write("many.ndjson", synthetic.claims(count))
    assert path.stat().st_size > SMALL
    return path, count


def test_import_of_a_large_file_and_of_standard_input(shell: Shell, many: tuple[Path, int]) -> None:
    """A large file is taken whole, and again from standard input, where it is known again; what comes of it
    verifies."""
    path, count = many
    assert shell.apart("import", path) == Done(0, f"{count:,} recorded, 0 already there, 0 refused.\n", "")
    with path.open("rb") as stream:
        done = shell.apart("import", "-", stdin=stream)
    assert done == Done(0, f"0 recorded, {count:,} already there, 0 refused.\n", "")
    with shell.database.snapshot() as db:
        assert verification.verify(db) is None


def test_import_that_is_killed_is_completed_by_the_next(shell: Shell, many: tuple[Path, int]) -> None:
    """kill -9 in the middle leaves a log that verifies, with whole turns in it, and a second run records the rest."""
    path, count = many
    before = shell.head.size
    with shell.start("import", path) as process:
        end = time.monotonic() + SECONDS
        while shell.head.size < before + 100:
            assert process.poll() is None and time.monotonic() < end
        os.kill(process.pid, signal.SIGKILL)
    recorded = shell.head.size - before
    assert 100 <= recorded < count
    with shell.database.snapshot() as db:
        assert verification.verify(db) is None
    done = shell.apart("import", path)
    assert done == Done(0, f"{count - recorded:,} recorded, {recorded:,} already there, 0 refused.\n", "")
    assert shell.apart("verify").status == 0


def test_import_that_is_interrupted_says_how_far_it_got(shell: Shell, many: tuple[Path, int]) -> None:
    """Ctrl-C ends it between two turns or takes a turn back, and the line says that it can be run again."""
    path, _ = many
    before = shell.head.size
    with shell.start("import", path) as process:
        end = time.monotonic() + SECONDS
        while shell.head.size < before + 100:
            assert process.poll() is None and time.monotonic() < end
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    counts = f"{shell.head.size - before:,} recorded, 0 already there, 0 refused"
    assert err.decode() == f"Error: Interrupted: {counts}. Run it again to go on.\n"
    with shell.database.snapshot() as db:
        assert verification.verify(db) is None


def test_import_whose_reader_dies_says_how_far_it_got(shell: Shell, many: tuple[Path, int]) -> None:
    """Where the process that reads and checks the file is killed, what was recorded stays and is counted."""
    path, _ = many
    before = shell.head.size
    with shell.start("import", "-", stdin=subprocess.PIPE) as process:
        assert process.stdin and process.stderr
        process.stdin.write(path.read_bytes())
        process.stdin.flush()
        end = time.monotonic() + SECONDS
        while shell.head.size < before + 100:
            assert process.poll() is None and time.monotonic() < end
        reader = max(map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()))
        os.kill(reader, signal.SIGKILL)
        err = process.stderr.read().decode()
        process.stdin.close()
    assert process.returncode == 1
    assert err.startswith("Error: The process that reads the file has died: ")
    assert f"{shell.head.size - before:,} recorded" in err
    assert err.count("\n") == 1
