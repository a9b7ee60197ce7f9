"""The command of the README: `uv run python main.py --video clip.mp4 --height 1.78` = `posedetector analyze`."""

import sys

from posedetector.cli import main

if __name__ == "__main__":
    main(["analyze", *sys.argv[1:]])
