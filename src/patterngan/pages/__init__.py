"""Report pages: one self-contained HTML file for a run, and one for a sweep."""
