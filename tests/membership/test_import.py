"""Registers' files taken in: what becomes of every row, whatever is wrong with it, and however often it is read."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from services.membership import importing, operations
from services.membership.importing import import_register
from services.membership.model import Contact, Finding, ImportRun, ImportRunning, Organization, ReviewItem
from services.membership.operations import finishing
from services.membership.registers.profile import Profile
from shared.contracts.membership import ContactChanged, MemberUpdated, RegistryImported
from shared.messaging.outbox import published
from tests.membership.files import PROFILE, a_profile, a_register
from tests.membership.making import NOW
from tests.waiting import eventually

COUNTS = ("rows", "created", "updated", "unchanged", "in_review", "rejected", "gone")
FULL = PROFILE.replace(
    "[constants]",
    """locality = "Lugar"
emails = "Correo"

[[identifiers]]
scheme = "AR-CUIT"
column = "CUIT"

[constants]""",
)
FULL_HEADER = ("Clave", "Nombre", "Fecha", "Lugar", "Correo", "CUIT")
GOOD_CUIT = "30-50012088-2"
OTHER_CUIT = "30-54571426-0"


def taken(engine: Engine, file: Path, profile: Profile | None = None, **options: Any) -> ImportRun:
    return import_register(engine, file, profile or a_profile(), profile_name="test", actor="test", **options)


def counts(run: ImportRun) -> dict[str, int]:
    found = {name: getattr(run, name) for name in COUNTS}
    assert run.rows == run.created + run.updated + run.unchanged + run.in_review + run.rejected
    return {name: count for name, count in found.items() if count}


def names(engine: Engine) -> dict[str, str]:
    """Names by key of what the register lists now."""
    listed = select(Organization.register_key, Organization.name).where(Organization.gone_at.is_(None))
    with Session(engine) as session:
        return {str(key): name for key, name in session.execute(listed)}


def findings(engine: Engine, run: ImportRun) -> list[tuple[int, str, str, str]]:
    with Session(engine) as session:
        found = session.scalars(operations.findings(session, import_id=run.id).order_by(Finding.line, Finding.id))
        return [(one.line, one.column, one.kind, one.reason) for one in found]


def full(folder: Path, *rows: tuple[str, ...], name: str = "register.csv") -> Path:
    return a_register(folder, list(rows), header=FULL_HEADER, name=name)


def test_the_same_file_again_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    file = a_register(tmp_path, [("1", "Uno", "01/02/1990"), ("2", "Dos", "")])
    assert counts(taken(engine, file)) == {"rows": 2, "created": 2}
    with Session(engine) as session:
        before = session.execute(select(Organization.id, Organization.version, Organization.updated_at)).all()
    assert counts(taken(engine, file)) == {"rows": 2, "unchanged": 2}
    with Session(engine) as session:
        assert session.execute(select(Organization.id, Organization.version, Organization.updated_at)).all() == before


def test_a_newer_edition_adds_changes_and_drops(engine: Engine, tmp_path: Path) -> None:
    taken(engine, a_register(tmp_path, [("1", "Uno", ""), ("2", "Dos", ""), ("3", "Tres", "")]))
    newer = a_register(tmp_path, [("1", "Uno", ""), ("2", "Dos Dos", ""), ("4", "Cuatro", "")])
    assert counts(taken(engine, newer)) == {"rows": 3, "created": 1, "updated": 1, "unchanged": 1, "gone": 1}
    assert names(engine) == {"1": "Uno", "2": "Dos Dos", "4": "Cuatro"}


def test_what_was_gone_and_comes_back_is_the_same_organization(engine: Engine, tmp_path: Path) -> None:
    both = a_register(tmp_path, [("1", "Uno", ""), ("2", "Dos", "")], name="both.csv")
    taken(engine, both)
    taken(engine, a_register(tmp_path, [("1", "Uno", "")]))
    assert names(engine) == {"1": "Uno"}
    assert counts(taken(engine, both)) == {"rows": 2, "updated": 1, "unchanged": 1}
    assert names(engine) == {"1": "Uno", "2": "Dos"}


def test_a_file_that_lacks_too_much_marks_nothing_gone_unless_told(engine: Engine, tmp_path: Path) -> None:
    taken(engine, a_register(tmp_path, [(str(number), f"Nombre {number}", "") for number in range(200)]))
    cut = a_register(tmp_path, [(str(number), f"Nombre {number}", "") for number in range(149)])
    run = taken(engine, cut)
    assert (run.missing, run.gone) == (51, 0)
    assert len(names(engine)) == 200
    run = taken(engine, cut, allow_gone=True)
    assert (run.missing, run.gone) == (51, 51)
    assert len(names(engine)) == 149


def test_a_key_in_a_rejected_or_broken_row_is_not_gone(engine: Engine, tmp_path: Path) -> None:
    taken(engine, a_register(tmp_path, [("1", "Uno", ""), ("2", "Dos", ""), ("3", "Tres", "")]))
    newer = a_register(tmp_path, [("1", "Uno", ""), ("2", "Dos", "31/02/1990"), ("3", "Tres; S.A.", "")])
    assert counts(taken(engine, newer)) == {"rows": 3, "unchanged": 1, "rejected": 2}
    assert set(names(engine)) == {"1", "2", "3"}


def test_a_dry_run_counts_the_same_and_writes_nothing(engine: Engine, tmp_path: Path) -> None:
    file = full(
        tmp_path,
        ("1", "Uno", "01/01/1990", "Tandil", "a@b.example", GOOD_CUIT),
        ("2", "Dos", "01/01/1991", "Azul", "", GOOD_CUIT),
        ("3", "", "", "", "", ""),
    )
    dry = taken(engine, file, a_profile(FULL), dry_run=True)
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Organization)) == 0
        assert session.scalar(select(func.count()).select_from(ImportRun)) == 0
        assert published(session) == []
    assert counts(dry) == {"rows": 3, "created": 1, "in_review": 1, "rejected": 1}
    assert counts(taken(engine, file, a_profile(FULL))) == counts(dry)


def test_one_event_tells_of_the_import(engine: Engine, tmp_path: Path) -> None:
    run = taken(engine, a_register(tmp_path, [("1", "Uno", ""), ("2", "", "")]))
    with Session(engine) as session:
        assert published(session) == [
            RegistryImported(
                import_id=run.id,
                registry="xx-test",
                rows=2,
                created=1,
                updated=0,
                unchanged=0,
                in_review=0,
                rejected=1,
                gone=0,
            )
        ]


def test_a_shared_tax_id_is_in_review_and_both_are_kept(engine: Engine, tmp_path: Path) -> None:
    file = full(
        tmp_path,
        ("1", "Uno", "01/01/1990", "Tandil", "", GOOD_CUIT),
        ("2", "Dos", "01/01/1991", "Azul", "", GOOD_CUIT.replace("-", "")),
        ("3", "Tres", "01/01/1992", "Azul", "", "30-50012088-9"),
        ("4", "Cuatro", "01/01/1993", "Azul", "", "30-50012088-9"),
    )
    run = taken(engine, file, a_profile(FULL))
    assert counts(run) == {"rows": 4, "created": 3, "in_review": 1}
    assert run.flagged_identifiers == 2
    assert findings(engine, run) == [
        (3, "AR-CUIT", "in_review", "shared_identifier"),
        (4, "CUIT", "flagged", "bad_identifier"),
        (5, "CUIT", "flagged", "bad_identifier"),
    ]
    assert counts(taken(engine, file, a_profile(FULL))) == {"rows": 4, "unchanged": 4}


def test_close_names_in_the_same_place_are_in_review_and_homonyms_left_apart(engine: Engine, tmp_path: Path) -> None:
    file = full(
        tmp_path,
        ("1", "COOP AGRICOLA SAN MARTIN LTDA", "", "Tandil", "", ""),
        ("2", "Cooperativa Agrícola San Martín Limitada", "", "TANDIL", "", ""),
        ("3", "Cooperativa Agrícola San Martín Limitada", "", "Azul", "", ""),
        ("4", "COOP LA UNION LTDA", "", "Tandil", "", ""),
        ("5", "COOP LA UNION LTDA", "", "Tandil", "", ""),
        ("6", "COOP 20 DE JUNIO LTDA", "", "Tandil", "", ""),
        ("7", "COOP 21 DE JUNIO LTDA", "", "Tandil", "", ""),
    )
    assert counts(taken(engine, file, a_profile(FULL))) == {"rows": 7, "created": 6, "in_review": 1}
    with Session(engine) as session:
        item = session.scalars(select(ReviewItem)).one()
        assert {item.first.register_key, item.second.register_key} == {"1", "2"}


def test_a_few_organizations_are_compared_at_once_a_place_always_whole(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "AT_ONCE", 3)
    places = ("Azul", "Bragado", "Chascomús", "Tandil", "Tandil", "Tandil", "Tandil", "Zárate")
    names = ("Uno", "Dos", "Tres", "Agrícola San Martín", "Seis", "Siete", "AGRICOLA SAN MARTIN COOP", "Uno")
    numbers = (GOOD_CUIT, *[""] * 6, GOOD_CUIT)
    rows = zip(range(8), names, places, numbers, strict=True)
    file = full(tmp_path, *((str(key), name, "", place, "", number) for key, name, place, number in rows))
    compared: list[int] = []

    def watch(what: str, done: int, _total: int) -> None:
        if what == "comparing":
            compared.append(done)

    run = taken(engine, file, a_profile(FULL), progress=watch)
    assert list(dict.fromkeys(compared)) == [3, 7, 8]
    assert counts(run) == {"rows": 8, "created": 6, "in_review": 2}


def test_a_key_twice_is_unchanged_when_it_repeats_and_rejected_when_it_contradicts(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 2)
    rows = [("1", "Uno", ""), ("1", "Uno", ""), ("2", "Dos", ""), ("1", "Otro", ""), ("1", "Uno", "")]
    run = taken(engine, a_register(tmp_path, rows))
    assert counts(run) == {"rows": 5, "created": 2, "unchanged": 2, "rejected": 1}
    assert findings(engine, run) == [(5, "", "rejected", "key_twice")]


def test_a_rejected_row_does_not_take_its_key(engine: Engine, tmp_path: Path) -> None:
    run = taken(engine, a_register(tmp_path, [("1", "Uno", "31/02/1990"), ("1", "Uno", "28/02/1990")]))
    assert counts(run) == {"rows": 2, "created": 1, "rejected": 1}


def test_interrupted_and_run_again_is_complete_and_nothing_twice(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 3)
    rows = [(str(number), f"Cooperativa {number} Sur", "") for number in range(10)]
    file = a_register(tmp_path, [*rows, ("10", "COOP 9 SUR LTDA", "")])

    def stop(_what: str, done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        taken(engine, file, progress=stop)
    assert len(names(engine)) == 3
    assert counts(taken(engine, file)) == {"rows": 11, "created": 8, "unchanged": 3}
    with Session(engine) as session:
        states = session.scalars(select(ImportRun.state).order_by(ImportRun.started_at)).all()
        assert states == ["interrupted", "completed"]
        assert len(published(session)) == 1


def test_pairs_an_interrupted_import_left_uncompared_are_found_by_the_next(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = full(
        tmp_path,
        ("1", "Uno", "", "Tandil", "", GOOD_CUIT),
        ("2", "Dos", "", "Azul", "", GOOD_CUIT),
    )
    with monkeypatch.context() as patched:
        patched.setattr(importing, "_compare", lambda *_args: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            taken(engine, file, a_profile(FULL))
    assert counts(taken(engine, file, a_profile(FULL))) == {"rows": 2, "unchanged": 1, "in_review": 1}


def test_the_same_register_is_not_imported_twice_at_once(engine: Engine, tmp_path: Path) -> None:
    file = a_register(tmp_path, [("1", "Uno", "")])

    def meanwhile(what: str, _done: int, _total: int) -> None:
        if what == "reading":
            with pytest.raises(ImportRunning):
                taken(engine, file)

    assert counts(taken(engine, file, progress=meanwhile)) == {"rows": 1, "created": 1}


def test_good_addresses_become_contacts_and_broken_ones_are_flagged(engine: Engine, tmp_path: Path) -> None:
    cell = "Info@Union.example / ventas@union.example (ventas), sin@"
    run = taken(engine, full(tmp_path, ("1", "Uno", "", "", cell, "")), a_profile(FULL))
    with Session(engine) as session:
        emails = session.scalars(select(Contact.email).order_by(Contact.email)).all()
    assert emails == ["Info@union.example", "ventas@union.example"]
    assert findings(engine, run) == [(2, "Correo", "flagged", "bad_email")]


def test_members_the_register_changes_are_told_to_the_other_services(engine: Engine, tmp_path: Path) -> None:
    taken(engine, full(tmp_path, ("1", "Uno", "", "", "a@b.example", "")), a_profile(FULL))
    with Session(engine) as session, session.begin():
        organization = session.scalars(select(Organization)).one()
        staffs = operations.add_contact(
            session, organization_id=organization.id, role="presidency", email="p@b.example", now=NOW
        )
        prospect = operations.open_prospect(session, organization_id=organization.id, source="x", actor="a", now=NOW)
        operations.admit_prospect(session, prospect, category="full", reason="b", actor="a", now=NOW)
        before = len(published(session))
        presidency = staffs.id
    taken(engine, full(tmp_path, ("1", "Uno y Dos", "", "", "c@b.example", "")), a_profile(FULL))
    with Session(engine) as session:
        told = published(session)[before:]
        assert session.get(Contact, presidency) is not None
    changed = [(fact.email, fact.removed) for fact in told if isinstance(fact, ContactChanged)]
    assert sorted(changed) == [("a@b.example", True), ("c@b.example", False)]
    assert [fact.name for fact in told if isinstance(fact, MemberUpdated)] == ["Uno y Dos"]
    assert isinstance(told[-1], RegistryImported)


def test_what_staff_changed_stays_until_the_register_says_something_new(engine: Engine, tmp_path: Path) -> None:
    file = a_register(tmp_path, [("1", "Uno", "")])
    taken(engine, file)
    with Session(engine) as session, session.begin():
        known = session.scalars(select(Organization)).one()
        operations.update_organization(session, known, name="Uno, corregido", now=NOW)
    taken(engine, file)
    assert names(engine) == {"1": "Uno, corregido"}
    taken(engine, a_register(tmp_path, [("1", "Uno Nuevo", "")]))
    assert names(engine) == {"1": "Uno Nuevo"}


def test_two_registers_keep_their_keys_apart_and_a_common_organization_is_proposed(
    engine: Engine, tmp_path: Path
) -> None:
    row = ("1", "COOP LA UNION LTDA", "", "Tandil", "", "")
    taken(engine, full(tmp_path, row), a_profile(FULL))
    other = a_profile(FULL.replace("xx-test", "yy-test"))
    assert counts(taken(engine, full(tmp_path, row), other)) == {"rows": 1, "in_review": 1}


def test_an_import_leaves_no_lock_and_no_temporary_table(engine: Engine, tmp_path: Path) -> None:
    taken(engine, a_register(tmp_path, [("1", "Uno", "")]))
    ours = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"

    def left() -> tuple[object, object]:
        with engine.connect() as connection:
            locks = connection.scalar(text(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND {ours}"))
            temporary = connection.scalar(text("SELECT count(*) FROM pg_class WHERE relpersistence = 't'"))
        return locks, temporary

    eventually(lambda: left() == (0, 0))
