"""`onrecord key` and `heads`, and what the command line does with a ledger that lost what was signed."""

from __future__ import annotations

import json
import stat
import threading
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from api import keyring, notes
from api.storage import keys
from tests import proving
from tests.cli.conftest import Shell, claim
from tests.cli.test_cli_serving import served

NAME = "localhost/onrecord"


def key_file(shell: Shell) -> Path:
    return keyring.beside(shell.path)


def sign(shell: Shell, size: int, root: str) -> None:
    """Leave a line in the heads file, as signing does."""
    line = {"size": size, "root": root, "signed_at": "2026-11-25T10:00:00.000Z", "key_ids": ["00000000"]}
    with shell.database.heads.open("a") as heads:
        heads.write(json.dumps(line) + "\n")


def test_init_makes_the_key(bare: Shell) -> None:
    """It is its owner's only, is named like the log, and stays the same when init runs again."""
    done = bare("init", "--party", "desk", "--name", "The Desk", ONRECORD_ORIGIN="record.example.org/log")
    assert done.status == 0
    made = keyring.load(key_file(bare))
    assert [key.name for key in made.signing] == ["record.example.org/log"]
    assert stat.S_IMODE(key_file(bare).stat().st_mode) == 0o600
    assert str(made.published[0]) in done.err and "keep a copy" in done.err
    assert made.signing[0].private_text() not in done.out + done.err
    bare("init", "--party", "desk", "--name", "The Desk")
    assert keyring.load(key_file(bare)) == made


def test_init_with_a_key_in_the_settings_makes_none(bare: Shell) -> None:
    """The key of the setting signs, so no other is made."""
    given = notes.new_key(NAME).private_text()
    assert bare("init", "--party", "desk", "--name", "The Desk", ONRECORD_SIGNING_KEY=given).status == 0
    assert not key_file(bare).exists()


def test_a_rotation_from_beginning_to_end(shell: Shell) -> None:
    """Two keys sign after the first step, one after the second; the list says which."""
    first = shell("key", "add").out.strip()
    second = shell("key", "add", ONRECORD_KEY_NAME="another/name").out.strip()
    assert second.startswith("another/name+")
    ids = [key.split("+")[1] for key in (first, second)]
    assert shell("key", "list").out == f"{ids[0]}\tsigns\t{first}\n{ids[1]}\tsigns\t{second}\n"
    assert shell("key", "retire", ids[0]).status == 0
    assert shell("key", "list").out == f"{ids[1]}\tsigns\t{second}\n{ids[0]}\tretired\t{first}\n"
    refused = shell("key", "retire", ids[1])
    assert (refused.status, refused.out) == (1, "")
    assert "the only key that signs" in refused.err
    assert "There is no key with the id 'mine'" in shell("key", "retire", "mine").err


def test_a_key_for_the_setting_is_printed_and_written_nowhere(shell: Shell) -> None:
    """What is printed works as ONRECORD_SIGNING_KEY, beside another, and then the file is not touched."""
    assert shell("key", "list").err == "There are no keys: make one with 'onrecord key add'.\n"
    printed = [shell("key", "add", "--print").out.strip() for _ in range(2)]
    assert not key_file(shell).exists()
    given = f"{printed[0]}, {printed[1]}"
    listed = shell("key", "list", ONRECORD_SIGNING_KEY=given).out
    assert listed.count("\tsigns\t") == 2 and "PRIVATE" not in listed
    for words in (("key", "add"), ("key", "retire", "00000000")):
        assert "come from ONRECORD_SIGNING_KEY" in shell(*words, ONRECORD_SIGNING_KEY=given).err


def test_a_wrong_key_in_the_settings_is_not_shown(shell: Shell) -> None:
    """The variable is named, and most of a private key does not get into a log."""
    secret = notes.new_key(NAME).private_text()
    done = shell("key", "list", ONRECORD_SIGNING_KEY=secret[:-4])
    assert done.status == 1
    assert done.err.startswith("Error: ONRECORD_SIGNING_KEY=… cannot be used: ") and secret[-30:-6] not in done.err
    verifier = str(notes.new_key(NAME).verifier)
    assert "none of its keys signs" in shell("key", "list", ONRECORD_SIGNING_KEY=verifier).err


def test_a_key_file_that_others_can_read_stops_the_start(shell: Shell) -> None:
    """`serve`, `key` and `doctor` name the chmod that mends it."""
    shell("key", "add")
    key_file(shell).chmod(0o644)
    for words in (("serve",), ("key", "list"), ("key", "add")):
        done = shell(*words)
        assert done.status == 1
        assert f"run chmod 600 {key_file(shell)}" in done.err and done.err.count("\n") == 1
    assert any(f"chmod 600 {key_file(shell)}" in line for line in shell("doctor").out.splitlines())


