"""What a browser is called on pages: read from what it says about itself, for people to recognize it and nothing else."""

from __future__ import annotations

from portal.kernel.i18n import Text, _

#: Marks of browsers and systems in a User-Agent; the first that is found counts, since many pretend to be others too.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def device_name(agent: str) -> Text:
    """Such as "Firefox on Windows"; nothing of the text itself, which is anybody's."""
    browser, system = _first(_BROWSERS, agent), _first(_SYSTEMS, agent)
    if browser and system:
        return _("${browser} on ${system}", mapping={"browser": browser, "system": system})
    return browser or system or _("Unknown device")


def _first(marks: tuple[tuple[str, str], ...], agent: str) -> str | None:
    return next((name for mark, name in marks if mark in agent), None)
