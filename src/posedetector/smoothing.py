"""Zero-lag low-pass filtering of the metric pose. What is missing stays missing."""

from dataclasses import dataclass, replace

from posedetector.account import Entry, info
from posedetector.filters import ORDER, START_UP, low_pass, sampling_rate
from posedetector.pose import MetricPose


@dataclass(frozen=True)
class Smoothing:
    """What was done: the cutoff frequency in Hz, None where none was asked for; and why it could not be, if it could not."""

    cutoff: float | None
    why_not: str = ""

    def __str__(self) -> str:
        if self.cutoff is None:
            return "off"
        if self.why_not:
            return f"off: {self.why_not}"
        return f"zero-lag Butterworth, order {2 * ORDER} in two passes, {self.cutoff:g} Hz"

    def entry(self) -> Entry:
        """Return what the account says of it."""
        notes = (info(f"not smoothed: {self.why_not}"),) if self.why_not else ()
        return Entry({"smoothing": str(self)}, notes=notes)


def smooth(pose: MetricPose, cutoff: float | None) -> tuple[MetricPose, Smoothing]:
    """Return the pose with relative points and path low-passed at `cutoff` Hz (None: as it was), and what was done."""
    if cutoff is None:
        return pose, Smoothing(None)
    rate = sampling_rate(pose.time)
    if not cutoff < rate / 2:
        return pose, Smoothing(cutoff, f"{cutoff:g} Hz is not below half of the {rate:.4g} frames per second")
    if len(pose.time) < START_UP:
        return pose, Smoothing(cutoff, f"a filter needs {START_UP} frames or more, here are {len(pose.time)}")
    filtered = [low_pass(values, pose.time, cutoff) for values in (pose.xyz, pose.root)]
    return replace(pose, xyz=filtered[0], root=filtered[1]), Smoothing(cutoff)
