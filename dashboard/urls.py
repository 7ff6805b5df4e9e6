"""The addresses of the dashboard; include them where you like, the root by custom."""

from django.apps import apps
from django.urls import path

import tasklog.addresses  # noqa: F401 - registers the form of a task id
from dashboard.views import (
    diagnostics,
    download,
    find,
    lines,
    palette,
    preferences,
    run,
    runs,
    saved,
    search,
    stream,
    task,
    tasks,
    workflow,
    workflow_log,
    workflows,
)
from tasklog.control import schedules

app_name = "dashboard"
urlpatterns = [
    path("", runs.page, name="runs"),
    path("search/", search.page, name="search"),
    path("tasks/", tasks.page, name="tasks"),
    path("views/", saved.page, name="views"),
    path("views/<int:pk>/rename/", saved.rename, name="view_rename"),
    path("views/<int:pk>/delete/", saved.delete, name="view_delete"),
    path("preferences/", preferences.keep, name="preferences"),
    path("palette/", palette.page, name="palette"),
    path("diagnostics/", diagnostics.page, name="diagnostics"),
    path("runs/<tasklog_id:task_id>/", run.page, name="run"),
    path("runs/<tasklog_id:task_id>/stream/", stream.stream, name="run_stream"),
    path("runs/<tasklog_id:task_id>/status/", run.status, name="run_status"),
    path("runs/<tasklog_id:task_id>/lines/", lines.lines, name="run_lines"),
    path("runs/<tasklog_id:task_id>/find/", find.find, name="run_find"),
    path("runs/<tasklog_id:task_id>/download/", download.run, name="run_download"),
    path("workflows/", workflows.page, name="workflows"),
    path("workflows/<tasklog_id:task_id>/", workflow.page, name="workflow"),
    path("workflows/<tasklog_id:task_id>/stream/", workflow_log.stream, name="workflow_stream"),
    path("workflows/<tasklog_id:task_id>/lines/", workflow_log.lines, name="workflow_lines"),
    path("workflows/<tasklog_id:task_id>/find/", find.find_merged, name="workflow_find"),
    path("workflows/<tasklog_id:task_id>/download/", download.workflow, name="workflow_download"),
]
if apps.is_installed("tasklog.audit"):
    import dashboard.views.audit

    urlpatterns.append(path("audit/", dashboard.views.audit.page, name="audit"))
if apps.is_installed("tasklog.control"):
    from dashboard.views import bulk, control, launch, queue, queues, task_tags, worker, workers

    urlpatterns += [
        path("workers/", workers.page, name="workers"),
        # Escaped as task ids are: a node's or a queue's name may hold a slash.
        path("workers/<tasklog_id:name>/", worker.page, name="worker"),
        path("workers/<tasklog_id:name>/<slug:verb>/", worker.action, name="worker_action"),
        path("queues/", queues.page, name="queues"),
        path("queues/<tasklog_id:name>/", queue.page, name="queue"),
        path("queues/<tasklog_id:name>/purge/", queue.purge, name="queue_purge"),
        path("tasks/<tasklog_id:name>/tags/", task_tags.save, name="task_tags"),
        path("tasks/<str:name>/launch/", launch.page, name="task_launch"),
        path("runs/<tasklog_id:task_id>/retry/", control.retry, name="run_retry"),
        path("runs/<tasklog_id:task_id>/edit/", control.edit, name="run_edit"),
        path("runs/<tasklog_id:task_id>/revoke/", control.revoke, name="run_revoke"),
        path("runs/<tasklog_id:task_id>/terminate/", control.terminate, name="run_terminate"),
        path("runs/<tasklog_id:task_id>/raise/", control.raise_to_debug, name="run_raise"),
        path("bulk/<str:word>/", bulk.page, name="runs_bulk"),
    ]
if schedules.installed():
    import dashboard.views.schedule
    import dashboard.views.schedules

    one = dashboard.views.schedule
    urlpatterns += [
        path("schedules/", dashboard.views.schedules.page, name="schedules"),
        path("schedules/new/", one.new, name="schedule_new"),
        path("schedules/make/", one.make, name="schedule_make"),
        path("schedules/<str:schedule_id>/", one.page, name="schedule"),
        path("schedules/<str:schedule_id>/edit/", one.edit, name="schedule_edit"),
        path("schedules/<str:schedule_id>/<slug:verb>/", one.verb, name="schedule_verb"),
    ]
