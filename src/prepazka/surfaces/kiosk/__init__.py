"""The kiosk, which issues tickets and checks people in by PIN."""
