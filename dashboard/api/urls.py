"""Addresses that join those of `tasklog.api`."""

from django.urls import path

from dashboard.api import views

urlpatterns = [
    path("api/views/", views.Views.as_view(), name="api_views"),
    path("api/views/<str:view_id>/", views.View.as_view(), name="api_view"),
]
