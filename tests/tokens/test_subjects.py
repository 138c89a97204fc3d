"""Pairwise names at rest: drawn once, whoever draws, and gone with the person."""

import pytest
from sqlalchemy import delete, func, select

from app.clients import registry
from app.clients.registry import Client, Registration
from app.core.db import db
from app.models.identity import User
from app.models.subjects import PairwiseSubject
from app.tokens import subjects
from tests.identity.installation import NOW, race
from tests.tokens.conftest import Stored


@pytest.fixture
def client(stored: Stored) -> Client:
    wanted = Registration(
        "Pairwise", redirect_uris=("https://APP.example/cb",), subject_type="pairwise"
    )
    made, _ = registry.register(wanted, now=NOW)
    db.session.commit()
    return made


def stored_names() -> int:
    return int(db.session.scalar(select(func.count()).select_from(PairwiseSubject)) or 0)


@pytest.mark.spec("OpenID Connect Core 1.0", "8.1")
@pytest.mark.spec("ASVS 5.0", "15.4.2")
def test_of_many_who_settle_at_once_one_draws_the_name(stored: Stored, client: Client) -> None:
    def settle(_: int) -> str:
        subjects.settle(client, stored.user_id)
        return subjects.subject(client, stored.user_id)

    names = race(stored.app, 8, settle)
    assert len(set(names)) == 1
    assert stored_names() == 1


@pytest.mark.spec("OpenID Connect Core 1.0", "2")
def test_a_name_is_random_kept_and_found_again(stored: Stored, client: Client) -> None:
    name = subjects.subject(client, stored.user_id)
    db.session.commit()
    assert name == subjects.subject(client, stored.user_id) != stored.user_id
    assert len(name) == 22
    assert subjects.user_of(client, name) == stored.user_id


@pytest.mark.parametrize("name", ["", "x", "\0" * 22, "ü" * 22, "A" * 22, "'" * 22, "A" * 9999])
def test_a_name_that_nobody_has_names_nobody(stored: Stored, client: Client, name: str) -> None:
    assert subjects.user_of(client, name) is None
    assert subjects.user_of(client, stored.user_id) is None


def test_a_public_client_needs_no_name(stored: Stored) -> None:
    public = registry.fresh(stored.client_id)
    subjects.settle(public, stored.user_id)
    assert subjects.subject(public, stored.user_id) == stored.user_id
    assert stored_names() == 0


@pytest.mark.spec("OpenID Connect Core 1.0", "2")
def test_the_name_of_a_person_who_is_gone_is_given_to_nobody(
    stored: Stored, client: Client
) -> None:
    name = subjects.subject(client, stored.user_id)
    db.session.commit()
    db.session.execute(delete(User).where(User.id == stored.user_id))
    db.session.commit()
    assert stored_names() == 0
    assert subjects.user_of(client, name) is None
