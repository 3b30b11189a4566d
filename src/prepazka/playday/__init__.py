"""A played day: virtual citizens and clerks who use a running demo as people do, over HTTP."""
