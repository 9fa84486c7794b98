"""Membership: every cooperative known, the ones being won, and the ones that are members.

Owns: organizations, identifiers, contacts, prospects, campaigns, leads, growth targets, members and their standing,
    imports of registers, reviews
Publishes: ProspectOpened, ProspectAdvanced, ProspectLost, MemberAdmitted, MemberUpdated, MemberStandingChanged,
    ContactChanged, RegistryImported
Listens to: LeadCaptured (events)
"""
