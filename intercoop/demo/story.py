"""How a member is won: each step through the services' own APIs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from intercoop.client import Event, Feed
from intercoop.demo.api import Api, Refused
from intercoop.demo.log import Log, wait_for
from intercoop.instance import SERVICES, Instance
from services.membership.registers.profile import load_profile
from shared.clock import utc_now
from shared.contracts.membership import RegistryImported
from shared.ids import uuid7

FOLDER = Path(__file__).parent
SAMPLE, SAMPLE_PROFILE = FOLDER / "registry.csv", FOLDER / "registry.toml"

CANDIDATES = 100
"""How many organizations are looked at for one to win."""

NOBODYS = ".invalid"
"""No mail can reach an address that ends so (RFC 2606); a demonstration writes to no other."""

PRICES = {
    "member": {"amount": "120.00", "currency": "USD"},
    "standard": {"amount": "180.00", "currency": "USD"},
}


IMPORTED = RegistryImported.type_name()
EVENTS = {"membership": 5, "funding": 0, "events": 2, "comms": 4}
"""How many public events each service has to publish about it."""


class ImportFailed(Exception):  # noqa: N818 -- what is the matter
    """The register's file was not taken in; what is to be said was said."""


class NobodyToWin(Exception):  # noqa: N818 -- the state it reports
    """No organization of the register is left for a demonstration."""


