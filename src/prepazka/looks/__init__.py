"""Shared by all screens: design tokens, base templates, typography."""
