"""Bookings of time on lanes, from the hold through the confirmation to the visit."""
