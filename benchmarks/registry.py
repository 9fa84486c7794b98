"""Row: a registry of 23,000 cooperatives taken in, validated and compared with each other."""

import csv
import os
import statistics
import subprocess
import time
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import HERE, OURS, Bench, Row, value, within
from stdnum.ar import cuit

ROWS = 23_000
HEADER = (
    "Matricula,Razon_Soc,Direccion,Localidad,Partido_Depto,PROVINCIA,CodPost,EMail,Telefono,CUIT,FechaInsc,Actividad"
)
PLACES = [("ROSARIO", "SANTA FE"), ("PUNTA ALTA", "BUENOS AIRES"), ("TANDIL", "BUENOS AIRES"), ("SALTA", "SALTA")]
TRADES = ["TRABAJO", "VIVIENDA Y CONSTRUCCION", "SERVICIOS PUBLICOS", "DE PROVISION", "AGROPECUARIA", "CREDITO"]
WORDS = ["UNION", "ESPERANZA", "PROGRESO", "FUTURO", "SOLIDARIDAD", "PORVENIR", "LIBERTAD", "AMANECER", "FRATERNIDAD"]


def generate(path: Path, count: int) -> Path:
    """A registry in the form of Argentina's, every name, key and tax id its own."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER.split(","))
        writer.writerows(row(number) for number in range(1, count + 1))
    return path


def row(number: int) -> list[object]:
    place, province = PLACES[number % len(PLACES)]
    trade, stem = TRADES[number % len(TRADES)], f"30{50_000_000 + number:08d}"
    name = f"COOPERATIVA DE {trade} {WORDS[number % 9]} {WORDS[number // 9 % 9]} {number:X} LIMITADA"
    founded = date(1950, 1, 1) + timedelta(days=number % 20_000)
    tax_id = f"{stem[:2]}-{stem[2:]}-{cuit.calc_check_digit(stem)}"
    contact = [f"cooperativa{number}@example.org", f"0341-{number:07d}"]
    return [
        number,
        name,
        f"CALLE {number}",
        place,
        "",
        province,
        "2000",
        *contact,
        tax_id,
        f"{founded:%d/%m/%Y}",
        trade,
    ]


def take_in(bench: Bench, file: Path, count: int) -> tuple[float, float]:
    """Seconds the import took, start of the program included, and the megabytes it held at most."""
    with bench.database() as database:
        # A home of its own: a running instance's would name that instance's database.
        nowhere = str(file.parent / "home")
        environment = os.environ | {"DATABASE_URL": database, "AMQP_URI": bench.amqp_uri, "INTERCOOP_HOME": nowhere}
        intercoop = [OURS, "-m", "intercoop"]
        subprocess.run([*intercoop, "migrate", "membership"], env=environment, check=True, stdout=subprocess.DEVNULL)
        began = time.monotonic()
        process = subprocess.Popen(
            [*intercoop, "import", "registry", str(file), "--profile", "ar-inaes", "--json"],
            env=environment, cwd=HERE.parent, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        if status or value(database, "SELECT count(*) FROM organizations") != count:
            raise SystemExit("the import failed, or took in another number of rows")
        return seconds, usage.ru_maxrss / 1024


def measure(bench: Bench) -> list[Row]:
    whole, half = [], []
    with TemporaryDirectory() as folder:
        for _ in range(min(bench.rounds, 2)):
            for runs, count in ((half, ROWS // 2), (whole, ROWS)):
                runs.append(take_in(bench, generate(Path(folder) / "registry.csv", count), count))
                bench.say(f"{count} rows in {runs[-1][0]:.1f} s, {runs[-1][1]:.0f} MB at most")
    how = f"{ROWS} made-up rows in the form of Argentina's registry, by the command line, program start included"
    growth = statistics.median(big[1] - small[1] for big, small in zip(whole, half, strict=True))
    seconds = statistics.median(seconds for seconds, _ in whole)
    return [
        within("registry import", seconds, bar=30, unit="s", how=f"{how}; bound by validation and inserts"),
        within(
            "registry import, memory", growth, bar=10, unit="MB more", how=f"{how}: its peak against half the rows'"
        ),
    ]
