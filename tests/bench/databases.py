"""Databases of made-up claims to measure on, imported once and kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.bench import synthetic


def database(folder: Path, count: int) -> Path:
    """The path of a database of so many claims; built with `onrecord import` if it is not there yet."""
    path = folder / f"claims-{count}.db"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    building = folder / f"claims-{count}.building"
    for leftover in folder.glob(f"{building.name}*"):
        leftover.unlink()
    _onrecord(building, "migrate")
    for kind, made in (("parties", synthetic.parties()), ("questions", synthetic.questions()), ("claims", synthetic.claims(count))):
        file = folder / f"{kind}.ndjson"
        with file.open("w", encoding="utf-8") as out:
            out.writelines(json.dumps(body) + "\n" for body in made)
        _onrecord(building, "import", str(file))
        file.unlink()
    building.rename(path)
    # Turns are counted beside the database, and where they never were every poll asks SQLite: no service is like that.
    _onrecord(path, "migrate")
    return path


def _onrecord(database: Path, *arguments: str) -> None:
    environ = os.environ | {"DATABASE_URL": f"sqlite:///{database.resolve()}"}
    subprocess.run([sys.executable, "-m", "api", *arguments], check=True, env=environ, stdout=subprocess.DEVNULL)
