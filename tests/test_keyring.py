"""The key file: made for its owner only, refused when others can read it, changed in one step."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from api import keyring, notes
from api.errors import Refusal
from api.keyring import Keyring, KeySource
from api.storage.sqlite import StoreError

NOW = "2026-11-25T10:00:00.000Z"
NAME = "record.example.org/log"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "record.db.key"


def test_a_key_file_is_its_owners_only(path: Path) -> None:
    """Whatever the umask, it is made with mode 0600, and stays so."""
    before = os.umask(0)
    try:
        for _ in range(2):
            keyring.add(path, notes.new_key(NAME), NOW)
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        keyring.retire(path, keyring.load(path).signing[0].verifier.id.hex(), NOW)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o601, 0o644, 0o666])
def test_a_key_file_that_others_can_use_is_refused(path: Path, mode: int) -> None:
    """The refusal names the command that mends it; nothing reads or changes the file before."""
    keyring.add(path, notes.new_key(NAME), NOW)
    source = KeySource(Keyring(), path)
    assert source.keyring().keys
    path.chmod(mode)
    before = path.read_bytes()
    for use in (
        source.keyring,
        lambda: keyring.load(path),
        lambda: keyring.add(path, notes.new_key(NAME), NOW),
        lambda: keyring.retire(path, "00000000", NOW),
    ):
        with pytest.raises(StoreError, match=f"run chmod 600 {path}"):
            use()
    assert path.read_bytes() == before
    path.chmod(0o600)
    assert source.keyring().keys


def test_a_line_that_is_no_key_is_named(path: Path) -> None:
    """By its number, and without showing it: it may be most of a private key."""
    key = notes.new_key(NAME)
    keyring.add(path, key, NOW)
    path.write_text(path.read_text() + "\n" + key.private_text()[:-3] + "\n")
    with pytest.raises(StoreError, match="line 4: ") as refused:
        keyring.load(path)
    assert key.private_text()[-20:-4] not in refused.value.detail


def test_comments_stay(path: Path) -> None:
    """What people wrote into the file is there after a rotation."""
    first, second = notes.new_key(NAME), notes.new_key(NAME)
    keyring.add(path, first, NOW)
    path.write_text(f"# the safe has a copy\n\n  {path.read_text()}")
    keyring.add(path, second, NOW)
    keyring.retire(path, first.verifier.id.hex(), NOW)
    assert path.read_text().startswith("# the safe has a copy\n\n")
    assert keyring.load(path) == Keyring((first.verifier, second))


def test_the_last_key_that_signs_stays(path: Path) -> None:
    """Neither it, nor a retired one, nor one that is not there can be retired."""
    first, second = notes.new_key(NAME), notes.new_key(NAME)
    keyring.add(path, first, NOW)
    with pytest.raises(Refusal, match="the only key that signs"):
        keyring.retire(path, first.verifier.id.hex(), NOW)
    keyring.add(path, second, NOW)
    keyring.retire(path, first.verifier.id.hex(), NOW)
    with pytest.raises(Refusal, match="retired already"):
        keyring.retire(path, first.verifier.id.hex(), NOW)
    with pytest.raises(Refusal, match="no key with the id"):
        keyring.retire(path, "ffffffff", NOW)
    assert keyring.load(path) == Keyring((first.verifier, second))


def test_a_setting_goes_before_the_file(path: Path) -> None:
    """With keys in the settings no file is read, not even one that could not be used."""
    given = Keyring((notes.new_key(NAME),))
    path.write_text("no key")
    assert KeySource(given, path).keyring() is given
    with pytest.raises(StoreError):
        KeySource(Keyring(), path).keyring()
