"""Personal data: the registry of fields, export, correction, erasure, retention."""
