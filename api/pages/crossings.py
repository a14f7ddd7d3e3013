"""The lines that show a change of answer: from the statement that is reversed to the one that reverses it, as cubic
Bézier curves."""

from __future__ import annotations

from math import hypot

# Two points: x and y of the one, x and y of the other.
Ends = tuple[float, float, float, float]


def bend(ends: Ends, down: bool) -> Ends:
    """The control points of a crossing: it leaves and arrives along the way of time, and bows where both are on one
    day."""
    x1, y1, x2, y2 = ends
    if down:
        reach = max(abs(y2 - y1) / 2, 14)
        return x1, y1 + reach, x2, y2 - reach
    reach = max(abs(x2 - x1) / 2, 14)
    return x1 + reach, y1, x2 - reach, y2


def free_spot(ends: Ends, controls: Ends, taken: list[tuple[float, float, float]]) -> tuple[float, float]:
    """The place on a crossing for its number, near its middle, that is freest of marks and other numbers: (x, y, how
    far away one keeps)."""
    spots = [_on_curve(ends, controls, share) for share in (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82)]

    def crowd(spot: tuple[float, float]) -> float:
        return sum(max(0, keep - hypot(spot[0] - x, spot[1] - y)) for x, y, keep in taken)

    return min(spots, key=crowd)


def _on_curve(ends: Ends, controls: Ends, share: float) -> tuple[float, float]:
    rest = 1 - share
    weights = rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3
    points = zip((ends[:2], controls[:2], controls[2:], ends[2:]), weights, strict=True)
    x, y = 0.0, 0.0
    for point, weight in points:
        x, y = x + point[0] * weight, y + point[1] * weight
    return round(x, 1), round(y, 1)
