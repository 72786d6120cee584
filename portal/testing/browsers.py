"""Where a Chromium for browser tests is found."""

from __future__ import annotations

import os
import shutil

ENVIRONMENT = "PORTAL_TEST_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class NoChromium(RuntimeError):
    """No Chromium was found; the message says where it was looked for."""


def chromium() -> str:
    """The path of a Chromium: from the environment variable `PORTAL_TEST_CHROMIUM`, else on the search path.

    Raises NoChromium.
    """
    named = os.environ.get(ENVIRONMENT)
    if named:
        if shutil.which(named) is None:
            raise NoChromium(f"{ENVIRONMENT} names {named}, which cannot be run")
        return named
    for name in NAMES:
        path = shutil.which(name)
        if path is not None:
            return path
    raise NoChromium(f"{ENVIRONMENT} is not set and none of {', '.join(NAMES)} is on the search path")
