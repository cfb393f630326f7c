"""A real browser: Chromium or Chrome with its driver. Without one these tests are skipped, but never in CI."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.support.commands import train_in

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)


@pytest.fixture(scope="session")
def browser(tmp_path_factory) -> Iterator[webdriver.Chrome]:
    """A window of a headless browser."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        reason = "needs Chromium and its driver: apt-get install chromium chromium-driver"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=Service(driver)) as window:
        window.set_page_load_timeout(60)
        yield window


@pytest.fixture
def screenshot(browser):
    """Saves what the window shows, for the README if PATTERNGAN_SCREENSHOTS names a folder."""

    def save(name: str, folder: Path) -> Path:
        path = Path(os.environ.get("PATTERNGAN_SCREENSHOTS", folder)) / f"{name}.png"
        assert browser.save_screenshot(str(path))
        return path

    return save


def resize(browser, width, height, dark=False):
    """The size of the window's inside, and the colours that its user prefers."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def errors(browser):
    """What the browser complained about since it was last asked."""
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.fixture(scope="session")
def outputs(shared) -> Path:
    """A run, and a sweep over lr and k, as their commands leave them."""
    return shared("browser", fill) / "outputs"


def fill(folder):
    quick = ["experiment=study_evens", "penalty=r1", "evaluation.samples=2000"]
    train_in(folder, *quick, "hydra.run.dir=outputs/evens", "steps=1000", "evaluate_every=100")
    swept = ["lr=1e-4,1e-3", "pattern.k=2,5", "seed=0,1", *quick, "steps=300", "evaluate_every=30"]
    train_in(folder, "-m", *swept, "hydra.sweep.dir=outputs/sweep")


@pytest.fixture(scope="session")
def tensorboard(outputs) -> Iterator[Callable[[str], str]]:
    """Starts TensorBoard on a folder below the outputs, once for each; returns its address."""
    started: dict[str, tuple[subprocess.Popen[bytes], str]] = {}

    def address(folder: str) -> str:
        if folder not in started:
            started[folder] = _start(outputs / folder)
        return started[folder][1]

    yield address
    for server, _ in started.values():
        server.terminate()
        server.wait()


def _start(logdir):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir), "--host", "127.0.0.1"]
    server = subprocess.Popen([*line, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    _wait_for(address, server)
    return server, address


def _wait_for(address, server):
    for _ in range(240):
        assert server.poll() is None, "TensorBoard ended"
        try:
            urllib.request.urlopen(f"{address}/data/runs").close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise AssertionError("TensorBoard does not answer")
