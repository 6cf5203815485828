from django.contrib import admin
from django.urls import include, path

from regalbuto_urp.access.passwords import NewPassword

urlpatterns = [
    path("", include("whatsapp.urls")),  # before the admin, whose catch-all would answer for its files
    path("admin/", admin.site.urls),
    path("password/<uidb64>/<token>/", NewPassword.as_view(), name="new_password"),
    path("", include("subscribers.urls")),
    path("", include("broadcasts.urls")),
    path("", include("reports.urls")),
]
