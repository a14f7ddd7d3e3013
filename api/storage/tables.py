"""The tables, and the migrations that make them: a short ordered list.

`entries` and `payloads` are the log, the only truth; `tokens` and `idempotency` serve the API, `mirror` says what
the log is a copy of, if it is one, `move` whether the record is being moved here, or was moved away, and `vectors` has
what a model makes of the claims. Every other table is derived from the log, one entry after another, so `onrecord
rebuild` may drop them all.

Rows of the list tables are versions: `since` is the entry that opened a row and `until` the one that closed
it. `live` is 1 for rows that hold now and leads each key, so that a list of what holds now never walks over
what held once. `documents` has what stands now, one look-up by number away; `versions` has what it replaced.
Dates are ordinals (1 = 0001-01-01), with the markers of `schemas.dates` for open ends and unknown days.
"""

from __future__ import annotations

from sqlite_utils import Database as SqliteUtils
from sqlite_utils.migrations import Migrations

from api.domain.stems import indexed
from api.storage import lists, reviewers
from api.storage.full_text import SEARCHED

LOG = """
CREATE TABLE entries (
    idx INTEGER PRIMARY KEY, recorded_at TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, actor TEXT NOT NULL,
    payload_hash BLOB NOT NULL, leaf_hash BLOB NOT NULL
);
CREATE INDEX entries_by_time ON entries (recorded_at, idx);
CREATE TABLE payloads (idx INTEGER PRIMARY KEY REFERENCES entries (idx), salt BLOB NOT NULL, bytes BLOB NOT NULL);
"""

SERVICE = """
CREATE TABLE tokens (
    id TEXT PRIMARY KEY, digest BLOB NOT NULL UNIQUE, party TEXT NOT NULL, scopes TEXT NOT NULL, note TEXT,
    created_at TEXT NOT NULL, revoked_at TEXT
);
CREATE TABLE idempotency (
    token TEXT NOT NULL, key TEXT NOT NULL, request BLOB NOT NULL, status INTEGER NOT NULL, headers TEXT NOT NULL,
    body BLOB NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (token, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_by_time ON idempotency (created_at);
"""

MIRROR = """
CREATE TABLE mirror (
    id INTEGER PRIMARY KEY CHECK (id = 0), source TEXT NOT NULL, origin TEXT NOT NULL, keys TEXT NOT NULL,
    size INTEGER NOT NULL, checkpoint TEXT NOT NULL, unswept INTEGER NOT NULL
);
"""

MOVE = """
CREATE TABLE move (
    id INTEGER PRIMARY KEY CHECK (id = 0), direction TEXT NOT NULL, other TEXT NOT NULL, unswept INTEGER NOT NULL
);
"""

# Not derived: no entry says who is told of entries. `api.storage.webhooks` says what the columns mean.
WEBHOOKS = """
CREATE TABLE webhooks (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, url TEXT NOT NULL, description TEXT, filter TEXT NOT NULL,
    secret TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, upcoming INTEGER NOT NULL,
    former TEXT, former_until TEXT, enabled INTEGER NOT NULL, disabled TEXT, disabled_at TEXT, disabled_by INTEGER,
    version INTEGER NOT NULL, epoch INTEGER NOT NULL, attempts INTEGER NOT NULL, due TEXT, error TEXT,
    answered INTEGER, ping TEXT
);
CREATE INDEX webhooks_by_owner ON webhooks (owner, id);
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY, webhook TEXT NOT NULL, message TEXT NOT NULL, kind TEXT NOT NULL, idx INTEGER,
    attempt INTEGER NOT NULL, at TEXT NOT NULL, took INTEGER NOT NULL, answered INTEGER, error TEXT
);
CREATE INDEX deliveries_by_webhook ON deliveries (webhook, id);
"""

VECTORS = """
CREATE TABLE vectors (no INTEGER PRIMARY KEY, model TEXT NOT NULL, words BLOB NOT NULL, vector BLOB NOT NULL);
"""

