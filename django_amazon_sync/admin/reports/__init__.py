"""Reports: runs, their lines, what was sent, and how far a run is."""
