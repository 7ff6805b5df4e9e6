"""One file for each way out: its form, and how a message is drawn and sent.  WORKER.

A way out can be deleted by deleting its file and its line here.
"""

from __future__ import annotations

from tasklog.notify.channels import email, inbox, jira, push, slack, sms, webhook
from tasklog.notify.channels.base import Way

WAYS: dict[str, Way] = {
    "email": Way(email.EmailForm, email.deliver),
    "slack": Way(slack.SlackForm, slack.deliver),
    "webhook": Way(webhook.WebhookForm, webhook.deliver),
    "jira": Way(jira.JiraForm, jira.deliver),
    "sms": Way(sms.SmsForm, sms.deliver),
    "push": Way(push.PushForm, push.deliver),
    "inbox": Way(inbox.InboxForm, inbox.deliver),
}

__all__ = ["WAYS", "Way"]
