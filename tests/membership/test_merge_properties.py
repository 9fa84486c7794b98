"""Whatever two organizations have, a merge undone leaves both as they were, alone and in chains."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.merging import FIELDS, LISTS
from services.membership.model import (
    Affiliation,
    Base,
    Contact,
    Identifier,
    Member,
    Merge,
    Organization,
    Prospect,
    ReviewItem,
)
from services.membership.operations.pointers import STAYS, pointers
from shared.errors import DomainError
from tests.examples import examples
from tests.membership.making import NOW

CUITS = ("30-50012088-2", "30-54571426-0", "30-50001091-2", "30-50012088-9")
CONTENTS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(("Cooperativa La Unión", "Coop Agrícola San Martín", "Mutual Sur", "COOPUNION")),
        "acronym": st.sampled_from(("", "COOPUNION", "CASM")),
        "trade_names": st.lists(st.sampled_from(("La Unión", "El Sur", "Norte")), unique=True, max_size=2),
        "locality": st.sampled_from(("", "Tandil", "Azul")),
        "address": st.sampled_from(("", "San Martín 120")),
        "website": st.sampled_from(("", "https://union.example")),
        "sectors": st.lists(st.sampled_from(("agriculture", "dairy", "retail")), unique=True, max_size=3),
        "structure": st.sampled_from(("", "cooperative", "mutual")),
        "founded_on": st.sampled_from((None, date(1958, 3, 1), date(1990, 1, 1))),
        "languages": st.lists(st.sampled_from(("es", "gn", "pt-BR")), unique=True, max_size=2),
        "identifiers": st.lists(st.sampled_from(CUITS), unique=True, max_size=3),
    }
)
BESIDES = st.fixed_dictionaries(
    {"contacts": st.integers(0, 2), "prospect": st.booleans(), "member": st.sampled_from(("", "current", "resigned"))}
)
SIDES = st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(("survivor", "loser")), max_size=4)
ROUNDS = settings(
    max_examples=examples(8),
    deadline=None,
    # Each example is dozens of statements: to shrink or explain a failing one would outlast any test's time.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

State = dict[str, Any]


@contextmanager
def rolled_back(engine: Engine) -> Iterator[Session]:
    with engine.connect() as connection, connection.begin() as outer:
        yield Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        outer.rollback()


def made(session: Session, contents: State, besides: State) -> UUID:
    identifiers = [{"scheme": "AR-CUIT", "value": value} for value in contents["identifiers"]]
    facts = contents | {"identifiers": identifiers, "country": "AR"}
    organization = operations.add_organization(session, **facts, now=NOW)
    for number in range(besides["contacts"]):
        operations.add_contact(
            session, organization_id=organization.id, role="dues", email=f"c{number}@b.invalid", now=NOW
        )
    if besides["member"]:
        prospect = operations.open_prospect(session, organization_id=organization.id, source="x", actor="a", now=NOW)
        member = operations.admit_prospect(session, prospect, category="full", reason="b", actor="a", now=NOW)
        if besides["member"] == "resigned":
            operations.change_standing(session, member, standing="resigned", reason="l", actor="a", now=NOW)
    elif besides["prospect"]:
        operations.open_prospect(session, organization_id=organization.id, source="x", actor="a", now=NOW)
    return organization.id


def state(session: Session) -> State:
    """Everything merges may touch, without versions and times of change."""
    session.flush()
    session.expire_all()
    organizations = {
        one.id: {name: getattr(one, name) for name in (*FIELDS, "merged_into", "gone_at", "place", "folded_aliases")}
        for one in session.scalars(select(Organization))
    }
    rows = {
        kind.__tablename__: sorted(
            [(str(one.id), *(str(getattr(one, name)) for name in columns)) for one in session.scalars(select(kind))]
        )
        for kind, columns in (
            (Contact, ("organization_id", "email", "source_id", "from_register")),
            (Member, ("organization_id", "standing")),
            (Prospect, ("organization_id", "stage")),
            (Affiliation, ("organization_id", "federation_id", "until_on")),
            (ReviewItem, ("first_id", "second_id", "reason", "decision", "note")),
        )
    }
    identifiers = select(Identifier.organization_id, Identifier.scheme, Identifier.value, Identifier.valid)
    return {"organizations": organizations, "identifiers": sorted(session.execute(identifiers).all()), **rows}


def merged(session: Session, survivor: UUID, loser: UUID, choices: State, minute: int) -> Merge | None:
    """None when the two can't be merged; then nothing changed."""
    before = state(session)
    try:
        return operations.merge_organizations(
            session,
            survivor_id=survivor,
            loser_id=loser,
            choices=choices,
            reason="same",
            actor="ana",
            now=NOW + timedelta(minutes=minute),
        )
    except DomainError:
        assert state(session) == before
        return None


