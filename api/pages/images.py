"""A timeline as an image that stands alone: for documents, and for places that take no page and no script.

It has its style in itself, follows the reader's choice of light or dark, and needs no font but what there is.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from textwrap import wrap

from markupsafe import escape

from api.pages import drawing, wording
from api.pages.drawing import WIDTH, Picture

_LIGHT = (
    "--paper:#fdfcf9;--ink:#1c1b19;--soft:#5d5a54;--line:#dedad1;--alarm:#a3271a;--c0:#0e6a88;--c1:#b2431b;--c2:#6549a3;"
    "--c3:#2e7741;--c4:#8a6100;--c5:#a42f6c;--cn:#666d75"
)
_DARK = (
    "--paper:#161614;--ink:#ecebe6;--soft:#aeaaa1;--line:#3a3934;--alarm:#ff9c8c;--c0:#5fbbd9;--c1:#f08c60;--c2:#b9a0ef;"
    "--c3:#74c78a;--c4:#dbae45;--c5:#ef8abb;--cn:#a0a8b1"
)
STYLE = (
    f"svg{{{_LIGHT}}}@media(prefers-color-scheme:dark){{svg{{{_DARK}}}}}"
    "text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:var(--ink)}"
    ".page{fill:var(--paper)}.asked{font:600 25px Charter,Georgia,'DejaVu Serif',serif}.told{font-size:17px}"
    ".told .many{fill:var(--alarm);font-weight:600}text.soft,text.tick{fill:var(--soft)}text.tick{font-size:12px}"
    + "".join(f".p{i}{{--c:var(--c{i})}}" for i in range(drawing.COLOURS))
    + ".pn{--c:var(--cn)}use,.group{fill:var(--c,var(--soft));stroke:var(--paper);stroke-width:1}"
    ".lane{fill:var(--c);opacity:.1}text.name{fill:var(--c);font-weight:600}.grid{stroke:var(--line);fill:none}"
    ".span{stroke:var(--c);stroke-width:3;stroke-linecap:round;opacity:.45;fill:none}"
    ".turn{stroke:var(--ink);stroke-width:1.8;fill:none}.unsure{stroke-dasharray:5 4}"
    "circle.no{fill:var(--ink);stroke:var(--paper);stroke-width:1.5}"
    "text.no{fill:var(--paper);font-size:11px;font-weight:700;text-anchor:middle}"
    "text.group{fill:var(--paper);stroke:none;font-size:10px;font-weight:700;text-anchor:middle}"
    "use.ruled{fill:none;stroke:var(--ink);stroke-width:1.8;stroke-linecap:round}"
    ".halo{fill:var(--paper);stroke:none}"
)
# The one style that the policy of the image lets through.
STYLE_HASH = "sha256-" + b64encode(sha256(STYLE.encode()).digest()).decode()

_MARGIN = 24
_LEGEND = 4


def colours() -> dict[str, str]:
    """The colours of a drawing in the light, by name: "paper", "ink", …, "c0" to "c5" and "cn" of the lanes."""
    return dict(one.removeprefix("--").split(":") for one in _LIGHT.split(";"))


def image(picture: Picture, asked: str, who: str, told: tuple[str, str], groups: Sequence[tuple[str, int]]) -> bytes:
    """The image of a timeline: the question that was asked, who answered, what is told of the answers (the beginning
    and what is emphasized), and whose marks have which shape."""
    y, parts = 14.0, []
    for line in wrap(asked, 62)[:3]:
        y += 32
        parts.append(f'<text class="asked" x="{_MARGIN}" y="{y:g}">{escape(line)}</text>')
    y += 30
    many = f'<tspan class="many">{escape(told[1])}</tspan>' if told[1] else ""
    parts.append(f'<text class="told" x="{_MARGIN}" y="{y:g}">{escape(who)} {escape(told[0])}{many}</text>')
    y += 16
    drawn, height = drawing.still(picture)
    parts.append(f'<g transform="translate({_MARGIN} {y:g})">{drawn}</g>')
    y += height + 14
    for row in range(0, min(len(groups), _LEGEND), 2):
        for i, (name, shape) in enumerate(groups[row : row + 2]):
            x = _MARGIN + 8 + i * WIDTH / 2
            parts.append(f'<use href="#m{shape}" x="{x:g}" y="{y - 4.5:g}"/>')
            parts.append(f'<text class="soft" x="{x + 14:g}" y="{y:g}">{escape(wording.clipped(name, 58))}</text>')
        y += 20
    width, height = WIDTH + 2 * _MARGIN, y + 8
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}"'
        f' height="{height:g}" role="img" aria-label="{escape(picture.title)}"><title>{escape(picture.title)}</title>'
        f'<style>{STYLE}</style>{drawing.definitions()}<rect class="page" width="100%" height="100%" rx="8"/>'
    )
    return (head + "".join(parts) + "</svg>\n").encode()
