"""A real browser for the tests of the dashboard: Debian's Chromium, driven by Selenium."""

import importlib.util
import json
import pathlib

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from harness import eventually

AXE = pathlib.Path(importlib.util.find_spec("axe_playwright_python").origin).parent / "axe.min.js"


class Browser:
    """One window with what the tests ask of it; everything that a page breaks is kept in its log."""

    def __init__(self, base, width=1440, height=900, scripts=True):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--lang=en-GB"):
            options.add_argument(argument)
        if not scripts:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.base = base
        self.size(width, height)

    def size(self, width, height=900):
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        return self

    def scheme(self, name):
        """The colours that the machine prefers."""
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]}
        )

    def zone(self, name):
        self.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": name})

    def open(self, path):
        self.driver.get(self.base + path)
        return self

    @property
    def path(self):
        return self.driver.current_url.removeprefix(self.base)

    def find(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def text(self, css="body"):
        """Asked in one step: a live page may replace an element while it is looked at."""
        return self.driver.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", css)

    def fill(self, css, text):
        element = self.find(css)
        element.clear()
        element.send_keys(text)

    def press(self, css):
        """Clicks in the page itself: what is below the fold is not missed, what is replaced meanwhile is not stale."""
        before = self.find("html")
        assert self.driver.execute_script(
            "const e = document.querySelector(arguments[0]); e?.click(); return !!e", css
        ), f"{css} is not on {self.path}: {self.text()[:2000]}"
        return before

    def send(self, css):
        """Presses a button that leads to a page, and waits for that."""
        before = self.press(css)

        def gone():
            try:
                before.is_enabled()
                return False
            except Exception:
                return self.driver.execute_script("return document.readyState") == "complete"

        eventually(gone, 20, every=0.03, what=lambda: f"{css} leads nowhere")

    def sees(self, text, css="body", seconds=30):
        eventually(lambda: text in self.text(css), seconds, what=lambda: f"{text!r} in {self.text(css)[:3000]}")

    def sign_in(self, key):
        self.open("/sign-in")
        self.fill("#key", key)
        self.send("button.primary")

    def accessibility(self):
        """Findings of axe, each in a line."""
        if not self.driver.execute_script("return !!window.axe"):
            self.driver.execute_script(AXE.read_text())
        found = self.driver.execute_async_script(
            """const done = arguments[0];
            axe.run(document, {resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
              .then((r) => done(r.violations.map((v) => v.id + ": " + v.nodes.map((n) =>
                n.html.slice(0, 200) + " " + n.failureSummary).join(" | "))), (e) => done(["" + e]))"""
        )
        return found

    def complaints(self):
        """Errors and violations of the content policy since the last time."""
        return [
            json.dumps(entry) for entry in self.driver.get_log("browser")
            if entry["level"] in ("SEVERE", "WARNING")
        ]  # fmt: skip

    def quit(self):
        self.driver.quit()
