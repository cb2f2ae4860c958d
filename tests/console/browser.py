"""A real Chromium without a screen, and what a visit of the console leaves behind."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, Request, async_playwright, expect

HOW_TO_GET_IT = "there is no Chromium on this machine; get it with: apt-get install chromium"

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """The path of the system's Chromium, or None."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@asynccontextmanager
async def chromium(path: str) -> AsyncIterator[Browser]:
    """A browser, running while this lasts."""
    async with async_playwright() as playwright:
        # Chromium's sandbox refuses to work for root, which is who runs CI.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Visit:
    """
    A tab with the console in it.

    `hosts` are all that it sent requests to, `asked` the paths in order.
    """

    page: Page
    url: str
    hosts: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    _written: list[str] = field(default_factory=list)
    _forgiven: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Take notes from now on."""
        self.page.on("request", self._note_request)
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self._written.append(str(error)))

    async def log_in(self, key: str) -> None:
        """Type a key and wait for the first answer."""
        await self.page.goto(f"{self.url}/console")
        await self.page.get_by_label("API key").fill(key)
        await self.page.keyboard.press("Enter")
        await expect(self.page.locator(".installation")).to_have_text("Ready")

    async def open_box(self, identity: str) -> Locator:
        """Choose a charge box; returns its pane."""
        await self.page.get_by_role("link", name=identity, exact=True).click()
        pane = self.page.locator(".detail")
        await expect(pane.get_by_role("heading", name=identity)).to_be_visible()
        return pane

    def row(self, identity: str) -> Locator:
        """The row of a charge box in the list."""
        return self.page.locator(f'.box[data-identity="{identity}"]')

    def forgive(self, *, containing: str) -> None:
        """Let complaints pass that a test provokes, before or after this, and no others."""
        self._forgiven.append(containing)

    @property
    def complaints(self) -> list[str]:
        """What the browser wrote as errors or warnings, breaches of the content security policy included."""
        return [text for text in self._written if not any(part in text for part in self._forgiven)]

    def _note_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        self.hosts.add(parts.netloc)
        self.asked.append(parts.path)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._written.append(message.text)
