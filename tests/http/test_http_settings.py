"""The settings: one table, and an error that names the variable and the remedy."""

from __future__ import annotations

import dataclasses

import pytest

from api import notes
from api.keyring import Keyring
from api.settings import SETTINGS, Settings, SettingsError, settings_table_markdown

KEY, OLD = notes.new_key("record.example.org/log"), notes.new_key("record.example.org/log")
SECRET, PUBLISHED = KEY.private_text(), str(OLD.verifier)


def test_defaults_are_usable() -> None:
    """Without any variable the service listens on this machine alone and keeps its record beside it."""
    settings = Settings.from_environ({})
    assert settings.database == "onrecord.db"
    assert settings.bind == "127.0.0.1:8000"
    assert (settings.workers, settings.threads, settings.waiters, settings.exports) == (2, 8, 4, 2)
    assert settings.trusted_proxies == ()
    assert settings.read_token_required is False


@pytest.mark.parametrize(
    ("environ", "field", "value"),
    [
        ({"DATABASE_URL": "sqlite:////var/lib/on%20record.db"}, "database", "/var/lib/on record.db"),
        ({"DATABASE_URL": "postgres://h/db?sslmode=require"}, "database", "postgresql://h/db?sslmode=require"),
        ({"DATABASE_URL": "postgresql://h/db"}, "heads_path", "onrecord.heads"),
        (
            {"DATABASE_URL": "postgresql://h/db", "DATABASE_REPLICA_URL": "postgres://a,b/db"},
            "replica",
            "postgresql://a,b/db",
        ),
        ({"PORT": "5000"}, "bind", "0.0.0.0:5000"),
        ({"PORT": "5000", "ONRECORD_BIND": "127.0.0.1:9"}, "bind", "127.0.0.1:9"),
        ({"ONRECORD_BIND": "[::1]:8000"}, "bind", "[::1]:8000"),
        ({"ONRECORD_PUBLIC_URL": "https://record.example.org/"}, "base_url", "https://record.example.org"),
        ({"ONRECORD_BIND": "127.0.0.1:9"}, "base_url", "http://127.0.0.1:9"),
        ({"ONRECORD_THREADS": "3"}, "waiters", 1),
        ({"ONRECORD_THREADS": "1"}, "waiters", 0),
        ({"ONRECORD_WAITERS": "0"}, "waiters", 0),
        ({"ONRECORD_THREADS": "1"}, "exports", 1),
        ({"ONRECORD_EXPORTS": "5"}, "exports", 5),
        ({"ONRECORD_LICENSE": "https://licence.example/by"}, "license", "https://licence.example/by"),
        ({"ONRECORD_ATTRIBUTION": " The Record, 東京 "}, "attribution", "The Record, 東京"),
        ({"ONRECORD_READ_TOKEN_REQUIRED": "Yes"}, "read_token_required", True),
        ({"ONRECORD_MAX_BODY": " 2048 "}, "max_body", 2048),
        ({"ONRECORD_LOG_LEVEL": "DEBUG"}, "log_level", "debug"),
        ({"ONRECORD_POLL_AFTER": ""}, "poll_after", 5),
        ({"ONRECORD_ORIGIN": "record.example.org/log"}, "key_name", "record.example.org/log"),
        ({"ONRECORD_KEY_NAME": "mine"}, "key_name", "mine"),
        ({"DATABASE_URL": "sqlite:////var/lib/record.db"}, "heads_path", "/var/lib/record.db.heads"),
        ({"ONRECORD_HEADS": "/mnt/heads"}, "heads_path", "/mnt/heads"),
        ({"ONRECORD_SIGNING_KEY": f"{SECRET},\n{PUBLISHED}"}, "signing_key", Keyring((KEY, OLD.verifier))),
    ],
)
def test_values(environ: dict[str, str], field: str, value: object) -> None:
    """Each variable fills its field; an empty one counts as unset."""
    assert getattr(Settings.from_environ(environ), field) == value


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("DATABASE_URL", "postgresql://h", "HOST:PORT/DATABASE"),
        ("DATABASE_URL", "postgresql+psycopg://h/db", "without the name of a driver"),
        ("DATABASE_URL", "onrecord.db", "sqlite:///relative.db"),
        ("DATABASE_URL", "sqlite:///:memory:", "name a file"),
        ("DATABASE_REPLICA_URL", "sqlite:///copy.db", "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"),
        ("ONRECORD_BIND", "8000", "HOST:PORT"),
        ("ONRECORD_BIND", "localhost:99999", "65535"),
        ("PORT", "http", "whole number"),
        ("WEB_CONCURRENCY", "0", "from 1"),
        ("ONRECORD_THREADS", "٣", "whole number"),
        ("ONRECORD_READ_TOKEN_REQUIRED", "maybe", "true or false"),
        ("ONRECORD_TRUSTED_PROXIES", "10.0.0.1,proxy", "'proxy'"),
        ("ONRECORD_RATE_WRITES", "lots", "600/minute"),
        ("ONRECORD_RATE_STORAGE", "postgres://h", "memory://"),
        ("ONRECORD_ORIGIN", "my log", "no spaces"),
        ("ONRECORD_LOG_LEVEL", "loud", "debug"),
        ("ONRECORD_KEY_NAME", "my key", "no spaces"),
    ],
)
def test_an_unusable_value_is_named_with_its_remedy(name: str, text: str, remedy: str) -> None:
    """The error names the variable, what it says, and what would be right."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ({name: text})
    assert name in str(caught.value)
    assert text in str(caught.value)
    assert remedy in str(caught.value)


def test_a_file_has_no_replica() -> None:
    """Where the record is a file no server follows it; the URL, which may have a password, is not repeated."""
    with pytest.raises(SettingsError, match=r"DATABASE_REPLICA_URL cannot be used: .* is a file") as caught:
        Settings.from_environ({"DATABASE_REPLICA_URL": "postgresql://me:secret@h/db"})
    assert "secret" not in str(caught.value)


def test_a_misspelt_setting_is_refused_by_name() -> None:
    """A setting that does not exist would silently do nothing, so it is an error."""
    with pytest.raises(SettingsError, match="ONRECORD_TRUSTED_PROXY"):
        Settings.from_environ({"ONRECORD_TRUSTED_PROXY": "10.0.0.1"})


def test_waiters_must_leave_a_thread() -> None:
    """As many held polls as threads would shut everybody else out."""
    with pytest.raises(SettingsError, match="ONRECORD_WAITERS"):
        Settings.from_environ({"ONRECORD_THREADS": "4", "ONRECORD_WAITERS": "4"})


def test_the_table_is_complete() -> None:
    """Every field has one line in the table, and every line its place in the documentation."""
    fields = {field.name for field in dataclasses.fields(Settings)}
    assert {setting.field for setting in SETTINGS} == fields | {"port"}
    markdown = settings_table_markdown()
    assert all(f"| `{setting.name}` |" in markdown for setting in SETTINGS)
    assert all(setting.help.endswith(".") for setting in SETTINGS)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://user:tiger@host/db",
        "postgres//user:tiger@host/db",
        "postgresql://user:ti/ger@host",
        "user:tiger@host",
        "postgresql://host?password=tiger",
    ],
)
def test_a_password_is_never_shown(url: str) -> None:
    """Neither by a URL that cannot be used, however it is misspelt, nor by the settings as they are printed."""
    with pytest.raises(SettingsError) as refused:
        Settings.from_environ({"DATABASE_URL": url})
    assert "DATABASE_URL=" in str(refused.value) and "ger" not in str(refused.value)
    assert "tiger" not in repr(Settings.from_environ({"DATABASE_URL": "postgresql://user:tiger@host/db"}))


def test_a_secret_is_never_shown() -> None:
    """Neither by a setting that cannot be used, nor by the settings as they are printed."""
    for text, remedy in ((SECRET[:-2], "whole"), (SECRET[12:30], "no key"), (PUBLISHED, "none of its keys signs")):
        with pytest.raises(SettingsError, match=remedy) as refused:
            Settings.from_environ({"ONRECORD_SIGNING_KEY": text})
        assert "ONRECORD_SIGNING_KEY=…" in str(refused.value) and text[-15:-3] not in str(refused.value)
    assert SECRET[-30:] not in repr(Settings.from_environ({"ONRECORD_SIGNING_KEY": SECRET}))
