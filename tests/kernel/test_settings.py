"""Settings are read typed, and no misspelt or unreadable key passes the boot."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.kernel.errors import BootRefused
from portal.kernel.settings import Setting, Settings, boolean, choice, integer, lines, origins, words, zone

DAYS = Setting("portal.orders.valid_days", integer, "30", "days")
MODULES = Setting("portal.modules", words, None, "the modules")
SECRET = Setting("portal.secret", str, "", "signs cookies", secret=True)
DECLARED = (DAYS, MODULES, SECRET)


def test_values_are_parsed_and_defaults_filled_in() -> None:
    settings = Settings({"portal.modules": "taxes\n customers"}, DECLARED)
    assert settings[DAYS] == 30
    assert settings[MODULES] == ("taxes", "customers")
    assert not settings.given(DAYS)
    assert settings.given(MODULES)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({}, "the setting portal.modules is missing: the modules"),
        (
            {"portal.modules": "", "portal.orders.valid_dais": "3"},
            "unknown setting portal.orders.valid_dais; did you mean portal.orders.valid_days?",
        ),
        ({"portal.modules": "", "portal.qqqqqqqqqq": "3"}, "unknown setting portal.qqqqqqqqqq"),
        (
            {"portal.modules": "", "portal.orders.valid_days": "many"},
            "portal.orders.valid_days must be a whole number",
        ),
        (
            {"portal.modules": "", "portal.secret": "${env:PORTAL_NOT_SET}"},
            "portal.secret cites the environment variable PORTAL_NOT_SET, which is not set",
        ),
        (
            {"portal.modules": "", "portal.secret": "${file:/not/there}"},
            "portal.secret cites the file /not/there, which cannot be read: No such file or directory",
        ),
    ],
)
def test_a_wrong_ini_is_refused_in_one_sentence(raw: dict[str, str], sentence: str) -> None:
    with pytest.raises(BootRefused) as refused:
        Settings(raw, DECLARED)
    assert str(refused.value) == sentence


def test_citations_are_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_TEST_SECRET", "from-the-environment")
    secret = tmp_path / "secret"
    secret.write_text("from-a-file\n")
    raw = {"portal.modules": "", "portal.secret": f"${{env:PORTAL_TEST_SECRET}}+${{file:{secret}}}"}
    assert Settings(raw, DECLARED)[SECRET] == "from-the-environment+from-a-file"


def test_a_citation_is_quoted_for_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_TEST_SECRET", "p@ss/w%rd")
    raw = {"portal.modules": "", "portal.secret": "postgresql://me:${env|url:PORTAL_TEST_SECRET}@db/portal"}
    assert Settings(raw, DECLARED)[SECRET] == "postgresql://me:p%40ss%2Fw%25rd@db/portal"


def test_keys_of_others_are_left_alone() -> None:
    assert Settings({"portal.modules": "", "retry.attempts": "3"}, DECLARED)[DAYS] == 30


def test_a_key_declared_twice_is_refused() -> None:
    with pytest.raises(BootRefused, match=r"portal\.secret is declared twice"):
        Settings({"portal.modules": ""}, (*DECLARED, Setting("portal.secret", str, "", "again")))


@pytest.mark.parametrize(
    ("parse", "good", "value", "bad"),
    [
        (boolean, "Yes", True, "maybe"),
        (choice("a", "b"), " a ", "a", "c"),
        (zone, "Europe/Berlin", None, "Mars/Olympus"),
        (lines, "one\n\n two ", ("one", "two"), None),
    ],
)
def test_parsers(parse: object, good: str, value: object, bad: str | None) -> None:
    assert callable(parse)
    parsed = parse(good)
    assert value is None or parsed == value
    if bad is not None:
        with pytest.raises(ValueError, match="must be"):
            parse(bad)


def test_origins_name_file_and_line(tmp_path: Path) -> None:
    ini = tmp_path / "small.ini"
    ini.write_text("[app:main]\n# comment\nportal.modules =\n  taxes\nportal.secret = x\n")
    assert origins(ini) == {"portal.modules": "small.ini:3", "portal.secret": "small.ini:5"}
