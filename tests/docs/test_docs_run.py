"""Every command of the documentation is run, in order, against a demo server, and prints what the page shows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.docs import pages, servers

# Pages whose commands are run; the others have none, which a test below holds them to.
RUN = (
    "README.md",
    "backups.md",
    "bulk.md",
    "claimreview.md",
    "claimreview-in.md",
    "command-line.md",
    "conventions.md",
    "deploying.md",
    "erasure.md",
    "feeds.md",
    "five-tasks.md",
    "google.md",
    "life-of-a-write.md",
    "matching.md",
    "matching-semantic.md",
    "mirrors.md",
    "polling.md",
    "proof.md",
    "scaling.md",
    "verdicts.md",
    "webhooks.md",
)
# What a page has its reader set beside.
SETTINGS = {"webhooks.md": {"ONRECORD_WEBHOOK_NETWORKS": "127.0.0.0/8"}}


@pytest.mark.parametrize("name", RUN)
def test_docs_say_what_happens(name: str, tmp_path: Path) -> None:
    """A reader who works through the page sees what it shows."""
    page = next(path for path in pages.PAGES if path.name == name).read_text(encoding="utf-8")
    steps = list(pages.steps(page))
    assert steps, "no block of the page is run"
    # Node.js is no part of the project: where it is not installed, all else of the page is run.
    unrun = [step for step in steps if pages.needs_node(step)] if shutil.which("node") is None else []
    with servers.Server("demo", tmp_path, **SETTINGS.get(name, {})) as server:
        token = re.search(r"ONRECORD_TOKEN=(\S+)", server.output())
        assert token, server.output()
        desk = tmp_path / "desk"
        desk.mkdir()
        reader = pages.Reader(desk, server.url, servers.environ(desk), {"ONRECORD_TOKEN": token[1]})
        try:
            for step in steps:
                if step not in unrun:
                    _check(name, step, reader.do(step))
        finally:
            reader.close()
    if unrun:
        pytest.skip(f"{name}: all but its JavaScript was run, since there is no 'node' here")


def test_docs_without_commands_have_none() -> None:
    """No page has commands that nobody runs."""
    for path in pages.PAGES:
        if path.name not in RUN:
            assert not list(pages.steps(path.read_text(encoding="utf-8"))), path.name


@pytest.mark.parametrize(
    ("shown", "real", "agree"),
    [
        ('{"a": 1}', '{"a":1}', True),
        ('{"a": 1}', '{"a":1,"b":2}', False),
        ('{"a": 1, …}', '{"a":1,"b":2}', True),
        ('{…, "a": "x…"}', '{"b":[1],"a":"xyz"}', True),
        ('{"a": "x…"}', '{"a":"yx"}', False),
        ('{"a": …}', '{"a":{"b":1}}', True),
        ("[…, 2, …]", "[1,2,3]", True),
        ("[2, …]", "[1,2,3]", False),
        ("[1, 3]", "[1,2,3]", False),
        ('{"a": 1}', '{"a":true}', False),
    ],
)
def test_docs_shortened_answers_must_agree(shown: str, real: str, agree: bool) -> None:
    """An answer that the page shortens is still compared in all that it shows."""
    assert pages.agrees(pages.Block("json", None, shown, 1), real) is agree


@pytest.mark.parametrize(
    ("shown", "real", "agree"),
    [
        ("one\n…\nthree\n", "one\ntwo\n2\nthree\n", True),
        ("one\n", "one\r\n", True),
        ("one\n", "one\ntwo\n", False),
        ("o…e\n", "one\n", True),
        ("o.e\n", "one\n", False),
    ],
)
def test_docs_shortened_output_must_agree(shown: str, real: str, agree: bool) -> None:
    """So is any other output, line by line."""
    assert pages.agrees(pages.Block("text", None, shown, 1), real) is agree


def _check(name: str, step: pages.Step, printed: str | None) -> None:
    where = f"{name}:{step.block.line}"
    if step.shown is None:
        # What a page does not show must at least be no refusal that it does not speak of.
        assert "urn:onrecord:problem" not in (printed or ""), f"{where} printed\n{printed}"
    else:
        assert printed is not None, where
        assert pages.agrees(step.shown, printed), f"{where} printed\n{printed}\nbut the page shows\n{step.shown.text}"
