"""Is this good enough to use? An answer in words, from the notes and from how much was seen."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from posedetector.report.results import Results

_LEGS = ("hip", "knee", "ankle")
_SEEN_ENOUGH = 0.9  # of the frames; a judgement
_REACH = 1.645  # standard deviations to either side hold 90 % of a normal distribution
LIMITS = (
    "One camera sees depth least well. On our two clips with motion capture, knee flexion was 5° off on average and hip "
    "flexion 4–9° (README, “How good is it”). Differences smaller than that may be error: compare clips filmed from the same place, and do not rest a "
    "clinical decision on this alone."
)


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
    careful = [*(note.text for note in notes if note.severity == "caution"), *_unseen(results)]
    sure = _how_sure(results)
    if serious:
        return Verdict("serious", "Not yet: first settle what is said here", (*serious, *careful, *sure))
    if careful:
        return Verdict("caution", "Yes, with care: some numbers are less certain than they look", (*careful, *sure))
    return Verdict("good", "Yes, within the limits of one camera", tuple(sure))


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


def _how_sure(results: Results) -> list[str]:
    """Return the typical 90 % interval of the legs' angles."""
    said = []
    for joint in ("hip_flexion", "knee_flexion", "ankle_dorsiflexion"):
        values = [results.angles_sd.get(f"{side}_{joint}", np.array([np.nan])) for side in ("left", "right")]
        known = np.concatenate(values)
        known = known[np.isfinite(known)]
        if len(known):
            said.append(f"{joint.partition('_')[0]} ± {_REACH * float(np.median(known)):.0f}°")
    if not said:
        return ["no intervals: without the fit of one body nobody knows how sure the angles are"]
    return [f"typical 90 % interval of a single value, from the fit: {', '.join(said)}"]
