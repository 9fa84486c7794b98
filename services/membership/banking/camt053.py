"""ISO 20022 camt.053, versions 02 to 08 and later: the elements used here have kept their names, the namespace not."""

from collections.abc import Iterator
from datetime import date
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from services.membership.banking.statement import (
    BankEntry,
    BankStatement,
    NoCamt053,
    NoXml,
    StatementWrong,
    XmlRefused,
    account_at,
    date_at,
    distinct,
    key_of,
    money_at,
    name_at,
)
from shared.money import Money

_BOOKED = {"BOOK", ""}
"""Entries that are pending or for information move no money yet."""


def read_camt053(content: bytes) -> list[BankStatement]:
    """Every statement of the file.

    Raises:
        StatementUnreadable: no XML, XML with entities or a document type, or another message.
        StatementWrong: an element that is missing or says nothing sensible, with its path.
    """
    try:
        root = fromstring(content, forbid_dtd=True)
    except ParseError as error:
        line, column = error.position
        raise NoXml(line=line, column=column + 1) from error
    except (DefusedXmlException, ValueError, LookupError) as error:
        raise XmlRefused from error
    message = _child(root, "BkToCstmrStmt")
    if message is None:
        raise NoCamt053(root=_name(root)[:40])
    return [_statement(one, f"Stmt[{number}]") for number, one in enumerate(_children(message, "Stmt"), 1)]


def _statement(stmt: Element, place: str) -> BankStatement:
    account = _text(stmt, "Acct/Id/IBAN") or _text(stmt, "Acct/Id/Othr/Id")
    entries = [
        entry
        for number, ntry in enumerate(_children(stmt, "Ntry"), 1)
        for entry in _entries(ntry, f"{place}/Ntry[{number}]")
    ]
    reference = name_at(f"{place}/Id", _text(stmt, "Id"))
    return BankStatement(
        account=account_at(f"{place}/Acct/Id", account), reference=reference, entries=distinct(entries)
    )


def _entries(ntry: Element, place: str) -> Iterator[BankEntry]:
    """One for each transaction of a batch where those the bank gives make up the entry, else one for the whole."""
    if (_text(ntry, "Sts/Cd") or _text(ntry, "Sts")) not in _BOOKED:
        return
    whole = _amount(ntry, _sign(ntry, place), place)
    details = [one for group in _children(ntry, "NtryDtls") for one in _children(group, "TxDtls")]
    parts = list(_parts(ntry, details, place)) if len(details) > 1 else []
    if parts and all(one and one.currency == whole.currency for one in parts) and _sum(parts) == whole.minor:
        for one, part in zip(details, parts, strict=True):
            assert part
            yield _entry(ntry, one, part, place)
    else:
        yield _entry(ntry, details[0] if len(details) == 1 else ntry, whole, place)


def _parts(ntry: Element, details: list[Element], place: str) -> Iterator[Money | None]:
    """What each transaction moved, by its own direction where it has one; None where the bank gives no amount."""
    for number, one in enumerate(details, 1):
        where = f"{place}/NtryDtls/TxDtls[{number}]"
        sign = _sign(one, where) if _text(one, "CdtDbtInd") else _sign(ntry, place)
        named = one if _find(one, "Amt") is not None else _find(one, "AmtDtls/TxAmt")
        yield None if named is None else _amount(named, sign, where)


def _sum(parts: list[Money | None]) -> int:
    return sum(one.minor for one in parts if one)


def _amount(of: Element, sign: int, place: str) -> Money:
    amt = _find(of, "Amt")
    if amt is None:
        raise StatementWrong(place=f"{place}/Amt", what="-")
    money = money_at(f"{place}/Amt", (amt.text or "").strip(), amt.get("Ccy", ""))
    return Money(sign * money.minor, money.currency)


def _entry(ntry: Element, about: Element, amount: Money, place: str) -> BankEntry:
    booked = _text(ntry, "BookgDt/Dt") or _text(ntry, "BookgDt/DtTm")[:10] or _text(ntry, "ValDt/Dt")
    booked_on = date_at(f"{place}/BookgDt", booked, date.fromisoformat)
    remittance = " ".join(filter(None, (one.text for one in _all(about, "RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref"))))
    side = "Dbtr" if amount.minor > 0 else "Cdtr"
    payer = _text(about, f"RltdPties/{side}/Nm") or _text(about, f"RltdPties/{side}/Pty/Nm")
    path = f"RltdPties/{side}Acct/Id/IBAN"
    iban = _text(about, path)
    references = [_text(about, f"Refs/{name}") for name in ("AcctSvcrRef", "TxId", "EndToEndId", "InstrId")]
    own = _text(ntry, "AcctSvcrRef") or _text(ntry, "NtryRef")
    return BankEntry(
        key=key_of(own, *references, booked_on.isoformat(), str(amount.minor), remittance, payer, iban),
        booked_on=booked_on,
        amount=amount,
        remittance=" ".join((remittance or _text(ntry, "AddtlNtryInf")).split()),
        payer=payer,
        iban=account_at(f"{place}/{path}", iban) if iban else "",
    )


def _sign(of: Element, place: str) -> int:
    """The direction is the booking's own, also where RvslInd says that the original went the other way."""
    said = _text(of, "CdtDbtInd")
    if said not in {"CRDT", "DBIT"}:
        raise StatementWrong(place=f"{place}/CdtDbtInd", what=said[:40] or "-")
    return 1 if said == "CRDT" else -1


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _children(element: Element, name: str) -> list[Element]:
    return [one for one in element if _name(one) == name]


def _child(element: Element, name: str) -> Element | None:
    return next(iter(_children(element, name)), None)


def _find(element: Element, path: str) -> Element | None:
    return next(_all(element, path), None)


def _all(element: Element, *paths: str) -> Iterator[Element]:
    for path in paths:
        found = [element]
        for name in path.split("/"):
            found = [child for one in found for child in _children(one, name)]
        yield from found


def _text(element: Element, path: str) -> str:
    found = _find(element, path)
    return "" if found is None or found.text is None else found.text.strip()
