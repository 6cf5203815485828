from django.urls import path

from whatsapp import views

app_name = "whatsapp"

urlpatterns = [
    path("webhooks/<slug:provider>/", views.webhook, name="webhook"),
    path("salute/", views.salute, name="salute"),
    path("admin/whatsapp/file/<int:pk>/", views.media_file, name="media"),
    path(
        "admin/whatsapp/file/<int:pk>/anteprima/",
        views.media_file,
        {"thumbnail": True},
        name="media_thumbnail",
    ),
]
