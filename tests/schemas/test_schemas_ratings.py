"""What labels mean: one table, which changes only with its version."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

import schemas
from schemas import ratings
from schemas.vocabulary import RATINGS

# Whoever changes a row gives the table another version and notes its hash here: verdicts name the version.
HASHES = {1: "50cb7b637c517db28ea71d54423eb87f068a5904e1dc47f1f70b4261466b0b51"}


def test_the_table_is_that_of_its_version() -> None:
    """A row that is changed without a new version would make two ratings of one row."""
    data = (Path(schemas.__file__).parent / "ratings.csv").read_bytes()
    assert sha256(data).hexdigest() == HASHES[ratings.VERSION]


def test_every_row_is_sound() -> None:
    """Publishers are known ones, ratings are ours, and no label stands twice with one publisher."""
    rows = ratings.table()
    assert {row.rating for row in rows} == {*RATINGS, None}
    assert {row.publisher for row in rows} == {*ratings.PUBLISHERS, ratings.GENERAL, ratings.SCALE}
    keys = [(row.publisher, ratings.normal(row.label)) for row in rows]
    assert len(keys) == len(set(keys))
    assert all(row.note for row in rows if row.rating is None)


@pytest.mark.parametrize(
    ("label", "name", "url", "rating", "mapping"),
    [
        ("Pants on Fire!", "PolitiFact", "", "false", "politifact/pants on fire"),
        ("Half-True", "", "https://www.politifact.com/x", "mixed", "politifact/half true"),
        ("Full Flop", "PolitiFact", "", None, "politifact/full flop"),
        ("MIXTURE", "Snopes", "", "mixed", "snopes/mixture"),
        ("Originated as Satire", "Snopes.com", "", None, "snopes/originated as satire"),
        ("Four Pinocchios", "The Washington Post", "", "false", "washington-post/four pinocchios"),
        ("Three  Pinocchios.", "", "https://washingtonpost.com/f", "mostly_false", "washington-post/three pinocchios"),
        ("This is false.", "Full Fact", "", "false", "full-fact/this is false"),
        ("Manque de contexte", "", "https://factuel.afp.com/doc", None, "afp/manque de contexte"),
        ("Altered", "AP", "", "false", "ap/altered"),
        ("“Synthetic media”", "Reuters Fact Check", "", "false", "reuters/synthetic media"),
        ("Spins the Facts", "FactCheck.org", "", "mostly_false", "factcheck.org/spins the facts"),
        ("Mostly true", "Somebody", "https://somebody.example", "mostly_true", "general/mostly true"),
        ("Mostly true", "Snopes", "", "mostly_true", "snopes/mostly true"),
        ("FALSO", "", "", "false", "general/falso"),
        ("Misleading", "Somebody", "", None, "general/misleading"),
        ("Misleading", "Reuters", "", "mostly_false", "reuters/misleading"),
        ("Four Pinocchios", "Somebody", "", None, None),
        ("Mostly true", "", "https://notpolitifact.com", "mostly_true", "general/mostly true"),
        ("Falsehood", "PolitiFact", "", None, None),
        ("", "PolitiFact", "", None, None),
        ("Pants on Fire", "", "https://[broken", "false", "general/pants on fire"),
    ],
)
def test_a_label_is_looked_up(label: str, name: str, url: str, rating: str | None, mapping: str | None) -> None:
    """With its publisher first, by name or site, then among those that mean the same with everybody."""
    found = ratings.rate(label, [name], [url])
    assert found == (rating, f"ratings/{ratings.VERSION}" + (f"/{mapping}" if mapping else ""))


@pytest.mark.parametrize(
    ("label", "scale", "rating"),
    [
        (None, ("1", "1", "5"), "false"),
        (None, ("3.0", "1", "5"), "mixed"),
        ("5", ("5", "1.0", "5"), "true"),
        ("Who knows", ("5", "1", "5"), None),
        (None, ("5", "1", None), None),
        (None, ("2.5", "1", "5"), None),
        (None, ("1", "0", "1"), None),
        (None, ("6", "1", "5"), None),
        (None, ("-1", "1", "5"), None),
        (None, ("Four Pinocchios", "1", "5"), None),
        (None, ("1", "5", "1"), None),
        (None, ("9" * 400, "1", "5"), None),
    ],
)
def test_numbers_count_on_one_scale(
    label: str | None, scale: tuple[str | None, str | None, str | None], rating: str | None
) -> None:
    """Only whole numbers of the scale that has documented words, and only where there are no words."""
    assert ratings.rate(label, scale=scale).rating == rating
