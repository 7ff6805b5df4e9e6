"""The demo project's addresses."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.generic import RedirectView

from project import login_link
from tasklog.api.metrics import Metrics
from tasklog.pages import healthz, readyz

ICON = f"{settings.STATIC_URL}dashboard/favicon.svg"

urlpatterns = [
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("login/<str:token>/", login_link.follow, name="login_link"),
    path("logout/", LogoutView.as_view(next_page="login"), name="logout"),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", Metrics.as_view(), name="metrics"),
    # The admin's pages name no icon, so browsers ask here.
    path("favicon.ico", RedirectView.as_view(url=ICON)),
    path("tasklog/", include("tasklog.urls")),
    path("api/", include("demo.api.urls")),
    path("demo/", include("demo.urls")),
    path("", include("dashboard.urls")),
]

handler400 = "dashboard.views.errors.bad_request"
handler403 = "dashboard.views.errors.forbidden"
handler404 = "dashboard.views.errors.not_found"
handler500 = "dashboard.views.errors.broken"
