import os

from django.core.wsgi import get_wsgi_application

from regalbuto_urp.bodies import MeasuredBodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regalbuto_urp.settings")

application = MeasuredBodies(get_wsgi_application())
