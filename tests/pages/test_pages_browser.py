"""The pages in a real browser, over the DHS record: what is seen, reached by keyboard, asked for, in nobody's way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from api.storage.sqlite import Database
from tests.instances import Instance
from tests.pages.browsing import Browser, browsing, installed
from tests.records import Recorder

QUESTION = "/questions/q-voluntary"
PAIR = "01M6A6FT0PJTFK3J7GW32Y8BNR~01M6A6FT12TFN93G3NXG70GG0R"
ADDRESSES = [
    "/",
    QUESTION,
    f"{QUESTION}?party=*&at=150",
    "/questions/q-misled",
    "/claims/01M6A6FT0RV0YD899TFWVXAES8",
    "/parties/dhs",
    "/contradictions?status=confirmed",
    f"/contradictions/{PAIR}",
    "/search?q=opt+out",
    "/embed/questions/q-voluntary",
    "/nowhere",
]
MANY = 600


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests. CI sets BROWSER_REQUIRED, and fails where there is none."""
    found = installed()
    if found is None:
        sentence = "Pages are not tested in a browser: install chromium and its driver (Debian: chromium-driver)."
        if os.environ.get("BROWSER_REQUIRED"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    with browsing(found, tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def service(dhs: Database) -> Iterator[Instance]:
    """The DHS record, served."""
    with Instance(dhs) as instance:
        yield instance


@pytest.fixture
def browser(chromium: Browser, service: Instance) -> Iterator[Browser]:
    """The browser at that record, as anybody has it: light, on a screen, with nothing asked for yet."""
    chromium.base = service.url
    chromium.look()
    chromium.asked_for()
    chromium.complaints()
    yield chromium
    chromium.tell("Emulation.setScriptExecutionDisabled", value=False)


def submit(browser: Browser) -> None:
    """Send the form of the timeline."""
    browser.follow("form.filter button")


def test_the_timeline_shows_that_the_answer_changed(browser: Browser) -> None:
    """One look: who, how often, each crossing from lane to lane, and both sides of it."""
    browser.open(QUESTION)
    assert browser.text("#headline") == "U.S. Department of Homeland Security changed the answer 5 times"
    crossings = browser.run(
        "return [...document.querySelectorAll('.wide > .turn')].map(line => line.getBoundingClientRect().height)"
    )
    assert len(crossings) == 5 and all(height > 20 for height in crossings)
    assert "There is no provision by which a local jurisdiction could opt out." in browser.text("#change2")


def test_filter_and_clock_change_it(browser: Browser) -> None:
    """What the public could know by a day, and the other clock, chosen in the form."""
    browser.open(QUESTION)
    browser.run("document.getElementById('known_by').value = '2010-12-31'")
    submit(browser)
    assert browser.text("#headline").endswith("changed the answer 3 times")
    browser.open(QUESTION)
    first = browser.text("#s1")
    browser.driver.find_element("css selector", "input[value=disclosed]").click()
    submit(browser)
    assert browser.text("#s1") != first and "clock=disclosed" in browser.driver.current_url


def test_it_works_without_javascript(browser: Browser) -> None:
    """The form, the drawing and its links are the browser's own."""
    browser.tell("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(QUESTION)
    browser.driver.find_element("css selector", "#party option[value=napolitano]").click()
    submit(browser)
    assert browser.text("#headline") == "Janet Napolitano changed the answer once"
    browser.follow(".wide a:has(.tick)")
    assert {"from", "to"} <= parse_qs(urlsplit(browser.driver.current_url).query).keys()


def test_the_keyboard_reaches_every_statement(browser: Browser) -> None:
    """Tab goes through the marks and through the list, and one sees where one is."""
    browser.open(QUESTION)
    links = "return [...document.querySelectorAll('tr > td:first-child > a:first-child')].map(link => link.href)"
    wanted = set(browser.run(links))
    marks = browser.run("return document.querySelectorAll('.wide a[href^=\"#s\"]').length")
    assert len(wanted) == marks == 46
    reached, marked, unseen = set(), set(), []
    for _ in range(400):
        ActionChains(browser.driver).send_keys(Keys.TAB).perform()
        at = browser.run(
            "const at = document.activeElement; const style = getComputedStyle(at);"
            "return [at.href?.baseVal ?? at.href ?? '', style.outlineStyle + style.outlineWidth, at.tagName]"
        )
        reached.add(at[0])
        if at[0].startswith("#s"):
            marked.add(at[0])
        if at[2] != "BODY" and at[1] != "solid3px":
            unseen.append(at)
        if wanted <= reached:
            break
    assert wanted <= reached and len(marked) == 46
    assert not unseen


def test_the_arrow_keys_go_from_mark_to_mark(browser: Browser) -> None:
    """Once one is in the drawing; Enter leads to the statement in the list."""
    browser.open(QUESTION)
    browser.run("document.querySelector('.wide a[href=\"#s4\"]').focus()")
    ActionChains(browser.driver).send_keys(Keys.ARROW_RIGHT).perform()
    target = browser.run("return document.activeElement.href.baseVal")
    assert target.startswith("#s") and target != "#s4"
    ActionChains(browser.driver).send_keys(Keys.ENTER).perform()
    assert browser.run("return document.querySelector(':target').id") == target[1:]


def test_dragging_over_the_drawing_shows_those_days(browser: Browser) -> None:
    """The same timeline for the days between."""
    browser.open(f"{QUESTION}?party=ice")
    drawing = browser.driver.find_element("css selector", "svg.wide")
    browser.run("arguments[0].scrollIntoView({behavior: 'instant', block: 'center'})", drawing)
    drag = ActionChains(browser.driver).move_to_element_with_offset(drawing, -200, 0).click_and_hold()
    with browser.leaving():
        drag.move_by_offset(100, 0).move_by_offset(100, 0).release().perform()
    asked = parse_qs(urlsplit(browser.driver.current_url).query)
    assert asked["party"] == ["ice"] and "2009-01" < asked["from"][0] < asked["to"][0] < "2012"
    assert browser.run("return document.querySelectorAll('[id^=s] > td:first-child').length") < 32


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_in_anybodys_way(browser: Browser, address: str, scheme: str) -> None:
    """axe-core finds no barrier on any page, in light and in dark."""
    browser.look(("prefers-color-scheme", scheme))
    browser.open(address)
    assert browser.barriers() == []


@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_comes_from_elsewhere(browser: Browser, service: Instance, address: str) -> None:
    """A page asks this service only, and its own policy refuses nothing of it."""
    browser.open(address)
    assert {f"{url.scheme}://{url.netloc}" for url in map(urlsplit, browser.asked_for())} == {service.url}
    complaints = [line for line in browser.complaints() if "the server responded with a status of 404" not in line]
    assert complaints == []


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("width", [320, 768, 1440])
def test_pages_fit_every_width(browser: Browser, address: str, width: int) -> None:
    """Nothing is wider than the window, and the drawing is the one for this width, with words that can be read."""
    browser.open(address, width)
    assert browser.run("return document.documentElement.scrollWidth") <= width
    if "/questions/" in address:
        kind, other = ("tall", "wide") if width == 320 else ("wide", "tall")
        seen, gone = (f"return document.querySelector('svg.{name}').getBoundingClientRect()" for name in (kind, other))
        size = browser.run(f"{seen}.width / document.querySelector('svg.{kind}').viewBox.baseVal.width * 12")
        assert size >= 8.5 and browser.run(gone)["width"] == 0


def test_paper_has_the_drawing_and_the_list(browser: Browser) -> None:
    """Printed, a page has no forms, and what it tells."""
    browser.look(media="print")
    browser.open(QUESTION, 700)
    shown = "return getComputedStyle(document.querySelector(arguments[0])).display"
    displays = {name: browser.run(shown, name) for name in ("svg.wide", "svg.tall", "form.filter", "table.list")}
    assert displays == {"svg.wide": "block", "svg.tall": "none", "form.filter": "none", "table.list": "table"}


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[str]:
    """The address of another service, which serves the files of `tmp_path`."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """The test's output is not the place."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def crowd(database: Database) -> Iterator[Instance]:
    """A question with hundreds of statements by one party, in two texts that nobody would want to run."""
    record = Recorder(database)
    with record.together():
        record.party("crowd", name="The Crowd <script>document.title = 'run'</script>")
        record.question("many", "yes", "no", neutral=("maybe",), text="<img src=x onerror=\"document.title = 'run'\">?")
        for number in range(MANY):
            position = ("yes", "no", "yes", "maybe")[number * 7 // MANY % 4]
            day = date(2010, 1, 1) + timedelta(days=number // 20)
            text = f"<script>document.title = 'run'</script> {number} שלום"
            record.claim(text, "crowd", {"many": position}, stated_on=day.isoformat())
    with Instance(database) as instance:
        yield instance


def test_hundreds_of_statements_stay_legible_and_text(browser: Browser, crowd: Instance) -> None:
    """Marks that would lie on each other are groups with their number, which lead to what is in them; and no text
    runs."""
    browser.base = crowd.url
    browser.open("/questions/many")
    counts = browser.run("return [...document.querySelectorAll('.wide text.group')].map(text => +text.textContent)")
    marks = browser.run("return document.querySelectorAll('.wide g > a[href^=\"#s\"]').length")
    assert sum(counts) + marks == MANY and counts
    assert browser.driver.title.startswith("<img src=x") and "The Crowd <script>" in browser.text("#headline")
    with browser.leaving():
        browser.run("document.querySelector('.wide a:has(text.group)').dispatchEvent(new MouseEvent('click'))")
    shown = browser.run("return document.querySelectorAll('[id^=s] > td:first-child').length")
    assert 0 < shown < MANY
    assert browser.complaints() == []


def test_a_long_list_is_laid_out_as_it_is_seen(browser: Browser, crowd: Instance) -> None:
    """What is far down waits until it is to be seen; its address leads there, and on paper all of it stands."""
    browser.base = crowd.url
    seen = f"return document.getElementById('s{MANY}').checkVisibility({{contentVisibilityAuto: true}})"
    browser.open("/questions/many")
    assert browser.run(seen) is False
    browser.look(media="print")
    WebDriverWait(browser.driver, 10).until(lambda _: browser.run(seen))
    browser.look()
    browser.open(f"/questions/many?clock=stated#s{MANY}")
    place = f"return document.getElementById('s{MANY}').getBoundingClientRect().top"
    WebDriverWait(browser.driver, 10).until(lambda _: browser.run(seen) and 0 <= browser.run(place) < 900)
    assert browser.barriers() == []


def test_an_embedded_timeline_gets_its_height(
    browser: Browser, service: Instance, newsroom: str, tmp_path: Path
) -> None:
    """In a sandboxed frame of another service's page, with the script of this one; and without any script all of it is
    there as well."""
    frame = f'<iframe src="{service.url}/embed/questions/q-voluntary" width="400" height="50" sandbox="allow-scripts">'
    article = f'{frame}</iframe><script src="{service.url}/embed.js"></script>'
    (tmp_path / "article.html").write_text(article, encoding="utf-8")
    browser.driver.get(f"{newsroom}/article.html")
    WebDriverWait(browser.driver, 20).until(
        lambda _: browser.run("return document.querySelector('iframe').getBoundingClientRect().height") > 400
    )
    (tmp_path / "still.html").write_text(f"{frame.replace('allow-scripts', '')}</iframe>", encoding="utf-8")
    browser.driver.get(f"{newsroom}/still.html")
    browser.driver.switch_to.frame(0)
    assert browser.text("h1") == "Is participation in Secure Communities voluntary for states and localities?"
    assert browser.driver.find_element("css selector", "svg.tall").is_displayed()
    browser.driver.switch_to.default_content()


def test_no_other_page_stands_in_a_frame(browser: Browser, service: Instance, newsroom: str, tmp_path: Path) -> None:
    """The browser refuses it, as the page's policy tells it."""
    (tmp_path / "framed.html").write_text(f'<iframe src="{service.url}{QUESTION}"></iframe>', encoding="utf-8")
    browser.driver.get(f"{newsroom}/framed.html")
    assert any("frame-ancestors" in line for line in browser.complaints())
