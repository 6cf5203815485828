from django.urls import path

from subscribers import views

app_name = "subscribers"

urlpatterns = [
    path("", views.home, name="home"),
    path("qr.svg", views.qr, name="qr"),
    path("informativa/", views.policy, name="policy"),
    path("informativa/<int:version>/", views.policy, name="policy_version"),
]
