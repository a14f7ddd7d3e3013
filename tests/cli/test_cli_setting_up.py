"""`onrecord init`, `migrate` and `token`, and how any command fails."""

from __future__ import annotations

import pytest

from api.history import History
from api.storage import keys
from tests.cli.conftest import Shell


def test_init_makes_a_record_with_a_party_and_a_token(bare: Shell) -> None:
    """The token on standard output is the only thing there, works, and is stored nowhere."""
    done = bare("init", "--party", "desk", "--name", "The Desk")
    assert done.status == 0
    secret = done.out.strip()
    token = keys.find_token(bare.database.reader(), keys.digest_of(secret))
    assert token and (token.party, token.scopes) == ("desk", ("admin",))
    party = History(bare.database.reader()).party("desk")
    assert party and party.name == "The Desk"
    assert secret.encode() not in bare.path.read_bytes() + (bare.folder / "record.db-wal").read_bytes()


def test_init_again_makes_no_second_token(bare: Shell) -> None:
    """A second time it changes nothing and says how to make another token; another name is refused."""
    bare("init", "--party", "desk", "--name", "The Desk")
    before = bare.head
    done = bare("init", "--party", "desk", "--name", "The Desk")
    assert done.status == 0
    assert "onr_" not in done.out
    assert "onrecord token create --party desk" in done.out
    assert bare("init", "--party", "desk", "--name", "Another").status == 1
    assert bare.head == before
    assert len(keys.list_tokens(bare.database.reader())) == 1


@pytest.mark.parametrize(("party", "told"), [("The Desk", "is not an id"), ("operator", "name of the command line")])
def test_init_refuses_an_id_that_is_none(bare: Shell, party: str, told: str) -> None:
    """Nothing is made for a party that cannot be."""
    done = bare("init", "--party", party, "--name", "The Desk")
    assert done.status == 1
    assert told in done.err
    assert not bare.path.exists()


def test_migrate_twice(bare: Shell) -> None:
    """The first makes the schema, the second finds it current."""
    assert bare("migrate").out.startswith(f"Migrated {bare.path}: 0001")
    assert bare("migrate").out == f"{bare.path} is current.\n"
    assert bare.database.is_current()


def test_tokens_from_beginning_to_end(shell: Shell) -> None:
    """A token is made with its scopes, listed without its secret, and ended once."""
    done = shell("token", "create", "--party", "agency", "--scope", "verdicts", "--scope", "claims", "--note", "a bot")
    secret = done.out.strip()
    token = keys.find_token(shell.database.reader(), keys.digest_of(secret))
    assert token and token.scopes == ("claims", "verdicts")
    listed = shell("token", "list").out
    assert listed == f"{token.id}\tagency\tclaims verdicts\t{token.created_at}\tvalid\ta bot\n"
    assert shell("token", "revoke", token.id).out == f"Revoked {token.id}.\n"
    assert "\trevoked 2" in shell("token", "list").out
    assert shell("token", "revoke", token.id).err.startswith(f"Error: The token {token.id} was revoked before, at 2")
    assert (
        shell("token", "revoke", "mine").err
        == "Error: There is no token with the id 'mine': see 'onrecord token list'.\n"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--party", "nobody", "--scope", "claims"), "No party 'nobody' is on record"),
        (("--party", "agency", "--scope", "clams"), "There is no scope 'clams': use claims, verdicts, edit, admin."),
        (("--party", "agency"), "Missing option '--scope'"),
    ],
)
def test_token_create_refuses(shell: Shell, words: tuple[str, ...], told: str) -> None:
    """An unknown party or scope is named, and no token is made."""
    done = shell("token", "create", *words)
    assert done.status != 0
    assert done.err.startswith("Error: ") and told in done.err
    assert keys.list_tokens(shell.database.reader()) == []


@pytest.mark.parametrize(
    ("words", "environ", "status", "told"),
    [
        (("frobnicate",), {}, 2, "No such command 'frobnicate'"),
        (("verify", "--hard"), {}, 2, "No such option"),
        (("verify",), {"ONRECORD_THREADS": "many"}, 1, "ONRECORD_THREADS='many' cannot be used"),
        (("serve",), {"ONRECORD_TREADS": "8"}, 1, "unknown setting ONRECORD_TREADS"),
    ],
)
def test_failures_are_one_line(
    shell: Shell, words: tuple[str, ...], environ: dict[str, str], status: int, told: str
) -> None:
    """Whatever goes wrong is one clear line on standard error and a status that is not 0."""
    done = shell(*words, **environ)
    assert (done.status, done.out) == (status, "")
    assert done.err.startswith("Error: ") and told in done.err
    assert done.err.count("\n") == 1


def test_damage_is_one_line(shell: Shell) -> None:
    """So is a file that is no database, and a disk that gives none."""
    shell.database.close()
    shell.path.write_bytes(b"This is no database. " * 100)
    for suffix in ("-wal", "-shm"):
        (shell.folder / f"record.db{suffix}").unlink(missing_ok=True)
    done = shell("token", "list")
    assert done.status == 1
    assert "file is not a database" in done.err and done.err.count("\n") == 1