# In the order in which they are made; dropped in reverse.
DERIVED = {
    "head": """
CREATE TABLE head (
    id INTEGER PRIMARY KEY CHECK (id = 0), size INTEGER NOT NULL, root BLOB NOT NULL, last_leaf BLOB NOT NULL,
    frontier BLOB NOT NULL, recorded_at TEXT NOT NULL
);""",
    "erasures": """
CREATE TABLE erasures (
    idx INTEGER PRIMARY KEY, by INTEGER NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,
    skeleton BLOB NOT NULL
);""",
    "nodes": """
CREATE TABLE nodes (
    level INTEGER NOT NULL, position INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, position)
) WITHOUT ROWID;""",
    "subjects": """
CREATE TABLE subjects (name TEXT PRIMARY KEY, no INTEGER NOT NULL) WITHOUT ROWID;""",
    "histories": """
CREATE TABLE histories (no INTEGER NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (no, idx)) WITHOUT ROWID;""",
    "documents": """
CREATE TABLE documents (no INTEGER PRIMARY KEY, since INTEGER NOT NULL, excerpt BLOB, body BLOB NOT NULL);""",
    "versions": """
CREATE TABLE versions (no INTEGER NOT NULL, since INTEGER NOT NULL, excerpt BLOB, body BLOB NOT NULL);
CREATE UNIQUE INDEX versions_by_number ON versions (no, since);""",
    "changes": """
CREATE TABLE changes (idx INTEGER PRIMARY KEY, line BLOB NOT NULL);""",
    "change_facets": """
CREATE TABLE change_facets (facet TEXT NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (facet, idx)) WITHOUT ROWID;""",
    "terms": """
CREATE TABLE terms (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);""",
    "facets": """
CREATE TABLE facets (
    facet INTEGER NOT NULL, live INTEGER NOT NULL, no INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER,
    earliest INTEGER NOT NULL, latest INTEGER NOT NULL, PRIMARY KEY (facet, live, no, since)
) WITHOUT ROWID;
CREATE INDEX facets_by_date ON facets (facet, live, earliest, latest, no, since);""",
    "statements": """
CREATE TABLE statements (
    party INTEGER NOT NULL, question INTEGER NOT NULL, live INTEGER NOT NULL, position TEXT NOT NULL,
    stated_earliest INTEGER NOT NULL, stated_latest INTEGER NOT NULL, no INTEGER NOT NULL, since INTEGER NOT NULL,
    until INTEGER, disclosed_earliest INTEGER NOT NULL, disclosed_latest INTEGER NOT NULL,
    PRIMARY KEY (party, question, live, position, stated_earliest, stated_latest, no, since)
) WITHOUT ROWID;
CREATE INDEX statements_as_stated
    ON statements (party, question, live, stated_earliest, stated_latest, no, since, disclosed_latest);
CREATE INDEX statements_as_disclosed
    ON statements (party, question, live, disclosed_earliest, disclosed_latest, no, since, stated_latest);""",
    "profiles": """
CREATE TABLE profiles (
    no INTEGER NOT NULL, since INTEGER NOT NULL, profile TEXT NOT NULL, PRIMARY KEY (no, since)
) WITHOUT ROWID;""",
    "fingerprints": """
CREATE TABLE fingerprints (fingerprint BLOB NOT NULL, no INTEGER NOT NULL, PRIMARY KEY (fingerprint, no))
WITHOUT ROWID;""",
    "names": """
CREATE TABLE names (digest BLOB NOT NULL, no INTEGER NOT NULL, PRIMARY KEY (digest, no)) WITHOUT ROWID;""",
    "pairs": """
CREATE TABLE pairs (
    one TEXT NOT NULL, other TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER, live INTEGER NOT NULL,
    status TEXT NOT NULL, no INTEGER NOT NULL, PRIMARY KEY (one, other, since)
) WITHOUT ROWID;
CREATE INDEX pairs_by_status ON pairs (status, no, live, since);""",
    "review_pages": """
CREATE TABLE review_pages (
    page TEXT NOT NULL, no INTEGER NOT NULL, site TEXT, PRIMARY KEY (page, no)
) WITHOUT ROWID;
CREATE INDEX review_pages_by_site ON review_pages (site, page, no);""",
    "searchable": """
CREATE TABLE searchable (
    id INTEGER PRIMARY KEY, no INTEGER NOT NULL, live INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER,
    text TEXT NOT NULL, variants TEXT NOT NULL, speakers TEXT NOT NULL, titles TEXT NOT NULL, stems TEXT NOT NULL
);
CREATE INDEX searchable_by_claim ON searchable (no, live);
CREATE INDEX searchable_by_time ON searchable (since);""",
}

# A record that was made after there were names has the table from the first migration on.
NAMES = DERIVED["names"].replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS")

