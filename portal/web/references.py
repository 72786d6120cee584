"""Links to documents of other modules, by kind and public id, without importing their resources."""

from __future__ import annotations

from portal.kernel.composition import staff_root
from portal.web.request import Request


def staff_url(request: Request, kind: str, public_id: str) -> str | None:
    """The address of a document for employees; None where its module is absent or this person may not see it."""
    base = staff_base(request, kind)
    return None if base is None else f"{base}{public_id}/"


def staff_base(request: Request, kind: str) -> str | None:
    """The address below which documents of a kind stand for employees; None as above."""
    document = request.house.documents.get(kind)
    root = None if document is None else staff_root(request, document.module)
    if document is None or root is None or not request.permits(document.permission, root):
        return None
    return f"/{root.__name__}/{document.path}"
