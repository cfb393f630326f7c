"""One run, from its config to its result, and back from its folder."""
