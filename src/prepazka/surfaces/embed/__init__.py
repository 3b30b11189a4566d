"""The next free slots on other sites: a page for frames, and an HTML element."""
