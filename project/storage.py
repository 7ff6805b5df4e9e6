"""Static files in production: hashed names, compressed once."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """`import` between our own modules follows the hashed names as well.

    Django can do so for every script, but then stumbles over comments in those of other packages.
    """

    support_js_module_import_aggregation = True
    _js_module_import_aggregation_patterns = (
        "dashboard/*.js",
        CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1],
    )
