"""One request, one transaction, decided by the answer.

Every answered request is committed, refusals (4xx) included: a refusal has consequences, such as a
revoked grant or a counted failure. Only a failure of ours (5xx) is rolled back. No service commits.

The commit happens before the first byte of the answer is sent: what was answered is durable.
"""

import structlog
from flask import Flask, Response
from sqlalchemy.exc import SQLAlchemyError

from app.core.db import db
from app.web import errors

_SERVER_ERROR = 500

log = structlog.get_logger(__name__)


def install(app: Flask) -> None:
    """Close the transaction of every request of ``app``."""
    app.after_request(close)


def close(response: Response) -> Response:
    """Commit or roll back by the status; return ``response``, or an error if the commit failed."""
    try:
        settle(response.status_code)
    except SQLAlchemyError as error:
        return errors.answer(error)
    return response


def is_kept(status: int) -> bool:
    """Tell whether what a request changed is there after an answer with this ``status``."""
    return status < _SERVER_ERROR


def settle(status: int) -> None:
    """Commit what a request changed, or roll it back, by the ``status`` of its answer.

    Raises:
        SQLAlchemyError: it could not be committed, and is rolled back.
    """
    if not db.session.registry.has():
        return
    if not is_kept(status):
        roll_back()
        return
    try:
        db.session.commit()
    except SQLAlchemyError:
        roll_back()
        raise


def roll_back() -> None:
    """Undo what this request changed; a database that is gone has undone it already."""
    try:
        db.session.rollback()
    except SQLAlchemyError as error:
        log.warning("transaction.rollback_failed", error=type(error).__name__)
