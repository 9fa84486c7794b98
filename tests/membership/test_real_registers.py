"""The registers as they are published, where they are at hand: INTERCOOP_TEST_DATA names their folder."""

import csv
import os
import re
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from services.membership.importing import import_register
from services.membership.model import Finding, Identifier, ImportRun, Organization, ReviewItem
from services.membership.registers.profile import SHIPPED, load_profile, read_profile

ROOT = Path(__file__).parent.parent.parent
DATA = Path(os.environ.get("INTERCOOP_TEST_DATA") or ROOT.parent / "shared" / "data")

UNQUOTED = """
registry = "ar-inaes-unquoted"

[file]
header = false
column_names = ["FechaInsc", "PROVINCIA", "Localidad", "Actividad", "Matricula", "Razon_Soc"]

[columns]
key = "Matricula"
name = "Razon_Soc"
locality = "Localidad"
subdivision = "PROVINCIA"
founded_on = "FechaInsc"

[constants]
country = "AR"

[dates]
format = "%d/%m/%Y"
"""


def data(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no {path}; set INTERCOOP_TEST_DATA to the folder with the registers' files")
    return path


def counts(run: ImportRun) -> tuple[int, int, int, int, int, int]:
    return run.rows, run.created, run.updated, run.unchanged, run.in_review, run.rejected


def taken(engine: Engine, name: str, profile: str) -> ImportRun:
    return import_register(engine, data(name), load_profile(profile), profile_name=profile, actor="test")


def homonyms(inaes: Path) -> list[list[str]]:
    """Keys that share a name and a province."""
    groups: dict[tuple[str, str], list[str]] = {}
    with inaes.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            groups.setdefault((row["Razon_Soc"], row["PROVINCIA"]), []).append(row["Matricula"])
    found = [keys for keys in groups.values() if len(keys) > 1]
    assert len(found) == 432
    return found


def test_inaes_is_taken_in_whole_with_homonyms_apart(engine: Engine) -> None:
    run = taken(engine, "registries/ar_inaes_2012.csv", "ar-inaes")
    assert counts(run) == (23_136, 23_129, 0, 0, 7, 0)
    assert run.flagged_identifiers == 15
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Organization)) == 23_136
        bad = select(func.count()).select_from(Identifier).where(~Identifier.valid)
        assert session.scalar(bad) == 15
        assert session.scalars(select(ReviewItem.reason)).all() == ["shared_identifier"] * 7
        for keys in homonyms(data("registries/ar_inaes_2012.csv")):
            theirs = select(func.count()).where(Organization.register_key.in_(keys), Organization.gone_at.is_(None))
            assert session.scalar(theirs) == len(keys)
        assert not session.scalar(select(func.count()).where(Organization.sectors == []))
    assert counts(taken(engine, "registries/ar_inaes_2012.csv", "ar-inaes")) == (23_136, 0, 0, 23_136, 0, 0)


def test_credit_unions_are_taken_in_whole_with_their_zip_codes(engine: Engine) -> None:
    assert counts(taken(engine, "registries/us_ncua_2025q3.csv", "us-ncua")) == (4_331, 4_331, 0, 0, 0, 0)
    with Session(engine) as session:
        theirs = Organization.register == "us-ncua"
        lengths = session.scalars(select(func.length(Organization.postal_code)).where(theirs).distinct()).all()
        assert lengths == [5]
        named = session.scalars(select(Organization.name).where(theirs)).all()
        assert Counter(named)["UNIVERSITY"] == 5


def test_the_alliances_directory_is_taken_in_whole_with_country_codes(engine: Engine) -> None:
    assert counts(taken(engine, "ica/ica_directory_sample_2020.csv", "ica-directory")) == (21, 21, 0, 0, 0, 0)
    with Session(engine) as session:
        countries = set(session.scalars(select(Organization.country)))
    assert {"HN", "CR", "PS", "IR", "CI", "CW", "TL", "XX"} <= countries


def test_broken_lines_are_told_one_by_one_and_never_shifted(engine: Engine) -> None:
    file = data("registries/ar_inaes_unquoted_first2000.csv")
    run = import_register(engine, file, read_profile(UNQUOTED), profile_name="unquoted", actor="test")
    assert counts(run) == (2_000, 1_739, 0, 0, 0, 261)
    lines = [next(csv.reader([line])) for line in file.read_text("utf-8").splitlines()]
    broken = [number for number, cells in enumerate(lines, start=1) if len(cells) != 6]
    with Session(engine) as session:
        told = select(Finding.line).where(Finding.import_id == run.id, Finding.kind == "rejected")
        assert session.scalars(told.order_by(Finding.line)).all() == broken
        theirs = select(Organization.register_key, Organization.name).where(Organization.register == run.register)
        names = dict(session.execute(theirs).all())
    bare = {key: name.replace('"', "") for key, name in names.items()}
    assert bare == {cells[4]: " ".join(cells[5].replace('"', "").split()) for cells in lines if len(cells) == 6}


def test_the_manuals_profile_reads_the_manuals_register(engine: Engine, tmp_path: Path) -> None:
    manual = (ROOT / "docs" / "registry-profiles.md").read_text("utf-8")
    profile = re.search(r"```toml\n(.*?)```", manual, re.DOTALL)
    assert profile
    header = (
        "N° de registro;Denominación;Departamento;Ciudad;Calle;Barrio;Fecha de inscripción;Rubro;Correo;Teléfono;RUC;"
    )
    lines = [
        "Ministerio",
        *[""] * 6,
        header,
        "12;Coop. Ñandutí Ltda.;Central;Luque;-;-;31/12/1999;Ahorro y Crédito;a@b.example;-;80000519-8;",
        "13;Coop. Yvytu;-;Areguá;-;-;-;Otra cosa;-;-;-;",
    ]
    file = tmp_path / "register.csv"
    file.write_bytes("\r\n".join(lines).encode("windows-1252"))
    run = import_register(engine, file, read_profile(profile[1]), profile_name="manual", actor="test")
    assert (counts(run), run.flagged_identifiers) == ((2, 2, 0, 0, 0, 0), 0)
    with Session(engine) as session:
        first = session.scalars(select(Organization).where(Organization.register_key == "12")).one()
        assert (first.name, first.sectors, str(first.founded_on)) == (
            "Coop. Ñandutí Ltda.",
            ["financial-services"],
            "1999-12-31",
        )
        assert [(one.scheme, one.value, one.valid) for one in first.identifiers] == [("PY-RUC", "800005198", True)]


def test_every_activity_of_inaes_has_its_own_entry() -> None:
    profile = load_profile("ar-inaes")
    assert len(profile.values.sectors) == 100
    assert profile.otherwise.sectors is None
    assert (SHIPPED / "ar-inaes.toml").exists()
