#!/bin/sh
# Runs once, on an empty data folder: four databases, each owned by a role that can reach no other.
set -eu
for service in membership funding events comms; do
    variable="$(echo "$service" | tr '[:lower:]' '[:upper:]')_DB_PASSWORD"
    eval "password=\${$variable:?}"
    psql -v ON_ERROR_STOP=1 -v service="$service" -v password="$password" \
        -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
SQL
done
