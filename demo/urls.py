"""The demo's addresses, under /demo/."""

from django.urls import include, path

import tasklog.addresses  # noqa: F401 - registers the form of a task id
from dashboard.views.lines import lines
from demo import reports, views
from demo.api import trigger
from tasklog.api.urls import unversioned as tasklog_api

app_name = "demo"
urlpatterns = [
    path("", views.home, name="home"),
    path("run/", views.start, name="run"),
    path("task/<tasklog_id:task_id>/", views.task, name="task"),
    # Where the page's long lines lead; relative to it, as on the dashboard's own.
    path("task/<tasklog_id:task_id>/lines/", lines, name="task_lines"),
    path("reports/", reports.page, name="reports"),
    path("reports/<int:number>/", reports.download, name="report"),
    path("api/trigger-demo/", trigger.Trigger.as_view(), name="trigger"),
    # The API's own addresses, under the demo's prefix as well.
    path("", include(tasklog_api)),
]
