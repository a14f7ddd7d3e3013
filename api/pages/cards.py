"""A timeline as a card: the PNG that social networks and newsroom systems show beside a link, since they take no SVG.

It is drawn by resvg out of the same marks as every other drawing. That has no custom properties of CSS, so the colours
stand in its style itself; and the fonts come along, for a server has none. Other scripts than Latin, Greek and Cyrillic
need a font on the server that has them.
"""

from __future__ import annotations

from importlib.resources import files
from textwrap import wrap

import resvg_py
from markupsafe import escape

from api.pages import drawing, images, wording
from api.pages.drawing import Picture

# What the networks ask for, in pixels.
WIDTH, HEIGHT = 1200, 630
_MARGIN, _ROOM = 48, 10
_FONTS = [str(files("api.pages") / "fonts" / name) for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")]
_FAMILY = "DejaVu Sans"


def _style() -> str:
    """The style of the drawing with its colours in it: light ones, whoever looks."""
    of = images.colours()
    rules = [
        f"text{{font-family:'{_FAMILY}';font-size:13px;fill:{of['ink']}}}.page{{fill:{of['paper']}}}",
        f".asked{{font-weight:700;font-size:40px}}.told{{font-size:28px}}.many{{fill:{of['alarm']};font-weight:700}}",
        f".soft{{fill:{of['soft']};font-size:20px}}.tick{{fill:{of['soft']};font-size:12px}}.lane{{opacity:.1}}",
        f".grid{{stroke:{of['line']};fill:none}}.turn{{stroke:{of['ink']};stroke-width:1.8;fill:none}}",
        f".unsure{{stroke-dasharray:5 4}}circle.no{{fill:{of['ink']};stroke:{of['paper']};stroke-width:1.5}}",
        f"text.no{{fill:{of['paper']};font-size:11px;font-weight:700;text-anchor:middle}}.name{{font-weight:700}}",
    ]
    for lane in [*(f"p{i}" for i in range(drawing.COLOURS)), "pn"]:
        colour = of[f"c{lane[1:]}"]
        rules += [
            f".lane.{lane},.name.{lane}{{fill:{colour}}}",
            f".{lane} use,.{lane} circle.group{{fill:{colour};stroke:{of['paper']};stroke-width:1}}",
            f".{lane} .span{{stroke:{colour};stroke-width:3;stroke-linecap:round;opacity:.45;fill:none}}",
            f".{lane} text.group{{fill:{of['paper']};font-size:10px;font-weight:700;text-anchor:middle}}",
            f".{lane} use.ruled{{fill:none;stroke:{of['ink']};stroke-width:1.8;stroke-linecap:round}}",
        ]
    rules.append(f".halo{{fill:{of['paper']};stroke:none}}")
    return "".join(rules)


_STYLE = _style()


def card(picture: Picture, asked: str, who: str, told: tuple[str, str], where: str) -> bytes:
    """The PNG of a timeline: the question, what is told of the answers (`told`: its beginning, and what is emphasized),
    the drawing as large as there is room for, and where all of it stands."""
    png: bytes = resvg_py.svg_to_bytes(svg_string=_svg(picture, asked, who, told, where), font_files=_FONTS)
    return png


def _svg(picture: Picture, asked: str, who: str, told: tuple[str, str], where: str) -> str:
    y, parts = _MARGIN - 12.0, []
    for line in _lines(asked, 42, 3):
        y += 48
        parts.append(f'<text class="asked" x="{_MARGIN}" y="{y:g}">{escape(line)}</text>')
    y += 48
    many = f'<tspan class="many">{escape(told[1])}</tspan>' if told[1] else ""
    said = f"{escape(wording.clipped(who, 40))} {escape(told[0])}{many}"
    parts.append(f'<text class="told" x="{_MARGIN}" y="{y:g}">{said}</text>')
    y += 2 * _ROOM
    drawn, height = drawing.still(picture)
    bottom = HEIGHT - _MARGIN - 2 * _ROOM
    larger = min((WIDTH - 2 * _MARGIN) / drawing.WIDTH, (bottom - y) / height)
    x = (WIDTH - drawing.WIDTH * larger) / 2
    parts.append(f'<g transform="translate({x:g} {y:g}) scale({larger:.4f})">{drawn}</g>')
    source = escape(wording.clipped(where, 90))
    parts.append(f'<text class="soft" x="{_MARGIN}" y="{HEIGHT - _MARGIN + _ROOM}">{source}</text>')
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f'<style>{_STYLE}</style>{drawing.definitions()}<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>'
        # How wide letters are is known to the fonts alone: what is wider than its line ends at the margin.
        f'<clipPath id="inside"><rect x="{_MARGIN}" width="{WIDTH - 2 * _MARGIN}" height="{HEIGHT}"/></clipPath>'
        '<g clip-path="url(#inside)">'
    )
    return f"{head}{''.join(parts)}</g></svg>"


def _lines(text: str, width: int, most: int) -> list[str]:
    """A text in lines, the last of them cut where there would be more."""
    lines = wrap(text, width)
    return lines if len(lines) <= most else [*lines[: most - 1], wording.clipped(" ".join(lines[most - 1 :]), width)]
