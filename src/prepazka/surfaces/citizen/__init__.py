"""The citizen's pages: offices, booking, appointments and the waiting list."""
