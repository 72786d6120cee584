"""Connecting the provider that the ini names, if it names one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.kernel.errors import BootRefused
from portal.people.sso.provider import Provider
from portal.people.sso.settings import CLIENT_ID, ISSUER
from portal.people.ways import SIGN_IN_WAYS, Way
from portal.web.request import Request

if TYPE_CHECKING:
    from portal.kernel.composition import Composer

_PROVIDER = "people.provider"


def connect(config: Composer, module: str) -> None:
    """Offer the button of the provider. Raises BootRefused when the provider is half described."""
    settings = config.house.settings
    if not settings[ISSUER]:
        return
    if not settings[CLIENT_ID]:
        raise BootRefused(
            f"{CLIENT_ID.key} is missing: {ISSUER.key} names a provider, which must know the portal"
        )
    config.registry[_PROVIDER] = Provider(settings)
    config.offer(SIGN_IN_WAYS, button, module=module)


def provider_of(request: Request) -> Provider | None:
    """The provider that the ini names."""
    found: Provider | None = request.registry.get(_PROVIDER)
    return found


def button(request: Request) -> Way:
    """The way to the provider."""
    provider = provider_of(request)
    assert provider is not None, "offered with a provider alone"  # noqa: S101
    return Way(provider.name, "/sign-in-sso")
