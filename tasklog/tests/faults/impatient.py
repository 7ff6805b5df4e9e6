"""Imported by a worker whose Redis broker hands out after 5 s what nobody has acknowledged.

By itself kombu looks for late messages every 100 s; here it looks every second.
"""

from project.celery import app

app.conf.broker_transport_options = {
    "visibility_timeout": 5,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
}
