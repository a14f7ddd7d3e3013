"""A timeline for the pages of others: in a frame, as an image, and by oEmbed."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from fixtures.picture import PLACE, picture
from tests.conftest import Client
from tests.pages.conftest import HTML

HERE = "http://localhost"
README = PLACE.parents[1] / "README.md"


def test_the_readme_shows_the_picture_as_it_is() -> None:
    """docs/timeline.svg is what `python -m fixtures.picture` draws of the example data."""
    assert PLACE.read_bytes() == picture()
    assert "](docs/timeline.svg)" in README.read_text(encoding="utf-8")


def test_an_image_stands_alone(pages: FlaskClient) -> None:
    """It is SVG without script and link, with its own style and nothing else let through, in light and dark."""
    image = pages.get("/questions/q-voluntary.svg?party=dhs")
    assert (image.status_code, image.content_type) == (200, "image/svg+xml")
    assert image.data == PLACE.read_bytes()
    ElementTree.fromstring(image.data)
    assert "<script" not in image.text and "<a " not in image.text and "prefers-color-scheme:dark" in image.text
    assert re.search(r"default-src 'none'; style-src 'sha256-[^']+'", image.headers["Content-Security-Policy"])
    unchanged = pages.get("/questions/q-voluntary.svg?party=dhs", headers={"If-None-Match": image.headers["ETag"]})
    assert unchanged.status_code == 304


def test_only_an_embed_may_stand_in_a_frame(pages: FlaskClient) -> None:
    """Its page is small, may be framed by anybody, and leads to the whole."""
    embed, whole = pages.get("/embed/questions/q-voluntary?party=ice"), pages.get("/questions/q-voluntary?party=ice")
    assert "frame-ancestors *" in embed.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in whole.headers["Content-Security-Policy"]
    assert f'href="{HERE}/questions/q-voluntary?party=ice" target="_blank"' in embed.text
    assert len(embed.data) < 16_000 and "<form" not in embed.text


def test_a_page_leads_to_its_oembed_answer(pages: FlaskClient) -> None:
    """Discovery gives the frame of the same timeline, with its filters, and its size."""
    page = pages.get("/questions/q-voluntary?party=ice&known_by=2010-12-31", headers=HTML)
    link = re.search(r'<link rel="alternate" type="application/json\+oembed" [^>]*href="([^"]+)"', page.text)
    assert link
    told = pages.get(html.unescape(link[1])).json
    assert told is not None
    assert (told["version"], told["type"], told["provider_url"]) == ("1.0", "rich", HERE)
    source = re.search(r'src="([^"]+)"', told["html"])
    assert source
    frame = urlsplit(html.unescape(source[1]))
    assert frame.path == "/embed/questions/q-voluntary"
    assert parse_qs(frame.query) == {"party": ["ice"], "known_by": ["2010-12-31"]}
    assert pages.get(f"{frame.path}?{frame.query}").status_code == 200
    assert f'width="{told["width"]}" height="{told["height"]}"' in told["html"] and "sandbox=" in told["html"]


def test_oembed_keeps_to_the_room_that_there_is(pages: FlaskClient) -> None:
    """A consumer says how wide and high a frame may be, and may say that it wants JSON and no tracking."""
    told = pages.get(f"/oembed?url={HERE}/questions/q-voluntary&maxwidth=400&maxheight=500&format=json&dnt=1").json
    assert told is not None and (told["width"], told["height"]) == (400, 500)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),
        ("url=nothing", 422),
        ("url=https://other.example/questions/q-voluntary", 404),
        (f"url={HERE}/parties/dhs", 404),
        (f"url={HERE}/questions/none", 404),
        (f"url={HERE}/questions/q-voluntary%3Fclock%3Dcuckoo", 422),
        (f"url={HERE}/questions/q-voluntary&maxwidth=1", 422),
        (f"url={HERE}/questions/q-voluntary&format=xml", 501),
    ],
)
def test_oembed_refuses_what_it_cannot_show(pages: FlaskClient, query: str, status: int) -> None:
    """With the statuses that the specification names, as problems."""
    answer = pages.get(f"/oembed?{query}", headers=HTML)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")


def test_what_is_embedded_is_escaped(site: Client) -> None:
    """Markup in a question or a name is text in the frame, in the image, and in the code of the frame."""
    hostile = '"><script>alert(1)</script>'
    site.record.party("odd", name=hostile)
    site.record.question("odd", "yes", "no", text=hostile)
    site.record.claim("We are open.", "odd", {"odd": "yes"}, stated_on="2010-01-01")
    for address in ("/questions/odd", "/questions/odd.svg", "/embed/questions/odd"):
        assert "<script>alert" not in site.get(address).text
    told = site.get(f"/oembed?url={HERE}/questions/odd").json
    assert told is not None and "<script>" not in told["html"] and told["html"].count("<") == 2
    ElementTree.fromstring(site.get("/questions/odd.svg").data)
