"""The start page of a demo: a tour by roles, the clock, and simulated people; absent elsewhere."""
