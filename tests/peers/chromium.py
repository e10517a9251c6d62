"""A real browser, for tests: Chromium without a window, driven over a pipe by its own protocol (CDP).

Every name but 127.0.0.1 leads to a place that the test names, so that whatever a page tried to load from
elsewhere is seen there.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

import pytest

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ADVICE: Final = (
    "Chromium is not on this machine: install it with `apt-get install --no-install-recommends chromium` "
    "(Debian); `make peers` does so where it may"
)
SECONDS: Final = 40.0
_FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--hide-scrollbars",
    "--mute-audio",
    "--password-store=basic",
    "--remote-debugging-pipe",
)


def find_program() -> str | None:
    """Where the browser is."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def require_chromium() -> str:
    """Fail in CI, skip elsewhere, with what to install, when it is not there."""
    program = find_program()
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail(ADVICE)
        pytest.skip(ADVICE)
    return program


class Chromium:
    """One browser with one page. Its calls block: from a test with a loop call them in a thread."""

    def __init__(self, folder: Path, *, elsewhere: int) -> None:
        """``folder`` for its profile; ``elsewhere``: the port of this machine to which all other names lead."""
        self._folder = folder
        self._elsewhere = elsewhere
        self._number = 0
        self._buffer = b""
        self._session = ""
        self.events: list[dict[str, Any]] = []
        """What the browser has told since it was last asked to open a page."""

    def __enter__(self) -> Self:
        its_in, self._out = os.pipe()
        self._in, its_out = os.pipe()
        rules = f"MAP * 127.0.0.1:{self._elsewhere}, EXCLUDE 127.0.0.1"
        self._process = subprocess.Popen(
            [
                *("bash", "-c", f'exec "$@" 3<&{its_in} 4>&{its_out}', "chromium"),
                *(require_chromium(), *_FLAGS, f"--user-data-dir={self._folder}"),
                *(f"--host-resolver-rules={rules}", "about:blank"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(its_in, its_out),
            start_new_session=True,
            env={**os.environ, "HOME": str(self._folder)},
        )
        os.close(its_in)
        os.close(its_out)
        self._begin()
        return self

    def renew(self) -> None:
        """Another page, in a profile that knows nothing of the one before."""
        self._session = ""
        self.call("Target.disposeBrowserContext", browserContextId=self._context)
        self._begin()
        self.events.clear()

    def _begin(self) -> None:
        self._context = self.call("Target.createBrowserContext")["browserContextId"]
        page = {"url": "about:blank", "browserContextId": self._context}
        target = self.call("Target.createTarget", **page)["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._in)
        os.close(self._out)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One call of the protocol. Raises ``RuntimeError``."""
        self._number += 1
        said: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            said["sessionId"] = self._session
        os.write(self._out, json.dumps(said).encode() + b"\0")
        deadline = time.monotonic() + SECONDS
        while True:
            heard = self._hear(deadline)
            if heard.get("id") == self._number:
                if "error" in heard:
                    raise RuntimeError(f"{method}: {heard['error']}")
                result: dict[str, Any] = heard["result"]
                return result

    def open(self, url: str) -> None:
        """Go to a page, and wait until all of it is loaded."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired")

    def wait_for(self, event: str) -> dict[str, Any]:
        """The next event of a name that has not been seen since the page was opened."""
        deadline = time.monotonic() + SECONDS
        while True:
            for number, one in enumerate(self.events):
                if one["method"] == event:
                    del self.events[number]
                    return one
            self._hear(deadline)

    def evaluate(self, script: str) -> Any:
        """What a script gives in the page; the test's own, which no policy of the page hinders."""
        done = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            raise RuntimeError(str(done["exceptionDetails"]))
        return done["result"].get("value")

    def press(self, key: str, *, code: int = 0, text: str = "") -> None:
        """A key of the keyboard."""
        down = {"type": "keyDown", "key": key, "windowsVirtualKeyCode": code, "text": text}
        self.call("Input.dispatchKeyEvent", **down)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def resize(self, width: int, height: int) -> None:
        """The size of the window; a narrow one is a telephone's."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )

    def darken(self, *, dark: bool) -> None:
        """What the person's system prefers."""
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def picture(self, path: Path) -> None:
        """All of the page, as PNG."""
        taken = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(taken["data"]))

    def _hear(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise RuntimeError("the browser says nothing")
            piece = os.read(self._in, 1_048_576)
            if not piece:
                raise RuntimeError("the browser has gone")
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\0")
        heard: dict[str, Any] = json.loads(line)
        if "method" in heard:
            self.events.append(heard)
        return heard