def test_serve_without_a_key_says_so(shell: Shell) -> None:
    """A line in the log names the remedy, and the record is served all the same."""
    with served(shell, "serve") as (url, _):
        assert urlopen(f"{url}/v1/claims").status == 200
        with pytest.raises(HTTPError) as refused:
            urlopen(f"{url}/v1/log/checkpoint")
        with refused.value as answer:
            assert answer.code == 404 and b"onrecord key add" in answer.read()
    warned = [json.loads(line) for line in (shell.folder / "output.txt").read_text().splitlines() if "no key" in line]
    assert [(line["level"], line["remedy"]) for line in warned] == [("warning", "onrecord key add")]


def test_keys_of_the_setting_sign(shell: Shell) -> None:
    """Several of them sign together, one that is public is published, and no file is made or read."""
    key_file(shell).write_text("no key")
    signing, old = [notes.new_key(NAME) for _ in range(2)], notes.new_key(NAME).verifier
    given = " ".join([*(key.private_text() for key in signing), str(old)])
    with served(shell, "serve", ONRECORD_SIGNING_KEY=given, ONRECORD_ORIGIN="record.example.org/log") as (url, _):
        verifiers = urlopen(f"{url}/v1/log/key").read().decode().splitlines()
        signed = proving.opened(urlopen(f"{url}/v1/log/checkpoint").read().decode(), verifiers)
    assert verifiers == [str(signing[0].verifier), str(signing[1].verifier), str(old)]
    assert signed == ("record.example.org/log", 3, shell.head.root, [key.verifier.id.hex() for key in signing])
    assert key_file(shell).read_text() == "no key"


def test_workers_sign_the_same_bytes(shell: Shell) -> None:
    """Two workers, asked by many at once while entries come in, agree on each size and leave one line for it."""
    shell("key", "add")
    with shell.database.turn() as db:
        _, secret = keys.create_token(db, party="example-desk", scopes=["claims"], note=None, now="now")
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    notes_seen: dict[int, set[str]] = {}
    written = threading.Event()

    def ask(url: str) -> None:
        last = 0
        while not (written.is_set() and last):
            text = urlopen(f"{url}/v1/log/checkpoint").read().decode()
            size = int(text.split("\n")[1])
            assert size >= last
            last = size
            notes_seen.setdefault(size, set()).add(text)

    with served(shell, "serve") as (url, _):
        asking = [threading.Thread(target=ask, args=(url,)) for _ in range(4)]
        for thread in asking:
            thread.start()
        for i in range(20):
            body = json.dumps(claim(f"It is number {i}.")).encode()
            assert urlopen(Request(f"{url}/v1/claims", body, headers)).status == 201
        written.set()
        for thread in asking:
            thread.join()
        verifiers = urlopen(f"{url}/v1/log/key").read().decode().splitlines()
        newest = urlopen(f"{url}/v1/log/checkpoint").read().decode()
    assert proving.opened(newest, verifiers)[1:3] == (23, shell.head.root)
    assert all(len(texts) == 1 for texts in notes_seen.values())
    sizes = [int(line.split("\t")[0]) for line in shell("heads", "list").out.splitlines()]
    assert sizes == sorted({*notes_seen, 23})


