"""A real browser without a window: Chromium and its own driver, as a distribution has them; nothing is downloaded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.wait import WebDriverWait

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
)  # fmt: skip


def installed() -> tuple[str, str] | None:
    """The browser and its driver; None where either is not there."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


class Browser:
    """A browser that is sent to addresses of one service."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver
        self.base = ""

    def open(self, address: str, width: int = 1280) -> None:
        """Go to an address, in a window of this width."""
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.driver.get(self.base + address)

    def follow(self, selector: str) -> None:
        """Click what leads to another page, and wait until that is there."""
        with self.leaving():
            self.driver.find_element("css selector", selector).click()

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """What is done inside leads to another page, which is there afterwards: a click alone may return before it."""
        old = self.driver.find_element("css selector", "html")
        yield
        # Between two pages the driver knows neither: then it fails at the old one in words of its own.
        WebDriverWait(self.driver, 10, ignored_exceptions=[WebDriverException]).until(staleness_of(old))

    def tell(self, command: str, **parameters: Any) -> Any:
        """A command of Chromium's own protocol."""
        return self.driver.execute_cdp_cmd(command, parameters)

    def look(self, *features: tuple[str, str], media: str = "") -> None:
        """Look as on paper (`media="print"`), or in the dark: (("prefers-color-scheme", "dark"),)."""
        self.tell("Emulation.setEmulatedMedia", media=media, features=[{"name": n, "value": v} for n, v in features])

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script answers in the page."""
        return self.driver.execute_script(script, *arguments)

    def text(self, selector: str) -> str:
        """What is seen of an element."""
        return str(self.driver.find_element("css selector", selector).text)

    def barriers(self) -> list[str]:
        """What axe-core finds wrong with the page: each rule with the elements that break it."""
        # By the protocol, since the page's own policy lets no script in that stands in it.
        self.tell("Runtime.evaluate", expression=AXE)
        script = "const done = arguments[0]; axe.run().then(found => done(found.violations))"
        found = self.driver.execute_async_script(script)
        return [f"{one['id']}: {', '.join(node['html'][:120] for node in one['nodes'][:3])}" for one in found]

    def asked_for(self) -> set[str]:
        """The addresses that were asked for since this was last asked, without those of the browser's own."""
        found = set()
        for entry in self.driver.get_log("performance"):  # type: ignore[no-untyped-call]
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.add(message["params"]["request"]["url"])
        return {url for url in found if urlsplit(url).scheme not in ("data", "chrome", "about")}

    def complaints(self) -> list[str]:
        """What the browser wrote to its console: errors of scripts, and what the page's policy refused."""
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]


@contextmanager
def browsing(found: tuple[str, str], profile: Path) -> Iterator[Browser]:
    """A browser with a profile of its own, until the block ends."""
    options = webdriver.ChromeOptions()
    options.binary_location = found[0]
    for option in (*OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(executable_path=found[1]))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
