"""The shell: layout, static files, forms, lists, paging, headers, errors, the request's transactions.

Owns: how a page looks and how a request is handled. Offers the slots of the home page and of /admin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.events import ApplicationCreated

from portal.kernel.card import Card
from portal.kernel.i18n import _
from portal.kernel.settings import Setting, words
from portal.web.hosts import HOSTS

if TYPE_CHECKING:
    from portal.kernel.composition import Composer

LANGUAGES = Setting("portal.languages", words, "en de", "languages that people may choose, first the default")

CARD = Card(name="web", title=_("Shell"), package="portal.web", settings=(LANGUAGES, HOSTS), house=True)


def includeme(config: Composer) -> None:
    """Connect the shell."""
    from pyramid.tweens import EXCVIEW, INGRESS

    from portal.web import assets, exact, operation, preview, refusals, templating, walls
    from portal.web.bearer import bearer
    from portal.web.csrf import CsrfTokens
    from portal.web.locale import negotiate, remember_texts
    from portal.web.request import Request

    config.set_request_factory(Request)
    config.include("pyramid_tm")
    config.include("pyramid_retry")
    config.add_tween(
        "portal.web.transactions.afterwards_tween", over=("pyramid_tm.tm_tween_factory", EXCVIEW)
    )
    config.add_tween(
        "portal.web.transactions.statements_tween", over="portal.web.transactions.afterwards_tween"
    )
    config.add_tween(
        "portal.web.readable.readable_tween", under=INGRESS, over="portal.web.transactions.statements_tween"
    )
    config.add_tween("portal.web.hosts.hosts_tween", under=INGRESS, over="portal.web.readable.readable_tween")
    config.add_tween(
        "portal.web.compression.compression_tween", under=INGRESS, over="portal.web.hosts.hosts_tween"
    )
    config.add_tween(
        "portal.web.headers.headers_tween", under=INGRESS, over="portal.web.compression.compression_tween"
    )
    config.set_csrf_storage_policy(CsrfTokens())
    # What names itself by a token sends nothing by itself that a foreign page could misuse.
    config.set_default_csrf_options(require_csrf=True, callback=lambda request: bearer(request) is None)
    config.add_view_deriver(exact.exact_deriver, name="exact")
    config.add_view_deriver(walls.walls_deriver, name="walls", under="exact", over="rendered_view")
    config.add_view_deriver(refusals.refusal_deriver, name="refusal", under="walls", over="rendered_view")
    config.add_view_deriver(preview.preview_deriver, name="preview", under="refusal", over="rendered_view")
    config.add_view_deriver(
        operation.operation_deriver, name="operation", under="preview", over="rendered_view"
    )
    config.set_locale_negotiator(negotiate)
    config.add_subscriber(remember_texts, ApplicationCreated)
    config.add_translation_dirs("portal:locale")
    config.include("pyramid_jinja2")
    config.commit()
    environment = config.get_jinja2_environment()
    environment.filters.update(templating.FILTERS)
    config.add_static_view("static", "portal:web/static", cache_max_age=assets.YEAR)
    config.add_cache_buster("portal:web/static", assets.cache_buster())
    config.scan("portal.web.views")
