"""The bare-ASGI layer in front of Django: live streams and hot public reads, from memory."""
