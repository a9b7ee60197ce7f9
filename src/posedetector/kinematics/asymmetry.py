"""How unlike the two sides are: one index for whatever both have, signed.

Robinson's symmetry index (Robinson, Herzog & Nigg 1987, J Manipulative Physiol Ther 10:172–176), as a share: (left − right) over the
mean of both. It is positive where the left is greater, 0 where both are alike, and lies between −2 and 2 for what is not negative. The
quantity is called `<quantity>_asymmetry`. Whose 90 % interval includes 0 says so: nobody knows then which side is greater.
"""

from dataclasses import replace
from typing import Final

from posedetector.kinematics.nouns import ASYMMETRY, Quantity
from posedetector.skeletons import Side

DEFINITION: Final = "(left - right) / mean of both, 0 when alike (Robinson 1987)"
WITHIN_ERROR: Final = "within error: the 90 % interval includes 0"


def asymmetry_index(left: float, right: float) -> float:
    """Return left less right over the mean of both, from −2 to 2 for what is not negative; NaN where that mean is not positive."""
    middle = (left + right) / 2
    return (left - right) / middle if middle > 0 else float("nan")


def compare_sides(left: Quantity, right: Quantity) -> Quantity:
    """Return the asymmetry of a quantity that both sides have, without its error yet; it rests on as many values as the side with fewer."""
    index = asymmetry_index(left.value, right.value)
    return Quantity(
        left.name + ASYMMETRY,
        "",
        index,
        float("nan"),
        min(left.count, right.count),
        "share",
        f"{left.name}: {DEFINITION}",
    )


def with_error(asymmetry: Quantity, error: float) -> Quantity:
    """Return an asymmetry with its error, and a word where it may be none; without a known error there is no word."""
    known = replace(asymmetry, error=error)
    low, high = known.interval
    if not low <= 0 <= high:  # False for NaN
        return known
    reason = "; ".join(filter(None, (WITHIN_ERROR, known.reason)))
    return replace(known, about=f"{known.about}; {WITHIN_ERROR}", reason=reason)


def larger_side(asymmetry: float) -> Side:
    """Return which side an asymmetry that is not 0 says to be greater."""
    return "left" if asymmetry > 0 else "right"
