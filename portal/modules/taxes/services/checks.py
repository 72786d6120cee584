"""What `portal verify` recomputes of taxes, with its own SQL."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.kernel.composition import Finding
from portal.kernel.i18n import Text, _

TITLE: Text = _(
    "Tax rates: one percentage per key, one category and exemption per set, reasons where no tax is due"
)

_KEYS = "SELECT key FROM taxes_rate GROUP BY key HAVING min(percent) <> max(percent)"
_SETS = """
SELECT c.code, r.position, r.valid_from FROM taxes_rate AS r JOIN taxes_class AS c ON c.id = r.class_id
GROUP BY c.code, r.position, r.valid_from
HAVING min(r.category) <> max(r.category) OR min(r.exemption_en) <> max(r.exemption_en)
OR min(r.exemption_de) <> max(r.exemption_de)
OR min(coalesce(r.valid_to, DATE '9999-12-31')) <> max(coalesce(r.valid_to, DATE '9999-12-31'))
"""
_REASONS = """
SELECT DISTINCT key FROM taxes_rate
WHERE category IN ('E', 'K', 'AE', 'G', 'O') AND (exemption_en = '' OR exemption_de = '')
"""


def check_rates(session: Session) -> Iterator[Finding]:
    """Keys with two percentages, sets that contradict themselves, exemptions without a reason."""
    sets = _SETS
    if session.get_bind().dialect.name == "sqlite":
        sets = sets.replace("DATE '9999-12-31'", "'9999-12-31'")
    for (key,) in session.execute(text(_KEYS)):
        yield Finding("taxes.rates", key, "this key stands for different percentages")
    for code, position, begin in session.execute(text(sets)):
        yield Finding(
            "taxes.rates", f"{code} {position} {begin}", "the rates of this set contradict each other"
        )
    for (key,) in session.execute(text(_REASONS)):
        yield Finding("taxes.rates", key, "documents with this rate would not say why no tax is due")
