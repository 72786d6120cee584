"""What stops the boot: one sentence each, naming the file or key at fault."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyramid.security import NO_PERMISSION_REQUIRED

import portal
import portal.modules.orders
from portal.kernel import schema
from portal.kernel.card import Card, Permission, Role
from portal.kernel.composition import Composer
from portal.kernel.errors import BootRefused
from portal.kernel.gate import DEVELOPMENT_SECRET, open_views
from portal.kernel.settings import Setting
from portal.kernel.tree import ModuleRoot
from portal.testing import raw_settings


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'boot.sqlite'}"


def refusal(raw: dict[str, str]) -> str:
    with pytest.raises(BootRefused) as refused:
        portal.compose(raw)
    return str(refused.value)


def test_a_mistyped_setting(url: str) -> None:
    raw = raw_settings((), url) | {"portal.compny.name": "x"}
    assert refusal(raw) == "unknown setting portal.compny.name; did you mean portal.company.name?"


def test_settings_of_our_modules_may_stay_when_a_module_is_taken_out(url: str) -> None:
    setting = next(iter(portal.modules.orders.CARD.settings))
    portal.compose(raw_settings((), url) | {setting.key: "anything"}).house.database.engine.dispose()
    assert refusal(raw_settings((), url) | {f"{setting.key}x": "1"}) == (
        f"unknown setting {setting.key}x; did you mean {setting.key}?"
    )


def test_a_missing_required_module(url: str) -> None:
    assert refusal(raw_settings(("orders", "customers", "taxes"), url)) == (
        "portal.modules lacks catalog, which orders requires"
    )


def test_a_name_of_the_house(url: str) -> None:
    assert "belongs to the house" in refusal(raw_settings(("portal.web",), url))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"portal.secret": DEVELOPMENT_SECRET}, "portal.secret is the development secret"),
        ({"pyramid.includes": "pyramid_debugtoolbar"}, "pyramid.includes names pyramid_debugtoolbar"),
        ({"pyramid.debug_all": "yes"}, "pyramid.debug_all is on"),
        ({"pyramid.reload_templates": "1"}, "pyramid.reload_templates is on"),
        (
            {"portal.base_url": "http://portal.example"},
            "portal.base_url must begin with https:// in production",
        ),
        ({"portal.secret": "short"}, "portal.secret must have at least 32 characters"),
        (
            {"portal.base_url": "portal.example", "portal.environment": "development"},
            "portal.base_url must begin with http:// or https://",
        ),
        ({"portal.database.url": "sqlite://"}, "portal.database.url cannot be used"),
    ],
)
def test_production_is_strict(url: str, changes: dict[str, str], sentence: str) -> None:
    strict = {"portal.environment": "production", "portal.base_url": "https://portal.example"}
    raw = raw_settings((), url) | strict | changes
    assert refusal(raw).startswith(sentence)


@pytest.mark.parametrize("email", ["", "office", "office@company", "Office <office@company.example>"])
def test_the_company_needs_an_email(url: str, email: str) -> None:
    raw = raw_settings((), url) | {"portal.company.email": email}
    assert refusal(raw) == (
        f"portal.company.email must be an e-mail address such as office@company.example, not {email!r}"
    )


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("none.png", None, "names a file that does not exist: {path}"),
        ("logo.gif", b"GIF89a", "must name a PNG, JPEG or SVG file, not {path}"),
        ("logo.png", b"\xff\xd8\xff\xe0 a JPEG", "names a file that is no PNG picture: {path}"),
        ("logo.jpg", b"\x89PNG\r\n\x1a\n a PNG", "names a file that is no JPG picture: {path}"),
        ("logo.svg", b"<html></html>", "names a file that is no SVG picture: {path}"),
        ("logo.svg", b"", "names a file that is no SVG picture: {path}"),
    ],
)
def test_a_logo_that_the_documents_cannot_show(
    url: str, tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    raw = raw_settings((), url) | {"portal.company.logo": str(path)}
    assert refusal(raw) == f"portal.company.logo {sentence.format(path=path)}"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("logo.PNG", b"\x89PNG\r\n\x1a\n\0"),
        ("logo.jpeg", b"\xff\xd8\xff\xe0"),
        ("logo.svg", b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg"/>'),
    ],
)
def test_a_logo_that_the_documents_can_show(url: str, tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    house = portal.compose(raw_settings((), url) | {"portal.company.logo": str(tmp_path / name)}).house
    assert house.company.logo == tmp_path / name
    house.database.engine.dispose()


def test_pending_migrations_name_the_command(url: str) -> None:
    raw = raw_settings((), url)
    with pytest.raises(
        BootRefused, match=r"migrations are pending for .*: run `portal db upgrade -c YOUR\.ini`"
    ):
        portal.main({}, **raw)
    house = portal.compose(raw).house
    schema.upgrade(house.database, house.cards)
    house.database.engine.dispose()
    router = portal.main({}, **raw)
    router.registry.house.database.engine.dispose()


class Place(ModuleRoot):
    """The root of a module made for one test."""

    card = Card("made", "Made", "made_for_a_test")


Module = Callable[..., str]


@pytest.fixture
def made() -> Iterator[Module]:
    """Makes an importable package with a card and an includeme; gives its name."""
    names: list[str] = []

    def make(include: Callable[[Composer], Any], name: str = "made", **card: Any) -> str:
        package = f"{name}_for_a_test_{len(names)}"
        module = types.ModuleType(package)
        module.CARD = Card(name, name.title(), package, **card)  # type: ignore[attr-defined]
        module.includeme = include  # type: ignore[attr-defined]
        sys.modules[package] = module
        names.append(package)
        return package

    yield make
    for name in names:
        del sys.modules[name]


def page(context: Any, request: Any) -> dict[str, Any]:
    return {}


def test_views_are_refused_with_all_that_is_wrong_with_them(url: str, made: Module) -> None:
    def include(config: Composer) -> None:
        config.add_view(page, context=Place, request_method="GET", renderer="json")
        config.add_view(page, context=Place, name="x", permission="made.se", renderer="json")

    here = f"the view {page.__module__}.page"
    assert refusal(raw_settings((made(include),), url)).splitlines() == [
        f"{here} has no permission",
        f"{here} asks for made.se, which no card declares",
        f"{here} names no request_method: it would answer to every method",
    ]


def replacing(**options: Any) -> Callable[[Composer], Any]:
    """Another package's page in the place of the one that lists a customer's accounts."""

    def include(config: Composer) -> None:
        config.add_view(
            page,
            context="portal.my.resources.MyRoot",
            permission=NO_PERMISSION_REQUIRED,
            open_to_all="It takes the place of another.",
            request_method="GET",
            renderer="json",
            **options,
        )

    return include


@pytest.mark.parametrize("how", ["at once", "after a commit", "with another predicate"])
def test_a_view_in_the_place_of_anothers(url: str, made: Module, how: str) -> None:
    def include(config: Composer) -> None:
        if how == "after a commit":
            config.commit()
        replacing(**({"request_param": "x"} if how == "with another predicate" else {}))(config)

    said = refusal(raw_settings((made(include),), url))
    if how == "at once":
        assert "portal/my/views/home.py" in said
        assert "test_boot.py" in said
    else:
        assert said.startswith(
            f"the view {page.__module__}.page stands in the place of portal.my.views.home.accounts"
        )
        assert said.endswith("without saying replaces=True")


def test_a_view_in_the_place_of_anothers_on_purpose(url: str, made: Module) -> None:
    def include(config: Composer) -> None:
        config.commit()
        replacing(replaces=True)(config)

    portal.compose(raw_settings((made(include),), url)).house.database.engine.dispose()


@pytest.mark.parametrize(
    ("undo", "sentence"),
    [
        (lambda config: config.set_default_csrf_options(require_csrf=False), "require_csrf is off"),
        (lambda config: config.add_settings({"tm.commit_veto": ""}), "would be committed"),
        (lambda config: config.house.identity_sources.clear(), "who is behind a request"),
        (lambda config: config.set_security_policy(object()), "the security policy is not the portal's"),
    ],
)
def test_what_stands_around_every_view(
    url: str, made: Module, undo: Callable[[Composer], Any], sentence: str
) -> None:
    def include(config: Composer) -> None:
        config.commit()
        undo(config)

    assert sentence in refusal(raw_settings((made(include),), url))


def test_a_view_without_a_context(url: str, made: Module) -> None:
    package = made(
        lambda config: config.add_view(
            page, name="x", permission="made.see", request_method="GET", renderer="json"
        ),
        permissions=(Permission("made.see", "See"),),
    )
    assert "names no context" in refusal(raw_settings((package,), url))


def test_a_role_with_an_undeclared_permission(url: str, made: Module) -> None:
    package = made(lambda config: None, roles=(Role("made.reader", "Reader", ("made.see",)),))
    assert refusal(raw_settings((package,), url)) == (
        f"the card of {package} grants made.see, which no card declares"
    )


def test_two_modules_of_one_name(url: str, made: Module) -> None:
    one, two = made(lambda config: None), made(lambda config: None)
    assert refusal(raw_settings((one, two), url)) == (
        f"portal.modules names two modules called made: {one} and {two}"
    )


def test_a_setting_declared_twice(url: str, made: Module) -> None:
    again = Setting("portal.secret", str, "", "again")
    package = made(lambda config: None, settings=(again,))
    assert refusal(raw_settings((package,), url)) == "the setting portal.secret is declared twice"


def test_two_modules_that_claim_one_place_are_both_named(url: str, made: Module) -> None:
    one = made(lambda config: config.mount(Place.card, Place, segment="here"), name="first")
    two = made(lambda config: config.mount(Place.card, Place, segment="here"), name="second")
    said = refusal(raw_settings((one, two), url))
    assert said.startswith("portal root here is claimed twice, in ")
    assert said.count("test_boot.py:") == 2


def opening(permission: str = NO_PERMISSION_REQUIRED, **options: Any) -> Callable[[Composer], Any]:
    """A page of an outside package that asks for no permission."""
    return lambda config: config.add_view(
        page, context=Place, permission=permission, request_method="GET", renderer="json", **options
    )


def test_an_open_view_is_an_explicit_act_with_a_reason(url: str, made: Module) -> None:
    config = portal.compose(raw_settings((made(opening(open_to_all="It is a price list.")),), url))
    assert open_views(config.introspector)[f"{page.__module__}.page"] == "It is a price list."
    config.house.database.engine.dispose()


@pytest.mark.parametrize("options", [{}, {"open_to_all": ""}, {"open_to_all": " "}, {"open_to_all": True}])
def test_an_open_view_without_a_reason_is_named(url: str, made: Module, options: dict[str, Any]) -> None:
    assert refusal(raw_settings((made(opening(**options)),), url)) == (
        f"the view {page.__module__}.page needs no permission and does not say why: "
        'it must say open_to_all="…" with the reason, or name a permission'
    )


def test_a_view_that_is_open_and_is_not(url: str, made: Module) -> None:
    package = made(
        opening("made.see", open_to_all="It is a price list."), permissions=(Permission("made.see", "See"),)
    )
    assert refusal(raw_settings((package,), url)) == (
        f"the view {page.__module__}.page says open_to_all and asks for made.see"
    )
