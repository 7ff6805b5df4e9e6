"""Runs and lines for programs: JSON, server-sent events, and the keys that open them.  WEB.

Install `tasklog.api` (extra `api`) and it joins the addresses of `tasklog.urls`.  A wrong
parameter is a 400 that says what is allowed, an absent database a 503; never a stack trace.
"""
