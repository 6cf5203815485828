from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("whatsapp.urls")),  # before the admin, whose catch-all would answer for its files
    path("admin/", admin.site.urls),
    path("", include("subscribers.urls")),
    path("", include("broadcasts.urls")),
    path("", include("reports.urls")),
]
