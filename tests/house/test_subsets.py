"""Every subset of the modules that is closed under `requires` boots, migrates, and all its pages can be walked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from house.world import MODULES, SPECIMEN, closed_subsets, make_world

from portal.kernel import schema
from portal.testing.crawler import Crawler
from portal.testing.fixtures import PortalFactory

SUBSETS = closed_subsets()
#: SQLite takes all subsets; PostgreSQL the full house and two smaller ones.
CASES = [
    *(("sqlite", modules) for modules in SUBSETS),
    ("postgresql", MODULES),
    ("postgresql", ("taxes", "customers", "finance")),
    ("postgresql", ("taxes", "customers", "catalog", "orders", SPECIMEN)),
]
SPRITE = Path(__file__).parent.parent.parent / "portal/web/static/icons.svg"


def test_the_subsets_are_those_that_the_cards_allow() -> None:
    assert () in SUBSETS
    assert MODULES in SUBSETS
    assert (*MODULES, SPECIMEN) in SUBSETS
    assert ("taxes", "customers", "orders") not in SUBSETS
    assert {modules for _backend, modules in CASES} == set(SUBSETS)


@pytest.mark.parametrize(
    ("backend", "modules"),
    CASES,
    indirect=["backend"],
    ids=[f"{backend}-{'+'.join(modules) or 'nothing'}" for backend, modules in CASES],
)
def test_a_subset_boots_migrates_and_is_crawled(modules: tuple[str, ...], portals: PortalFactory) -> None:
    portal = portals(*modules)
    with portal.house.database.engine.connect() as connection:
        for card in portal.house.cards:
            assert schema.differences(connection, card) == [], card.name
    world = make_world(portal)

    crawls = [Crawler(world.all_seeing()).from_("/")]
    expected = {f"/{portal.house.segments[card.name]}/" for card in portal.house.cards if card.navigation}
    if world.alpha is not None:
        crawls.append(Crawler(world.buyer(world.alpha, "anna@alpha.example")).from_("/"))
        expected |= {f"/my/{world.alpha.public_id}/{segment}/" for segment in portal.house.my_pages}
    for crawl in crawls:
        assert crawl.complaints() == []
        assert crawl.icons() <= set(re.findall(r'id="([\w-]+)"', SPRITE.read_text(encoding="utf-8")))
    visited = {url for crawl in crawls for url in crawl.visits}
    assert {place for place in expected if not any(url.startswith(place) for url in visited)} == set()
