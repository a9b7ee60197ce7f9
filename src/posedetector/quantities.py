"""What a person types for a length or a mass, with its unit or without: `1.78`, `1,78`, `178cm`, `5ft11in`, `5'11"`, `165lb`.

Without a unit, lengths are metres and masses kilograms. Everything inside is SI; this is for the command line alone. Whether
a value is plausible is checked where it is used.
"""

import re
from collections.abc import Callable

from posedetector.errors import InputError

_LENGTHS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "in": 0.0254}
_MASSES = {"kg": 1.0, "g": 0.001, "lb": 0.45359237, "st": 6.35029318}
_SPELLED = {
    **dict.fromkeys(("metre", "metres", "meter", "meters"), "m"),
    **dict.fromkeys(("feet", "foot", "'", "’", "′"), "ft"),
    **dict.fromkeys(("inch", "inches", '"', "”", "″", "''", "’’", "′′"), "in"),
    **dict.fromkeys(("kilo", "kilos", "kgs", "kilogram", "kilograms"), "kg"),
    **dict.fromkeys(("lbs", "pound", "pounds", "#"), "lb"),
    **dict.fromkeys(("stone", "stones"), "st"),
}
# the larger unit → the smaller one that may follow, and how many of it the larger has
_FOLLOWED = {"ft": ("in", 12.0), "st": ("lb", 14.0), "m": ("cm", 100.0)}
_NUMBER = r"[0-9]+(?:[.,][0-9]+|\.)?|[.,][0-9]+"
_ONE = re.compile(rf"\s*({_NUMBER})\s*([^\s0-9.,]*)\s*")
_BARE = re.compile(rf"\s*[+-]?(?:{_NUMBER})(?:[eE][+-]?[0-9]{{1,3}})?\s*")


def parse_length(text: str) -> float:
    """Return metres; raises InputError for what is no length."""
    return _parse(text, _LENGTHS, "a length", "in metres or with a unit: 1.78, 178cm, 5ft11in")


def parse_mass(text: str) -> float:
    """Return kilograms; raises InputError for what is no mass."""
    return _parse(text, _MASSES, "a mass", "in kilograms or with a unit: 75, 75kg, 165lb")


def parse_height(text: str) -> float:
    """Return a person's height in metres; raises InputError, which guesses at the unit that was left out."""
    height = _named(text, "height", parse_length)
    if _BARE.fullmatch(text) and not 0.5 <= height <= 2.5:
        hints = [f"{height:g}{unit}" for unit in ("cm", "mm", "in") if 0.5 <= height * _LENGTHS[unit] <= 2.5]
        meant = f"; did you mean {' or '.join(hints)}?" if hints else ""
        if 3 <= height < 8.3:
            meant = f"; did you mean {_in_feet(height)}?"
        raise InputError(
            f"`height` is in metres and must lie in 0.5–2.5, got {text.strip()}{meant}", field="subject.height"
        )
    return height


def _in_feet(feet: float) -> str:
    """Return how feet are written: 5.5 may be 5 ft 5 in, or five and a half feet."""
    whole, _, digits = f"{feet:g}".partition(".")
    decimal = f"{feet:g}ft ({feet * 0.3048:.2f} m)"
    if not digits or not 0 < int(digits) < 12 or digits.startswith("0"):
        return decimal
    spoken = int(whole) * 0.3048 + int(digits) * 0.0254
    return f"{whole}ft{digits}in ({spoken:.2f} m) or {decimal}"


def parse_body_mass(text: str) -> float:
    """Return a person's mass in kilograms; raises InputError."""
    return _named(text, "mass", parse_mass)


def parse_bone_lengths(options: list[str]) -> dict[str, float]:
    """Return metres by bone from texts such as left_thigh=43cm; raises InputError."""
    bones: dict[str, float] = {}
    for option in options:
        name, equals, value = option.partition("=")
        try:
            length = parse_length(value)
        except InputError as error:
            raise InputError(
                f"`bone_lengths` takes a name and a length, such as left_thigh=0.43 or left_thigh=43cm; got {option[:80]!r}",
                field="subject.bone_lengths",
            ) from error
        if (name := name.strip()) in bones or not equals:
            raise InputError(f"`bone_lengths` names {name} twice: give it once", field="subject.bone_lengths")
        bones[name] = length
    return bones


def parse_sex(text: str) -> str:
    """Return male or female; raises InputError."""
    found = {"m": "male", "male": "male", "f": "female", "female": "female"}.get(text.strip().lower())
    if found is None:
        raise InputError(f"`sex` is male or female (m or f), got {text!r}; it can be left out", field="subject.sex")
    return found


def _named(text: str, field: str, parse: Callable[[str], float]) -> float:
    try:
        return parse(text)
    except InputError as error:
        raise InputError(f"`{field}`: {error}", field=f"subject.{field}") from error


def _parse(text: str, units: dict[str, float], what: str, wanted: str) -> float:
    if _BARE.fullmatch(text):
        return float(text.strip().replace(",", "."))
    parts: list[tuple[float, str]] = []
    position = 0
    while position < len(text) and (one := _ONE.match(text, position)):
        unit = one[2].lower()
        parts.append((float(one[1].replace(",", ".")), _SPELLED.get(unit, unit)))
        position = one.end()
    refused = InputError(f"{text.strip()[:40]!r} is not {what}; it is given {wanted}")
    if position < len(text) or not 1 <= len(parts) <= 2 or parts[0][1] not in units:
        raise refused
    total = parts[0][0] * units[parts[0][1]]
    if len(parts) == 2:
        larger, (value, unit) = parts[0], parts[1]
        smaller, number = _FOLLOWED.get(larger[1], ("", 0.0))
        if unit not in (smaller, "") or not value < number or larger[0] % 1:
            raise refused
        if larger[1] == "m" and (unit or not re.search(r"m\s*[0-9]{2}\s*$", text.lower())):  # 1m78, and nothing else
            raise refused
        total += value * units[smaller]
    return total
