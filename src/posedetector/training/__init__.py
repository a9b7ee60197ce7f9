"""From motion capture to a lifter's checkpoint: bodies that never stood before a camera, seen by one that never existed.

`mocap` reads recordings, `augmentation` makes other bodies and other postures of them, `cameras` and `noise` make of those
what a detector would give, `samples` deals it out, `fit` trains, `validation` says how far off the result is and where.
"""
