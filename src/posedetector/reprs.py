"""Short reprs: a noun of arrays says its shapes, not its numbers, so that a session or a notebook stays legible."""

from collections.abc import Sized
from dataclasses import fields, is_dataclass
from typing import Any

_LONGEST = 40  # characters of a value
_WHOLE = 400  # characters of a repr


def brief(self: Any) -> str:
    """Return a noun's class and fields in one line: an array by its shape, a collection by its length. For `__repr__`."""
    names = [one.name for one in fields(self)] if is_dataclass(self) else list(type(self).model_fields)
    parts = ", ".join(f"{name}={_value(getattr(self, name))}" for name in names if not name.startswith("_"))
    return f"{type(self).__name__}({parts if len(parts) <= _WHOLE else parts[:_WHOLE] + ' …'})"


def _value(value: Any) -> str:
    if hasattr(value, "dtype") and value.shape:
        return f"<{' × '.join(map(str, value.shape))} {value.dtype}>"
    if is_dataclass(value) or hasattr(type(value), "model_fields"):
        return f"<{type(value).__name__}>"
    said = repr(value) if not isinstance(value, list | tuple | dict) or len(value) <= 4 else ""
    if isinstance(value, str) or 0 < len(said) <= _LONGEST:
        return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…{said[-1]}"
    if isinstance(value, Sized):
        kinds = {type(one).__name__ for one in (value.values() if isinstance(value, dict) else iter(value))}  # type: ignore[call-overload]
        return f"<{len(value)} × {kinds.pop() if len(kinds) == 1 else type(value).__name__}>"
    return f"<{type(value).__name__}>"
