"""Bank statements of several banks and versions: read exactly, refused by place, taken in once, and matched."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, Text, Uuid, cast, func, insert, select, true
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.banking import BankEntry, BankStatement
from services.membership.banking.camt053 import read_camt053
from services.membership.banking.csv_statement import CsvProfile, read_csv
from services.membership.banking.statement import StatementUnreadable, StatementWrong
from services.membership.model import (
    BankLine,
    ColumnsMissing,
    Invoice,
    LineSettled,
    OtherCurrency,
    Payment,
    ProfileExists,
    ReceivedInFuture,
    TooMuch,
)
from services.membership.schemas.bank import BankProfileRequest
from shared.database import transaction
from shared.money import Money
from tests.membership.making import NOW
from tests.membership.making_invoices import indebted, invoiced

BY: dict[str, Any] = {"actor": "ana", "now": NOW}
IBAN = "CR05015202001026284066"
PAYER = "AR-PAYER-0001"

TX = """
  <TxDtls>
    <Refs><EndToEndId>{end}</EndToEndId></Refs>
    {amount}
    <RltdPties><Dbtr>{name}</Dbtr><DbtrAcct><Id><IBAN>DE89 3704 0044 0532 0130 00</IBAN></Id></DbtrAcct></RltdPties>
    <RmtInf><Ustrd>{text}</Ustrd></RmtInf>
  </TxDtls>
"""
ENTRY = """
  <Ntry><Amt Ccy="USD">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{status}
    <BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef>
    <NtryDtls>{details}</NtryDtls></Ntry>
