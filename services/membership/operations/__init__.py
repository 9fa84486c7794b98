"""Everything that can be done to the membership. Callers own the transaction."""

from services.membership.operations.affiliations import (
    add_affiliation,
    affiliation_to_change,
    affiliations,
    change_affiliation,
    remove_affiliation,
)
from services.membership.operations.asking import (
    ask_members,
    make_link,
    question_statistic,
    revoke_link,
    statistic_by_link,
)
from services.membership.operations.contacts import add_contact, change_contact, contact_to_change, remove_contact
from services.membership.operations.discounts import (
    discount_to_change,
    discounts,
    grant_discount,
    withdraw_discount,
)
from services.membership.operations.dues import (
    assessment,
    assessments,
    quote_dues,
    record_dues,
)
from services.membership.operations.facts import decide, facts, record_dues_due, record_dues_settled, void_fact
from services.membership.operations.finding import organization, organization_to_change
from services.membership.operations.formulas import (
    approve_formula,
    change_formula,
    discard_formula,
    draft_formula,
    formula,
    formula_of_year,
    formula_to_change,
    formulas,
    retire_formula,
)
from services.membership.operations.history import changes
from services.membership.operations.members import admit_prospect, change_standing, member, member_to_change, members
from services.membership.operations.merges import merge_of, merge_organizations, merge_preview, merge_to_change, merges
from services.membership.operations.organizations import add_organization, organizations, update_organization
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
from services.membership.operations.rounds import (
    change_round,
    open_round,
    round_overview,
    round_to_change,
    statistic_round,
    statistic_rounds,
)
from services.membership.operations.runs import findings, import_run, import_runs
from services.membership.operations.simulating import (
    simulate,
    simulated_dues,
    simulation,
    simulation_totals,
    simulations,
)
from services.membership.operations.standing import announce_next_due, ensure_known, position
from services.membership.operations.statistics import (
    accept_statistic,
    check_statistic,
    declare_statistic,
    statistic,
    statistic_to_change,
    statistics,
    year_before,
)
from services.membership.operations.successions import succeed
from services.membership.operations.unmerges import undo_merge
from services.membership.operations.voters import count_voters, voters

__all__ = [
    "accept_statistic",
    "add_affiliation",
    "add_contact",
    "add_organization",
    "add_policy",
    "admit_prospect",
    "affiliation_to_change",
    "affiliations",
    "announce_next_due",
    "approve_formula",
    "ask_members",
    "assessment",
    "assessments",
    "change_affiliation",
    "change_contact",
    "change_formula",
    "change_round",
    "change_standing",
    "changes",
    "check_statistic",
    "contact_to_change",
    "count_voters",
    "decide",
    "declare_statistic",
    "discard_formula",
    "discount_to_change",
    "discounts",
    "draft_formula",
    "draw_roll",
    "ensure_known",
    "facts",
    "findings",
    "formula",
    "formula_of_year",
    "formula_to_change",
    "formulas",
    "grant_discount",
    "import_run",
    "import_runs",
    "lose_prospect",
    "make_link",
    "member",
    "member_to_change",
    "members",
    "merge_of",
    "merge_organizations",
    "merge_preview",
    "merge_to_change",
    "merges",
    "open_prospect",
    "open_round",
    "organization",
    "organization_to_change",
    "organizations",
    "policy_versions",
    "position",
    "prospect",
    "prospect_to_change",
    "prospects",
    "question_statistic",
    "quote_dues",
    "record_dues",
    "record_dues_due",
    "record_dues_settled",
    "remove_affiliation",
    "remove_contact",
    "retire_formula",
    "review_item",
    "review_item_to_change",
    "review_items",
    "revoke_link",
    "roll",
    "roll_entries",
    "rolls",
    "round_overview",
    "round_to_change",
    "simulate",
    "simulated_dues",
    "simulation",
    "simulation_totals",
    "simulations",
    "statistic",
    "statistic_by_link",
    "statistic_round",
    "statistic_rounds",
    "statistic_to_change",
    "statistics",
    "succeed",
    "undo_merge",
    "update_organization",
    "void_fact",
    "voters",
    "withdraw_discount",
    "year_before",
]
