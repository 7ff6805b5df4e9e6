"""The places lines are fetched from, one file each."""

from __future__ import annotations

from tasklog.sources.kinds import bucket, cloudwatch, folder, http
from tasklog.sources.kinds.base import Kind

KINDS: dict[str, Kind] = {
    "cloudwatch": Kind(cloudwatch.CloudWatchForm, cloudwatch.fetch),
    "bucket": Kind(bucket.BucketForm, bucket.fetch),
    "http": Kind(http.HttpForm, http.fetch),
    "folder": Kind(folder.FolderForm, folder.fetch),
}
