from collections.abc import Sequence
from typing import Any

def get_loader(config_uri: str, protocols: Sequence[str] | None = None) -> Any: ...
