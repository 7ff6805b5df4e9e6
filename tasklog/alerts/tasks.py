"""What workers do for alerts."""

from __future__ import annotations

from celery import shared_task

from tasklog.alerts import checking
from tasklog.alerts.models import Rule
from tasklog.notify import deliver


@shared_task(name="tasklog.alerts.check_alert_conditions", ignore_result=True)
def check_alert_conditions(rule_id: int) -> int:
    """Judges one rule now."""
    rule = Rule.objects.get(pk=rule_id)
    count = checking.check_rule(rule)
    print(f"{rule.name}: {count} findings.")  # noqa: T201
    return count


@shared_task(name="tasklog.alerts.check_all_alert_conditions", ignore_result=True)
def check_all_alert_conditions() -> None:
    """Judges every rule of time, ends what is over, tells what was held back."""
    for name, count in checking.check_all().items():
        print(f"{name}: {count} findings.")  # noqa: T201
    print(f"{deliver.sweep()} deliveries were taken up again.")  # noqa: T201


@shared_task(name="tasklog.alerts.send_alerts", ignore_result=True)
def send_alerts() -> None:
    """Tells now what quiet hours or a cool-down held back, and takes up what was left behind."""
    print(f"{checking.catch_up()} messages were held back and are on their way.")  # noqa: T201
    print(f"{deliver.sweep()} deliveries were taken up again.")  # noqa: T201
