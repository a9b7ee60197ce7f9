"""The report: one self-contained HTML page about a results folder, and one that compares several."""
