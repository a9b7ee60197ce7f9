"""Is this good enough to use? An answer in words, from the notes and from how much was seen."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from posedetector.kinematics.grading import in_words
from posedetector.kinematics.nouns import REACH_90
from posedetector.report.results import Results
from posedetector.skeletons import SIDES

_LEGS = ("hip", "knee", "ankle")
_SEEN_ENOUGH = 0.9  # of the frames; a judgement
_SURE_ENOUGH = 15.0  # degrees, half of a 90 % interval; three times our mean error of the knee; a judgement
# Least and greatest mean error of knee flexion, degrees, on the walk and the squat of benchmarks/accuracy.csv (a test compares), by lifter and
# whether the body was fitted; of these networks alone
ERRORS = {
    ("mediapipe", "native", True): (4, 8, "with MediaPipe's own depth"),
    ("mediapipe", "videopose3d", True): (5, 7, "with VideoPose3D"),
    ("mediapipe", "native", False): (10, 12, "with MediaPipe's own depth"),
    ("mediapipe", "videopose3d", False): (6, 8, "with VideoPose3D"),
}
_MEASURED = {"mediapipe-full", "mediapipe-heavy", "bundled"}


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
        careful.append("a single image: nothing is averaged over time, and its depth rests on typical body proportions")
    sure = [*(sure if reaches else []), *in_words(results.grades)]
    if serious:
        return Verdict("serious", "Not yet: resolve these points first", (*serious, *careful, *sure))
    if careful:
        return Verdict("caution", "Yes, with care: some numbers are less certain than they look", (*careful, *sure))
    return Verdict("good", "Yes, within the limits of one camera", tuple(sure))


def limits(results: Results) -> str:
    """Return what such an analysis was measured to be worth, in words; that it was not, where nobody measured it."""
    account = results.account
    networks = {one.name for one in account.networks}
    errors = ERRORS.get((account.estimator, account.lifter, account.refinement.frames > 0))
    measured = errors is not None and networks <= _MEASURED and not account.online
    if errors is None or not measured:
        said = "How far such an analysis (detector, lifter and options) is from motion capture has not been measured."
    else:
        least, greatest, how = errors
        fitted = "and the body fit" if account.refinement.frames else "and without the body fit"
        said = (
            f"On our two clips with motion capture, knee flexion was {least}–{greatest}° off on average {how} {fitted}, as here "
            "(README, “How good is it”); other views were worse."
        )
    return (
        f"One camera sees depth least well. {said} Smaller differences may be error: compare clips filmed from the same place, and do "
        "not rest a clinical decision on this alone."
    )


def _unseen(results: Results) -> list[str]:
    """Return which joints of the legs were seen in too few of the frames in which the subject was found."""
    account = results.account
    present = account.persons[account.person - 1].share if account.persons else 1.0
    shares = {
        name.replace("_", " "): (found.measured + found.lifted + found.augmented) / present
        for name, found in account.landmarks.items()
        if name.endswith(_LEGS)
    }
    poor = [f"{name} {100 * share:.0f} %" for name, share in shares.items() if share < _SEEN_ENOUGH]
    if not poor:
        return []
    return [
        f"seen in fewer than {100 * _SEEN_ENOUGH:.0f} % of the subject's frames: {', '.join(poor)}; look at the strips under Quality"
    ]


def _reaches(results: Results) -> dict[str, float]:
    """Return by joint of the legs half of its typical 90 % interval, degrees; nothing where none is known."""
    found = {}
    for joint in ("hip_flexion", "knee_flexion", "ankle_dorsiflexion"):
        values = [results.angles_sd.get(f"{side}_{joint}", np.array([np.nan])) for side in SIDES]
        known = np.concatenate(values)
        known = known[np.isfinite(known)]
        if len(known):
            found[joint.partition("_")[0]] = REACH_90 * float(np.median(known))
    return found


def _how_sure(reaches: dict[str, float]) -> list[str]:
    if not reaches:
        return ["no intervals: without the body fit, the uncertainty of the angles is unknown"]
    said = ", ".join(f"{joint} ± {reach:.0f}°" for joint, reach in reaches.items())
    return [f"typical 90 % interval of a single value, from the fit: {said}"]


def _unsure(reaches: dict[str, float]) -> list[str]:
    """Return which flexion, of hip and knee, the fit is not sure enough of."""
    poor = [joint for joint in ("hip", "knee") if reaches.get(joint, 0.0) > _SURE_ENOUGH]
    if not poor:
        return []
    flexion = " and ".join(f"{joint} flexion by ± {reaches[joint]:.0f}°" for joint in poor)
    return [f"uncertain: {flexion} (90 %), so smaller differences between sides or clips may be error"]
