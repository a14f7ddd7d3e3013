"""The SQL of this package, which is written as SQLite takes it, in the words of PostgreSQL. Pure functions.

What differs is little: parameters (`?` and `:name` become `$1`, `$2` …), a join whose order SQLite is told, one
function, and in the tables the names of types, the collation of text, and how rows are numbered without holes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

# Statements differ by how many names or hashes they ask for, and by the filters of lists.
KEPT = 1_024

# A text in quotes, a cast, a named parameter, or one without a name.
_TOKEN = re.compile(r"'(?:[^']|'')*'|::\w+|:(\w+)|\?")
_CROSS_JOIN = re.compile(r"\bCROSS JOIN (\w+ \w+) ON\b")
_INSTR = re.compile(r"\binstr\((\w+), (\?|:\w+)\)")

_TYPES = (
    (re.compile(r"\bINTEGER\b"), "BIGINT"),
    (re.compile(r"\bBLOB\b"), "BYTEA"),
    # Words are compared by their bytes, as SQLite does, whatever the language of the database.
    (re.compile(r"\bTEXT\b"), 'TEXT COLLATE "C"'),
    (re.compile(r"\)\s*WITHOUT ROWID\b"), ")"),
    # SQLite does not hold anybody to it, and `verify` looks at both tables.
    (re.compile(r" REFERENCES \w+ \(\w+\)"), ""),
)
_NUMBERED = re.compile(r"CREATE TABLE (\w+) \(\s*id BIGINT PRIMARY KEY,")


class Statement(NamedTuple):
    """A statement as PostgreSQL takes it, and the names of its parameters; None where they have no names."""

    text: str
    names: tuple[str, ...] | None


@lru_cache(KEPT)
def translated(sql: str) -> Statement:
    """A statement of the package for PostgreSQL."""
    sql = _CROSS_JOIN.sub(r"JOIN \1 ON", sql)
    sql = _INSTR.sub(r"position(\2 IN \1)", sql)
    names: list[str] = []
    unnamed = 0

    def numbered(found: re.Match[str]) -> str:
        nonlocal unnamed
        if found[0] == "?":
            unnamed += 1
            return f"${unnamed}"
        if found[1] is None:
            return found[0]
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    text = _TOKEN.sub(numbered, sql)
    return Statement(text, tuple(names) if names or not unnamed else None)


def values(statement: Statement, parameters: Mapping[str, Any] | Sequence[Any]) -> Sequence[Any]:
    """The values of a statement's parameters in their order, out of those that were given, which may be more."""
    if statement.names is None:
        return parameters if isinstance(parameters, (list, tuple)) else list(parameters)
    if not statement.names:
        return ()
    given: Any = parameters
    return [given[name] for name in statement.names]


def tables(ddl: str) -> list[str]:
    """The statements that make tables and indexes, for PostgreSQL.

    A row that is given no number by whoever inserts it gets the next one without a hole, as in SQLite: a sequence would
    leave one wherever a turn was given up, and then a rebuild gave other numbers. There is one writer at a time.
    """
    for pattern, word in _TYPES:
        ddl = pattern.sub(word, ddl)
    ddl = _NUMBERED.sub(r"CREATE TABLE \1 (id BIGINT PRIMARY KEY DEFAULT next_\1(),", ddl)
    return [statement.strip() for statement in ddl.split(";") if statement.strip()]


def numbering(ddl: str) -> list[str]:
    """The functions that number the rows of the tables in a DDL, to be made before these are."""
    for pattern, word in _TYPES:
        ddl = pattern.sub(word, ddl)
    return [
        f"CREATE OR REPLACE FUNCTION next_{table}() RETURNS BIGINT LANGUAGE plpgsql VOLATILE AS"
        f" 'BEGIN RETURN (SELECT coalesce(max(id), 0) + 1 FROM {table}); END'"
        for table in _NUMBERED.findall(ddl)
    ]
