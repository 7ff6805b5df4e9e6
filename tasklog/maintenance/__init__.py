"""What keeps an installation healthy, each a task with its own log.  WORKER."""