# A record that was made after there were pages has the table from the first migration on.
REVIEW_PAGES = (
    DERIVED["review_pages"].replace(" TABLE ", " TABLE IF NOT EXISTS ").replace(" INDEX ", " INDEX IF NOT EXISTS ")
)

migrations = Migrations("onrecord")


@migrations(name="0001_record")
def record(db: SqliteUtils) -> None:
    """The log, what serves the API, and the derived tables."""
    _run(db, LOG + SERVICE)
    create_derived(db)


@migrations(name="0002_mirror")
def mirror(db: SqliteUtils) -> None:
    """What the log is a mirror of."""
    _run(db, MIRROR)


@migrations(name="0003_move")
def move(db: SqliteUtils) -> None:
    """Whether the record is moved, into this database or away from it."""
    _run(db, MOVE)


@migrations(name="0003_webhooks")
def webhooks(db: SqliteUtils) -> None:
    """Who is told of entries, and what became of it."""
    _run(db, WEBHOOKS)


@migrations(name="0004_match")
def match(db: SqliteUtils) -> None:
    """The stems of what is searched, where the table was made without them."""
    columns = ", ".join(column.name for column in db.table("searchable").columns)
    if "stems" in columns:
        return
    db.table("searchable").disable_fts()
    # Made again with the column where `create_derived` has it: an index goes through the columns in their order.
    for index in ("searchable_by_claim", "searchable_by_time"):
        db.execute(f"DROP INDEX {index}")
    db.execute("ALTER TABLE searchable RENAME TO unstemmed")
    _run(db, DERIVED["searchable"])
    rows = db.execute(f"SELECT {columns}, text, variants, speakers, titles FROM unstemmed ORDER BY id")
    insert = f"INSERT INTO searchable ({columns}, stems) VALUES ({', '.join('?' * (columns.count(',') + 2))})"
    db.conn.executemany(insert, ([*row[:-4], stemmed(*row[-4:])] for row in rows))
    db.execute("DROP TABLE unstemmed")
    _index_words(db)


@migrations(name="0005_names")
def names(db: SqliteUtils) -> None:
    """By which names and addresses parties are found."""
    _run(db, NAMES)
    lists.name_all(db.conn)


@migrations(name="0006_review_pages")
def review_pages(db: SqliteUtils) -> None:
    """On which pages reviewers publish: empty until a rebuild, in a record that has verdicts already."""
    _run(db, REVIEW_PAGES)


@migrations(name="0006_reviewers")
def by_reviewer(db: SqliteUtils) -> None:
    """Whose verdicts and assessments the changes are."""
    reviewers.mark_changes(db.conn)


@migrations(name="0007_vectors")
def vectors(db: SqliteUtils) -> None:
    """What claims mean, as a model says."""
    _run(db, VECTORS)


@migrations(name="0008_words_by_turns")
def words_by_turns(db: SqliteUtils) -> None:
    """The index of words is brought up to date at the end of a turn, and no longer at each row."""
    for event in ("ai", "ad", "au"):
        db.execute(f"DROP TRIGGER IF EXISTS searchable_{event}")


def stemmed(text: str, variants: str, speakers: str, titles: str) -> str:
    """The stems of a row of `searchable`, as `api.projection` makes them: the speakers' by themselves."""
    return f"{indexed(text, variants, titles)} {indexed(speakers)}".strip()


def create_derived(db: SqliteUtils) -> None:
    """Make every derived table, empty."""
    for statements in DERIVED.values():
        _run(db, statements)
    _index_words(db)


def _index_words(db: SqliteUtils) -> None:
    # The words come folded and split, so the tokenizer has nothing left to fold. Each turn takes in what it added
    # (`api.storage.search.take_in`).
    db.table("searchable").enable_fts(SEARCHED, tokenize="unicode61 remove_diacritics 0")


def drop_derived(db: SqliteUtils) -> None:
    """Drop every derived table: the log remains."""
    searchable = db.table("searchable")
    if searchable.exists():
        searchable.disable_fts()
    for name in reversed(DERIVED):
        db.execute(f"DROP TABLE IF EXISTS {name}")


def _run(db: SqliteUtils, statements: str) -> None:
    # Not executescript(), which commits: the tables and the row that says they exist belong to one transaction.
    for statement in statements.split(";"):
        if statement.strip():
            db.execute(statement)