def undone(session: Session, merge: Merge) -> Merge:
    return operations.undo_merge(session, merge, reason="two", actor="eva", now=NOW + timedelta(days=1))


def without_new_pairs(now: State, then: State) -> State:
    """A merged record may be proposed anew beside others; such a pair stays, and nothing else may."""
    known = {row[0] for row in then["review_items"]}
    return now | {"review_items": [row for row in now["review_items"] if row[0] in known]}


@ROUNDS
@given(two=st.lists(st.tuples(CONTENTS, BESIDES), min_size=2, max_size=2), choices=SIDES)
def test_a_merge_undone_leaves_everything_as_it_was(
    membership_engine: Engine, two: list[tuple[State, State]], choices: State
) -> None:
    with rolled_back(membership_engine) as session:
        survivor, loser = (made(session, contents, besides) for contents, besides in two)
        before = state(session)
        merge = merged(session, survivor, loser, choices, 0)
        if merge is None:
            return
        after = state(session)
        for table in ("contacts", "members", "prospects"):
            assert len(after[table]) == len(before[table])
            assert all(row[1] == str(survivor) for row in after[table])
        for field in LISTS:
            if field not in choices:
                both = {*getattr_of(before, survivor, field), *getattr_of(before, loser, field)}
                assert set(getattr_of(after, survivor, field)) == both
        values = {value for _, _, value, _ in before["identifiers"]}
        assert {value for key, _, value, _ in after["identifiers"] if key == survivor} == values
        assert undone(session, merge).kept == {"fields": [], "rows": {}}
        assert state(session) == before


def getattr_of(known: State, organization_id: UUID, field: str) -> Any:
    return known["organizations"][organization_id][field]


@settings(ROUNDS, max_examples=examples(6))
@given(
    four=st.lists(st.tuples(CONTENTS, BESIDES), min_size=4, max_size=4),
    pairs=st.lists(st.permutations(range(4)).map(lambda order: tuple(order[:2])), min_size=1, max_size=5),
    choices=st.lists(SIDES, min_size=5, max_size=5),
    order=st.randoms(use_true_random=False),
)
def test_chains_of_merges_come_apart_in_any_order_that_is_allowed(
    membership_engine: Engine, four: list[tuple[State, State]], pairs: Any, choices: list[State], order: Any
) -> None:
    with rolled_back(membership_engine) as session:
        ids = [made(session, contents, besides) for contents, besides in four]
        before = state(session)
        done = [
            merge
            for minute, (survivor, loser) in enumerate(pairs)
            if (merge := merged(session, ids[survivor], ids[loser], choices[minute], minute))
        ]
        while done:
            merge = order.choice(done)
            try:
                undone(session, merge)
            except DomainError:
                assert any(other.loser_id == merge.survivor_id for other in done)
                continue
            done.remove(merge)
        assert without_new_pairs(state(session), before) == before


def test_every_table_that_points_at_an_organization_can_follow_it() -> None:
    following = {table.name for table, _ in pointers()}
    assert {"contacts", "members", "prospects", "affiliations"} <= following
    pointing = {
        table.name
        for table in Base.metadata.sorted_tables
        if any(key.column.table.name == "organizations" for key in table.foreign_keys)
    }
    assert pointing == following | STAYS
    assert all(len(table.primary_key.columns) == 1 for table, _ in pointers())
