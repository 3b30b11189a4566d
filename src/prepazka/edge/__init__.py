"""The bare-ASGI face: live streams and hot public reads, from memory."""
