"""Everything that can be done to the membership. Callers own the transaction."""

from services.membership.operations.contacts import add_contact, change_contact, contact_to_change, remove_contact
from services.membership.operations.facts import decide, facts, record_dues_due, record_dues_settled, void_fact
from services.membership.operations.members import (
    admit_prospect,
    change_standing,
    member,
    member_to_change,
    members,
)
from services.membership.operations.organizations import (
    add_organization,
    organization,
    organization_to_change,
    organizations,
    update_organization,
)
from services.membership.operations.policies import add_policy, policy_versions
from services.membership.operations.prospects import (
    lose_prospect,
    open_prospect,
    prospect,
    prospect_to_change,
    prospects,
)
from services.membership.operations.review import review_item, review_item_to_change, review_items
from services.membership.operations.rolls import draw_roll, roll, roll_entries, rolls
from services.membership.operations.runs import findings, import_run, import_runs
from services.membership.operations.standing import announce_next_due, ensure_known, position
from services.membership.operations.successions import succeed
from services.membership.operations.voters import count_voters, voters

__all__ = [
    "add_contact",
    "add_organization",
    "add_policy",
    "admit_prospect",
    "announce_next_due",
    "change_contact",
    "change_standing",
    "contact_to_change",
    "count_voters",
    "decide",
    "draw_roll",
    "ensure_known",
    "facts",
    "findings",
    "import_run",
    "import_runs",
    "lose_prospect",
    "member",
    "member_to_change",
    "members",
    "open_prospect",
    "organization",
    "organization_to_change",
    "organizations",
    "policy_versions",
    "position",
    "prospect",
    "prospect_to_change",
    "prospects",
    "record_dues_due",
    "record_dues_settled",
    "remove_contact",
    "review_item",
    "review_item_to_change",
    "review_items",
    "roll",
    "roll_entries",
    "rolls",
    "succeed",
    "update_organization",
    "void_fact",
    "voters",
]
