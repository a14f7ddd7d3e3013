"""Templates, filled in. Whatever is put into one is escaped, unless it is markup that was made here."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup, escape

from api import __version__
from api.pages import wording

TYPES = {
    "pages.css": "text/css; charset=utf-8",
    "pages.js": "text/javascript; charset=utf-8",
    "embed.js": "text/javascript; charset=utf-8",
    "framed.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@cache
def static(name: str) -> bytes:
    """A static file of the package, by a name of TYPES, without the indentation and the comments of whole lines."""
    text = files("api.pages").joinpath("static", name).read_text("utf-8")
    lines = (line.strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line and not line.startswith("//")).encode()


@cache
def version() -> str:
    """What changes whenever a page could look different over the same record: it is part of every page's ETag and of
    the address of each static file."""
    digest = hashlib.sha256(__version__.encode())
    for folder in ("static", "templates"):
        for file in sorted(files("api.pages").joinpath(folder).iterdir(), key=lambda file: file.name):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("api.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "day": wording.day,
        "moment": wording.moment,
        "count": wording.count,
        "host": wording.host,
        "bdi": bdi,
    }
    made.globals |= {"words": wording, "asset": lambda name: f"/assets/{version()}/{name}"}
    return made


def bdi(text: str) -> Markup:
    """A text kept apart from the direction of what is around it, where it could have another: ASCII has one."""
    return escape(text) if text.isascii() else Markup("<bdi>{}</bdi>").format(text)


def fill(template: str, values: dict[str, Any]) -> bytes:
    """The HTML that a template makes of `values`. Lines lose their indentation, which is a tenth of a page."""
    made = _environment().get_template(template).render(values)
    return "\n".join(line for line in map(str.strip, made.split("\n")) if line).encode("utf-8", "replace")
