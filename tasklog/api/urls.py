"""The API's addresses.  Include them under another prefix for an alias.

What stands in `urlpatterns` below `api/` is there below `api/v1/` as well, named `api_v1_…`.
"""

from django.apps import apps
from django.urls import URLPattern, path

import tasklog.addresses  # noqa: F401 - registers the form of a task id
from tasklog.api import (
    document,
    download,
    key_list,
    merged,
    monitoring,
    run_parts,
    search,
    stream,
    task_names,
    views,
    workflows,
)
from tasklog.api.joined import addresses
from tasklog.control.schedules import installed


def _acting() -> list[URLPattern]:
    from tasklog.api import acting, failures, launching, task_tags

    task, failure = "api/tasks/<tasklog_id:task_id>", "failures/<str:signature>/retry/"
    return [
        path("api/tasks/bulk/", acting.Bulk.as_view(), name="api_bulk"),
        path("api/launch/", launching.Launch.as_view(), name="api_launch"),
        path(
            f"api/task-names/<tasklog_id:name>/{failure}",
            failures.RetryFailures.as_view(),
            name="api_retry_failures",
        ),
        path("api/task-names/<tasklog_id:name>/tags/", task_tags.Tags.as_view(), name="api_tags"),
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
        path(f"{worker}/", control.WorkerDetail.as_view(), name="api_worker"),
        path(f"{worker}/<str:verb>/", control.WorkerAct.as_view(), name="api_worker_act"),
        path("api/queues/", control.QueueList.as_view(), name="api_queues"),
        path(f"{queue}/", control.QueueDetail.as_view(), name="api_queue"),
        path(f"{queue}/purge/", control.QueuePurge.as_view(), name="api_queue_purge"),
    ]


def _schedules() -> list[URLPattern]:
    from tasklog.api import schedules

    schedule = "api/schedules/<str:schedule_id>"
    return [
        path("api/schedules/", schedules.ScheduleList.as_view(), name="api_schedules"),
        path(f"{schedule}/", schedules.ScheduleDetail.as_view(), name="api_schedule"),
        path(f"{schedule}/<str:verb>/", schedules.ScheduleVerb.as_view(), name="api_schedule_verb"),
    ]


def _insights() -> list[URLPattern]:
    from tasklog.api import figures, insights, patterns

    return [
        path("api/patterns/", insights.PatternList.as_view(), name="api_patterns"),
        path(
            "api/patterns/<str:pattern_id>/", patterns.PatternDetail.as_view(), name="api_pattern"
        ),
        path("api/insights/", insights.InsightList.as_view(), name="api_insights"),
        path("api/figures/", figures.FigureList.as_view(), name="api_figures"),
        path("api/anomalies/", patterns.AnomalyList.as_view(), name="api_anomalies"),
    ]


def _reports() -> list[URLPattern]:
    from tasklog.api import reports

    report = "api/reports/<str:report_id>"
    return [
        path("api/reports/", reports.ReportList.as_view(), name="api_reports"),
        path(f"{report}/", reports.ReportDetail.as_view(), name="api_report"),
        path(f"{report}/download/", reports.ReportDownload.as_view(), name="api_report_download"),
    ]


def _administration() -> list[URLPattern]:
    """What only administrators read, and their programs."""
    views: list[URLPattern] = [
        path("api/keys/", key_list.Keys.as_view(), name="api_keys"),
        path("api/keys/<str:prefix>/revoke/", key_list.KeyEnd.as_view(), name="api_key_revoke"),
        path("api/diagnostics/", monitoring.Diagnostics.as_view(), name="api_diagnostics"),
    ]
    if apps.is_installed("tasklog.maintenance"):
        views.append(path("api/usage/", monitoring.Usage.as_view(), name="api_usage"))
    if apps.is_installed("tasklog.audit"):
        from tasklog.api.audit import Trail

        views.append(path("api/audit/", Trail.as_view(), name="api_audit"))
    return views


