"""Files of a run: checkpoints, results, and how they are written."""
