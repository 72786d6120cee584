"""What every template of the portal may use: filters that write values and draw the shell's own things."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from portal.web import cells, formats
from portal.web.assets import asset
from portal.web.badges import Badge
from portal.web.lists import Page


class Drawable(Protocol):
    """A panel: a template and what it shows."""

    @property
    def template(self) -> str: ...

    @property
    def values(self) -> Mapping[str, Any]: ...


@pass_context
def _panel(context: Context, panel: Drawable) -> Markup:
    template = context.environment.get_template(panel.template)
    return Markup(template.render({"request": context["request"], **panel.values}))  # noqa: S704 - escaped inside


@pass_context
def _badge(context: Context, badge: Badge) -> Markup:
    return cells.badge_html(badge, context["request"])


@pass_context
def _rows(context: Context, page: Page) -> Markup:
    return cells.rows_html(page, context["request"])


@pass_context
def _asset(context: Context, path: str) -> str:
    return asset(context["request"], path)


#: Jinja2 filters: those of `formats`, and `panel` (a panel's template with its values), `badge`, `rows` (of a list page),
#: `asset` (the address of one of the shell's static files).
FILTERS: dict[str, Callable[..., Any]] = {
    **formats.FILTERS,
    "asset": _asset,
    "panel": _panel,
    "badge": _badge,
    "rows": _rows,
}
