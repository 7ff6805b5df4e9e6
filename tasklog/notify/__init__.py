"""Channels that carry a message to people, and the log of what was delivered.  WORKER."""
