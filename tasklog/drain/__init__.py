"""Carries records from the spool into the database, each exactly once.  HOST.

`store` writes a batch in one transaction together with how far it got; `loop` is the process
around it; `closing` and `reaper` end what nobody else can end any more.  A drainer may be killed
at any time, a database may be away for any time: nothing is lost and nothing is stored twice.
"""
