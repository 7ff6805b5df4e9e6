"""Acting on tasks, workers, queues and schedules: every write is an `Action`.  WEB.

An action carries who may do it, what it does and what the audit trail says of it.  A worker that
does not answer is told as unknown, never as done.
"""