class Story:
    """One run of the demonstration on a running instance."""

    def __init__(self, instance: Instance, *, token: str, log: Log) -> None:
        self.correlation_id = f"demo-{uuid7()}"
        self.facts: dict[str, Any] = {"correlation_id": self.correlation_id}
        self.log = log
        urls = {name: instance.services[name].url for name in SERVICES}
        self._apis = {
            name: Api(name, url, token=token, correlation_id=self.correlation_id) for name, url in urls.items()
        }
        self._feeds = {name: Feed(url, token=lambda: token) for name, url in urls.items()}

    def run(self, file: Path, profile: str) -> None:
        """From the register's file to the member's suspension.

        Raises:
            Refused, NotRunning, ImportFailed, NobodyToWin, NotSeen: with a text for the user.
        """
        for api in self._apis.values():
            api.wait_ready()
        starts = {name: feed.page({"after": "latest"}).position for name, feed in self._feeds.items()}
        self._import(file, profile)
        organization = self._open_prospect(load_profile(profile).registry)
        gathering = self._announce()
        member = self._admit(organization)
        self._see_replicas(member, gathering, organization)
        self._see_letter(organization, "welcome", after="the admission")
        registration = self._register(gathering, organization)
        self._suspend(member, gathering, organization)
        self._see_letter(organization, "standing_suspended", after="the suspension")
        self._see_promise(registration)
        self._see_events(starts)

    def _import(self, file: Path, profile: str) -> None:
        arguments = ("import", "registry", str(file), "--profile", profile, "--json")
        done = subprocess.run([sys.executable, "-m", "intercoop", *arguments], stdout=subprocess.PIPE, check=False)
        if done.returncode:
            raise ImportFailed(f"{file} was not taken in")
        counts = self.facts["import"] = json.loads(done.stdout)
        parts = ("created", "updated", "unchanged", "in_review", "rejected")
        told = ", ".join(f"{counts[name]:,} {name.replace('_', ' ')}" for name in parts)
        self.log.asked("membership", f"took in {counts['rows']:,} rows in {counts['seconds']} s: {told}")

    def _open_prospect(self, registry: str) -> dict[str, Any]:
        for organization in self._candidates(registry):
            body = {"organization_id": organization["id"], "source": "demo"}
            try:
                prospect = self._apis["membership"].post("/v1/prospects", body)
            except Refused as refusal:
                if refusal.kind in {"already-member", "already-prospect"}:
                    continue
                raise
            self.log.asked("membership", f"opened a prospect: {organization['name']} ({organization['country']})")
            self.facts["organization"] = {name: organization[name] for name in ("id", "name", "country", "language")}
            return organization | {"prospect_id": prospect["id"]}
        raise NobodyToWin(f"of {registry}, no organization is left that a demonstration may win")

    def _candidates(self, registry: str) -> Iterator[dict[str, Any]]:
        """Those with an address first, then those without; never one with an address that may be somebody's."""
        api, later = self._apis["membership"], []
        found = api.items("/v1/organizations", registry=registry, member="false", gone="false", limit=CANDIDATES)
        for listed in islice(found, CANDIDATES):
            organization = api.get(f"/v1/organizations/{listed['id']}")
            emails = [contact["email"] for contact in organization["contacts"] if contact["email"]]
            if not emails:
                later.append(organization)
            elif all(email.endswith(NOBODYS) for email in emails):
                yield organization
        for organization in later:
            contact = {"role": "presidency", "name": "Presidencia", "email": f"presidencia@demo{NOBODYS}"}
            api.post(f"/v1/organizations/{organization['id']}/contacts", contact)
            yield organization

    def _admit(self, organization: dict[str, Any]) -> str:
        body = {"category": "full", "reason": "demo"}
        member = self._apis["membership"].post(f"/v1/prospects/{organization['prospect_id']}/admit", body)
        self.log.asked("membership", f"admitted {organization['name']} as a full member", mark="the admission")
        self.facts["member_id"] = member["id"]
        return str(member["id"])

    def _see_replicas(self, member_id: str, gathering: str, organization: dict[str, Any]) -> None:
        wait_for(lambda: self._eligibility(member_id)["eligible"], "funding knows the new member")
        self.log.did("funding", "knows the member: eligible for funds", after="the admission")
        wait_for(lambda: self._quote(gathering, organization)["tier"] == "member", "events knows the new member")
        self.log.did("events", "knows the member: a place costs it the member price", after="the admission")

    def _see_letter(self, organization: dict[str, Any], purpose: str, *, after: str) -> None:
        messages = wait_for(lambda: self._delivered(organization["id"], purpose), f"comms has written of {after}")
        for message in messages:
            delivered = next(step for step in message["timeline"] if step["step"] == "delivered")
            where = {
                "inbox": "in the member's inbox",
                "email": "by mail, taken by the server at " + delivered["detail"],
            }
            text = f"{message['subject']!r}, in {message['language']}, {where[message['channel']]}"
            self.log.did("comms", text, at=datetime.fromisoformat(delivered["at"]), after=after)

    def _announce(self) -> str:
        first = utc_now().date() + timedelta(days=60)
        body = {
            "kind": "forum",
            "name": "Foro de demostración",
            "place": "Montevideo",
            "country": "UY",
            "starts_on": str(first),
            "ends_on": str(first + timedelta(days=1)),
            "prices": PRICES,
        }
        gathering = self._apis["events"].post("/v1/gatherings", body)["id"]
        self.log.asked("events", "announced 'Foro de demostración', 120.00 USD for members, else 180.00 USD")
        self.facts["gathering_id"] = gathering
        return str(gathering)

    def _register(self, gathering: str, organization: dict[str, Any]) -> str:
        body = {"person": "delegate-1", "organization_id": organization["id"]}
        registration = self._apis["events"].post(f"/v1/gatherings/{gathering}/registrations", body)
        self.log.asked("events", f"registered a delegate at {_written(registration['price'])}, the member price")
        self.facts["registration_id"] = registration["id"]
        return str(registration["id"])

    def _suspend(self, member_id: str, gathering: str, organization: dict[str, Any]) -> None:
        body = {"standing": "suspended", "reason": "demo"}
        self._apis["membership"].post(f"/v1/members/{member_id}/standing", body)
        self.log.asked("membership", f"suspended {organization['name']}", mark="the suspension")
        answer = wait_for(lambda: self._not_eligible(member_id), "funding knows of the suspension")
        reasons = " ".join(reason["text"] for reason in answer["reasons"])
        self.log.did("funding", f"not eligible any more: {reasons}", after="the suspension")
        quote = wait_for(lambda: self._dearer(gathering, organization), "events knows of the suspension")
        self.log.did("events", f"a new place would cost {_written(quote['price'])}", after="the suspension")

    def _see_promise(self, registration_id: str) -> None:
        price = self._apis["events"].get(f"/v1/registrations/{registration_id}")["price"]
        self.log.did("events", f"the delegate keeps the promised {_written(price)}", after="the suspension")

    def _see_events(self, starts: dict[str, str]) -> None:
        for service, start in starts.items():
            for event in wait_for(partial(self._all_joined, service, start), f"the events of {service}"):
                assert event.time
                topic = event.type.removeprefix("coop.intercoop.")
                self.log.published(service, f"{topic} about {event.subject}", event.time)

    def _all_joined(self, service: str, start: str) -> Iterator[Event] | None:
        found = self._joined(service, start)
        return iter(found) if len(found) >= EVENTS[service] else None

    def _joined(self, service: str, start: str) -> list[Event]:
        """What the service has published about it since the demonstration began."""
        found, feed = [], self._feeds[service]
        page = feed.page({"after": start})
        while page.events:
            found += [each for each in page.events if self._is_ours(each)]
            page = feed.page({"after": page.position})
        return found

    def _is_ours(self, event: Event) -> bool:
        """The import is a program of its own, with a trace of its own."""
        return event.attributes.get("correlationid") == self.correlation_id or event.type == IMPORTED

    def _eligibility(self, member_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._apis["funding"].get(f"/v1/members/{member_id}/eligibility")
        return answer

    def _not_eligible(self, member_id: str) -> dict[str, Any] | None:
        answer = self._eligibility(member_id)
        return None if answer["eligible"] else answer

    def _quote(self, gathering: str, organization: dict[str, Any]) -> dict[str, Any]:
        path = f"/v1/gatherings/{gathering}/price"
        answer: dict[str, Any] = self._apis["events"].get(path, organization_id=organization["id"])
        return answer

    def _dearer(self, gathering: str, organization: dict[str, Any]) -> dict[str, Any] | None:
        quote = self._quote(gathering, organization)
        return quote if quote["tier"] == "standard" else None

    def _delivered(self, organization_id: str, purpose: str) -> list[dict[str, Any]] | None:
        """Both messages of a letter, once both have arrived."""
        found: list[dict[str, Any]] = self._apis["comms"].get("/v1/messages", organization_id=organization_id)["items"]
        arrived = [one for one in found if (one["state"], one["purpose"]) == ("delivered", purpose)]
        return arrived if {message["channel"] for message in arrived} == {"inbox", "email"} else None


def _written(price: dict[str, str]) -> str:
    return f"{price['amount']} {price['currency']}"
