"""Measures the table of speed, each figure beside the limit measured in the same run."""
