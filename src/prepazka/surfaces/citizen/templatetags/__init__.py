"""Template filters of the citizen's pages."""
