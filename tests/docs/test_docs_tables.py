"""What the documentation lists is what there is: settings, problems, commands, links, files and routes."""

from __future__ import annotations

import re
from pathlib import Path

import click
import flask
import pytest
from werkzeug.exceptions import HTTPException

from api import create_app, problems
from api.settings import Settings, settings_table_markdown
from schemas import ratings
from tests.docs import pages

DOCS = pages.ROOT / "docs"
METHODS = ("GET", "POST", "PATCH")
TOP = ("api", "schemas", "fixtures", "tests", "docs")

_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _prose(path: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCED.sub("", _text(path))


def _rows(page: str) -> list[list[str]]:
    """The cells of every row of every table."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("|")]


def _anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(_prose(path))}


@pytest.fixture
def app(tmp_path: Path) -> flask.Flask:
    return create_app(Settings.from_environ({"DATABASE_URL": f"sqlite:///{tmp_path / 'none.db'}"}))


def test_docs_settings_are_the_table() -> None:
    """docs/settings.md holds the table that the settings make."""
    assert settings_table_markdown() in _text(DOCS / "settings.md")


def test_docs_have_the_table_of_ratings() -> None:
    """docs/claimreview-in.md holds every label, with its rating."""
    assert ratings.markdown() in _text(DOCS / "claimreview-in.md")


def test_docs_list_every_problem() -> None:
    """docs/conventions.md has a line for each type of problem, with its status, its title and a remedy."""
    listed = [row for row in _rows(_text(DOCS / "conventions.md")) if len(row) == 4 and row[1].isdigit()]
    assert {(row[0].strip("`"), int(row[1]), row[2]) for row in listed} == {
        (kind.slug, kind.status, kind.title) for kind in problems.PROBLEMS.values()
    }
    assert len(listed) == len(problems.PROBLEMS)
    assert all(row[3] for row in listed)


def test_docs_list_every_command() -> None:
    """docs/command-line.md has a line for each command, and names no option that the command does not have."""
    from api.cli import main

    commands = _commands(main)
    rows = [row for row in _rows(_text(DOCS / "command-line.md")) if row[0].startswith("`onrecord ")]
    assert set(_names(rows)) == commands.keys()
    for name, row in zip(_names(rows), rows, strict=True):
        options = {option for parameter in commands[name].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", " ".join(row))) <= options, name


def test_docs_list_every_column() -> None:
    """docs/command-line.md has a line for each column of a CSV file of claims, with its place in the body."""
    from api.cli.files import COLUMNS

    rows = [row for row in _rows(_text(DOCS / "command-line.md")) if row[1].startswith("`/")]
    assert [(row[0].strip("`"), row[1].strip("`")) for row in rows] == list(COLUMNS.items())


def _names(rows: list[list[str]]) -> list[str]:
    return [row[0].strip("`").removeprefix("onrecord ") for row in rows]


def _commands(command: click.Command, prefix: str = "") -> dict[str, click.Command]:
    if not isinstance(command, click.Group):
        return {prefix.strip(): command}
    found: dict[str, click.Command] = {}
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None, name
        found |= _commands(inner, f"{prefix} {name}")
    return found


@pytest.mark.parametrize("path", pages.PAGES, ids=lambda path: path.name)
def test_docs_links_lead_somewhere(path: Path) -> None:
    """A link within the project leads to a file that is there, and to a heading that it has."""
    for link in _LINK.findall(_prose(path)):
        if link.startswith(("https://", "http://")):
            continue
        target, _, anchor = link.partition("#")
        found = (path.parent / target).resolve() if target else path
        assert found.exists(), f"{path.name}: {link}"
        assert not anchor or anchor in _anchors(found), f"{path.name}: {link}"


@pytest.mark.parametrize("path", pages.PAGES, ids=lambda path: path.name)
def test_docs_name_files_that_are_there(path: Path) -> None:
    """A file or folder that is named in prose exists."""
    for code in _CODE.findall(_prose(path)):
        if re.fullmatch(rf"(?:{'|'.join(TOP)})/[\w./-]*", code):
            assert (pages.ROOT / code).exists(), f"{path.name}: {code}"


@pytest.mark.parametrize("path", pages.PAGES, ids=lambda path: path.name)
def test_docs_name_routes_that_are_there(path: Path, app: flask.Flask) -> None:
    """A route that is named in prose exists, with the method that is named."""
    urls = app.url_map.bind("localhost")
    for code in _CODE.findall(_prose(path)):
        found = re.fullmatch(r"(?:([A-Z]+) )?(/(?:v1/|docs|openapi|livez|readyz)[^\s?]*)(?:\?\S*)?", code)
        if not found:
            continue
        url = re.sub(r"\{[a-z]+\}", "1", found[2])
        try:
            urls.match(url, method=found[1] or "GET")
        except HTTPException as error:
            raise AssertionError(f"{path.name}: {code}: {error}") from None


def test_docs_leave_no_page_out() -> None:
    """The README links to every page of docs."""
    linked = {link.partition("#")[0] for link in _LINK.findall(_text(pages.ROOT / "README.md"))}
    assert {f"docs/{path.name}" for path in DOCS.glob("*.md")} <= linked


def test_docs_are_pages_of_text() -> None:
    """No line of prose is longer than one can read in an editor, tables apart."""
    for path in pages.PAGES:
        for number, line in enumerate(_prose(path).splitlines(), 1):
            assert len(line) <= 120 or line.startswith("|"), f"{path.name}: line {number} of the prose"
