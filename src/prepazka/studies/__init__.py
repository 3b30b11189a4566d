"""Studies without a database: evaluating wait estimates, simulating an office's changes."""
