# A private PostgreSQL for a test run: its own folder, a unix socket only, nothing of the system's.
# pg_start exports PG_ROOT (the runner's server is shared by all tests); pg_stop removes it.
# shellcheck shell=bash

pg_bin() {
    local found
    found=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    [ -x "$found/initdb" ] || found=$(dirname "$(command -v initdb)")
    printf '%s' "$found"
}

# The programs themselves: wrappers in front of psql or python3 cost tests more than their work.
PATH=$(pg_bin):/usr/bin:/bin:$PATH

# PostgreSQL refuses to run as root.
pg_as() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && setpriv --reuid postgres --regid postgres --init-groups -- "$@")
    else
        "$@"
    fi
}

# pg_init ROOT [CONFIGURATION LINE...]: a server's files in a folder that is its own.
pg_init() {
    local root=$1
    shift
    pg_as "$(pg_bin)/initdb" -D "$root/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
        --no-sync >/dev/null &&
        printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$root'" \
            "max_connections = 200" "log_checkpoints = off" "log_line_prefix = '%m [%p] %d '" "$@" |
        pg_as tee -a "$root/data/postgresql.conf" >/dev/null
}

# pg_run ROOT PG_CTL WORD...
pg_run() {
    local root=$1
    shift
    pg_as "$(pg_bin)/pg_ctl" -D "$root/data" -l "$root/log" "$@"
}

pg_start() {
    PG_ROOT=$(mktemp -d "${TMPDIR:-/tmp}/postroom-pg.XXXXXX")
    export PG_ROOT
    [ "$(id -u)" != 0 ] || chown postgres "$PG_ROOT"
    chmod 755 "$PG_ROOT"
    if ! {
        pg_init "$PG_ROOT" "fsync = off" "full_page_writes = off" &&
            pg_run "$PG_ROOT" -w -t 60 start >/dev/null
    }; then
        cat "$PG_ROOT/log" >&2 2>/dev/null
        echo "the private PostgreSQL does not start" >&2
        return 1
    fi
}

pg_stop() {
    [ -n "${PG_ROOT-}" ] || return 0
    pg_run "$PG_ROOT" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$PG_ROOT" "$(dirname "$PG_ROOT")/.lock-$(basename "$PG_ROOT")"
    unset PG_ROOT
}

pg_url() { # DATABASE
    printf 'postgresql:///%s?host=%s&user=postgres' "$1" "$PG_ROOT"
}

pg_admin() { # SQL, on the server itself
    psql -XqAt -v ON_ERROR_STOP=1 "$(pg_url postgres)" -c "$1"
}

# empty_db: a new database without anything. Sets DATABASE_URL.
empty_db() {
    local name="t$$_$RANDOM"
    pg_admin "CREATE DATABASE $name"
    databases+=("$name")
    DATABASE_URL=$(pg_url "$name")
    export DATABASE_URL
}

# migrated_db: a new database with postroom's tables, copied from a template made once per run. One
# test at a time: a template that somebody copies cannot be copied by another.
migrated_db() {
    local name="t$$_$RANDOM" lock
    exec {lock}>>"$(dirname "$PG_ROOT")/.lock-$(basename "$PG_ROOT")"
    flock "$lock"
    if [ -z "$(pg_admin "SELECT 1 FROM pg_database WHERE datname = 'postroom_template'")" ]; then
        pg_admin "CREATE DATABASE postroom_template_making"
        DATABASE_URL=$(pg_url postroom_template_making) "$POSTROOM" migrate >template.log 2>&1 ||
            fail "postroom migrate failed on an empty database"
        pg_admin "ALTER DATABASE postroom_template_making RENAME TO postroom_template"
    fi
    pg_admin "CREATE DATABASE $name TEMPLATE postroom_template"
    exec {lock}>&-
    databases+=("$name")
    DATABASE_URL=$(pg_url "$name")
    export DATABASE_URL
}

drop_databases() {
    local name
    for name in "${databases[@]}"; do
        pg_admin "DROP DATABASE IF EXISTS $name WITH (FORCE)" >/dev/null 2>&1 || true
    done
}
databases=()

# sql SQL: runs it on the test's database and prints the rows, columns separated by |.
sql() {
    psql -XqAt -v ON_ERROR_STOP=1 "$DATABASE_URL" -c "$1"
}

# sql_is WHAT EXPECTED SQL: fails the test unless the answer is as expected.
sql_is() {
    is "$1" "$2" "$(sql "$3")"
}

# count STATUS [CONDITION]: rows of email_messages.
count() {
    sql "SELECT count(*) FROM email_messages WHERE status = '$1' ${2:+AND ($2)}"
}

# wait_sql WHAT TIMEOUT EXPECTED SQL: until the answer is as expected.
wait_sql() {
    local what=$1 timeout=$2 expected=$3 query=$4
    sql_answers() { [ "$(sql "$query")" = "$expected" ]; }
    if ! wait_quietly "$timeout" sql_answers; then
        late "waited ${timeout}s: $what: expected '$expected', it is '$(sql "$query")'"
    fi
}
