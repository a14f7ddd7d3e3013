"""SQL as SQLite takes it, in the words of PostgreSQL."""

from __future__ import annotations

import pytest

from api.storage import dialect, tables


@pytest.mark.parametrize(
    ("sql", "text", "names"),
    [
        ("SELECT 1", "SELECT 1", ()),
        ("SELECT a FROM t WHERE b = ? AND c = ?", "SELECT a FROM t WHERE b = $1 AND c = $2", None),
        ("SELECT :b, :a, :b", "SELECT $1, $2, $1", ("b", "a")),
        ("SELECT ' :a ? ''? ' || :a", "SELECT ' :a ? ''? ' || $1", ("a",)),
        ("SELECT :a::tsquery, b::text", "SELECT $1::tsquery, b::text", ("a",)),
        ("SELECT * FROM f CROSS JOIN s ON s.no = f.no", "SELECT * FROM f CROSS JOIN s ON s.no = f.no", ()),
        ("FROM f g CROSS JOIN s t ON t.no = :no", "FROM f g JOIN s t ON t.no = $1", ("no",)),
        ("DELETE FROM i WHERE instr(body, ?) > 0", "DELETE FROM i WHERE position($1 IN body) > 0", None),
    ],
)
def test_a_statement_is_translated(sql: str, text: str, names: tuple[str, ...] | None) -> None:
    """Parameters are numbered, those of one name once; what stands in quotes, and casts, are left alone."""
    assert dialect.translated(sql) == (text, names)


def test_values_are_put_in_order() -> None:
    """Named parameters are taken out of what was given, which may have more."""
    assert dialect.values(dialect.translated("SELECT :b, :a"), {"a": 1, "b": 2, "c": 3}) == [2, 1]
    assert dialect.values(dialect.translated("SELECT ?, ?"), (1, 2)) == (1, 2)
    assert dialect.values(dialect.translated("SELECT 1"), {"a": 1}) == ()


def test_tables_are_translated() -> None:
    """Types, collation and numbering are PostgreSQL's, and nothing of SQLite's is left."""
    made = dialect.tables(tables.LOG + tables.SERVICE + "".join(tables.DERIVED.values()))
    assert all(statement.startswith(("CREATE TABLE", "CREATE INDEX", "CREATE UNIQUE INDEX")) for statement in made)
    assert not [s for s in made for word in ("BLOB", "ROWID", "INTEGER", "REFERENCES") if word in s]
    assert [s for s in made if "TEXT" in s] == [s for s in made if 'TEXT COLLATE "C"' in s]
    numbered = [s for s in made if "DEFAULT next_" in s]
    assert [s.split()[2] for s in numbered] == ["terms", "searchable"]
    assert len(dialect.numbering("".join(tables.DERIVED.values()))) == 2
