"""`python -m tests.bench [reads|growth|search|google|writes|import|proofs|pages|engines|formats|webhooks|match ...]`: measure and print the table of docs/performance.md.

Sizes come from BENCH_SIZES (claims, default 10000,100000; docs/performance.md was made with 10000,1000000),
the folder of the databases from BENCH_FOLDER (default .bench: they take minutes to build and are kept).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.bench import (
    bulk,
    deliveries,
    engines,
    factchecks,
    formats,
    growth,
    matching,
    pages,
    proofs,
    reads,
    searches,
    writes,
)

PARTS = {
    "reads": reads.measure,
    "growth": growth.measure,
    "search": searches.measure,
    "google": factchecks.measure,
    "writes": writes.measure,
    "import": bulk.measure,
    "proofs": proofs.measure,
    "pages": pages.measure,
    "engines": engines.measure,
    "formats": formats.measure,
    "webhooks": deliveries.measure,
    "match": matching.measure,
    "meaning": matching.measure_meaning,
}


def main() -> None:
    """Run the parts that are named, or all."""
    chosen = sys.argv[1:] or list(PARTS)
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        raise SystemExit(f"no part named {', '.join(unknown)}: choose from {', '.join(PARTS)}")
    folder = Path(os.environ.get("BENCH_FOLDER", ".bench"))
    sizes = [int(size) for size in os.environ.get("BENCH_SIZES", "10000,100000").split(",")]
    for name in chosen:
        PARTS[name](folder, sizes)


if __name__ == "__main__":
    main()
