"""WhatsApp in a box: Meta's Cloud API, its webhooks, and citizens' phones in a browser.

For development and tests; production never loads it. Start it with `python -m whatsapp.simulator`. It knows
nothing of Django and of the project, so that what works against it works over HTTP and for no other reason.
"""
