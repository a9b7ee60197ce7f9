"""Who is in the picture: what a person tells us about him, checked once."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from posedetector.anthropometry import SEGMENT_ENDS, STATURE_RANGE
from posedetector.errors import InputError

BONES = tuple(f"{side}_{segment}" for side in ("left", "right") for segment in SEGMENT_ENDS)


class Subject(BaseModel):
    """Height and bone lengths in metres, mass in kilograms, age in years; at least a height or one bone length."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    needs_size: ClassVar[bool] = True

    height: float | None = None
    mass: float | None = None
    age: float | None = None
    sex: Literal["male", "female"] | None = None
    bone_lengths: dict[str, float] = {}

    @model_validator(mode="after")
    def _check(self) -> "Subject":
        if self.needs_size and self.height is None and not self.bone_lengths:
            raise InputError(
                "how tall is the person? give --height in metres, or a --bone-length such as left_thigh=0.43"
            )
        if self.height is not None:
            _check_height(self.height)
        for bone, length in self.bone_lengths.items():
            if bone not in BONES:
                raise InputError(f"there is no bone {bone!r}; there are {', '.join(BONES)}")
            if not 0.05 <= length <= 0.8:
                raise InputError(f"a bone length is in metres and must lie in 0.05–0.8, got {bone}={length:g}")
        if self.mass is not None and not 2 <= self.mass <= 400:
            raise InputError(f"mass is in kilograms and must lie in 2–400, got {self.mass:g}")
        if self.age is not None and not 0 <= self.age <= 120:
            raise InputError(f"age is in years and must lie in 0–120, got {self.age:g}")
        return self


class Anybody(Subject):
    """Somebody whose size need not be known: for finding people, not for analysing one."""

    needs_size: ClassVar[bool] = False


def _check_height(height: float) -> None:
    low, high = STATURE_RANGE
    if low <= height <= high:
        return
    hints = (height / 100, height / 1000)
    hint = next((f"; did you mean {value:.2f}?" for value in hints if low <= value <= high), "")
    raise InputError(f"height is in metres and must lie in {low:g}–{high:g}, got {height:g}{hint}")
