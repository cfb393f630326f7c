"""patterngan's plugins for Hydra. Discovered at every start, so nothing heavy is imported here."""
