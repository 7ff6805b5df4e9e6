"""The write-ahead files between a task and the database.

WORKER processes append, the drainer on the same HOST reads.  A finished `os.write` survives
`kill -9` of its process: the page cache belongs to the kernel.
"""
