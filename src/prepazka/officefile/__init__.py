"""An office as one readable file: checked, loaded, and written again without loss."""
