"""Membership: every cooperative known, the ones being won, and the ones that are members.

Owns: organizations, identifiers, contacts, affiliations, merges, prospects, campaigns, leads, growth targets, members
    with the facts of their standing, its policy, electoral rolls, imports of registers, reviews, statistic rounds and
    declarations, dues formulas, discounts, assessments and simulations, consents to the public directory
Publishes: ProspectOpened, ProspectAdvanced, ProspectLost, MemberAdmitted, MemberUpdated, MemberStandingChanged,
    ContactChanged, RegistryImported, OrganizationMerged, OrganizationUnmerged, StatisticRequested, StatisticDeclared,
    DuesAssessed, MemberConsentChanged
Listens to: LeadCaptured (events)
"""
