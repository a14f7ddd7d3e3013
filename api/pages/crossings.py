"""The lines that show a change of answer: from the statement that is reversed to the one that reverses it, as cubic
Bézier curves."""

from __future__ import annotations

from math import hypot

# Two points: x and y of the one, x and y of the other.
Ends = tuple[float, float, float, float]

NEAR, BOW = 20.0, 30.0


def bend(ends: Ends, down: bool) -> Ends:
    """The control points of a crossing: it leaves and arrives along the way of time. Where both are of about one day
    it bows out, to one side or the other by its direction, so that it does not hide behind the marks between."""
    x1, y1, x2, y2 = ends
    if down:
        y1, x1, y2, x2 = ends
    reach = (x2 - x1) / 2
    first, second = x1 + reach, x2 - reach
    if abs(x2 - x1) < NEAR:
        bow = BOW if y2 > y1 else -BOW
        first, second = x1 + bow, x2 + bow
    return (y1, first, y2, second) if down else (first, y1, second, y2)


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
