"""Is this good enough to use? An answer in words, from the notes and from how much was seen."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from posedetector.report.results import Results

_LEGS = ("hip", "knee", "ankle")
_SEEN_ENOUGH = 0.9  # of the frames; a judgement
_SURE_ENOUGH = 15.0  # degrees, half of a 90 % interval; three times our mean error of the knee; a judgement
_REACH = 1.645  # standard deviations to either side hold 90 % of a normal distribution
# Mean errors of knee flexion against motion capture, by what made the pose: README, "How good is it"
_ERRORS = {"lifted": "5–6°", "native": "4–8°", "unfitted": "11–12°"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer.

    Attributes
    ----------
    level : "good", "caution" or "serious".
    points : what it rests on, the most severe first.
    """

    level: Literal["good", "caution", "serious"]
    title: str
    points: tuple[str, ...]


def judge(results: Results) -> Verdict:
    """Return the verdict on a clip's results."""
    notes = results.account.notes
    serious = [note.text for note in notes if note.severity == "serious"]
    reaches = _reaches(results)
    sure = _how_sure(reaches)
    careful = [*(note.text for note in notes if note.severity == "caution"), *_unseen(results), *_unsure(reaches)]
    careful += [] if reaches else sure
    if len(results.time) == 1:
        careful.append(
            "a single picture: nothing is averaged over time, and its depth rests on what bodies usually look like"
        )
    sure = sure if reaches else []
    if serious:
        return Verdict("serious", "Not yet: first settle what is said here", (*serious, *careful, *sure))
    if careful:
        return Verdict("caution", "Yes, with care: some numbers are less certain than they look", (*careful, *sure))
    return Verdict("good", "Yes, within the limits of one camera", tuple(sure))


def limits(results: Results) -> str:
    """Return what such an analysis was measured to be worth, in words."""
    account = results.account
    kind = "unfitted" if not account.refinement.frames else "native" if account.lifter == "native" else "lifted"
    how = {
        "lifted": "with VideoPose3D and the fit, as here",
        "native": "with MediaPipe's own depth and the fit, as here",
        "unfitted": "without the fit, as here",
    }[kind]
    return (
        f"One camera sees depth least well. On our two clips with motion capture, knee flexion was {_ERRORS[kind]} off on average "
        f"{how} (README, “How good is it”). Differences smaller than that may be error: compare clips filmed from the same place, "
        "and do not rest a clinical decision on this alone."
    )


def _unseen(results: Results) -> list[str]:
    """Return which joints of the legs were seen in too few frames."""
    shares = {
        name.replace("_", " "): found.measured + found.lifted + found.augmented
        for name, found in results.account.landmarks.items()
        if name.endswith(_LEGS)
    }
    poor = [f"{name} {100 * share:.0f} %" for name, share in shares.items() if share < _SEEN_ENOUGH]
    if not poor:
        return []
    return [
        f"seen in fewer than {100 * _SEEN_ENOUGH:.0f} % of the frames: {', '.join(poor)}; look at the strips under Quality"
    ]


def _reaches(results: Results) -> dict[str, float]:
    """Return by joint of the legs half of its typical 90 % interval, degrees; nothing where none is known."""
    found = {}
    for joint in ("hip_flexion", "knee_flexion", "ankle_dorsiflexion"):
        values = [results.angles_sd.get(f"{side}_{joint}", np.array([np.nan])) for side in ("left", "right")]
        known = np.concatenate(values)
        known = known[np.isfinite(known)]
        if len(known):
            found[joint.partition("_")[0]] = _REACH * float(np.median(known))
    return found


def _how_sure(reaches: dict[str, float]) -> list[str]:
    if not reaches:
        return ["no intervals: without the fit of one body nobody knows how sure the angles are"]
    said = ", ".join(f"{joint} ± {reach:.0f}°" for joint, reach in reaches.items())
    return [f"typical 90 % interval of a single value, from the fit: {said}"]


def _unsure(reaches: dict[str, float]) -> list[str]:
    """Return which flexion, of hip and knee, the fit is not sure enough of."""
    poor = [joint for joint in ("hip", "knee") if reaches.get(joint, 0.0) > _SURE_ENOUGH]
    if not poor:
        return []
    flexion = f"{' and '.join(poor)} flexion uncertain by more than {_SURE_ENOUGH:.0f}°"
    return [f"the fit leaves {flexion}: trust means over several strides or repetitions, not single values"]
