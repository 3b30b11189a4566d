"""The worker's jobs and periodic steps."""
