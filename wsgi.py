"""The WSGI entry point: ``wsgi:app`` for any WSGI server.

``signet serve`` needs no such file; it is here for Gunicorn, uWSGI, mod_wsgi and their like.
"""

from app.factory import create_app

app = create_app()
