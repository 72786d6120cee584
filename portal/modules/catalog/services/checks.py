"""What `portal verify` recomputes of the catalog, with its own SQL."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.kernel.composition import Finding
from portal.kernel.i18n import Text, _

TITLE: Text = _("Products: SKUs unique whatever their case, parents of categories at the top")

_DOUBLE = "SELECT lower(sku) AS sku FROM catalog_product GROUP BY lower(sku) HAVING count(*) > 1"
_DEEP = """
SELECT low.name AS name FROM catalog_category AS low JOIN catalog_category AS high ON high.id = low.parent_id
WHERE high.parent_id IS NOT NULL
"""


def check_products(session: Session) -> Iterator[Finding]:
    """SKUs that differ only in case, and categories on a third level."""
    for (sku,) in session.execute(text(_DOUBLE)):
        yield Finding("catalog.products", sku, "several products have this SKU")
    for (name,) in session.execute(text(_DEEP)):
        yield Finding("catalog.products", name, "this category stands below one that is not at the top")
