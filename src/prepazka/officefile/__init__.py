"""The office file: a YAML file that describes an office; checked, loaded, and exported."""
