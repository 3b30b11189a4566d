"""Where browsers that were cut off send what they did, and the worker that keeps their screens."""
