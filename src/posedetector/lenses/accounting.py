"""What the account says of the lens that a calibration file describes."""

from posedetector.account import Entry, LensRecord, caution, info, serious
from posedetector.lenses.lens import Lens
from posedetector.opening import legible
from posedetector.pose import Keypoints, finite

_OUTSIDE = 0.002  # of the keypoints
_MANY = 0.1  # of them; a judgement


def entry_of(lens: Lens, warnings: list[str], seen: Keypoints, straight: Keypoints) -> Entry:
    """Return the lens and what a reader should know of it.

    `seen` are the keypoints of the real picture, `straight` the same as a camera without distortion would see them.
    """
    there = finite(seen.xy)
    outside = float((there & ~finite(straight.xy)).sum() / max(1, there.sum()))
    record = LensRecord(
        file=legible(lens.file),
        sha256=lens.sha256,
        camera=lens.camera,
        model=lens.model,
        calibrated_size_px=lens.calibrated_size,
        focal_length_px=lens.focal,
        principal_point_px=lens.principal_point,
        distortion=lens.distortion,
        scaled_by=lens.scaled,
        keypoints_outside=round(outside, 5),
    )
    said = [caution(text) for text in warnings]
    if outside > _OUTSIDE:
        said.append(
            (serious if outside > _MANY else caution)(
                f"{100 * outside:.0f} % of the keypoints lie where the calibration in {lens.file} describes no picture; they "
                "count as missing: was this file made with this camera, at this zoom and resolution?"
            )
        )
    said.append(
        info(
            f"the lens ({lens.model}, focal length {lens.focal_length:.0f} px) is that of {lens.camera} in {lens.file}"
        )
    )
    return Entry({"calibration": {"lens": record}}, notes=tuple(said))
