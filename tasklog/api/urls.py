"""The API's addresses.  Include them under another prefix for an alias.

What stands in `urlpatterns` below `api/` is there below `api/v1/` as well, named `api_v1_…`.
"""

from django.apps import apps
from django.urls import URLPattern, path

import tasklog.addresses  # noqa: F401 - registers the form of a task id
from tasklog.api import document, stream, views, workflows
from tasklog.control.schedules import installed


def _acting() -> list[URLPattern]:
    from tasklog.api import acting

    task = "api/tasks/<tasklog_id:task_id>"
    return [
        path("api/tasks/bulk/", acting.Bulk.as_view(), name="api_bulk"),
        path("api/launch/", acting.Launch.as_view(), name="api_launch"),
        path(f"{task}/retry/", acting.Retry.as_view(), name="api_retry"),
        path(f"{task}/revoke/", acting.Revoke.as_view(), name="api_revoke"),
        path(f"{task}/terminate/", acting.Terminate.as_view(), name="api_terminate"),
        path(f"{task}/raise/", acting.Raise.as_view(), name="api_raise"),
    ]


def _control() -> list[URLPattern]:
    from tasklog.api import control

    worker, queue = "api/workers/<tasklog_id:name>", "api/queues/<tasklog_id:name>"
    return [
        path("api/workers/", control.WorkerList.as_view(), name="api_workers"),
        path(f"{worker}/<str:verb>/", control.WorkerAct.as_view(), name="api_worker_act"),
        path("api/queues/", control.QueueList.as_view(), name="api_queues"),
        path(f"{queue}/purge/", control.QueuePurge.as_view(), name="api_queue_purge"),
    ]


def _schedules() -> list[URLPattern]:
    from tasklog.api.schedules import ScheduleList, ScheduleVerb

    schedule = "api/schedules/<str:schedule_id>"
    return [
        path("api/schedules/", ScheduleList.as_view(), name="api_schedules"),
        path(f"{schedule}/<str:verb>/", ScheduleVerb.as_view(), name="api_schedule_verb"),
    ]


def _insights() -> list[URLPattern]:
    from tasklog.api import insights

    return [
        path("api/patterns/", insights.PatternList.as_view(), name="api_patterns"),
        path("api/insights/", insights.InsightList.as_view(), name="api_insights"),
    ]


def _uploads() -> list[URLPattern]:
    from tasklog.api import uploads

    return [
        path("api/uploads/", uploads.UploadTake.as_view(), name="api_uploads"),
        path("api/uploads/<tasklog_id:upload>/", uploads.UploadDetail.as_view(), name="api_upload"),
    ]


_with_control = apps.is_installed("tasklog.control")
urlpatterns = [
    # In front of the others: `bulk` is no task id.
    *(_acting() + _control() if _with_control else []),
    *(_schedules() if installed() else []),
    *(_uploads() if _with_control and apps.is_installed("tasklog.sources") else []),
    *(_insights() if apps.is_installed("tasklog.insights") else []),
    path("api/schema/", document.Document.as_view(), name="api_schema"),
    path("api/tasks/", views.RunList.as_view(), name="api_tasks"),
    path("api/tasks/<tasklog_id:task_id>/", views.RunDetail.as_view(), name="api_task"),
    path("api/tasks/<tasklog_id:task_id>/lines/", views.LineList.as_view(), name="api_lines"),
    path("api/workflows/<tasklog_id:task_id>/", workflows.Detail.as_view(), name="api_workflow"),
    path("sse/task/<tasklog_id:task_id>/", stream.task, name="sse_task"),
    path("sse/test/", stream.test, name="sse_test"),
]


# As they stand, for a prefix that wants no versions.
unversioned = [*urlpatterns]


def _versioned(pattern: URLPattern) -> URLPattern:
    route, name = str(pattern.pattern), str(pattern.name)
    return path(
        route.replace("api/", "api/v1/", 1),
        pattern.callback,
        pattern.default_args,
        name=name.replace("api_", "api_v1_", 1),
    )


urlpatterns += [_versioned(one) for one in unversioned if str(one.pattern).startswith("api/")]
