"""What the peers' handlers do to the database: remember the event, then keep the member, once."""

from sqlalchemy import text

REMEMBER = text("INSERT INTO handled (event_id) VALUES (:id) ON CONFLICT DO NOTHING RETURNING event_id")
KEEP = text("""
    INSERT INTO members (member_id, name, country, standing) VALUES (:member_id, :name, :country, :standing)
    ON CONFLICT (member_id) DO UPDATE SET name = excluded.name, country = excluded.country,
        standing = excluded.standing, changes = members.changes + 1
""")
