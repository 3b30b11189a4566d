"""Speech for the hall: clips said once by espeak-ng in a process of its own, kept as small files."""
