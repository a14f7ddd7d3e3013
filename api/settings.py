"""Settings: one table, read from the environment once, frozen afterwards. `docs/settings.md` is generated
from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from api import setting_values as values
from api.keyring import Keyring
from api.setting_values import Network
from api.storage.database import beside, is_server
from api.storage.opening import place

# What in a URL, be it as it may, is for nobody to read: all between its scheme and the last @, and a password.
_CREDENTIALS = re.compile(r"(?:(?<=://)|^)[^/].*@|(?<=password=)[^&]*")


class SettingsError(Exception):
    """A variable of the environment cannot be used; the message names it and says what would be right."""


@dataclass(frozen=True)
class Setting:
    """One line of the table: the variable, the field of `Settings` that it fills, its default as one would
    write it, what it does, and the function that turns the text into the value (raising ValueError with the
    remedy). What is `secret` is never shown, not even where it cannot be used."""

    name: str
    field: str
    default: str
    help: str
    parse: Callable[[str], Any]
    secret: bool = False

    def shown(self, text: str) -> str:
        """A text that cannot be used, as far as anybody may read it."""
        if self.secret:
            return "…"
        return repr(_CREDENTIALS.sub("…", text))


@dataclass(frozen=True)
class Settings:
    """What the process runs with. Built by `from_environ`; tests build it with `Settings.from_environ({...})`
    too."""

    # A URL has a password in it, which is not to be printed.
    database: str = field(repr=False)
    replica: str = field(repr=False)
    bind: str
    public_url: str
    license: str
    attribution: str
    workers: int
    threads: int
    waiters: int
    exports: int
    graceful_timeout: int
    max_body: int
    read_token_required: bool
    trusted_proxies: tuple[Network, ...]
    rate_writes: str
    rate_auth_failures: str
    rate_storage: str
    origin: str
    key_name: str
    signing_key: Keyring
    heads_path: str
    mirror_of: str
    deliver: bool
    webhook_networks: tuple[Network, ...]
    log_level: str
    poll_after: int
    match_seconds: int
    model: str
    model_name: str
    nli_model: str

    @property
    def base_url(self) -> str:
        """Where the record is reached, for what is made without a request that was sent to an address."""
        return self.public_url or f"http://{self.bind}"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Reads every setting. An empty variable counts as unset.

        Raises SettingsError, naming the variable and the remedy, for a value that cannot be used and for
        an ONRECORD_ variable that is not in the table: a misspelt setting must not silently do nothing.
        """
        _refuse_unknown(environ)
        found: dict[str, Any] = {}
        for setting in SETTINGS:
            text = environ.get(setting.name, "").strip() or setting.default
            try:
                found[setting.field] = setting.parse(text)
            except ValueError as error:
                raise SettingsError(f"{setting.name}={setting.shown(text)} cannot be used: {error}") from None
        found["key_name"] = found["key_name"] or found["origin"]
        found["heads_path"] = found["heads_path"] or f"{beside(found['database'])}.heads"
        if found["replica"] and not is_server(found["database"]):
            raise SettingsError(
                "DATABASE_REPLICA_URL cannot be used: the record in DATABASE_URL is a file, which no server follows;"
                " unset it, or let DATABASE_URL name a PostgreSQL server"
            )
        port = found.pop("port")
        if port is not None and not environ.get("ONRECORD_BIND", "").strip():
            found["bind"] = f"0.0.0.0:{port}"
        if found["deliver"] is None:
            found["deliver"] = not is_server(found["database"])
        if found["waiters"] is None:
            found["waiters"] = found["threads"] // 2
        if found["exports"] is None:
            found["exports"] = max(1, found["threads"] // 4)
        if found["waiters"] >= found["threads"]:
            raise SettingsError(
                f"ONRECORD_WAITERS={found['waiters']} cannot be used: held polls must leave a thread for"
                f" other requests, so it must be below ONRECORD_THREADS={found['threads']}"
            )
        return cls(**found)


def settings_table_markdown() -> str:
    """The table as Markdown, for docs/settings.md: variable, default, meaning."""
    lines = ["| variable | default | what it does |", "|---|---|---|"]
    for setting in SETTINGS:
        default = f"`{setting.default}`" if setting.default else "(unset)"
        lines.append(f"| `{setting.name}` | {default} | {setting.help} |")
    return "\n".join(lines) + "\n"


# What the guides call a client's token: whoever tries the service may well export it in the shell that starts it.
CLIENTS = "ONRECORD_TOKEN"


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = {setting.name for setting in SETTINGS}
    unknown = sorted(name for name in environ if name.startswith("ONRECORD_") and name not in {*known, CLIENTS})
    if unknown:
        ours = ", ".join(sorted(name for name in known if name.startswith("ONRECORD_")))
        raise SettingsError(f"unknown setting {', '.join(unknown)}: unset it, or use one of {ours}")


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "DATABASE_URL",
        "database",
        "sqlite:///onrecord.db",
        "Where the record is kept: `sqlite:///relative.db` or `sqlite:////absolute/path.db`, or on a server:"
        " `postgresql://USER:PASSWORD@HOST:PORT/DATABASE` ([PostgreSQL](postgresql.md)).",
        place,
    ),
    Setting(
        "DATABASE_REPLICA_URL",
        "replica",
        "",
        "A PostgreSQL server that follows the one of `DATABASE_URL`: what it knows is read from it"
        " ([replicas](postgresql.md#replicas)).",
        values.replica,
    ),
    Setting(
        "ONRECORD_BIND",
        "bind",
        "127.0.0.1:8000",
        "Address and port to listen on.",
        values.bind,
    ),
    Setting(
        "PORT",
        "port",
        "",
        "Set by hosting platforms: listen on `0.0.0.0:PORT`, unless `ONRECORD_BIND` is set.",
        values.optional(values.whole(1, 65535)),
    ),
    Setting(
        "ONRECORD_PUBLIC_URL",
        "public_url",
        "",
        "Address under which the world reaches this record, as `https://record.example.org`: what feeds, ClaimReview"
        " and pages say of where they are. Unset: the address that each request was sent to.",
        values.optional_url,
    ),
    Setting(
        "ONRECORD_LICENSE",
        "license",
        "",
        "URL of the licence under which the data may be used, as `https://creativecommons.org/licenses/by/4.0/`: it"
        " stands in every export and feed. Unset: these say that none is stated.",
        values.license_url,
    ),
    Setting(
        "ONRECORD_ATTRIBUTION",
        "attribution",
        "",
        "How this record wants to be credited, in every export and feed. Unset: `ONRECORD_ORIGIN` and the address.",
        values.line,
    ),
    Setting(
        "WEB_CONCURRENCY",
        "workers",
        "2",
        "Worker processes.",
        values.whole(1, 256),
    ),
    Setting(
        "ONRECORD_THREADS",
        "threads",
        "8",
        "Threads in each worker; each serves one request at a time.",
        values.whole(1, 512),
    ),
    Setting(
        "ONRECORD_WAITERS",
        "waiters",
        "",
        "Polls that each worker may hold open at once (`wait`); 0 holds none. Unset: half of the threads,"
        " so that waiting bots never starve other requests.",
        values.optional(values.whole(0, 511)),
    ),
    Setting(
        "ONRECORD_EXPORTS",
        "exports",
        "",
        "Downloads of the whole record ([bulk data](bulk.md)) that each worker sends at once; who comes next is asked"
        " to come back. Unset: a quarter of the threads, and at least one.",
        values.optional(values.whole(1, 512)),
    ),
    Setting(
        "ONRECORD_GRACEFUL_TIMEOUT",
        "graceful_timeout",
        "30",
        "Seconds that requests in progress get to finish at shutdown. Held polls are answered at once.",
        values.whole(1, 600),
    ),
    Setting(
        "ONRECORD_MAX_BODY",
        "max_body",
        "1048576",
        "Largest request body in bytes.",
        values.whole(1024, 104857600),
    ),
    Setting(
        "ONRECORD_READ_TOKEN_REQUIRED",
        "read_token_required",
        "false",
        "`true` closes reading: every read then needs a token (of any scope).",
        values.flag,
    ),
    Setting(
        "ONRECORD_TRUSTED_PROXIES",
        "trusted_proxies",
        "",
        "Addresses or networks of your own proxies, separated by commas. Only what they add to"
        " `X-Forwarded-For` is believed; from anyone else the header is ignored.",
        values.networks,
    ),
    Setting(
        "ONRECORD_RATE_WRITES",
        "rate_writes",
        "600/minute",
        "Writes allowed to each token.",
        values.rate,
    ),
    Setting(
        "ONRECORD_RATE_AUTH_FAILURES",
        "rate_auth_failures",
        "20/minute",
        "Failed authentications allowed to each client address; above it the address has to wait.",
        values.rate,
    ),
    Setting(
        "ONRECORD_RATE_STORAGE",
        "rate_storage",
        "memory://",
        "Where the two rates are counted. `memory://` counts in each worker process by itself, so the true"
        " limit is up to WEB_CONCURRENCY times the rate; a Redis URL (with the `redis` package installed)"
        " counts for all.",
        values.rate_storage,
    ),
    Setting(
        "ONRECORD_ORIGIN",
        "origin",
        "localhost/onrecord",
        "Name of this log in its checkpoints. Choose it once, as a domain that you own and a path.",
        values.origin,
    ),
    Setting(
        "ONRECORD_KEY_NAME",
        "key_name",
        "",
        "Name of the keys that `onrecord key add` makes. Unset: `ONRECORD_ORIGIN`, which is what verifiers expect.",
        values.key_name,
    ),
    Setting(
        "ONRECORD_SIGNING_KEY",
        "signing_key",
        "",
        "The private key that signs checkpoints (`PRIVATE+KEY+…`), where secrets are no files. Several are separated by"
        " commas or spaces; a verifier key among them is only published. Unset: the file beside the database whose"
        " name ends in `.key`.",
        values.signing_key,
        secret=True,
    ),
    Setting(
        "ONRECORD_HEADS",
        "heads_path",
        "",
        "File of the heads that were signed. Unset: beside the database, with a name that ends in `.heads`. On another"
        " disk it still knows what was signed when the database's disk is lost.",
        str,
    ),
    Setting(
        "ONRECORD_MIRROR_OF",
        "mirror_of",
        "",
        "URL of the record that this one mirrors (`onrecord mirror`). It is then only read: every write is refused, and"
        " told where to go.",
        values.optional_url,
    ),
    Setting(
        "ONRECORD_DELIVER",
        "deliver",
        "",
        "Whether `onrecord serve` delivers [webhooks](webhooks.md) by itself, in one of its processes, while no"
        " `onrecord deliver` does. Unset: `true` on SQLite, `false` on PostgreSQL.",
        values.optional_flag,
    ),
    Setting(
        "ONRECORD_WEBHOOK_NETWORKS",
        "webhook_networks",
        "",
        "Addresses or networks of your own, separated by commas, in which receivers of webhooks may be, and may be"
        " called by `http` too: `127.0.0.0/8` to try them out. All others must be on the public internet, and are"
        " called by `https` only.",
        values.networks,
    ),
    Setting(
        "ONRECORD_LOG_LEVEL",
        "log_level",
        "info",
        "`debug` (every request), `info` (writes and errors), `warning` or `error`.",
        values.log_level,
    ),
    Setting(
        "ONRECORD_POLL_AFTER",
        "poll_after",
        "5",
        "Seconds that `/v1/changes` asks bots to wait before the next poll.",
        values.whole(1, 3600),
    ),
    Setting(
        "ONRECORD_MATCH_SECONDS",
        "match_seconds",
        "2",
        "Seconds that matching a request's texts may take (`POST /v1/claims/match`): then it answers with the best so"
        " far, and `truncated`.",
        values.whole(1, 60),
    ),
    Setting(
        "ONRECORD_MODEL",
        "model",
        "",
        "File of the model of ONNX that matching compares meanings with ([matching by meaning](matching-semantic.md));"
        " `off` compares words alone. Unset: the one that `onrecord[semantic]` brings, where that is installed.",
        str,
    ),
    Setting(
        "ONRECORD_MODEL_NAME",
        "model_name",
        "",
        "What the model is called, in answers and beside the vectors that it made; those of another name are not used."
        " Unset: its file's name with the beginning of its SHA-256.",
        values.model_name,
    ),
    Setting(
        "ONRECORD_NLI_MODEL",
        "nli_model",
        "",
        "File of your own model of ONNX for natural-language inference, beside its `tokenizer.json` and `config.json`:"
        " it looks for contradictions when texts are matched"
        " ([your own model](matching-semantic.md#your-own-model-for-conflicts)).",
        str,
    ),
)
