"""Comms: what the federation writes to its members, in their language, by mail and in their inbox.

Owns: messages and their timelines, welcomes, requests for statistics; its replicas of members, contacts and merges
Publishes: MessageDelivered, MessageRead, ContactUnreachable, ContactCleared
Listens to: MemberAdmitted, MemberUpdated, MemberStandingChanged, ContactChanged, StatisticRequested,
    OrganizationMerged, OrganizationUnmerged (membership)
"""
