"""Membership: every cooperative known, the ones being won, and the ones that are members.

Owns: organizations, identifiers, contacts, affiliations, merges, prospects, campaigns, leads, growth targets,
    applications with their papers, links, consultations and decisions, members with the facts of their standing, its
    policy, electoral rolls, imports of registers, reviews, statistic rounds, declarations and their files, dues
    formulas, discounts, assessments and simulations, dues runs, invoices, payments, credit notes, write-offs, the
    ledger of all of them, sendings of invoices, reminders, bank statements, consents to the public directory, signals
    of engagement, requests for support, what was done to keep members
Publishes: ProspectOpened, ProspectAdvanced, ProspectLost, MemberAdmitted, MemberUpdated, MemberStandingChanged,
    ContactChanged, RegistryImported, OrganizationMerged, OrganizationUnmerged, StatisticRequested, StatisticDeclared,
    StatisticDecided, DuesAssessed, ApplicationSubmitted, ApplicationDecided, DuesInvoiced, DuesPaid, DuesCredited,
    DuesOverdue, DuesReminded, MemberConsentChanged, EngagementChanged, RetentionActionTaken, OpinionRequested,
    ApplicantNotified, InvoiceSent
Listens to: LeadCaptured, RegistrationConfirmed (events); MessageDelivered, MessageRead, ContactUnreachable,
    ContactCleared (comms); AwardAccepted (funding)
"""
