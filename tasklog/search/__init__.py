"""Search over the lines of all runs.  WEB.

`query` reads what a person typed, `find` answers it page by page.  Nothing here runs longer than
its budget: what could not be looked at in time is said, with the place to go on from.
"""
