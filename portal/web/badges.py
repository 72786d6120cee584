"""A badge: a short word about a state, with a tone that says how it should be felt."""

from __future__ import annotations

from typing import Literal, NamedTuple

from portal.kernel.i18n import Text

Tone = Literal["neutral", "info", "progress", "success", "warning", "danger"]


class Badge(NamedTuple):
    """What a state is called and its tone: neutral (draft, closed), info (sent), progress (being worked on), …"""

    label: Text
    tone: Tone = "neutral"
