"""A log as a file, of a run or of a workflow: one way for the pages and for programs.  WEB.

It is streamed in windows, so a million lines need no memory; a reader that goes away ends it.
"""
