"""What `onrecord doctor` finds, and what it looks at where the record is on a server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from api.embedding.embedder import Embedder
from api.embedding.judge import Judge
from api.errors import Refusal
from api.projection import CLAIMS
from api.settings import Settings
from api.storage import health, lists, log, vectors
from api.storage.database import Database
from api.watch import LAG, difference


class Finding(NamedTuple):
    """What one check found: what it looked at, the problem if there is one, and what to do about it."""

    subject: str
    problem: str | None = None
    remedy: str = ""


def of_server(database: Database) -> Iterator[Finding]:
    """What is special about a server: whether it can be reached, what it is, how far a commit goes.

    The first has a problem if nothing else can be looked at."""
    subject = f"server {database.name}"
    try:
        about = health.server(database.reader())
    except Refusal as error:
        yield Finding(subject, "it cannot be used", error.detail)
        return
    yield Finding(f"{subject}: PostgreSQL {about.version}")
    if about.standby:
        yield Finding("writing", "the server is a standby", "Let DATABASE_URL name the primary.")
    elif not about.creates:
        remedy = "Let its owner run: GRANT CREATE, USAGE ON SCHEMA, and GRANT CREATE ON DATABASE, to this user."
        yield Finding("writing", "this user may not make tables and schemas there, as a rebuild does", remedy)
    else:
        yield Finding("writing: this user may")
    if about.fsync != "on":
        problem = f"fsync is {about.fsync}: a power cut can destroy the database"
        yield Finding("commits", problem, "Set fsync = on in the server's configuration.")
    else:
        yield Finding(f"commits: are on the server's disk when they are acknowledged ({about.synchronous_commit})")
    yield Finding(f"connections: the server takes {about.connections}; each thread of each process needs one")


def of_replica(database: Database, replica: Database) -> Iterator[Finding]:
    """What there is to say of a replica: whether it can be reached, is a copy of the record, follows, and keeps up."""
    subject = f"replica {replica.name}"
    remedy = "Let DATABASE_REPLICA_URL name a server that follows the one of DATABASE_URL. Until then it is not read."
    try:
        about, told = health.server(replica.reader()), difference(database, replica)
        behind = log.head(database.reader()).size - log.head(replica.reader()).size
    except Refusal as error:
        yield Finding(subject, "it cannot be used", error.detail)
        return
    if told:
        yield Finding(subject, told, remedy)
    elif not about.standby:
        yield Finding(subject, "it is no standby: it follows no other server", remedy)
    elif behind > 0 and (about.followed or 0) > LAG:
        problem = f"it is {behind:,} entries behind, and took the last change in {about.followed} seconds ago"
        yield Finding(subject, problem, "Look at its log. It is read again once it has caught up.")
    else:
        yield Finding(f"{subject}: PostgreSQL {about.version}, follows, and is {max(behind, 0):,} entries behind")


def of_judging(chosen: Settings) -> Finding:
    """Whether a model looks for contradictions; that nobody named one is no problem."""
    judge = Judge(chosen.nli_model)
    if judge.name is None and judge.reason is None:
        return Finding("contradictions: no model of yours looks for them when texts are matched")
    if judge.name is None:
        remedy = "Look at ONRECORD_NLI_MODEL, or leave it unset."
        return Finding("contradictions", f"{judge.reason} {judge.detail}".rstrip("."), remedy)
    return Finding(f"contradictions: {judge.name} looks for them when texts are matched")


def of_meaning(database: Database, chosen: Settings) -> Finding:
    """Whether matching compares meanings; that nobody installed what it needs is no problem."""
    embedder = Embedder(chosen.model, chosen.model_name)
    if embedder.name is None:
        if embedder.reason is None or not chosen.model:
            return Finding("meaning: is not compared when texts are matched")
        remedy = "Look at ONRECORD_MODEL, or set it to off."
        return Finding("meaning", f"{embedder.reason} {embedder.detail}".rstrip("."), remedy)
    if not database.is_current():
        return Finding("meaning", "vectors cannot be counted before the schema is current", "Run 'onrecord migrate'.")
    db = database.reader()
    term = lists.term(db, CLAIMS)
    claims = 0 if term is None else lists.count(db, term, 2**62)
    made = vectors.count(db, embedder.name)
    rest = " ('onrecord embed' makes the rest)" if made < claims else ""
    return Finding(f"meaning: {made:,} of {claims:,} claims have a vector of {embedder.name}{rest}")
