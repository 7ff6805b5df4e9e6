"""TaskLog: every line of every Celery task, kept and shown live."""

__version__ = "0.1.0"
