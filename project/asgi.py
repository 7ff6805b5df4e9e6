import os

from django.core.asgi import get_asgi_application

from tasklog.live.outlet import Outlet

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django = get_asgi_application()

from project.bodies import LimitedBodies  # noqa: E402 - needs the settings

application = LimitedBodies(Outlet(django))
