"""Who is in the picture: what is known about them, checked once."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from posedetector.anthropometry import SEGMENT_ENDS, STATURE_RANGE
from posedetector.errors import InputError
from posedetector.options import Flag, Options, within
from posedetector.quantities import parse_body_mass, parse_bone_lengths, parse_height, parse_sex
from posedetector.skeletons import SIDES

Movement = Literal["auto", "squat", "sit-to-stand", "gait", "none"]  # auto is whatever is found
BONES = tuple(f"{side}_{segment}" for side in SIDES for segment in SEGMENT_ENDS)


def _check_bones(lengths: dict[str, float]) -> dict[str, float]:
    for bone, length in lengths.items():
        if bone not in BONES:
            raise ValueError(f"takes no {bone!r}; there are {', '.join(BONES)}")
        if not 0.05 <= length <= 0.8:
            raise ValueError(f"takes metres in 0.05–0.8, got {bone}={length:g}")
    return lengths


class Subject(Options):
    """Height and bone lengths in metres, mass in kilograms, age in years; at least a height or one bone length."""

    kind: ClassVar[str] = "subject"
    needs_size: ClassVar[bool] = True

    height: Annotated[
        float | None, Flag("Subject", metavar="LENGTH", parse=parse_height), within(*STATURE_RANGE, "metres", 100, 1000)
    ] = Field(None, description="The person's height, which gives the scale: 1.78 (metres), 178cm, 5ft11in.")
    bone_lengths: Annotated[
        dict[str, float],
        Flag("Subject", ("--bone-length",), parse=parse_bone_lengths, repeated=True),
        AfterValidator(_check_bones),
    ] = Field(
        {},
        description="Measured segment length, such as left_thigh=0.43 (metres) or left_thigh=43cm. Repeatable; overrides `height`.",
    )
    mass: Annotated[
        float | None, Flag("Subject", metavar="MASS", parse=parse_body_mass), within(2, 400, "kilograms")
    ] = Field(None, description="75 (kg), 75kg or 165lb; gives the segments' masses.")
    age: Annotated[float | None, Flag("Subject"), within(0, 120, "years")] = Field(
        None, description="Years; picks what the figures compare with."
    )
    sex: Annotated[Literal["male", "female"] | None, Flag("Subject", parse=parse_sex)] = Field(
        None, description="male or female, m or f; picks tables of the body and what figures compare with."
    )

    @model_validator(mode="after")
    def _check_size(self) -> Self:
        if self.needs_size and self.height is None and not self.bone_lengths:
            raise InputError(
                "how tall is the person? give `height` in metres, or a `bone_lengths` such as left_thigh=0.43",
                field="subject.height",
            )
        return self


class Anybody(Subject):
    """Somebody whose size need not be known: for finding people, not for analysing one."""

    needs_size: ClassVar[bool] = False