"""


def camt(version: str, *entries: str, reference: str = "STMT-1") -> bytes:
    """A file of our own making."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
    <Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>
      <GrpHdr><MsgId>M</MsgId><CreDtTm>2026-05-04T08:00:00</CreDtTm></GrpHdr>
      <Stmt><Id>{reference}</Id><CreDtTm>2026-05-04T08:00:00</CreDtTm><Acct><Id><IBAN>{IBAN}</IBAN></Id></Acct>
      {"".join(entries)}</Stmt></BkToCstmrStmt></Document>""".encode()


def an_entry(version: str = "08", **changes: str) -> str:
    name, status = "<Pty><Nm>Federación Uno</Nm></Pty>", "<Sts><Cd>BOOK</Cd></Sts>"
    if version < "08":
        name, status = "<Nm>Federación Uno</Nm>", "<Sts>BOOK</Sts>"
    facts = {"amount": "500.00", "sign": "CRDT", "day": "2026-05-03", "reference": "R1", "status": status} | changes
    text = facts.pop("text", "Factura D-2026-000001")
    return ENTRY.format(**facts, details=TX.format(end="E", amount="", name=name, text=text))


@pytest.mark.parametrize("version", ["02", "03", "04", "06", "08", "10"])
def test_every_version_of_camt_053_is_read_alike(version: str) -> None:
    [statement] = read_camt053(camt(version, an_entry(version)))
    assert (statement.account, statement.reference) == (IBAN, "STMT-1")
    [entry] = statement.entries
    assert entry == BankEntry(
        key=entry.key,
        booked_on=date(2026, 5, 3),
        amount=Money(500_00, "USD"),
        remittance="Factura D-2026-000001",
        payer="Federación Uno",
        iban="DE89370400440532013000",
    )


def test_a_batch_is_read_by_transaction_and_what_goes_out_is_negative() -> None:
    parts = [
        TX.format(end=end, amount=f'<Amt Ccy="USD">{amount}</Amt>', name="<Nm>X</Nm>", text=end)
        for end, amount in (("A", "1.50"), ("B", "2.50"))
    ]
    batch = ENTRY.format(amount="4.00", sign="CRDT", status="", day="2026-05-03", reference="R", details="".join(parts))
    [statement] = read_camt053(camt("02", batch, an_entry("02", sign="DBIT"), an_entry("02", status="<Sts>PDNG</Sts>")))
    assert [(one.amount.minor, one.remittance[:1]) for one in statement.entries] == [
        (150, "A"),
        (250, "B"),
        (-500_00, "F"),
    ]


@pytest.mark.parametrize(("sign", "minor"), [("CRDT", 500_00), ("DBIT", -500_00)])
@pytest.mark.parametrize("reversal", ["true", "1", "false"])
def test_a_reversal_goes_the_way_its_own_direction_says(sign: str, minor: int, reversal: str) -> None:
    [statement] = read_camt053(camt("08", an_entry(sign=sign, status=f"<RvslInd>{reversal}</RvslInd>")))
    assert [one.amount.minor for one in statement.entries] == [minor]


def a_batch(amount: str, sign: str, *parts: str) -> bytes:
    details = "".join(f"<TxDtls>{part}</TxDtls>" for part in parts)
    return camt(
        "08", ENTRY.format(amount=amount, sign=sign, status="", day="2026-05-03", reference="R", details=details)
    )


def test_each_transaction_of_a_batch_goes_its_own_way() -> None:
    out, back = (
        f'<Amt Ccy="USD">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'
        for amount, sign in (("510.00", "DBIT"), ("10.00", "CRDT"))
    )
    [statement] = read_camt053(a_batch("500.00", "DBIT", out, back))
    assert [one.amount.minor for one in statement.entries] == [-510_00, 10_00]
    with pytest.raises(StatementWrong, match=r"TxDtls\[2\]/CdtDbtInd"):
        read_camt053(a_batch("500.00", "DBIT", out, back.replace("CRDT", "X")))


@pytest.mark.parametrize(
    "part",
    [
        '<Amt Ccy="USD">1.00</Amt>',
        '<AmtDtls><TxAmt><Amt Ccy="EUR">250.00</Amt></TxAmt></AmtDtls>',
        '<Amt Ccy="USD">250.00</Amt><CdtDbtInd>DBIT</CdtDbtInd>',
        "<Refs><TxId>T</TxId></Refs>",
    ],
)
def test_a_batch_whose_transactions_do_not_make_it_up_is_one_entry(part: str) -> None:
    [statement] = read_camt053(a_batch("500.00", "CRDT", part, part))
    assert [one.amount for one in statement.entries] == [Money(500_00, "USD")]


def test_two_entries_that_say_the_same_are_two() -> None:
    [statement] = read_camt053(camt("08", an_entry(), an_entry()))
    assert len({one.key for one in statement.entries}) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not xml", "line 1"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "document type"),
        (b"<Document><CstmrPmtStsRpt/></Document>", "instead of a statement as camt.053"),
        (b"\xff\xfe\x00", "no XML"),
        (camt("08", an_entry(amount="5,00")), "Stmt[1]/Ntry[1]/Amt"),
        (camt("08", an_entry(), an_entry(day="03.05.2026")), "Stmt[1]/Ntry[2]/BookgDt"),
        (camt("08", an_entry(sign="X")), "Stmt[1]/Ntry[1]/CdtDbtInd"),
        (camt("08", reference=""), "Stmt[1]/Id"),
        (camt("08", reference="x" * 41), "Stmt[1]/Id"),
        (camt("08").replace(IBAN.encode(), b"9" * 41), "Stmt[1]/Acct/Id"),
        (camt("08").replace(IBAN.encode(), b" "), "Stmt[1]/Acct/Id"),
        (camt("08", an_entry().replace("DE89", "D" * 40)), "Stmt[1]/Ntry[1]/RltdPties/DbtrAcct/Id/IBAN"),
    ],
)
def test_a_wrong_file_is_refused_by_place(content: bytes, words: str) -> None:
    with pytest.raises((StatementUnreadable, StatementWrong)) as refusal:
        read_camt053(content)
    assert words in str(refusal.value)


COLUMNS = {"date": "Fecha", "amount": "Importe", "remittance": "Concepto", "payer": "Ordenante"}


def a_profile(**changes: Any) -> CsvProfile:
    return CsvProfile(**{"account": IBAN, "currency": "USD", "columns": COLUMNS} | changes)


def test_a_csv_is_read_as_its_bank_writes() -> None:
    text = 'Banco;;\nFecha;Concepto;Ordenante;Importe\n03/05/2026;"Cuota; 1ª";Ñandú;1.234,50\n\n04/05/2026;x;y;-7,00\n'
    profile = a_profile(skip=1, encoding="cp1252")
    statement = read_csv(text.encode("cp1252"), profile, reference="f")
    assert [(one.booked_on.day, one.amount.minor, one.remittance, one.payer) for one in statement.entries] == [
        (3, 1234_50, "Cuota; 1ª", "Ñandú"),
        (4, -7_00, "x", "y"),
    ]
    columns = {"date": "Date", "credit": "In", "debit": "Out", "remittance": "Text", "currency": "Ccy"}
    american = a_profile(columns=columns, delimiter=",", decimal=".", date_format="%m/%d/%Y")
    lines = b'Date,Text,In,Out,Ccy\n05/03/2026,a,"1,000.25",,USD\n05/04/2026,b,,3.00,CRC\n'
    assert [one.amount for one in read_csv(lines, american, reference="f").entries] == [
        Money(1000_25, "USD"),
        Money(-3_00, "CRC"),
    ]


def a_number(text: str, **changes: Any) -> int:
    lines = f"Fecha;Concepto;Ordenante;Importe\n03/05/2026;x;y;{text}\n"
    [entry] = read_csv(lines.encode(), a_profile(**changes), reference="f").entries
    return entry.amount.minor


@pytest.mark.parametrize("decimal", [",", "."])
def test_thousands_stand_apart_in_threes_and_the_other_decimal_sign_nowhere_else(decimal: str) -> None:
    other = "." if decimal == "," else ","
    for text in (f"1234567{decimal}5", f"1{other}234{other}567{decimal}50", f"1 234 567{decimal}5", "1'234'567,50"):
        assert a_number(text.replace(",50", f"{decimal}50"), decimal=decimal) == 1234567_50
    for text in (f"- 1{other}500{decimal}00", f"1{other}500{decimal}00 -", f"-1\u00a0500{decimal}00"):
        assert a_number(text, decimal=decimal) == -1500_00
    wrong = ("500O00", "1O5", "0O500", "12O34O567", "1O2345", "1O234 567", "1D234O567", "O500", "5 00D00", "1O234OD5")
    for text in (one.replace("O", other).replace("D", decimal) for one in wrong):
        with pytest.raises(StatementWrong, match=r"^2: "):
            a_number(text, decimal=decimal)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("Fecha;Concepto\n", "Importe, Ordenante"),
        ("", "Fecha"),
        ("Fecha;Concepto;Ordenante;Importe\n03/05/2026;x;y;1,00\n2026-05-03;x;y;1,00\n", "3:"),
        ("Fecha;Concepto;Ordenante;Importe\n03/05/2026;x;y;1,0x\n", "2:"),
        ("Fecha;Concepto;Ordenante;Importe\n03/05/2026;x;y;1,001\n", "2:"),
        ("Fecha;Concepto;Ordenante;Importe\n03/05/2026;x\n", "2:"),
        ("Fecha;Concepto;Ordenante;Importe\n03/05/2026;x\0;y;1,00\n", "utf-8"),
    ],
)
def test_a_wrong_line_is_named(content: str, words: str) -> None:
    with pytest.raises((StatementUnreadable, StatementWrong), match=words):
        read_csv(content.encode(), a_profile(), reference="f")
    with pytest.raises(StatementUnreadable, match="utf-8"):
        read_csv(b"Fecha;\xff", a_profile(), reference="f")


def test_heads_are_found_whatever_blanks_stand_around_them() -> None:
    profile = a_profile(columns=COLUMNS | {"date": " Fecha "})
    [entry] = read_csv(b"Fecha ;Concepto;Ordenante; Importe\n03/05/2026;x;y;1,00\n", profile, reference="f").entries
    assert (entry.booked_on, entry.amount.minor) == (date(2026, 5, 3), 1_00)


def test_a_format_of_dates_has_day_month_and_year_once_each() -> None:
    facts = {"name": "Banco", "account": IBAN, "currency": "USD", "columns": COLUMNS}
    for form in ("%d/%m/%Y", "%y%m%d", "%d %b %Y", "%B-%d.%y"):
        assert not BankProfileRequest().validate(facts | {"date_format": form})
    for form in ("%d/%d/%Y", "%d/%m", "-", "%m/%Y", "%d/%m/%y/%Y", "%d/%m/%b/%Y", "%d/%m/%Y %H", "%%d%m%Y", ""):
        assert list(BankProfileRequest().validate(facts | {"date_format": form})) == ["date_format"]


def a_line(session: Session, text: str = "x", amount: str = "500.00", currency: str = "USD", **facts: Any) -> BankLine:
    told = {"booked_on": NOW.date(), "remittance": text, "amount": Money.parse(amount, currency)} | facts
    key = f"{text} {amount} {currency} {sorted(facts)}"
    statement = BankStatement(account=IBAN, reference=key, entries=(BankEntry(key=key, **told),))
    operations.take_statement(session, statement, **BY)
    return session.scalars(select(BankLine).where(BankLine.key == key)).one()


def proposed(session: Session, line: BankLine) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(one.owed.number, one.score, one.reasons) for one in operations.proposals(session, line)]


def test_a_statement_taken_in_again_adds_only_what_is_new(session: Session) -> None:
    [first] = read_camt053(camt("08", an_entry()))
    assert operations.take_statement(session, first, **BY)[1] == 1
    assert operations.take_statement(session, first, **BY)[1] == 0
    [longer] = read_camt053(camt("08", an_entry(), an_entry(reference="R2"), reference="STMT-2"))
    assert operations.take_statement(session, longer, **BY)[1] == 1
    assert len(session.scalars(operations.bank_statements()).all()) == 2
    assert {one.state for one in session.scalars(operations.bank_lines())} == {"open"}


def test_a_statement_of_any_length_is_taken_in(session: Session) -> None:
    lines = [f"03/05/2026;{number};y;1,00" for number in range(5000)]
    content = "\n".join(["Fecha;Concepto;Ordenante;Importe", *lines])
    statement = read_csv(content.encode(), a_profile(), reference="f")
    assert operations.take_statement(session, statement, **BY)[1] == 5000
    more = read_csv(f"{content}\n04/05/2026;x;y;1,00".encode(), a_profile(), reference="g")
    assert operations.take_statement(session, more, **BY)[1] == 1


def alike(session: Session, of: Invoice, count: int) -> None:
    """So many more invoices, all drafted before it."""
    columns = {column.name: column for column in Invoice.__table__.columns}
    number = func.generate_series(1, count).table_valued("value").render_derived()
    told = dict(columns) | {"id": cast(func.lpad(cast(number.c.value, Text), 32, "0"), Uuid)}
    told |= {"year": 3000 + number.c.value, "number": 1000 + number.c.value}
    copies = select(*told.values()).select_from(Invoice).join(number, true()).where(Invoice.id == of.id)
    session.execute(insert(Invoice).from_select(list(told), copies))


def test_what_names_its_invoice_finds_it_among_any_number_of_the_same_amount(session: Session) -> None:
    first, second = indebted(session, "Uno", "Dos")
    invoices = invoiced(session)
    named = invoices[second.id]
    operations.confirm_match(session, a_line(session, amount="1.00", iban=PAYER), member_id=second.id, **BY)
    alike(session, invoices[first.id], 600)
    assert proposed(session, a_line(session, f"{named.reference}"))[0] == (
        named.reference,
        80,
        ("invoice_number", "amount_open"),
    )
    assert proposed(session, a_line(session, "cuota", iban=PAYER)) == [
        (named.reference, 45, ("iban_seen", "amount_open"))
    ]


def test_matches_are_proposed_with_their_reasons(session: Session) -> None:
    first, second = indebted(session, "Uno", "Dos")
    invoices = invoiced(session)
    number = invoices[first.id].reference
    squeezed = number.replace("-", " ").lower()
    line = a_line(session, f"pago fact. {squeezed}", payer="FEDERACION UNO")
    assert proposed(session, line)[0] == (number, 100, ("invoice_number", "name", "amount_open"))
    assert proposed(session, a_line(session, "cuota anual de Federación Dos")) == [
        (invoices[second.id].reference, 40, ("name", "amount_open"))
    ]
    assert proposed(session, a_line(session, "cuota", amount="12.34")) == []
    other = a_line(session, f"{number}", amount="9.00", iban=PAYER)
    operations.confirm_match(session, other, member_id=first.id, invoice_ids=[invoices[first.id].id], **BY)
    assert (invoices[first.id].open_minor, other.state) == (491_00, "matched")
    again = a_line(session, "cuota", amount="491.00", iban=PAYER)
    assert proposed(session, again) == [(number, 45, ("iban_seen", "amount_open"))]
    longer = a_line(session, f"{number}9", amount="1.00")
    assert proposed(session, longer) == []


def test_who_pays_an_instalment_under_its_name_as_banks_write_it_is_proposed(session: Session) -> None:
    first, _ = indebted(session, "Uno", "Dos")
    invoice = invoiced(session, date(2026, 6, 1), date(2026, 9, 1))[first.id]
    found = [(invoice.reference, 35, ("name", "amount_instalment"))]
    assert proposed(session, a_line(session, "cuota", amount="250.00", payer="FED. UNO")) == found
    paying = a_line(session, f"{invoice.reference}", amount="100.00")
    operations.confirm_match(session, paying, member_id=first.id, invoice_ids=[invoice.id], **BY)
    assert proposed(session, a_line(session, "la segunda", amount="250.00", payer="Federación Uno")) == found
    number = (invoice.reference, 75, ("invoice_number", "amount_instalment"))
    assert proposed(session, a_line(session, invoice.reference, amount="150.00"))[0] == number


def test_what_is_rejected_is_not_proposed_again_and_stays_in_the_list(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session)[member.id]
    line = a_line(session, invoice.reference)
    operations.reject_match(session, line, invoice_id=invoice.id, reason="a course", **BY)
    assert (proposed(session, line), line.state) == ([], "open")
    operations.ignore_line(session, line, reason="a course", **BY)
    with pytest.raises(LineSettled):
        operations.confirm_match(session, line, member_id=member.id, **BY)
    assert session.scalars(operations.bank_lines(state="open")).all() == []
    assert a_line(session, "fee", amount="-3.00").state == "outgoing"


def test_a_refusal_points_at_no_field_that_only_the_bank_filled(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session)[member.id]
    tomorrow = a_line(session, booked_on=NOW.date() + timedelta(days=1))
    large = a_line(session, amount="10000000000000.01")
    for line, kind in ((tomorrow, ReceivedInFuture), (large, TooMuch)):
        with pytest.raises(kind) as refusal:
            operations.confirm_match(session, line, member_id=member.id, **BY)
        assert refusal.value.pointer is None
    euros = a_line(session, currency="EUR")
    with pytest.raises(OtherCurrency) as refusal:
        operations.confirm_match(session, euros, member_id=member.id, invoice_ids=[invoice.id], **BY)
    assert refusal.value.pointer == "/invoice_ids/0"


def test_a_profile_names_what_is_needed_and_stands_once(session: Session) -> None:
    facts = {"account": IBAN, "currency": "USD", "name": "Banco"}
    with pytest.raises(ColumnsMissing):
        operations.add_bank_profile(session, columns={"date": "a", "remittance": "b", "credit": "c"}, **facts, **BY)
    operations.add_bank_profile(session, columns=COLUMNS, **facts, **BY)
    with pytest.raises(ProfileExists):
        operations.add_bank_profile(session, columns=COLUMNS, **facts, **BY)


def test_of_many_who_confirm_an_entry_at_once_one_wins(engine: Engine) -> None:
    with transaction(engine) as session:
        [member] = indebted(session, "Uno")
        invoice = invoiced(session)[member.id]
        line = a_line(session, invoice.reference)

    def confirm(_: int) -> None:
        with transaction(engine) as own:
            locked = operations.bank_line_to_change(own, entry_id=line.id)
            operations.confirm_match(own, locked, member_id=member.id, invoice_ids=[invoice.id], **BY)

    with ThreadPoolExecutor(16) as crowd:
        attempts = [crowd.submit(confirm, number) for number in range(16)]
        refused = [type(one.exception()) for one in attempts if one.exception()]
    assert refused == [LineSettled] * 15
    with transaction(engine) as session:
        assert len(session.scalars(select(Payment)).all()) == 1
