"""The year 2025, day by day, and what was asked on the way."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tests.journeys.year import billing, leaving, winning
from tests.journeys.year.asked import Answer
from tests.journeys.year.desk import Desk
from tests.journeys.year.neighbours import neighbours
from tests.outboxes import scalar
from tests.system import System
from tests.waiting import eventually

CAMPAIGN, APPLICANTS = 25, 18
PERIODS = (
    (date(2025, 1, 1), date(2025, 12, 31)),
    (date(2025, 3, 1), date(2025, 6, 30)),
    (date(2022, 4, 1), date(2025, 8, 31)),
    (date(2024, 1, 1), date(2024, 12, 31)),
)
_DUE = """
    SELECT (SELECT count(*) FROM members WHERE next_change_on <= '{today}')
        + (SELECT count(*) FROM dues_invoices WHERE falls_due_on < '{today}')
        + (SELECT count(*) FROM dues_runs WHERE state = 'issuing')
        + (SELECT count(*) FROM prospects WHERE stage = 'dormant' AND dormant_until <= '{today}')
        + (SELECT count(*) FROM consultations WHERE closed_at IS NULL AND closes_on < '{today}')
"""


@dataclass(kw_only=True)
class Year:
    """Lives it through; `organizations` are those of the register, of which `old` are members of old."""

    running: System
    desk: Desk
    organizations: list[dict[str, Any]]
    old: int
    answers: list[Answer] = field(default_factory=list)

    @property
    def untouched(self) -> list[dict[str, Any]]:
        """Organizations no campaign looks at, and that were no members of old."""
        return [one for one in self.organizations[self.old :] if one["country"] in {"PY", "HT"}]

    def first(self, percent: int) -> int:
        """How many of the members of old, and of their invoices, are the first so many percent."""
        return self.old * percent // 100

    def come_to(self, day: date, hour: int = 9) -> None:
        """The day comes, and the schedules have done what it brings."""
        self.desk.clock.set(day, hour)
        waiting = _DUE.format(today=day)
        eventually(lambda: not scalar(self.running.database_url("membership"), waiting), every=0.2)

    def ask_everything(self) -> None:
        """At the end of a day, of that day and of days before."""
        today = self.desk.today
        self.come_to(today, 23)
        at = self.desk.clock.now()
        for since, until in PERIODS:
            if since <= today:
                self._ask("/v1/reports/growth", at, since=since, until=min(until, today))
                self._ask("/v1/pipeline/funnel", at, since=since, until=min(until, today), by="country")
        for on in (date(2025, 3, 31), date(2025, 5, 20), date(2025, 7, 1), today):
            if on <= today:
                self._ask("/v1/dues-ageing", at, on=on)
                self._ask("/v1/voters/counts", at, on=on)
        self._ask("/v1/coverage", at)
        self._ask("/v1/dues-reconciliation", at)

    def _ask(self, path: str, at: datetime, **query: Any) -> None:
        written = {name: str(value) for name, value in query.items()}
        self.answers.append(Answer(path=path, query=query, at=at, said=self.desk.get(path, **written)))

    def live(self) -> None:
        self.winter()
        for step in (self.spring, self.summer, self.autumn, self.new_year):
            step()
            self.ask_everything()

    def winter(self) -> None:
        """Who is a member, whom they represent, and what they owe for this year and the last."""
        desk = self.desk
        self.come_to(date(2025, 1, 8))
        winning.enter_the_members_of_old(desk, self.organizations[: self.old])
        last_year = billing.decide_on_a_formula(desk, 2024, **billing.OF_ASSOCIATES_ALONE)
        billing.retire_a_formula(desk, last_year, 2025)
        billing.decide_on_a_formula(desk, 2025, statistics_lag=1)
        self.come_to(date(2025, 1, 15))
        self.round = billing.ask_for_statistics(desk, 2024)
        billing.take_declarations(desk, self.round, silent=4)
        self.come_to(date(2025, 2, 3))
        billing.remind_only_once(desk, days_late=45)
        billing.send_the_invoices(desk, 2024, date(2025, 3, 15))
        billing.send_the_invoices(desk, 2025, date(2025, 4, 30), date(2025, 8, 31))
        self.come_to(date(2025, 2, 4))
        for year in (2024, 2025):
            billing.note_the_invoices(desk, year)
        self.prospects = winning.run_a_campaign(desk, most=CAMPAIGN)

    def spring(self) -> None:
        """Prospects are worked on, organizations apply, and members pay: in five currencies, in part, too much."""
        desk = self.desk
        self.come_to(date(2025, 3, 3))
        winning.work_the_pipeline(desk, self.prospects)
        old, new = (list(desk.invoices[year].values()) for year in (2024, 2025))
        for number, invoice in enumerate(old):
            if number % 5:
                amount = "100.00" if number % 5 == 1 else invoice["amount"]["amount"]
                billing.book_payment(desk, invoice, amount)
        self.come_to(date(2025, 3, 20))
        applicants = [one["organization"] for one in self.prospects][2::5]
        applicants += self.untouched[5:][: APPLICANTS - len(applicants)]
        self.applications = winning.take_applications(desk, applicants)
        winning.consult_the_members(desk, self.applications)
        winning.note_an_opinion(desk, self.applications[0], "support")
        self.come_to(date(2025, 4, 16))
        winning.let_the_board_decide(desk, self.applications)
        abroad = ("ARS", "BRL", "CRC", "EUR")
        few, many, most = self.first(30), self.first(68), self.first(75)
        for number, invoice in enumerate(new[:few]):
            billing.book_payment_abroad(desk, invoice, f"{200 + number * 7}", abroad[number % 4])
        for number, invoice in enumerate(new[few:many]):
            amounts = billing.half_of(invoice), invoice["amount"]["amount"], "9999.00"
            billing.book_payment(desk, invoice, amounts[number % 3], received_on="2025-04-10")
        self.come_to(date(2025, 4, 28))
        billing.take_in_a_bank_statement(desk, [(one, billing.half_of(one)) for one in new[many:most]])

    def summer(self) -> None:
        """Who did not pay falls into grace and is suspended; who pays, or is forgiven, is back."""
        desk, invoices = self.desk, self.desk.invoices[2025]
        self.come_to(date(2025, 4, 29))
        silent = [one for one in desk.members if one["id"] in list(invoices)[self.first(75) :]]
        late = [one for one in silent if leaving.standing_of(desk, one) == "current"][:6]
        self.come_to(date(2025, 5, 2))
        assert {leaving.standing_of(desk, one) for one in late} == {"grace"}
        self.come_to(date(2025, 6, 2))
        assert {leaving.standing_of(desk, one) for one in late} == {"suspended"}
        with neighbours(self.running) as others:
            others.see("suspended", late[0])
            leaving.record(desk, late[0], "reinstatements")
            others.see("current", late[0])
        for member in late[1:3]:
            invoice = invoices[member["id"]]
            billing.book_payment(desk, invoice, invoice["amount"]["amount"], received_on="2025-05-20")
        billing.give_up_a_debt(desk, invoices[late[3]["id"]], "100.00")
        self.come_to(date(2025, 7, 7))
        billing.doubt_what_was_accepted(desk, self.round)
        self.leave_and_merge()
        paid = next(one for one in desk.every("/v1/dues-payments", state="received") if not one["rate"])
        desk.post(f"/v1/dues-payments/{paid['id']}/reverse", {"reason": "bounced"})
        first, second = (invoices[one["id"]] for one in desk.members[:2])
        billing.credit_a_part(desk, first, "50.00")
        billing.credit_a_part(desk, second, second["amount"]["amount"])

    def leave_and_merge(self) -> None:
        """One after the other, some as of a day before."""
        desk, members = self.desk, self.desk.members
        leaving.record(desk, members[10], "resignations", until="2025-10-01")
        leaving.record(desk, members[11], "terminations", effective_on="2025-06-15")
        leaving.record(desk, members[12], "terminations", expelled=True)
        leaving.record(desk, members[13], "suspensions", effective_on="2025-07-01")
        leaving.record(desk, members[14], "resignations", effective_on="2024-11-01", until="2024-12-31")
        unjust = leaving.record(desk, members[15], "terminations", effective_on="2025-05-30")
        desk.post(f"/v1/members/{members[15]['id']}/facts/{unjust['fact']['id']}/void", {"reason": "another member"})
        leaving.merge_two_members(desk, members[16], leaving.organization_of(members[17]))
        heir, twin, other, *_ = self.untouched
        winning.open_prospect(desk, heir)
        leaving.merge_two_members(desk, self._current(), heir["id"], admit=True)
        leaving.move_house(desk, members[20], country="PY", sectors=["health", "housing"])
        leaving.join_two_records(desk, twin["id"], leaving.organization_of(members[21]))
        mistaken = leaving.join_two_records(desk, other["id"], leaving.organization_of(members[22]))
        leaving.part_two_records(desk, mistaken)

    def _current(self) -> dict[str, Any]:
        """A member that may pass its membership on."""
        return next(one for one in self.desk.members[24:] if leaving.standing_of(self.desk, one) == "current")

    def autumn(self) -> None:
        """Late payments, and a second instalment."""
        desk = self.desk
        self.come_to(date(2025, 9, 15))
        for invoice in list(desk.invoices[2025].values())[self.first(34) : self.first(45)]:
            now = desk.get(f"/v1/dues-invoices/{invoice['id']}")
            if now["open"]["amount"] != "0.00" and now["state"] != "cancelled":
                billing.book_payment(desk, now, now["open"]["amount"], received_on="2025-08-29")
        self.come_to(date(2025, 10, 2))
        self.come_to(date(2025, 12, 31))

    def new_year(self) -> None:
        """What came to light, and next year's formula."""
        desk = self.desk
        self.come_to(date(2026, 1, 12))
        leaving.record(desk, desk.members[30], "terminations", effective_on="2025-12-15")
        draft = billing.draft_a_formula(desk, 2026, statistics_lag=1, base="300.00")
        asked = {"formula_id": draft["id"], "year": 2026, "statistics_year": 2024}
        simulation = desk.post("/v1/dues-simulations", asked)
        at = desk.clock.now() + timedelta(milliseconds=1)
        said = simulation | {"members": list(desk.every(f"/v1/dues-simulations/{simulation['id']}/members"))}
        self.answers.append(Answer(path="/v1/dues-simulations", query={"terms": draft["terms"]}, at=at, said=said))
