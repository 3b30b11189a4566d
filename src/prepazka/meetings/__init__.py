"""Meetings by video: participants, the room, shared documents, and minutes."""
