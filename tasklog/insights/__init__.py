"""Patterns of lines, what is unusual about them, and reports.  WORKER."""
