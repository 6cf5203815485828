from django.urls import path

from broadcasts import views

app_name = "broadcasts"

urlpatterns = [
    path("avvisi/", views.notices, name="notices"),
    path("avvisi/<int:pk>/", views.notice, name="notice"),
    path("avvisi/<int:pk>/file/", views.notice_file, name="file"),
]
