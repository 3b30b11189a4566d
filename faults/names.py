"""What the built offices are called, for processes with and without Django."""

OFFICE = "dub"
# Made first, so that a step comes to it before it comes to the other.
OTHER_OFFICE = "adamov"
SERVICES = ("ukon-a", "ukon-b")  # the second asks for a click in the mail
COUNTERS, KIOSKS = 3, 2
