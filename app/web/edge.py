"""The edge: everything that every request passes, in the one right order.

From the outside in: constant answers, which need none of the rest; the request's context and its
account; security headers, so that nothing leaves without them; the one spelling of a target; CORS;
the limit on bodies; the gate before the sign-in form; the endpoints of machines; then Flask with its
views. Both let so many requests in at once and close the transaction before the answer starts; and
both have the last-resort answers to what went wrong.
"""

from flask import Flask

from app.web import (
    admission,
    body_limit,
    constant_answers,
    cors,
    errors,
    machine_endpoints,
    request_context,
    request_target,
    security_headers,
    sign_in_gate,
    transaction,
)


def install(app: Flask) -> None:
    """Put the edge around ``app``. Each installed part stands in front of those before it.

    To be called before any URL rule is added, and with ``signet.settings`` among the extensions.
    """
    errors.install(app)
    admission.install(app)
    transaction.install(app)
    machine_endpoints.install(app)
    # Inside the limit: a body without an announced size is read before it takes a place.
    sign_in_gate.install(app)
    body_limit.install(app)
    cors.install(app)
    request_target.install(app)
    security_headers.install(app)
    request_context.install(app)
    constant_answers.install(app)
