"""The next free terms on other sites: a page for their frames, and an element for their pages."""
