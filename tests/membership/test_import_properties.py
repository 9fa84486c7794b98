"""Whatever the order and repetition of rows, and wherever an import is killed, the state is the same in the end."""

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from services.membership import importing
from services.membership.importing import import_register
from services.membership.model import Contact, Identifier, Organization, ReviewItem, Unmatched
from tests.membership.emptying import empty
from tests.membership.files import a_profile
from tests.membership.test_import import FULL, full

NAMES = ("COOP AGRICOLA SAN MARTIN LTDA", "Cooperativa Agrícola San Martín", "COOP LA UNION LTDA", "Coop El Progreso")
CUITS = ("", "30-50012088-2", "30-54571426-0", "30-50012088-9")
ROW = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from(("", "01/02/1990")),
    st.sampled_from(("", "Tandil", "Azul")),
    st.sampled_from(("", "a@b.example", "b@")),
    st.sampled_from(CUITS),
)
REGISTERS = st.dictionaries(st.sampled_from([str(number) for number in range(12)]), ROW, min_size=1)

State = tuple[object, ...]


def state(engine: Engine) -> State:
    """Everything an import leaves that has no id or time in it."""
    with Session(engine) as session:
        listed = session.scalars(select(Organization).order_by(Organization.register_key)).all()
        keys = {one.id: str(one.register_key) for one in listed}
        contacts = session.execute(select(Contact.organization_id, Contact.email, Contact.phone))
        identifiers = session.execute(select(Identifier.organization_id, Identifier.value, Identifier.valid))
        items = session.scalars(select(ReviewItem)).all()
        assert session.scalars(select(Unmatched)).all() == []
        return (
            [(one.register_key, one.name, one.locality, one.founded_on, one.gone_at is None) for one in listed],
            sorted((keys[one], email, phone) for one, email, phone in contacts),
            sorted((keys[one], value, valid) for one, value, valid in identifiers),
            sorted((*sorted((keys[item.first_id], keys[item.second_id])), item.reason) for item in items),
        )


class Killed(Exception):  # noqa: N818 -- what happens, not an error of ours
    """The process died here."""


def read(engine: Engine, folder: Path, rows: list[tuple[str, ...]], *, kill_after: int | None = None) -> None:
    steps = 0

    def progress(_what: str, _done: int, _total: int) -> None:
        nonlocal steps
        steps += 1
        if steps == kill_after:
            raise Killed

    file = full(folder, *rows)
    import_register(engine, file, a_profile(FULL), profile_name="t", actor="t", allow_gone=True, progress=progress)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(register=REGISTERS, seed=st.integers(0, 2**32), repeats=st.integers(0, 5), kill_after=st.integers(1, 6))
def test_order_repetition_and_kills_leave_one_state(
    engine: Engine, register: dict[str, tuple[str, ...]], seed: int, repeats: int, kill_after: int
) -> None:
    shuffler = random.Random(seed)
    rows = [(key, *row) for key, row in register.items()]
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patched:
        folder = Path(name)
        patched.setattr(importing, "CHUNK", 3)
        empty(engine)
        read(engine, folder, rows)
        straight = state(engine)
        empty(engine)
        disordered = rows + [shuffler.choice(rows) for _ in range(repeats)]
        shuffler.shuffle(disordered)
        try:
            read(engine, folder, disordered, kill_after=kill_after)
        except Killed:
            read(engine, folder, disordered)
        assert state(engine) == straight


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(first=REGISTERS, second=REGISTERS)
def test_an_edition_after_another_is_the_edition(
    engine: Engine, first: dict[str, tuple[str, ...]], second: dict[str, tuple[str, ...]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty(engine)
        read(engine, folder, [(key, *row) for key, row in second.items()])
        organizations, contacts, identifiers, _ = state(engine)
        empty(engine)
        read(engine, folder, [(key, *row) for key, row in first.items()])
        read(engine, folder, [(key, *row) for key, row in second.items()])
        listed, their_contacts, their_identifiers, _ = state(engine)
        assert [one for one in listed if one[-1]] == organizations  # type: ignore[attr-defined] # a list of rows
        assert {one for one in their_contacts if one[0] in second} == set(contacts)  # type: ignore[attr-defined, call-overload] # see above
        assert {one for one in their_identifiers if one[0] in second} == set(identifiers)  # type: ignore[attr-defined, call-overload] # see above
