"""The next step of a request that waits for a person, taken as soon as a page has done its part.

Specs:
    RFC 6749 section 4.1.2      the answer, with its code
    RFC 9700 section 4.12       303 after a form
    ASVS 5.0 2.3.1              no step can be skipped: all is asked again, whoever asks

A form is answered by what comes next itself, in the transaction of what the form changed. No page names the next:
what is missing is asked here.
"""

from urllib.parse import quote

from flask import Response

from app.core import clock
from app.protocol.interaction import flow
from app.protocol.interaction.flow import Pending
from app.protocol.interaction.next_step import Step
from app.web.delivery import away, deliver
from app.web.interaction import browser

_PAGES = {
    Step.LOGIN: "/login",
    Step.SELECT_ACCOUNT: "/select-account",
    Step.CONSENT: "/consent",
}


def take(pending: Pending) -> Response:
    """Answer the client if nothing is missing, or no page would help; else lead to the page that asks for it.

    Raises:
        NoSigningKeyError: the answer has to be signed and cannot be.
    """
    now, session = clock.now(), browser.session()
    step = flow.step(pending, session, now=now)
    if step is Step.ISSUE and session is not None:
        response = flow.issue(pending, session, now=now)
        return away(flow.resume_url(pending.blob)) if response is None else deliver(response)
    refused = flow.refused_without_page(pending, step, now=now)
    if refused is not None:
        return deliver(refused)
    return away(f"{_PAGES[step]}?request={quote(pending.blob)}")


def take_after_form(pending: Pending) -> Response:
    """Take the next step in answer to a form, or lead to where it is taken.

    Raises:
        NoSigningKeyError: as above; what the form changed is undone with the rest.
    """
    if flow.may_answer_a_form(pending):
        return take(pending)
    return away(flow.resume_url(pending.blob))