def _runs() -> list[URLPattern]:
    """Beyond the list of runs and their lines."""
    task, workflow = "api/tasks/<tasklog_id:task_id>", "api/workflows/<tasklog_id:task_id>"
    views: list[URLPattern] = [
        path("api/search/", search.Search.as_view(), name="api_search"),
        path("api/overview/", monitoring.Overview.as_view(), name="api_overview"),
        path("api/task-names/", task_names.Names.as_view(), name="api_task_names"),
        path("api/task-names/<tasklog_id:name>/", task_names.Name.as_view(), name="api_task_name"),
        path(f"{task}/find/", run_parts.Find.as_view(), name="api_find"),
        path(f"{task}/download/", download.RunDownload.as_view(), name="api_download"),
        path(f"{task}/attempts/", run_parts.AttemptList.as_view(), name="api_attempts"),
        path("api/workflows/", workflows.WorkflowList.as_view(), name="api_workflows"),
        path(f"{workflow}/lines/", merged.Merged.as_view(), name="api_workflow_lines"),
        path(
            f"{workflow}/download/",
            download.WorkflowDownload.as_view(),
            name="api_workflow_download",
        ),
    ]
    if apps.is_installed("tasklog.insights"):
        compare = run_parts.Comparison.as_view()
        views.append(path(f"{task}/comparison/", compare, name="api_comparison"))
    return views


def _uploads() -> list[URLPattern]:
    from tasklog.api import connections, uploads

    one = "api/connections/<str:key>"
    return [
        path("api/uploads/", uploads.UploadList.as_view(), name="api_uploads"),
        path("api/uploads/<tasklog_id:upload>/", uploads.UploadDetail.as_view(), name="api_upload"),
        path("api/connections/", connections.ConnectionList.as_view(), name="api_connections"),
        path(f"{one}/", connections.ConnectionDetail.as_view(), name="api_connection"),
        path(
            f"{one}/<str:verb>/", connections.ConnectionVerb.as_view(), name="api_connection_verb"
        ),
    ]


def _alerts() -> list[URLPattern]:
    from tasklog.api import alert_rules as rules
    from tasklog.api import channels, incidents

    rule, incident = "api/alerts/rules/<str:rule_id>", "api/alerts/incidents/<str:incident_id>"
    channel, sent = "api/alerts/channels/<str:channel_id>", "api/alerts/deliveries"
    return [
        path("api/alerts/rules/", rules.RuleList.as_view(), name="api_alert_rules"),
        path("api/alerts/rules/preview/", rules.Preview.as_view(), name="api_alert_preview"),
        path(f"{rule}/", rules.RuleDetail.as_view(), name="api_alert_rule"),
        path(f"{rule}/preview/", rules.RulePreview.as_view(), name="api_alert_rule_preview"),
        path(f"{rule}/<str:verb>/", rules.RuleVerb.as_view(), name="api_alert_rule_verb"),
        path("api/alerts/incidents/", incidents.IncidentList.as_view(), name="api_incidents"),
        path(f"{incident}/", incidents.IncidentDetail.as_view(), name="api_incident"),
        path(f"{incident}/<str:verb>/", incidents.IncidentVerb.as_view(), name="api_incident_verb"),
        path("api/alerts/channels/", channels.ChannelList.as_view(), name="api_channels"),
        path(f"{channel}/", channels.ChannelDetail.as_view(), name="api_channel"),
        path(f"{channel}/<str:verb>/", channels.ChannelVerb.as_view(), name="api_channel_verb"),
        path(f"{sent}/", channels.DeliveryList.as_view(), name="api_deliveries"),
        path(
            f"{sent}/<str:delivery_id>/again/",
            channels.DeliveryAgain.as_view(),
            name="api_delivery_again",
        ),
    ]


def _inbox() -> list[URLPattern]:
    from tasklog.api import inbox

    return [
        path("api/inbox/", inbox.Inbox.as_view(), name="api_inbox"),
        path("api/inbox/read/", inbox.ReadAll.as_view(), name="api_inbox_read_all"),
        path("api/inbox/<str:message_id>/read/", inbox.Read.as_view(), name="api_inbox_read"),
    ]


_with_control = apps.is_installed("tasklog.control")
urlpatterns = [
    # In front of the others: `bulk` is no task id.
    *(_acting() + _control() if _with_control else []),
    *(_schedules() if installed() else []),
    *(_uploads() if _with_control and apps.is_installed("tasklog.sources") else []),
    *_administration(),
    *_runs(),
    *(_insights() if apps.is_installed("tasklog.insights") else []),
    *addresses(),
    *(_reports() if apps.is_installed("tasklog.insights") else []),
    *(_alerts() if apps.is_installed("tasklog.alerts") else []),
    *(_inbox() if apps.is_installed("tasklog.notify") else []),
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
