"""What a person can choose is declared once, as the fields of a model: type, range, default, help, and how the command line takes it.

Whatever is wrong with it is an InputError that names the field; pydantic's own errors stay inside.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, NoReturn, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from posedetector.errors import InputError


@dataclass(frozen=True)
class Flag:
    """How the command line takes a field, where that does not follow from its name and type.

    Attributes
    ----------
    group : the heading in the help. The options of an estimator or a lifter stand below its own.
    names : in place of --the-fields-name; one that begins with --no- switches the field off.
    metavar : what stands for the value in the help.
    parse : makes the field's value of what was typed (of the list of it, with `repeated`).
    usual : the default in words, where that is no value.
    note : help that concerns the command line alone.
    repeated : it can be given several times.
    """

    group: str = ""
    names: tuple[str, ...] = ()
    metavar: str | None = None
    parse: Callable[[Any], Any] | None = None
    usual: str | None = None
    note: str = ""
    repeated: bool = False


class Options(BaseModel):
    """A checked set of choices, which is never changed: `model_copy(update=…)` makes and checks another.

    Raises
    ------
    InputError
        For whatever cannot be used; `field` is the one at fault.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())
    kind: ClassVar[str] = ""  # where the fields are found in Settings: subject, estimator, lifter

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise self._refused(error) from None

    # a model within another is checked as a part of that one, whose errors name the path to the field
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise InputError(
            f"{type(self).__name__} cannot be changed; model_copy(update={{{name!r}: …}}) makes another one"
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise InputError(f"{type(self).__name__} cannot be changed", field=name)

    def copy(self, **how: Any) -> Self:
        """Return `model_copy(update=…)`: pydantic's own `copy` checks nothing."""
        return self.model_copy(update=how.get("update"))

    @classmethod
    def model_validate(cls, obj: Any, **how: Any) -> Self:
        """Return what was given as a dict or as such an object, checked; raises InputError."""
        try:
            return super().model_validate(obj, **how)
        except ValidationError as error:
            raise cls._refused(error) from None

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **how: Any) -> Self:
        """Return what was given as JSON, checked; raises InputError."""
        try:
            return super().model_validate_json(json_data, **how)
        except ValidationError as error:
            raise cls._refused(error) from None

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return another one in which some is different, checked like the first; raises InputError."""
        copy = super().model_copy(deep=deep)
        if not update:
            return copy
        return type(self)(**{name: getattr(copy, name) for name in copy.model_fields_set} | dict(update))

    @classmethod
    def _refused(cls, error: ValidationError) -> InputError:
        """Return what is wrong first, in one line."""
        one = error.errors(include_url=False)[0]
        name = ".".join(map(str, one["loc"]))
        field = ".".join(part for part in (cls.kind, name) if part) or None
        if one["type"] == "extra_forbidden":
            return InputError(f"{cls.__name__} has no field `{name}`{_instead(name, cls.model_fields)}", field=field)
        if one["type"] == "missing":
            return InputError(f"{cls.__name__} wants `{name}`", field=field)
        given = "" if one["type"] == "value_error" else f", got {_short(one['input'])}"
        return InputError(f"{f'`{name}`' if name else cls.__name__} {_wanted(one)}{given}", field=field)


def within(least: float, most: float, unit: str, *others: float) -> AfterValidator:
    """Return the check that a number lies in a range; `others` are what it takes of other units to make one, for a hint."""

    def check(value: float | None) -> float | None:
        if value is None or least <= value <= most:
            return value
        hint = next((f"; did you mean {value / other:.3g}?" for other in others if least <= value / other <= most), "")
        raise ValueError(f"is in {unit} and must {_range(least, most)}, got {value:g}{hint}")

    return AfterValidator(check)


def _range(least: float, most: float) -> str:
    """Return a range in words; limits that only keep numbers computable are not told."""
    if most < _HUGE:
        return f"lie in {least:g}–{most:g}"
    if least == 0:
        return "not be negative"
    return "be greater than 0" if least <= _TINY else f"be {least:g} or more"


_HUGE, _TINY = 1e5, 1e-3


def _share(value: float | None) -> float | None:
    if value is None or 0 <= value < 1:
        return value
    raise ValueError(f"must lie in 0–1, got {value:g}")


def _count(value: int | None) -> int | None:
    if value is None or value >= 1:
        return value
    raise ValueError(f"counts from 1, got {value}")


def _runs_somewhere(name: str) -> str:
    if re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,3})?", name):
        return name
    raise ValueError(f"is auto, cpu, cuda (or cuda:1, for a second one) or mps, got {_short(name)}")


SHARE = AfterValidator(_share)
COUNT = AfterValidator(_count)
# what several backends have in common
Device = Annotated[
    str, AfterValidator(_runs_somewhere), Field(description="Where networks run: auto, cpu, cuda or mps.")
]
MODEL = Flag(names=("--model", "--pose-model"))
CHECKPOINT = Flag(names=("--pose-checkpoint",))


def listed(names: Collection[str]) -> str:
    """Return `one, two or three`."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def chosen(given: Any, table: Mapping[str, type[Options]], base: type[Options]) -> Any:
    """Return the settings that a name, a dict with one, or settings stand for; raises InputError."""
    if isinstance(given, base):
        return given
    options = given if isinstance(given, Mapping) else {"name": given}
    name = options.get("name")
    if not isinstance(name, str) or name not in table:
        raise InputError(
            f"there is no {base.kind} {_short(name)}; there are {', '.join(sorted(table))}", field=base.kind
        )
    return table[name](**{str(key): value for key, value in options.items()})


_FEW = 10  # names that can all be told


def _instead(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, 1) if len(known) > _FEW else []
    return f"; did you mean `{close[0]}`?" if close else f"; it has {', '.join(known)}"


def _wanted(one: Any) -> str:
    if one["type"] == "value_error":
        return str(one["ctx"]["error"])
    if one["type"] == "literal_error":
        return f"is {one['ctx']['expected'].replace(chr(39), '')}"
    if one["type"] == "model_type":
        return f"must be a {one['ctx']['class_name']}, or a dict"
    kind = _KINDS.get(one["type"].partition("_")[0])
    return str(one["msg"]) if kind is None else f"must be {kind}"


def _short(value: Any) -> str:
    try:
        text = " ".join(repr(value).split())
    except Exception:  # noqa: BLE001 -- somebody's object that cannot even be shown
        text = type(value).__name__
    return text if len(text) <= 80 else f"{text[:79]}…"


# what pydantic's types of errors begin with, and what they want
_KINDS = {
    "float": "a number",
    "int": "a whole number",
    "finite": "a finite number",
    "bool": "True or False",
    "string": "text",
    "path": "a path",
    "tuple": "a tuple",
    "dict": "a dict",
}
