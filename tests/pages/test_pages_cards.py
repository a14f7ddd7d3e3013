"""The card of a timeline: a PNG for places that show one beside a link."""

from __future__ import annotations

import html
import io
import re

import pytest
from flask.testing import FlaskClient
from PIL import Image

from api.pages import images
from tests.conftest import Client
from tests.pages.test_pages_content import HOSTILE

CARD = "/questions/q-voluntary.png"


def seen(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def colour(name: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(images.colours()[name].removeprefix("#")))


def test_a_page_names_its_card(pages: FlaskClient) -> None:
    """With its size, for the same party and dates; it is PNG, of that size, and not sent again unchanged."""
    page = pages.get("/questions/q-voluntary?party=ice&known_by=2010-12-31").text
    told = dict(re.findall(r'<meta property="(og:[^"]+)" content="([^"]*)">', page))
    card = pages.get(html.unescape(told["og:image"]))
    assert (card.status_code, card.content_type) == (200, told["og:image:type"])
    assert seen(card.data).size == (int(told["og:image:width"]), int(told["og:image:height"])) == (1200, 630)
    assert told["og:image:alt"] == told["og:description"]
    assert card.data != pages.get(CARD).data
    unchanged = pages.get(CARD, headers={"If-None-Match": card.headers["ETag"]})
    assert (unchanged.status_code, unchanged.data) == (304, b"")


def test_it_shows_both_answers_the_changes_and_the_words(pages: FlaskClient) -> None:
    """In the colours of the page: marks of each lane, the alarm of the headline, and letters, with no font but ours."""
    card = seen(pages.get(CARD).data)
    counted = {pixel: count for count, pixel in card.getcolors(1 << 20) or ()}
    for name, least in (("c0", 300), ("c1", 1_000), ("cn", 300), ("alarm", 500), ("ink", 5_000)):
        assert counted.get(colour(name), 0) >= least, name
    asked = card.crop((0, 40, 1200, 140))
    assert sum(count for count, pixel in asked.getcolors(1 << 20) or () if pixel == colour("ink")) > 3_000


def test_another_clock_moves_the_marks(pages: FlaskClient) -> None:
    """A card is of the timeline that its address asks for, and of no unknown question."""
    assert pages.get(CARD).data == pages.get(f"{CARD}?party=dhs").data
    assert len({pages.get(f"{CARD}?{asked}").data for asked in ("clock=disclosed", "party=*", "to=2010-06-01")}) == 3
    assert pages.get("/questions/no-such.png").status_code == 404
    assert pages.get(f"{CARD}?clock=sundial").status_code == 422


@pytest.mark.parametrize("hostile", HOSTILE)
def test_any_text_is_drawn_as_text(site: Client, hostile: str) -> None:
    """Markup, other scripts, emoji, and what is too long: cut, and never a second drawing."""
    site.record.party("odd", name=hostile)
    site.record.question("odd", "yes", "no", text=hostile)
    site.record.claim("We are open.", "odd", {"odd": "yes"}, stated_on="2010-01-01")
    card = site.get("/questions/odd.png")
    assert card.status_code == 200 and seen(card.data).size == (1200, 630)
    # The margins stay empty, whatever the text.
    page = seen(card.data)
    for edge in ((0, 0, 40, 630), (1170, 0, 1200, 630)):
        assert {pixel for _, pixel in page.crop(edge).getcolors(1 << 16) or ()} == {colour("paper")}
