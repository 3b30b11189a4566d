"""Studies without a database: how good estimates are, and what a change of an office would do."""
