"""Pages over HTTP: addresses, caching, the past, problems, and what a page may load."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from tests.conftest import Client
from tests.pages.conftest import HTML

CLAIM = "01M6A6FT0RV0YD899TFWVXAES8"
PAIR = "01M6A6FT0PJTFK3J7GW32Y8BNR~01M6A6FT12TFN93G3NXG70GG0R"
ADDRESSES = {
    "/": "/v1/questions",
    "/search?q=opt+out": "/v1/claims?q=opt+out",
    "/questions/q-voluntary": "/v1/questions/q-voluntary/timeline?clock=stated&party=dhs&limit=200",
    "/questions/q-voluntary?party=*": "/v1/claims?question=q-voluntary&sort=stated",
    f"/claims/{CLAIM}": f"/v1/claims/{CLAIM}",
    "/parties/dhs": "/v1/parties/dhs",
    "/contradictions": "/v1/contradictions?status=suggested",
    f"/contradictions/{PAIR}": f"/v1/contradictions/{PAIR}",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_has_its_json_beside_it(pages: FlaskClient, address: str) -> None:
    """A page says in a header and in itself where the same is as JSON, and that address answers."""
    page = pages.get(address, headers=HTML)
    assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
    beside = ADDRESSES[address]
    assert page.headers["Link"] == f'<{beside}>; rel="alternate"; type="application/json"'
    assert f'<link rel="alternate" type="application/json" href="{beside.replace("&", "&amp;")}">' in page.text
    assert pages.get(beside).status_code == 200


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_is_cached_as_the_api_is(pages: FlaskClient, address: str) -> None:
    """The same headers as a read of the API, and a 304 while the record is the same."""
    page, read = pages.get(address), pages.get("/v1/questions")
    for name in ("Cache-Control", "Vary", "X-Content-Type-Options"):
        assert page.headers[name] == read.headers[name]
    unchanged = pages.get(address, headers={"If-None-Match": page.headers["ETag"]})
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert pages.get(address).data == page.data


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_loads_from_here_only(pages: FlaskClient, address: str) -> None:
    """Script and style are files of this service; nothing in the page runs or is styled, and it stands in no frame."""
    page = pages.get(address)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    loaded = re.findall(r'<(?:script|link rel="(?:stylesheet|icon)"|img)[^>]*(?:src|href)="([^"]+)"', page.text)
    assert loaded and all(pages.get(file).status_code == 200 for file in loaded)
    # The code of the frame that others may copy is text.
    made = re.sub(r"<pre>.*?</pre>", "", page.text, flags=re.DOTALL)
    assert not re.search(r"<style|<script(?! src)(?! type=\"application/ld\+json\")| style=| on[a-z]+=\"", made)


def test_files_never_change_under_their_address(pages: FlaskClient) -> None:
    """They are kept for a year; under the address of another version nothing keeps them, and there are no others."""
    style = re.search(r"/assets/[0-9a-f]+/pages\.css", pages.get("/").text)
    assert style
    assert pages.get(style[0]).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert pages.get("/assets/0/pages.css").headers["Cache-Control"] == "no-store"
    assert pages.get("/assets/0/base.html").status_code == 404


def test_a_page_changes_with_the_record(site: Client) -> None:
    """What is written is on the page at once, and its ETag is another one."""
    before = site.get("/questions/open")
    site.record.claim("We are open.", "speaker", {"open": "yes"}, stated_on="2010-01-01", on_behalf_of="office")
    after = site.get("/questions/open")
    assert "“We are open.”" in after.text and "“We are open.”" not in before.text
    assert before.headers["ETag"] != after.headers["ETag"]


def test_the_past_says_that_it_is_the_past(site: Client) -> None:
    """With `at` a page shows the record as it stood, under a banner, and its links stay there."""
    claim = site.record.claim("We are open.", "speaker", {"open": "yes"}, stated_on="2010-01-01")
    size = site.get("/v1/changes?since=now").json["head"]["size"]
    site.record.amend_claim(claim, text="We are closed.")
    past, present = site.get(f"/claims/{claim}?at={size}"), site.get(f"/claims/{claim}")
    assert "We are open." in past.text and "We are closed." not in past.text
    assert "as it stood when its log had" in past.text and "as it stood when" not in present.text
    assert f'href="/parties/speaker?at={size}"' in past.text and f'href="/claims/{claim}">See it as it' in past.text
    assert site.get(f"/claims/{claim}?at=2").status_code == 404


def test_what_a_form_left_empty_is_not_asked_for(pages: FlaskClient) -> None:
    """A form sends all its fields."""
    full = pages.get("/questions/q-voluntary?party=dhs&clock=stated&from=&to=&known_by=")
    assert full.status_code == 200 and full.text.count("<tr id=") == 46


@pytest.mark.parametrize(
    ("address", "status", "sentence"),
    [
        ("/nowhere", 404, "There is no such resource"),
        ("/questions/none", 404, "No question"),
        ("/claims/01M6A6FT0RV0YD899TFWVXAES9", 404, "No claim"),
        ("/questions/q-voluntary?party=none", 422, "No party &#39;none&#39; is on record."),
        ("/questions/q-voluntary?form=2010", 422, "There is no parameter &#39;form&#39; here"),
        ("/questions/q-voluntary?from=2011-01-01&to=2010-01-01", 422, "The range ends before it begins"),
        ("/?at=100000", 422, "The log has"),
    ],
)
def test_a_problem_is_a_page_for_people(pages: FlaskClient, address: str, status: int, sentence: str) -> None:
    """A browser is told what is wrong in words; a program gets the problem."""
    page = pages.get(address, headers=HTML)
    assert (page.status_code, page.content_type) == (status, "text/html; charset=utf-8")
    assert sentence in page.text and "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    program = pages.get(address)
    assert (program.status_code, program.content_type) == (status, "application/problem+json")


def test_the_api_answers_problems_to_browsers_too(pages: FlaskClient) -> None:
    """What programs ask for is theirs, whatever a browser would like."""
    assert pages.get("/v1/claims/none", headers=HTML).content_type == "application/problem+json"


def test_a_record_that_is_closed_shows_nothing(closed: FlaskClient) -> None:
    """Without a token its pages say only that; with one they are private. Style and script are for everybody."""
    page = closed.get("/", headers=HTML)
    assert (page.status_code, page.content_type) == (401, "text/html; charset=utf-8")
    assert "Reading this record needs a token" in page.text and "WWW-Authenticate" in page.headers
    for file in re.findall(r"/assets/[^\"]+", page.text):
        assert closed.get(file).status_code == 200


def test_a_token_makes_pages_private(site: Client) -> None:
    """As every answer that a token was sent for; one that is unknown is refused."""
    assert site.get("/", headers=site.tokens["claims"]).headers["Cache-Control"] == "private, no-store"
    assert site.get("/", headers={"Authorization": "Bearer onr_x"}).status_code == 401


def test_a_page_follows_the_public_address(site: Client) -> None:
    """What is absolute in a page begins as the request's address does."""
    claim = site.record.claim("We are open.", "speaker", {"open": "yes"})
    for base in ("http://one.example", "http://other.example"):
        assert f"{base}/claims/{claim}?at=" in site.get(f"/claims/{claim}", base_url=base).text


def test_pages_are_only_read(pages: FlaskClient) -> None:
    """No page takes anything."""
    assert pages.post("/questions/q-voluntary").status_code == 405
    assert pages.head("/").data == b""
