"""Personal data as a whole: what is held of a person, export, correction, erasure, retention."""
