"""Where a statement reverses the one before it, and how sure that is."""

from __future__ import annotations

import pytest

from api.domain.timelines import reversal
from schemas.dates import bounds

# The date of each of two opposing statements, the days between them, and whether the reversal is certain.
DATES: list[tuple[str | None, str | None, tuple[int | None, bool] | None]] = [
    ("2010-09-07", "2010-10-06", (29, True)),
    ("2010-09-07", "2010-09-07", (0, False)),
    ("2010-09-07", "2010-09-08", (1, True)),
    ("2010-09", "2010-09-30", (29, False)),
    ("2010-09", "2010-10", (30, True)),
    ("2010", "2010-12-31", (364, False)),
    ("2010", "2011", (365, True)),
    ("2010-09/2010-11", "2010-11", (61, False)),
    ("../2010-10-02", "2010-10-03", (None, True)),
    ("../2010-10-02", "2010-10-02", (None, False)),
    ("../2010-10-02", "../2011", (None, False)),
    ("2010-09-07", "2010-10/..", (24, True)),
    ("2010-09/..", "2011", (122, False)),
    ("2010-09-07", None, None),
    (None, None, None),
    (None, "2010", None),
    ("2010-09-07", "XXXX", None),
    ("2010-09-07", "../..", None),
]


@pytest.mark.parametrize(("before", "after", "found"), DATES)
def test_reversals_by_date(before: str | None, after: str | None, found: tuple[int | None, bool] | None) -> None:
    """Overlapping dates are not certain, open ends have no number of days, the undated reverses nothing."""
    assert reversal(bounds(before), bounds(after)) == found
