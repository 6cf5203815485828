from django.urls import path

from reports import views

app_name = "reports"

urlpatterns = [path("segnalazioni/<slug:token>/", views.case, name="case")]