if apps.is_installed("tasklog.maintenance"):
    import dashboard.views.usage

    urlpatterns.append(path("diagnostics/usage/", dashboard.views.usage.page, name="usage"))
if apps.is_installed("tasklog.api"):
    import dashboard.views.keys

    urlpatterns += [
        path("keys/", dashboard.views.keys.page, name="keys"),
        path("keys/<slug:prefix>/revoke/", dashboard.views.keys.end, name="key_revoke"),
    ]
if apps.is_installed("tasklog.alerts"):
    from dashboard.views import alert, alert_channels, alert_rule, alerts

    urlpatterns += [
        path("alerts/", alerts.page, name="alerts"),
        path("alerts/channels/", alert_channels.page, name="alert_channels"),
        path("alerts/channels/new/", alert_channels.new, name="alert_channel_new"),
        path("alerts/channels/<str:channel_id>/", alert_channels.channel, name="alert_channel"),
        path(
            "alerts/channels/<str:channel_id>/edit/", alert_channels.edit, name="alert_channel_edit"
        ),
        path(
            "alerts/channels/<str:channel_id>/<slug:verb>/",
            alert_channels.verb,
            name="alert_channel_verb",
        ),
        path(
            "alerts/deliveries/<str:delivery_id>/again/",
            alert_channels.again,
            name="alert_delivery_again",
        ),
        path("alerts/rules/new/", alert_rule.new, name="alert_rule_new"),
        path("alerts/rules/<str:rule_id>/", alert_rule.page, name="alert_rule"),
        path("alerts/rules/<str:rule_id>/edit/", alert_rule.edit, name="alert_rule_edit"),
        path("alerts/rules/<str:rule_id>/<slug:verb>/", alert_rule.verb, name="alert_rule_verb"),
        path("alerts/<str:incident_id>/", alert.page, name="alert"),
        path("alerts/<str:incident_id>/<slug:verb>/", alert.verb, name="alert_verb"),
    ]
if apps.is_installed("tasklog.notify"):
    from dashboard.views import inbox

    urlpatterns += [
        path("inbox/", inbox.page, name="inbox"),
        path("inbox/bell/", inbox.bell, name="inbox_bell"),
        path("inbox/<str:message_id>/read/", inbox.read, name="inbox_read"),
    ]
if apps.is_installed("tasklog.insights"):
    from dashboard.views import (
        insight_anomalies,
        insight_figures,
        insight_pattern,
        insight_reports,
        insights,
    )

    urlpatterns += [
        path("insights/", insights.page, name="insights"),
        path("insights/patterns/<int:pk>/", insight_pattern.page, name="insight_pattern"),
        path("insights/anomalies/", insight_anomalies.page, name="insight_anomalies"),
        path("insights/figures/", insight_figures.page, name="insight_figures"),
        path("insights/reports/", insight_reports.page, name="insight_reports"),
        path("insights/reports/make/", insight_reports.make, name="insight_report_make"),
        path("insights/reports/<int:pk>/", insight_reports.one, name="insight_report"),
        path(
            "insights/reports/<int:pk>/download/",
            insight_reports.download,
            name="insight_report_download",
        ),
    ]
if apps.is_installed("tasklog.sources") and apps.is_installed("tasklog.control"):
    from dashboard.views import source, source_upload, sources

    urlpatterns += [
        path("sources/", sources.page, name="sources"),
        path("sources/upload/", source_upload.page, name="source_upload"),
        path("sources/new/<slug:kind>/", source.new, name="source_new"),
        path("sources/<slug:key>/", source.page, name="source"),
        path("sources/<slug:key>/<slug:verb>/", source.act, name="source_act"),
    ]
# Behind the launch form: a task's name may hold a slash.
urlpatterns.append(path("tasks/<path:name>/", task.page, name="task"))
