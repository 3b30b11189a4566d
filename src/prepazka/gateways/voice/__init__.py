"""Speech for the hall: clips rendered once by espeak-ng in a process of its own."""
