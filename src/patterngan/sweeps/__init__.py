"""Sweeps: many runs from one command, trained together where they can be."""
