"""What stands on each page, over the DHS record and over texts that nobody foresaw."""

from __future__ import annotations

import html
import json
import re

import pytest
from flask.testing import FlaskClient

from api import erasing
from tests.conftest import Client
from tests.pages.conftest import HTML
from tests.records import DESK

HOSTILE = [
    '<script>alert(1)</script><img src=x onerror="alert(2)">"\'><b>',
    "שלום עולם, זה רשמי — والعربية أيضا",
    "👩🏽‍🚀🎉 e\u0301 \u202eback\u202c {{ 7 * 7 }} {% raw %}",
    "word " * 1_000,
    "x" * 5_000,
]


def words(page: str) -> str:
    """The text of a page, without its markup."""
    return html.unescape(re.sub("<[^>]+>", "", page))


def test_the_dhs_timeline_shows_its_changes(pages: FlaskClient) -> None:
    """The party that changed its answer most often is shown unasked: five changes, each with both sides."""
    page = pages.get("/questions/q-voluntary").text
    assert "U.S. Department of Homeland Security changed the answer 5 times" in words(page)
    assert len(re.findall('<path class="turn', page.split("</svg>", 2)[1])) >= 5
    assert page.count('<li id="change') == 5
    assert page.count("<tr id=s") == 46


def test_direct_words_are_quoted_and_indirect_ones_never(pages: FlaskClient) -> None:
    """Quotation marks stand around what is verbatim, on every page that shows it."""
    timeline = pages.get("/v1/questions/q-voluntary/timeline?party=dhs&limit=200").json
    assert timeline is not None
    for address in ("/questions/q-voluntary", "/search?party=dhs&limit=20", "/contradictions", "/parties/dhs"):
        shown = words(pages.get(address).text)
        for statement in timeline["statements"]:
            quoted = f"“{statement['text']}”"
            if statement["wording"] == "indirect":
                assert quoted not in shown
            elif statement["text"] in shown and address == "/questions/q-voluntary":
                assert quoted in shown


def test_what_the_public_could_know(pages: FlaskClient) -> None:
    """By the end of 2010 the memo of September was not out: three changes, not five."""
    page = pages.get("/questions/q-voluntary?party=dhs&known_by=2010-12-31").text
    assert "changed the answer 3 times" in words(page)
    assert "only what the public could know by 31 December 2010" in words(page)


def test_the_clock_orders_the_list(pages: FlaskClient) -> None:
    """By the clock of disclosure the dates of disclosure stand first, and the others beside them."""
    page = words(pages.get("/questions/q-voluntary?clock=disclosed").text)
    assert "in order of when the public could know" in page and "said 15 September 2010" in page


def test_a_statement_has_its_speaker_role_and_sources(pages: FlaskClient) -> None:
    """With the link to where it stands, and the one to the claim."""
    rows = re.findall(r"<tr id=s\d+>.*?(?=<tr|</tbody>)", pages.get("/questions/q-voluntary").text, re.DOTALL)
    [row] = [row for row in rows if "01M6A6FT12TFN93G3NXG70GG0R" in row]
    assert "Secretary of Homeland Security" in row and "/parties/napolitano" in row and 'href="http' in row


def test_a_claim_page_has_all_that_is_on_record(pages: FlaskClient) -> None:
    """Words, stance, sources, verdict with its evidence, contradictions, history, citation and proof."""
    claim = next(c for c in pages.get("/v1/claims?status=refuted").json["items"])  # type: ignore[index]
    page = pages.get(f"/claims/{claim['id']}").text
    shown = words(page)
    assert f"“{claim['text']}”" in shown
    for source in (*claim["appearances"], *claim["verdicts"][0]["evidence"]):
        assert html.escape(source["url"], quote=True).replace("&#x27;", "&#39;") in page
    assert claim["verdicts"][0]["explanation"] in shown and claim["text_sha256"] in shown
    assert f"/claims/{claim['id']}?at={claim['revision'] + 1}" in page and f"/v1/claims/{claim['id']}/proof" in page


def test_a_corrected_claim_shows_what_changed(site: Client) -> None:
    """Each version of its history beside the one before, with the words that differ marked."""
    claim = site.record.claim("It is voluntary for all.", "speaker", {"open": "yes"}, stated_on="2010")
    site.record.amend_claim(claim, text="It is mandatory for all.")
    page = site.get(f"/claims/{claim}").text
    assert "<del>voluntary</del>" in page and "<ins>mandatory</ins>" in page


def test_two_sides_mark_the_words_in_which_they_differ(site: Client) -> None:
    """On the page of the contradiction, in the queue and on the claims' own pages."""
    one = site.record.claim(
        "A county may opt out of it.", "speaker", {"open": "yes"}, stated_on="2010-01-01", on_behalf_of="office"
    )
    other = site.record.claim(
        "A county may not leave it.", "speaker", {"open": "no"}, stated_on="2010-02-01", on_behalf_of="office"
    )
    for address in ("/contradictions", f"/contradictions/{one}~{other}", f"/claims/{one}", "/parties/ministry"):
        page = site.get(address).text
        assert "<mark>opt out of</mark>" in page and "<mark>not leave</mark>" in page


