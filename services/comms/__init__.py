"""Comms: what the federation writes to its members, in their language, by mail and in their inbox.

Owns: messages and their timelines, welcomes, letters; its replicas of members, contacts, merges and settled invoices
Publishes: MessageDelivered, MessageRead, ContactUnreachable, ContactCleared
Listens to: MemberAdmitted, MemberUpdated, MemberStandingChanged, ContactChanged, StatisticRequested,
    DuesReminded, InvoiceSent, DuesPaid, DuesCredited, OpinionRequested, ApplicantNotified, OrganizationMerged,
    OrganizationUnmerged (membership)
"""
