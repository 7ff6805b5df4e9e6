"""A copy of the whole database that has been read back, and the way from it to a database.  WORKER.

A backup is a file and its manifest beside it: one without the other is none.
"""
