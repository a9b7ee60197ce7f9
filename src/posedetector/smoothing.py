"""Zero-lag low-pass filtering of the metric pose. Holes stay holes."""

from dataclasses import replace

from posedetector.filters import ORDER, START_UP, low_pass, sampling_rate
from posedetector.pose import MetricPose


def smooth(pose: MetricPose, cutoff: float | None) -> tuple[MetricPose, str]:
    """Return the pose with relative points and path low-passed at `cutoff` Hz (None: as it was), and what was done."""
    if cutoff is None:
        return pose, "off"
    rate = sampling_rate(pose.time)
    if not cutoff < rate / 2:
        return pose, f"off: {cutoff:g} Hz is not below half of the {rate:.4g} frames per second"
    if len(pose.time) < START_UP:
        return pose, f"off: a filter needs {START_UP} frames or more, here are {len(pose.time)}"
    filtered = [low_pass(values, pose.time, cutoff) for values in (pose.xyz, pose.root)]
    done = f"zero-lag Butterworth, order {2 * ORDER} in two passes, {cutoff:g} Hz"
    return replace(pose, xyz=filtered[0], root=filtered[1]), done
