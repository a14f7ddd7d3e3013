"""The documentation as a program: the blocks of a page, what each does, and whether an answer is the one shown.

* ```sh is run by one shell that the whole page shares, so that later blocks see the variables of earlier ones;
* ```python NAME and ```js NAME are written to a file of that name, ```python without a name is run;
* ```json and ```text right after a block that runs are what it prints, shortened: `…` stands for anything. An object
  or a list that holds no `…` of its own is shown whole.

Blocks of any other language (nginx, console) are only shown.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HOME = "http://127.0.0.1:8000"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]

GAP = "…"
SHOWN = ("json", "text")
# A block that takes longer hangs.
SECONDS = 60

_FENCE = re.compile(r"^```(\w*)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that it is written to (if it names one), its text and its line
    in the page."""

    language: str
    name: str | None
    text: str
    line: int


@dataclass(frozen=True)
class Step:
    """A block that does something, and the block that shows what it prints."""

    block: Block
    shown: Block | None


def blocks(page: str) -> list[Block]:
    """Every fenced block of a page."""
    return [
        Block(found[1], found[2], found[3], page.count("\n", 0, found.start()) + 1) for found in _FENCE.finditer(page)
    ]


def steps(page: str) -> Iterator[Step]:
    """What a page does, in order."""
    found = blocks(page)
    for block, following in zip(found, [*found[1:], None], strict=False):
        if block.language in ("sh", "python") or block.name:
            yield Step(block, following if following and following.language in SHOWN else None)


def needs_node(step: Step) -> bool:
    """Whether a step runs JavaScript."""
    return step.block.language == "sh" and re.search(r"^node ", step.block.text, re.MULTILINE) is not None


class Reader:
    """Somebody who works through a page: one shell and one directory, against the server at `url`."""

    def __init__(self, directory: Path, url: str, environ: dict[str, str], variables: dict[str, str]) -> None:
        self._directory, self._url, self._environ = directory, url, environ
        self._shell = subprocess.Popen(
            ["/bin/sh"],
            cwd=directory,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name, value in variables.items():
            assert self.run(f"{name}={value}\n") == ""

    def close(self) -> None:
        """End the shell."""
        self._shell.terminate()
        self._shell.communicate(timeout=SECONDS)

    def do(self, step: Step) -> str | None:
        """Do a step. Out: what it printed, None for a block that is only kept as a file."""
        text = step.block.text.replace(HOME, self._url)
        if step.block.name:
            (self._directory / step.block.name).write_text(text, encoding="utf-8")
            return None
        if step.block.language == "sh":
            return self.run(text)
        done = subprocess.run(
            [sys.executable, "-c", text],
            cwd=self._directory,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(self, text: str) -> str:
        """What commands print, on both streams. The last of them must succeed."""
        assert self._shell.stdin and self._shell.stdout
        self._shell.stdin.write(f'{{\n{text}\n}} </dev/null\necho "\n--done-- $?"\n')
        self._shell.stdin.flush()
        watch = threading.Timer(SECONDS, self._shell.kill)
        watch.start()
        try:
            lines = []
            for line in self._shell.stdout:
                if line.startswith("--done-- "):
                    assert line == "--done-- 0\n", f"{text}\n{''.join(lines)}"
                    return "".join(lines).removesuffix("\n")
                lines.append(line)
        finally:
            watch.cancel()
        raise AssertionError(f"the shell ended: {text}\n{''.join(lines)}")


def agrees(shown: Block, real: str) -> bool:
    """Whether what was printed is what the page shows, as far as it shows it."""
    if shown.language == "json":
        return _matches(_shortened(shown.text), json.loads(real))
    lines = [re.escape(line).replace(GAP, ".*") for line in shown.text.rstrip("\n").split("\n")]
    pattern = "\n".join("(?s:.*)" if line == ".*" else line for line in lines)
    return re.fullmatch(pattern, real.replace("\r", "").rstrip("\n")) is not None


def _shortened(text: str) -> Any:
    """The value of JSON in which a bare … stands for members, items or a whole value."""
    out: list[str] = []
    opened: list[str] = []
    quoted = False
    for i, char in enumerate(text):
        if char == '"' and (i == 0 or text[i - 1] != "\\"):
            quoted = not quoted
        if not quoted and char in "{[":
            opened.append(char)
        elif not quoted and char in "}]":
            opened.pop()
        if char == GAP and not quoted:
            is_member = bool(opened) and opened[-1] == "{" and not "".join(out).rstrip().endswith(":")
            out.append(f'"{GAP}":0' if is_member else f'"{GAP}"')
        else:
            out.append(char)
    return json.loads("".join(out))


def _matches(shown: Any, real: Any) -> bool:
    if shown == GAP:
        return True
    if isinstance(shown, str) and isinstance(real, str):
        return re.fullmatch(re.escape(shown).replace(GAP, "(?s:.*)"), real) is not None
    if isinstance(shown, dict) and isinstance(real, dict):
        named = shown.keys() - {GAP}
        whole = GAP in shown or named == real.keys()
        return whole and named <= real.keys() and all(_matches(shown[name], real[name]) for name in named)
    if isinstance(shown, list) and isinstance(real, list):
        return _lists_match(shown, real)
    return type(shown) is type(real) and bool(shown == real)


def _lists_match(shown: list[Any], real: list[Any]) -> bool:
    if not shown:
        return not real
    if shown[0] == GAP:
        return any(_lists_match(shown[1:], real[start:]) for start in range(len(real) + 1))
    return bool(real) and _matches(shown[0], real[0]) and _lists_match(shown[1:], real[1:])
