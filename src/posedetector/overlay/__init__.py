"""The overlay video: the fitted body, drawn on the frames that it was fitted to."""
