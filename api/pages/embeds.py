"""A question's timeline for the pages of others: as a small page for a frame, as an image, and as oEmbed tells of it
(https://oembed.com)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import flask
import orjson
from markupsafe import escape
from werkzeug.exceptions import NotImplemented as NotOffered

from api import http
from api.errors import NotFound
from api.pages import drawing, images, rendering, serving, timelines
from api.pages.reader import Reader
from api.pages.serving import Page
from schemas import vocabulary
from schemas.pages import OEmbedQuery, TimelineFilter

FILTER, OEMBED = TimelineFilter(), OEmbedQuery()
SVG, PNG = "image/svg+xml", "image/png"
_IMAGE_POLICY = f"default-src 'none'; style-src '{images.STYLE_HASH}'; frame-ancestors *"

# Statements of an embedded timeline: beyond it nobody could tell them apart at that size.
MOST = 2_000
WIDTH, NARROW = 720, 416
# What stands above and below the drawing, in pixels, and how wide a frame is in which time runs from left to right.
_AROUND, _WIDE = 210, 641
_PREFIXES = ("/embed/questions/", "/questions/")


def add(blueprint: flask.Blueprint) -> None:
    """Add the addresses."""
    blueprint.add_url_rule("/questions/<slug:question_id>.svg", "image", image)
    blueprint.add_url_rule("/questions/<slug:question_id>.png", "card", card)
    blueprint.add_url_rule("/embed/questions/<slug:question_id>", "embed", embed)
    blueprint.add_url_rule("/oembed", "oembed", oembed)
    blueprint.add_url_rule("/embed.js", "resizing", resizing)


def image(question_id: str) -> http.Answer:
    """The timeline as an image, for places that take no page and no script."""

    def view(reader: Reader, asked: Mapping[str, Any]) -> Page:
        return Page("", {}, body=timelines.image(reader, timelines.timeline(reader, question_id, asked, MOST)))

    return serving.page(FILTER, view, kind=SVG, more=[("Content-Security-Policy", _IMAGE_POLICY)])


def card(question_id: str) -> http.Answer:
    """The timeline as a card for what shows one beside a link, and takes no SVG."""

    def view(reader: Reader, asked: Mapping[str, Any]) -> Page:
        shown = timelines.timeline(reader, question_id, asked, MOST)
        where = reader.base.partition("://")[2] + f"/questions/{question_id}"
        return Page("", {}, body=timelines.card(reader, shown, where))

    return serving.page(FILTER, view, kind=PNG, more=[])


def embed(question_id: str) -> http.Answer:
    """The timeline as a small page that may stand in a frame of anybody's page, sandboxed or not."""

    def view(reader: Reader, asked: Mapping[str, Any]) -> Page:
        shown = timelines.timeline(reader, question_id, asked, MOST)
        picture = timelines.picture(reader, shown, zoom=False)
        reader.know(group for group, _, _ in shown.groups)
        values = {
            "shown": shown,
            "summary": picture.title,
            "definitions": drawing.definitions(),
            "wide": drawing.wide(picture),
            "tall": drawing.tall(picture),
            "whole": reader.base + reader.url(f"/questions/{question_id}", **_given(asked)),
            "words_times": timelines.times,
        }
        return Page("embed.html", values)

    return serving.page(FILTER, view, framed=True)


def oembed() -> http.Answer:
    """How to embed the timeline that an address shows. Raises NotFound for an address that is none of this record."""
    return serving.page(OEMBED, _oembed, kind=http.JSON, more=[("Access-Control-Allow-Origin", "*")])


def resizing() -> http.Answer:
    """The script with which a page gives embedded timelines the height that they need."""
    return http.answer(
        rendering.static("embed.js"),
        etag=f'"{rendering.version()}"',
        cache=http.AN_HOUR,
        content_type=rendering.TYPES["embed.js"],
    )


def address(reader: Reader, path: str, asked: Mapping[str, Any]) -> str:
    """The address of the oEmbed answer for a page."""
    return f"{reader.base}/oembed?" + urlencode({"url": reader.base + reader.url(path, **_given(asked))})


def _given(asked: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: asked[name] for name in ("party", "from", "to", "known_by") if asked.get(name)}
    return given | ({"clock": asked["clock"]} if asked.get("clock", "stated") != "stated" else {})


def _oembed(reader: Reader, asked: Mapping[str, Any]) -> Page:
    if asked["format"] != "json":
        raise NotOffered("This is answered as JSON only: leave 'format' out.")
    question_id, wanted = _embedded(reader, asked["url"])
    shown = timelines.timeline(reader, question_id, wanted, MOST)
    picture = timelines.picture(reader, shown, zoom=False)
    width = min(asked.get("maxwidth") or WIDTH, 1200)
    height = min(_height(picture, width), asked.get("maxheight") or 10_000)
    source = reader.base + reader.url(f"/embed/questions/{question_id}", **_given(wanted))
    told = {
        "version": "1.0",
        "type": "rich",
        "title": picture.title,
        "provider_name": "onrecord",
        "provider_url": reader.base,
        "cache_age": 300,
        "width": width,
        "height": height,
        "html": f'<iframe src="{escape(source)}" title="{escape(picture.title)}" width="{width}" height="{height}"'
        ' loading="lazy" sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox"'
        ' style="border:0;max-width:100%"></iframe>',
    }
    return Page("", {}, body=orjson.dumps(told))


def _embedded(reader: Reader, url: str) -> tuple[str, Mapping[str, Any]]:
    """The question that an address of this record shows, and with which filters. Raises NotFound, ValidationError."""
    parts = urlsplit(url)
    if f"{parts.scheme}://{parts.netloc}" == reader.base:
        for prefix in _PREFIXES:
            question_id = parts.path.removeprefix(prefix)
            if question_id != parts.path and vocabulary.SLUG.fullmatch(question_id):
                return question_id, http.loaded(FILTER, parts.query)
    raise NotFound(f"Only timelines of this record can be embedded, as {reader.base}/questions/….")


def _height(picture: drawing.Picture, width: int) -> int:
    """The height of a frame in which the whole of it is seen."""
    if width < _WIDE:
        return round(drawing.TALL * min(width, NARROW) / drawing.NARROW) + _AROUND
    return round(drawing.still(picture)[1] * min(width, 1184) / drawing.WIDTH) + _AROUND
