"""The portal: independent modules composed into one web application by one line of an ini file."""

from __future__ import annotations

import warnings

# Pyramid 2.1 says at every start that it uses pkg_resources; setup.py pins the setuptools that has it.
warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)

# ruff: noqa: E402 - the filter stands before what it filters
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from pyramid.exceptions import ConfigurationConflictError
from pyramid.router import Router

from portal.kernel.composition import Composer
from portal.kernel.errors import BootRefused
from portal.kernel.gate import (
    COMMIT_VETO,
    build_house,
    check_configuration,
    check_database,
    conflict_sentence,
)
from portal.kernel.security import SecurityPolicy
from portal.kernel.tree import Root

#: The parts that are always there, bottom up. Modules follow, in the order of their dependencies.
HOUSE = ("portal.kernel", "portal.web", "portal.proposals", "portal.people", "portal.my", "portal.ops")


def compose(raw: Mapping[str, str]) -> Composer:
    """Build the house from the text of the ini, committed and checked, but without a look at the database.

    Raises BootRefused with one sentence that names the file or key at fault.
    """
    house = build_house(raw, tuple(import_module(name).CARD for name in HOUSE))
    config = Composer(
        root_factory=Root,
        settings=_pyramid_settings(raw),
        security_policy=SecurityPolicy(),
    )
    config.registry.house = house
    try:
        for card in house.cards:
            config.include(card.package)
        config.commit()
    except ConfigurationConflictError as conflict:
        raise BootRefused(conflict_sentence(conflict)) from conflict
    check_configuration(config)
    return config


def main(global_config: Mapping[str, str] | None, **settings: str) -> Router:
    """The WSGI application (PasteDeploy's `app_factory`)."""
    config = compose(settings)
    if global_config and "__file__" in global_config:
        config.house.source = Path(global_config["__file__"])
    try:
        check_database(config.house)
    except BaseException:
        config.house.database.engine.dispose()
        raise
    return config.make_wsgi_app()


def _pyramid_settings(raw: Mapping[str, str]) -> dict[str, Any]:
    return {
        "pyramid.includes": "",
        "retry.attempts": 5,
        **raw,
        # Texts of templates are looked up where those of Python are; the default would be the package's name.
        "jinja2.i18n.domain": "portal",
        "tm.commit_veto": COMMIT_VETO,
        "tm.manager_hook": "pyramid_tm.explicit_manager",
        # Else every request, static files included, would look for its session before anything is decided.
        "tm.annotate_user": "false",
        "portal.package": str(Path(__file__).resolve().parent),
    }
