"""What it costs that everything can be proved: the tree beside a commit, and proofs beside the bare handler."""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from urllib.request import urlopen

from api import ledger, merkle, notes
from api.domain import claims
from api.domain.entries import SALT_SIZE, Entry, canonical
from api.ledger import Tree
from api.storage import log
from api.storage.log import Head, Sealed
from api.storage.sqlite import Database
from tests.bench import reads, synthetic, writes
from tests.bench.databases import database
from tests.bench.reads import Target
from tests.bench.serving import Running, serving
from tests.records import ulid

# Commits of each kind, one of each in turn: what else the disk does meets both alike.
COMMITS = 2_000
PAYLOAD = {"text": "x" * 400, "wording": "direct"}


def measure(folder: Path, sizes: list[int]) -> None:
    """Print the row of appending, and a row for each proof and size."""
    print("| append | µs without the tree | with it | more | wanted |\n|---|---|---|---|---|")
    print(append_rows(), flush=True)
    print(
        "\n| proof | claims | of the bare handler's rate | wanted | CPU µs, bare | CPU µs |\n|---|---|---|---|---|---|"
    )
    key = notes.new_key("bench").private_text()
    for size in sizes:
        url = f"sqlite:///{database(folder, size).resolve()}"
        with serving("bare") as bare, serving("onrecord", DATABASE_URL=url, ONRECORD_SIGNING_KEY=key) as ours:
            for target in targets(ours):
                print(reads.row(bare, ours, target, size), flush=True)
        print(f"An inclusion proof at {size:,} claims reads {most_read(size)} hashes at most (wanted: 64).", flush=True)


def targets(server: Running) -> list[Target]:
    """A proof of each kind, at the size that the log has; a checkpoint has no ratio to reach."""
    with urlopen(f"{server.address}/v1/changes?since=now") as answer:
        size = json.load(answer)["head"]["size"]
    index = size // 3
    return [
        Target("inclusion", f"/v1/log/proofs/inclusion?index={index}&size={size}", {}, 0.5),
        Target("consistency", f"/v1/log/proofs/consistency?from={index}&to={size}", {}, 0.5),
        Target("checkpoint, signed before", "/v1/log/checkpoint", {}, 0.5),
    ]


def most_read(size: int) -> int:
    """The most hashes that an inclusion proof at a size reads, of many entries: those of path, leaf and root."""
    chance = random.Random(1)
    indexes = {0, 1, size - 2, size - 1, *(chance.randrange(size) for _ in range(10_000))}
    return max(_read(index, size) for index in indexes if 0 <= index < size)


def _read(index: int, size: int) -> int:
    rows = [*merkle.inclusion(index, size), merkle.row(0, size), [merkle.Place(0, index)]]
    return len({place for row in rows for place in row})


def append_rows() -> str:
    """What the tree adds to a commit of an entry alone, and to the one of a claim with all that follows from it."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as scratch:
        plain, proved = _Log(Path(scratch) / "plain.db"), _Log(Path(scratch) / "proved.db")
        without: list[float] = []
        with_tree: list[float] = []
        for _ in range(COMMITS):
            without.append(plain.commit(plain.append_plainly))
            with_tree.append(proved.commit(proved.append))
        plain.store.close()
        proved.store.close()
        whole = median(_claims(Path(scratch) / "claims.db")) * 1e6
    base, full = median(without) * 1e6, median(with_tree) * 1e6
    alone = f"| an entry alone, `synchronous=FULL` | {base:.0f} | {full:.0f} | {full / base - 1:+.1%} | +10 % |"
    less = whole - (full - base)
    return f"{alone}\n| a claim, with all that follows from it | {less:.0f} | {whole:.0f} | {whole / less - 1:+.1%} | +10 % |"


def _claims(path: Path) -> list[float]:
    """Seconds that turns of one claim each took."""
    writes.prepared(path)
    store = Database(path)
    took = []
    for number, body in enumerate(synthetic.claims(COMMITS // 2, 1)):
        began = time.perf_counter()
        with ledger.turn(store) as turn:
            turn.append(lambda known, body=body, number=number: claims.record(body, ulid(number), known), "root")  # type: ignore[misc]
        took.append(time.perf_counter() - began)
    store.close()
    return took


class _Log:
    """A log that gets entries alone, so that nothing else hides what the tree costs."""

    def __init__(self, path: Path) -> None:
        self.store = Database(path)
        self.store.migrate()
        self.tree = Tree(log.EMPTY)
        self.size = 0

    def commit(self, append: Callable[[Sealed], None]) -> float:
        """Seconds that one commit took, from the lock to the disk."""
        entry = Entry(self.size, "2026-11-24T10:00:00.000Z", "claim.recorded", f"claim/{self.size}", "desk", PAYLOAD)
        sealed = ledger.seal(entry, bytes(SALT_SIZE), canonical(PAYLOAD))
        self.size += 1
        began = time.perf_counter()
        append(sealed)
        return time.perf_counter() - began

    def append(self, sealed: Sealed) -> None:
        """As `api.ledger` does it."""
        with self.store.turn() as db:
            log.add_entry(db, sealed)
            log.add_nodes(db, self.tree.append(sealed))
            log.set_head(db, self.tree.head)

    def append_plainly(self, sealed: Sealed) -> None:
        """A log that only counts."""
        with self.store.turn() as db:
            log.add_entry(db, sealed)
            log.set_head(db, Head(sealed.idx + 1, b"", b"", b"", sealed.recorded_at))
