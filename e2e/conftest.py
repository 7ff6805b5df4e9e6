"""The browser, signed in, before a real web process on the test's own database."""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import Locator, expect

from conftest import ROOT, Stack, wait_for

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright

    from e2e.viewer import Log, Writer

# Playwright's sync API runs an event loop in this thread; Django would refuse the ORM here.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# A busy machine takes longer to start a task than the five seconds that are the default.
expect.set_options(timeout=20_000)


@dataclass
class Web:
    """The web process: its address and the processes beside it."""

    url: str
    stack: Stack

    def link(self, path: str) -> str:
        return self.url + path


def start_web(stack: Stack, **env: str) -> Web:
    """gunicorn's ASGI worker serving the project on a free port, answering when this returns."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = stack.spawn(
        "-m", "gunicorn", "-c", "python:project.gunicorn_conf",
        PORT=str(port), GRACEFUL_TIMEOUT="1", DEBUG="0", **env,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    wait_for(lambda: _answers(url), 60, lambda: stack.output(process))
    return Web(url, stack)


@pytest.fixture
def web(stack: Stack) -> Web:
    """The project's web process on the test's own database."""
    return start_web(stack)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/login/", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _browser_program(playwright: Playwright) -> str | None:
    if Path(playwright.chromium.executable_path).exists():
        return playwright.chromium.executable_path
    named = os.environ.get("CHROMIUM_PATH", "")
    names = (
        "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome",
    )  # fmt: skip
    return named or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium, wherever this machine has it."""
    program = _browser_program(playwright)
    if program is None:
        told = "no Chromium: `playwright install chromium`, or set CHROMIUM_PATH"
        if os.environ.get("CI") or os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(told)
        pytest.skip(told)
    # Chromium refuses its sandbox to root (containers).
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    browser = playwright.chromium.launch(executable_path=program, args=flags)
    yield browser
    browser.close()


@pytest.fixture(scope="session", autouse=True)
def _clicks_arrive() -> Iterator[None]:
    """A click that leads to another page has led there when that page's scripts have run."""
    click = Locator.click

    def arrive(self: Locator, *args: Any, **kwargs: Any) -> None:
        click(self, *args, **kwargs)
        self.page.wait_for_load_state()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Locator, "click", arrive)
        yield


@dataclass
class Complaints:
    """What the browser's console said that nobody expected."""

    said: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, text: str) -> None:
        """This test provokes messages that contain `text`."""
        self.expected.append(text)

    def unexpected(self) -> list[str]:
        return [text for text in self.said if not any(part in text for part in self.expected)]

    def listen(self, page: Page) -> None:
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.said.append(f"uncaught: {error}"))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not ABORTED.search(message.text):
            self.said.append(f"{message.type}: {message.text}")


# A page that is left while it polls: htmx says so twice.  A request that fails says `sendError`.
ABORTED = re.compile("htmx:(sendAbort|afterRequest)")


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Console errors, uncaught exceptions and CSP violations; none may be left at the end."""
    complaints = Complaints()
    yield complaints
    assert complaints.unexpected() == []


@pytest.fixture
def user(transactional_db: None) -> User:
    """Ada, an administrator.  The web process knows the usual hashers, not the tests' quick one."""
    from django.contrib.auth.hashers import PBKDF2PasswordHasher
    from django.contrib.auth.models import User

    secret = PBKDF2PasswordHasher().encode("enchantress", "salt", iterations=1)
    return User.objects.create(username="ada", password=secret, is_staff=True, is_superuser=True)


def session_cookie(user: User, url: str) -> Any:
    """What the browser of somebody signed in carries."""
    from django.test import Client

    client = Client()
    client.force_login(user)
    return {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}


@pytest.fixture
def context_options() -> dict[str, Any]:
    """Override to draw in another size or scheme."""
    return {"viewport": {"width": 1440, "height": 860}}


@pytest.fixture
def page(
    browser: Browser,
    web: Web,
    user: User,
    complaints: Complaints,
    context_options: dict[str, Any],
) -> Iterator[Page]:
    """A page of a browser in which `user` is signed in; relative links go to `web`."""
    context = browser.new_context(base_url=web.url, **context_options)
    context.add_cookies([session_cookie(user, web.url)])
    page = context.new_page()
    complaints.listen(page)
    yield page
    context.close()


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """Asserts that axe finds nothing on the page as it stands."""
    from axe_playwright_python.sync_playwright import Axe

    whole, there = Axe(), Axe(axe_script="0")

    def check(page: Page) -> None:
        found = (there if page.evaluate("'axe' in window") else whole).run(page)
        assert found.violations_count == 0, found.generate_report()

    return check


BOTH_WIDTHS = pytest.mark.parametrize(
    "context_options", [{"viewport": {"width": width, "height": 860}} for width in (1440, 390)],
    ids=["wide", "narrow"],
)  # fmt: skip
SHAPES = ((1440, "light"), (1440, "dark"), (390, "dark"), (390, "light"))


@pytest.fixture
def look(axe: Callable[[Page], None]) -> Callable[[Page, str], None]:
    """Looks at the page as it stands, wide and narrow, light and dark: axe finds nothing on it and
    nothing is wider than the window.  One page for all four, because to start one costs more.
    """

    def look(page: Page, name: str) -> None:
        before = page.viewport_size
        for width, scheme in SHAPES:
            page.set_viewport_size({"width": width, "height": 860})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            fits = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert fits, (name, width)
            axe(page)
            screenshot(page, f"{name}-{width}-{scheme}")
        page.set_viewport_size(before)

    return look


def screenshot(page: Page, name: str) -> None:
    """Kept when SCREENSHOTS names a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(ROOT, folder, f"{name}.png"), full_page=True)


@pytest.fixture
def writer(page: Page, stack: Stack, settings: Any) -> Writer:
    """Writes a run's lines as the drainer does; `page` is signed in already."""
    from e2e.viewer import Writer

    settings.CELERY_TASKLOG_REDIS_URL = stack.env["CELERY_TASKLOG_REDIS_URL"]
    return Writer()


@pytest.fixture
def log(page: Page, writer: Writer) -> Log:
    """That run's log as the reader sees it."""
    from e2e.viewer import Log

    return Log(page)
