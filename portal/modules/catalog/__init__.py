"""The catalog: products in categories, and the one source of prices.

Owns: products, categories.
Publishes: nothing.
Requires: taxes (a product names a tax class, and prices are converted at its exchange rates).
Roles: catalog.reader, catalog.editor; customers with the scope "view" browse at /my/<account>/catalog.
Settings: none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.kernel.card import Card, NavEntry
from portal.kernel.i18n import _
from portal.modules.catalog import permissions

if TYPE_CHECKING:
    from portal.kernel.composition import Composer

CARD = Card(
    name="catalog",
    title=_("Catalog"),
    package="portal.modules.catalog",
    requires=("taxes",),
    permissions=permissions.PERMISSIONS,
    roles=permissions.ROLES,
    scopes=permissions.SCOPES,
    navigation=(
        NavEntry(_("Products"), "", permissions.VIEW, "package", 30),
        NavEntry(_("Categories"), "categories/", permissions.VIEW, "folder", 30),
    ),
    migrations=True,
)


def includeme(config: Composer) -> None:
    """Connect the module."""
    from portal.kernel.composition import DocumentType
    from portal.modules.catalog import demo, my, resources, services
    from portal.modules.catalog.interfaces import IPrices, IProducts
    from portal.modules.catalog.services.checks import TITLE

    config.mount(CARD, resources.CatalogRoot)
    config.my_page(
        CARD, my.MyCatalog, title=_("Catalog"), permission=permissions.MY_VIEW, icon="package", order=60
    )
    config.provide(IProducts, services.Products, module=CARD.name)
    config.provide(IPrices, services.ListPrices, module=CARD.name)
    config.refer(
        DocumentType("catalog.product", CARD.name, _("Product"), "", permissions.VIEW, my_path="catalog/")
    )
    config.verify("catalog.products", services.check_products, title=TITLE, module=CARD.name)
    config.demo(demo.run, module=CARD.name)
    config.scan("portal.modules.catalog.views")
    config.scan("portal.modules.catalog.my")