def test_a_rewound_ledger_is_read_only_until_it_is_decided(shell: Shell) -> None:
    """The server answers reads and refuses writes, import and init refuse too, doctor shows it; `heads abandon` moves
    the heads aside, says what is given up, and everything writes again, without a restart."""
    shell("key", "add")
    sign(shell, 9, "ab" * 32)
    with shell.database.turn() as db:
        _, secret = keys.create_token(db, party="example-desk", scopes=["claims"], note=None, now="now")
    request = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    claims = shell.write("claims.ndjson", [claim("It is so.")])
    before = shell.head
    with served(shell, "serve") as (url, _):
        post = Request(f"{url}/v1/claims", json.dumps(claim("It is not so.")).encode(), request)
        with pytest.raises(HTTPError) as refused:
            urlopen(post)
        with refused.value as answer:
            told = json.loads(answer.read())
        assert (told["status"], told["type"]) == (503, "urn:onrecord:problem:ledger-rewound")
        assert "Signed were 9 entries" in told["detail"] and "the ledger has 3" in told["detail"]
        for words in (("import", claims), ("init", "--party", "new", "--name", "New")):
            done = shell(*words)
            assert (done.status, done.err.count("Signed were 9 entries")) == (1, 1)
        assert "Signed were 9 entries" in shell("doctor").out
        assert urlopen(f"{url}/v1/parties").status == 200
        assert shell.head == before
        done = shell("heads", "abandon")
        assert done.status == 0
        assert f"Given up: 9 entries with the root {'ab' * 32}, signed at 2026-11-25T10:00:00.000Z." in done.out
        assert "goes on from 3 entries" in done.out
        assert urlopen(post).status == 201
        assert urlopen(f"{url}/v1/log/checkpoint").read().split(b"\n")[1] == b"4"
    assert shell("import", claims).out.startswith("1 recorded")
    log_lines = (shell.folder / "output.txt").read_text().splitlines()
    assert any("nothing will be written" in line and "Signed were 9" in line for line in log_lines)
    [aside] = shell.folder.glob("record.db.heads.abandoned-*")
    assert '"size": 9' in aside.read_text()


def test_there_is_nothing_to_abandon(shell: Shell) -> None:
    """A heads file that the ledger extends stays where it is."""
    assert "No head was signed yet" in shell("heads", "abandon").err
    assert "No head was signed yet" in shell("heads", "list").err
    sign(shell, 3, shell.head.root.hex())
    done = shell("heads", "abandon")
    assert done.status == 1 and "nothing to give up" in done.err
    assert shell("heads", "list").out == f"3\t2026-11-25T10:00:00.000Z\t{shell.head.root.hex()}\t00000000\n"


def test_a_damaged_heads_file_can_be_abandoned(shell: Shell) -> None:
    """What cannot be read any more is moved aside as well, on the operator's word."""
    shell.database.heads.write_text("what is this\n")
    assert "is damaged" in shell("import", shell.write("claims.ndjson", [claim("It is so.")])).err
    assert "is damaged" in shell("doctor").out
    assert shell("heads", "abandon").status == 0
    assert not shell.database.heads.exists()


def test_the_heads_file_can_be_elsewhere(shell: Shell, tmp_path_factory: pytest.TempPathFactory) -> None:
    """With the setting, every command looks there."""
    path = tmp_path_factory.mktemp("other-disk") / "heads"
    path.write_text(f'{{"size":9,"root":"{"ab" * 32}","signed_at":"then","key_ids":[]}}\n')
    setting = {"ONRECORD_HEADS": str(path)}
    claims = shell.write("claims.ndjson", [claim("It is so.")])
    assert "Signed were 9 entries" in shell("import", claims, **setting).err
    assert "Signed were 9 entries" in shell("doctor", **setting).out
    assert shell("heads", "list", **setting).out.startswith("9\tthen\t")
    assert shell("heads", "abandon", **setting).status == 0
    assert shell("import", claims, **setting).status == 0


def test_doctor_looks_at_the_key(shell: Shell) -> None:
    """That there is none is no problem, that its name is not the log's is one."""
    assert "ok       key: none" in shell("doctor").out
    shell("key", "add")
    assert shell("doctor").status == 0
    done = shell("doctor", ONRECORD_ORIGIN="record.example.org/log")
    assert done.status == 1
    assert f"PROBLEM  key: its name is {NAME}, and verifiers expect record.example.org/log." in done.out


def test_a_demo_leaves_the_key_and_heads_of_a_record_alone(shell: Shell) -> None:
    """The settings of a real record do not reach into a demo that is started in the same shell."""
    secret = notes.new_key(NAME).private_text()
    heads = shell.write("heads", f'{{"size":9,"root":"{"ab" * 32}","signed_at":"then","key_ids":[]}}\n'.encode())
    before = heads.read_bytes()
    with served(shell, "demo", ONRECORD_SIGNING_KEY=secret, ONRECORD_HEADS=str(heads)) as (url, _):
        verifiers = urlopen(f"{url}/v1/log/key").read().decode().splitlines()
        signed = proving.opened(urlopen(f"{url}/v1/log/checkpoint").read().decode(), verifiers)
        verdict = json.load(urlopen(f"{url}/v1/changes?kind=verdict.published&limit=1"))["changes"][0]["subject"]
        assert urlopen(f"{url}/v1/verdicts/{verdict.removeprefix('verdict/')}/proof").status == 200
    assert signed.size == 200
    assert str(notes.verifier_of(notes.parse(secret))) not in verifiers
    assert heads.read_bytes() == before
