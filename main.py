"""The command of the README: `uv run python main.py --video clip.mp4 --height 1.78` = `posedetector analyze`.

Another command's name in front runs that: `main.py evaluate …`.
"""

import sys

from posedetector.cli import NAMES, main

if __name__ == "__main__":
    named = sys.argv[1:2] and sys.argv[1] in NAMES
    main(sys.argv[1:] if named else ["analyze", *sys.argv[1:]])
