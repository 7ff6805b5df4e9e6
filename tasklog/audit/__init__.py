"""The audit trail: who did what, from where, and who was refused.  WEB.

An entry is written once and never changed or deleted by a page; it goes when its days are over.
A trail that cannot be written is said in the log and stops nobody's work.
"""
