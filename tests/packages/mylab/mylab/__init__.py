"""Options for patterngan: a pattern, an encoding, an architecture, losses, an optimizer and a logger."""