def test_a_party_shows_its_reversals_first(pages: FlaskClient) -> None:
    """Its answers, the most changeable first, then contradictions, then claims."""
    page = words(pages.get("/parties/dhs").text)
    places = [page.index(part) for part in ("5 changes of answer", "no change of answer", "confirmed", "Statements")]
    assert places == sorted(places)


def test_the_queue_has_what_nobody_looked_at(pages: FlaskClient) -> None:
    """Suggestions unless another status is asked for; and it goes on where the page ends."""
    queue = pages.get("/contradictions").text
    assert queue.count('<div class="pair">') == 20 and ">Confirmed</span>" not in queue
    following = re.search(r'<p><a href="(/contradictions\?[^"]+cursor=[^"]+)">More', queue)
    assert following and pages.get(html.unescape(following[1])).text.count('<div class="pair">') > 0
    assert ">Confirmed</span>" in pages.get("/contradictions?status=confirmed").text


def test_a_search_marks_what_was_found(pages: FlaskClient) -> None:
    """And says so where nothing was."""
    assert "<mark>opt</mark>" in pages.get("/search?q=opt").text
    assert "Nothing that is on record has these words" in words(pages.get("/search?q=xyzzy").text)


def test_an_empty_record_has_its_pages(client: Client) -> None:
    """Before anything is recorded there is nothing to be seen, and no failure."""
    for address in ("/", "/search", "/contradictions"):
        assert client.get(address).status_code == 200


def test_a_question_without_statements_has_a_page(site: Client) -> None:
    """Nobody said anything, or nobody of this party, or nothing with a date."""
    assert "0 statements" in words(site.get("/questions/open").text)
    assert "The Office said nothing that is on record here" in words(site.get("/questions/open?party=office").text)
    site.record.claim("We are open.", "office", {"open": "yes"})
    page = site.get("/questions/open").text
    assert "undated" in words(page) and page.count("<tr id=s") == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_renders_as_text(site: Client, text: str) -> None:
    """Markup, other directions, emoji, templates and long words stand on each page as they were written."""
    name = text[:400].strip()
    site.record.party("odd", name=name, parent="office", description=name)
    site.record.question("odd", "yes", "no", text=name, scope=name)
    more = {"role": name, "on_behalf_of": "office", "context": text, "language": "he"}
    first = site.record.claim(text, "odd", {"odd": "yes"}, stated_on="2010-01-01", **more)
    site.record.claim(f"{text} – no", "odd", {"odd": "no"}, stated_on="2010-02-01", **more)
    site.record.amend_claim(first, text=f"{text}, corrected")
    site.record.verdict(first, label=name, explanation=text)
    for address in ("/", "/questions/odd", f"/claims/{first}", "/parties/odd", "/contradictions", "/search?q=word"):
        page = site.get(address, headers=HTML)
        assert page.status_code == 200
        assert not re.search(r"<script>|<img|onerror=\"alert|<b>\"|> *49 *<", page.text)
        assert name in words(page.text) or address.startswith("/search")
    shown = words(site.get(f"/claims/{first}").text)
    assert f"“{text}, corrected”" in shown
    assert 'lang="he"' in site.get("/questions/odd").text


def test_what_was_erased_is_gone_from_its_pages(site: Client) -> None:
    """Words that had to go are on no page, in the present as in the past, although the page was made before."""
    claim = site.record.claim(
        "A secret name.", "speaker", {"open": "yes"}, stated_on="2010-01-01", on_behalf_of="office"
    )
    size = site.get("/v1/changes?since=now").json["head"]["size"]
    addresses = [f"/claims/{claim}", "/questions/open", f"/claims/{claim}?at={size}", "/search?q=secret"]
    assert all("A secret name." in words(site.get(address).text) for address in addresses[:3])
    erasing.erase(site.database, f"claim/{claim}", "By order.", DESK, source=site.record.source)
    for address in addresses:
        page = site.get(address)
        assert page.status_code == 200 and "secret name" not in page.text.lower(), address
    assert "Erased" in words(site.get(addresses[0]).text)


def test_a_reviewed_claim_carries_its_claimreview(site: Client) -> None:
    """The same that the API gives, in a block of the page that no text can leave; one without verdicts has none."""
    claim = site.record.claim("</script><script>alert(1)</script>", "speaker", {"open": "yes"})
    assert "ld+json" not in site.get(f"/claims/{claim}").text
    site.record.verdict(claim, explanation="</script><!--")
    page = site.get(f"/claims/{claim}").text
    [block] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert json.loads(block) == site.get(f"/v1/claims/{claim}/claimreview").json


def test_pages_name_the_feeds_of_what_they_show(pages: FlaskClient) -> None:
    """A feed reader that is given a page finds the changes of that question or party."""
    for address, query in {
        "/": "",
        "/questions/q-voluntary": "?question=q-voluntary",
        "/parties/dhs": "?party=dhs",
    }.items():
        page = pages.get(address).text
        for kind in ("atom", "json"):
            assert f'href="/feeds/changes.{kind}{query}"' in page
            assert pages.get(f"/feeds/changes.{kind}{query}").status_code == 200
