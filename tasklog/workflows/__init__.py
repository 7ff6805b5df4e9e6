"""Which runs belong together, and how: chains, groups, chords, callbacks, tasks in tasks.  WEB.

Only what Celery said of each run is used: its root, parent and group.  Nothing is written.
"""
