"""A simulated day of a running demo: virtual citizens and clerks who use it over HTTP."""
