"""Funding: who may receive funds of the federation, and why not.

Owns: its replica of members
Publishes: nothing yet
Listens to: MemberAdmitted, MemberUpdated, MemberStandingChanged (membership)
"""
