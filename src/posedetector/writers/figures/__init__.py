"""The pages of the format png: joint angles over the clip, gait cycles, repetitions; each a function that returns a figure.

`canvas` has what they share, `bundles` curves upon each other from 0 to 100 %, `parameters` own values beside usual ones.
"""
