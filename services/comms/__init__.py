"""Comms: what the federation writes to its members, in their language, by mail and in their inbox.

Owns: messages and their timelines, welcomes, letters; its replicas of members, contacts and merges
Publishes: MessageDelivered, MessageRead, ContactUnreachable, ContactCleared
Listens to: MemberAdmitted, MemberUpdated, MemberStandingChanged, ContactChanged, StatisticRequested,
    DuesReminded, OpinionRequested, ApplicantNotified, OrganizationMerged, OrganizationUnmerged (membership)
"""
