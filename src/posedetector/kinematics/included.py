"""Angles between two segments, from three joint centres and nothing else: what any two systems can be compared in.

0 when the segments are in line, and never negative. At the hip it lies between trunk (shoulder to hip) and thigh: abduction and a
bent back are in it. The angles of `kinematics.angles` have a sign, a plane and a segment's frame instead.
"""

from posedetector.skeletons import SIDES

_SEGMENTS = {"knee": ("hip", "ankle"), "hip": ("shoulder", "knee"), "elbow": ("shoulder", "wrist")}
# angle → proximal point, joint, distal point
INCLUDED = {
    f"{side}_{joint}_flexion": (f"{side}_{proximal}", f"{side}_{joint}", f"{side}_{distal}")
    for joint, (proximal, distal) in _SEGMENTS.items()
    for side in SIDES
}
