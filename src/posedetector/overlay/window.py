"""A window that shows frames as they are drawn, where there is a display (`--show`)."""

import os
import sys
import time

from posedetector.pose import ByteArray

_ROOM = 0.85  # of the screen's width and height


def why_no_window() -> str:
    """Return in one line why no window can be opened here; empty where one can."""
    if sys.platform not in {"darwin", "win32"} and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "there is no display here"
    try:
        import tkinter as tk

        tk.Tk().destroy()
    except Exception as error:  # noqa: BLE001 -- whatever Tk lacks, the results do not need it
        return f"no window can be opened here ({' '.join(str(error).split())})"
    return ""


class Window:
    """A window; once it is closed, or fails, nothing more is shown."""

    def __init__(self, title: str, interval: float) -> None:
        import tkinter as tk

        self._interval = interval
        self._open = False
        try:
            self._root = tk.Tk()
            self._root.title(title)
            self._root.protocol("WM_DELETE_WINDOW", self.close)
            self._label = tk.Label(self._root, borderwidth=0)
            self._label.pack()
            self._open = True
        except tk.TclError:
            self._open = False

    def show(self, image: ByteArray) -> None:
        """Show (H, W, 3) RGB, made smaller where the screen is; then wait for the interval."""
        if not self._open:
            return
        import tkinter as tk

        import cv2

        try:
            room = (_ROOM * self._root.winfo_screenwidth(), _ROOM * self._root.winfo_screenheight())
            factor = min(1.0, room[0] / image.shape[1], room[1] / image.shape[0])
            if factor < 1:
                image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
            header = f"P6 {image.shape[1]} {image.shape[0]} 255\n".encode()
            self._picture = tk.PhotoImage(master=self._root, data=header + image.tobytes(), format="PPM")
            self._label.configure(image=self._picture)
            end = time.monotonic() + self._interval
            self._root.update()
            while self._open and time.monotonic() < end:
                time.sleep(min(0.02, self._interval))
                self._root.update()
        except tk.TclError:
            self._open = False

    def close(self) -> None:
        """Close the window; closing it twice does nothing."""
        if not self._open:
            return
        import tkinter as tk

        self._open = False
        try:
            self._root.destroy()
        except tk.TclError:
            return
