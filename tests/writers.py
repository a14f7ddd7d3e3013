"""A process that writes claims one by one, and prints the number of each entry once it is durable."""

from __future__ import annotations

import sys

from api.domain import claims
from api.storage import opening
from tests.records import Recorder, claim_body, ulid


def main(place: str, party: str, first: int, count: int) -> None:
    """Write `count` claims of a party, with the ids of `first` and those after it."""
    record = Recorder(opening.database(place))
    for number in range(first, first + count):
        body = claim_body(f"Statement {number} of {party}.", party)
        entry = record.append(lambda known, body=body, number=number: claims.record(body, ulid(number), known))
        sys.stdout.write(f"{entry.index}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
