"""The wall display of called numbers."""
