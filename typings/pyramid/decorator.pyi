from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

from typing_extensions import Self

_T = TypeVar("_T")

# The real class is a non-data descriptor: assigning to the name on an instance replaces the value.
class reify(Generic[_T]):
    wrapped: Callable[[Any], _T]
    def __init__(self, wrapped: Callable[[Any], _T]) -> None: ...
    @overload
    def __get__(self, inst: None, objtype: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, inst: object, objtype: type[Any] | None = None) -> _T: ...
    def __set__(self, inst: object, value: _T) -> None: ...
