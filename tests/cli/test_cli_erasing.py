"""`onrecord erase`: who may, what it asks, what it refuses, and what it says when the file cannot be cleaned."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.request import Request, urlopen

import pytest

from api import ledger
from api.storage import keys, log, sqlite
from api.storage.sqlite import Database
from tests.cli.conftest import Done, Shell, claim
from tests.cli.test_cli_serving import served
from tests.records import Recorder, dump, every_table, ulid

WHY = "Exampleton district court, 12/2026."
CLAIM = f"claim/{ulid(900)}"
CLEAN = "The database file and its write-ahead log were written anew without it. Backups from before have it.\n"


@pytest.fixture
def said(shell: Shell) -> Shell:
    """A record with words to be erased: entry 3, amended by entry 4, judged by entry 5, paired by entry 7."""
    record = Recorder(shell.database)
    record.claim("Zebulon took it.", "agency", {"q-join": "free"}, id=ulid(900))
    record.amend_claim(ulid(900), context="Zebulon again.")
    record.verdict(ulid(900), id=ulid(901), explanation="Zebulon did not.")
    record.claim("Nobody took it.", "agency", {"q-join": "bound"}, id=ulid(902))
    record.assess(ulid(902), ulid(900))
    return shell


def token(shell: Shell, *scopes: str) -> str:
    """A new token of "example-desk"."""
    with shell.database.turn() as db:
        _, secret = keys.create_token(db, party="example-desk", scopes=scopes, note=None, now="2026-11-24")
    return secret


def erase(shell: Shell, *words: str, scope: str = "admin") -> Done:
    """Erase with a token of this scope, without being asked."""
    return shell("erase", *words, "--yes", ONRECORD_TOKEN=token(shell, scope))


def refused(shell: Shell, done: Done, told: str) -> None:
    """One line that says why, and nothing was erased."""
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("Error: ") and told in done.err and done.err.count("\n") == 1
    assert shell.head.size == 8


def test_it_says_what_it_did(said: Shell) -> None:
    """What went, which entry says so, and what may repeat the words."""
    done = erase(said, CLAIM, "--reason", WHY)
    assert (done.status, done.err) == (0, "")
    assert done.out == (
        f"Erased from the record: {CLAIM}, entries 3, 4. Entry 8 says so.\n"
        f"These may repeat the words, and are as they were: verdict/{ulid(901)},"
        f" contradiction/{ulid(900)}:{ulid(902)}.\n{CLEAN}"
    )
    sealed = next(log.sealed_entries(said.database.reader(), 8))
    assert (sealed.kind, sealed.subject, sealed.actor) == ("payload.erased", CLAIM, "example-desk")
    assert json.loads(sealed.payload or b"")["reason"] == WHY
    assert said("verify").out.startswith("9 entries verify.")


def test_export_has_what_stays(said: Shell) -> None:
    """An erased entry is exported with its hashes, without payload and salt, and with the reason."""
    before = [line for line in said("export").out.splitlines() if '"index":3,' in line]
    erase(said, CLAIM, "--entry", "3", "--reason", WHY)
    (line,) = [line for line in said("export").out.splitlines() if '"index":3,' in line]
    was, now = json.loads(before[0]), json.loads(line)
    assert (now["payload"], now["salt"], now["erased"]["reason"]) == (None, None, WHY)
    gone = {"payload", "salt", "erased"}
    assert {name: now[name] for name in now if name not in gone} == {
        name: was[name] for name in was if name not in gone
    }


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        (f"verdict/{ulid(901)}", "entry 5"),
        (f"contradiction/{ulid(900)}~{ulid(902)}", "entry 7"),
        (f"contradiction/{ulid(902)}:{ulid(900)}", "entry 7"),
        ("party/agency", "entry 0"),
        ("question/q-join", "entry 2"),
    ],
)
def test_every_kind_of_subject(said: Shell, subject: str, number: str) -> None:
    """A subject is named as in the feed; of a contradiction the order and the address will do as well."""
    done = erase(said, subject, "--reason", WHY)
    assert (done.status, done.err) == (0, "")
    assert f", {number}. Entry 8 says so.\n" in done.out


REFUSED = {
    "no reason": ([CLAIM], "admin", "Say why, such as the court and the number of the order: --reason TEXT."),
    "blank reason": ([CLAIM, "--reason", " "], "admin", "Say why"),
    "long reason": ([CLAIM, "--reason", "x" * 10_001], "admin", "The reason cannot be used."),
    "no subject": (["--reason", WHY], "admin", "What is to be erased? Name it as the changes do: party/ID"),
    "no kind": ([ulid(900), "--reason", WHY], "admin", "What is to be erased?"),
    "an entry": (["entry/3", "--reason", WHY], "admin", "What is to be erased?"),
    "unknown claim": ([f"claim/{ulid(1)}", "--reason", WHY], "admin", f"No claim '{ulid(1)}' is on record."),
    "unknown verdict": ([f"verdict/{ulid(900)}", "--reason", WHY], "admin", "No verdict"),
    "unknown party": (["party/nobody", "--reason", WHY], "admin", "No party 'nobody' is on record."),
    "another's entry": (
        [CLAIM, "--entry", "5", "--reason", WHY],
        "admin",
        f"Entry 5 is not about {CLAIM}: those that are have the numbers 3, 4.",
    ),
    "scope": ([CLAIM, "--reason", WHY], "edit", "The token in ONRECORD_TOKEN lacks the scope 'admin'; it has edit."),
    "sweep of something": ([CLAIM, "--sweep"], "admin", "--sweep erases nothing"),
}


@pytest.mark.parametrize(("words", "scope", "told"), REFUSED.values(), ids=REFUSED)
def test_refusals(said: Shell, words: list[str], scope: str, told: str) -> None:
    """What cannot be done is refused with a reason before anything is written."""
    refused(said, erase(said, *words, scope=scope), told)


def test_who_erases_has_to_say_who_he_is(said: Shell) -> None:
    """No token, one that is unknown, and one that was revoked are refused."""
    refused(said, said("erase", CLAIM, "--reason", WHY, "--yes"), "Set ONRECORD_TOKEN to a token with the scope admin")
    unknown = said("erase", CLAIM, "--reason", WHY, "--yes", ONRECORD_TOKEN="onr_none")
    refused(said, unknown, "unknown here, or revoked")
    secret = token(said, "admin")
    with said.database.turn() as db:
        for one in keys.list_tokens(db):
            keys.revoke_token(db, one.id, "2026-11-25")
    revoked = said("erase", CLAIM, "--reason", WHY, "--yes", ONRECORD_TOKEN=secret)
    refused(said, revoked, "unknown here, or revoked")


def test_nothing_is_erased_twice(said: Shell) -> None:
    """The second time it says which entry erased it; an erasure itself stays."""
    erase(said, CLAIM, "--reason", WHY)
    for words, told in (
        ([CLAIM], f"All of {CLAIM} was erased before (entry 8): nothing is left to erase."),
        ([CLAIM, "--entry", "3"], "Entry 3 was erased by entry 8, at "),
        ([CLAIM, "--entry", "8"], "Entry 8 says what was erased and why: it has to stay."),
    ):
        done = erase(said, *words, "--reason", WHY)
        assert (done.status, done.out) == (1, "")
        assert told in done.err
    assert said.head.size == 9


@pytest.mark.parametrize(("answer", "erased"), [("y\n", True), ("n\n", False), ("", False)])
def test_it_asks_first(said: Shell, answer: str, erased: bool) -> None:
    """It shows what would go; without a yes nothing does."""
    environ = {"ONRECORD_TOKEN": token(said, "admin")}
    done = said.apart("erase", CLAIM, "--reason", WHY, environ=environ, input=answer.encode())
    assert "3\tclaim.recorded\t" in done.err and "4\tclaim.amended\t" in done.err
    assert f"Erase what these entries say of {CLAIM}, for good? [y/N]" in done.err
    assert (done.status == 0) == (said.head.size == 9) == erased
    assert ("Error: Nothing was erased." in done.err) != erased


def test_a_reader_who_does_not_end(said: Shell) -> None:
    """Where the write-ahead log cannot be emptied the record is clean, and the command says what is left to be done."""
    reader = Database(said.path)
    with reader.snapshot() as db:
        log.head(db)
        done = erase(said, CLAIM, "--reason", WHY, "--patience", "0")
        assert done.status == 1
        assert "Entry 8 says so." in done.out and CLEAN not in done.out
        assert done.err.startswith("Error: The write-ahead log still holds what was erased from the record")
        assert "then run 'onrecord erase --sweep'." in done.err
        assert said("erase", "--sweep", "--patience", "0").status == 1
    reader.close()
    done = said("erase", "--sweep")
    assert (done.status, done.out, done.err) == (0, CLEAN, "")
    assert said.head.size == 9


def test_a_file_that_cannot_be_written_anew(said: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command says that the file still has the words, and what to do."""
    erase(said, CLAIM, "--reason", WHY)
    before = dump(said.database, every_table(said.database))
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", 10)
    other = sqlite3.connect(said.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    done = said("erase", "--sweep")
    other.close()
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("Error: The file still holds what was erased") and "--sweep" in done.err
    assert dump(said.database, every_table(said.database)) == before
    assert said("erase", "--sweep").status == 0


def test_a_service_goes_on(said: Shell) -> None:
    """While a server takes writes another process erases: every acknowledged claim is there, the file is clean, and the
    server goes on with what is left."""
    secret = token(said, "admin")
    crowd, count = 3, 8
    begun = Barrier(crowd + 1)

    def post(url: str, number: int) -> str:
        body = claim(f"Statement {number}.", tags=[f"tag-{number}"], id=ulid(number))
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        with urlopen(Request(f"{url}/v1/claims", json.dumps(body).encode(), headers)) as answer:
            assert answer.status == 201
        return ulid(number)

    def posting(url: str, first: int) -> list[str]:
        made = [post(url, first)]
        begun.wait()
        return made + [post(url, number) for number in range(first + 1, first + count)]

    with served(said, "serve") as (url, _):
        with ThreadPoolExecutor(crowd) as pool:
            waited = [pool.submit(posting, url, 100 * i) for i in range(1, crowd + 1)]
            begun.wait()
            done = said.apart("erase", CLAIM, "--reason", WHY, "--yes", environ={"ONRECORD_TOKEN": secret})
            made = [made for future in waited for made in future.result()]
        assert (done.status, done.err) == (0, "")
        with urlopen(f"{url}/v1/claims/{ulid(900)}") as answer:
            assert json.load(answer)["text"] == "[erased]"
        # Whoever closes a file loses the locks that his process has on it, so no connection of ours may be open.
        said.database.close()
        for path in said.folder.glob("record.db*"):
            assert b"Zebulon took it" not in path.read_bytes(), path.name
        made.append(post(url, 999))
        with urlopen(f"{url}/v1/claims?limit=200") as answer:
            found = {item["id"] for item in json.load(answer)["items"]}
    assert found == {ulid(900), ulid(902), *made}
    assert said.head.size == 9 + crowd * count + 1
    before = dump(said.database, every_table(said.database))
    ledger.rebuild(said.database)
    assert dump(said.database, every_table(said.database)) == before
    assert said("verify").status == 0
