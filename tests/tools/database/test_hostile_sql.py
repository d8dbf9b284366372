"""No statement changes the database, makes a file, reads another one or runs for ever; each gets a clear error."""

from __future__ import annotations

from typing import Any

import pytest

from clawdbot.config import DatabaseConfig
from clawdbot.errors import ClawdbotError, RetryableToolError
from clawdbot.tools.database.engine import open_engine
from clawdbot.tools.database.reflection import reflect
from clawdbot.tools.database.rows import Limits

WRITES = [
    "INSERT INTO orders (id) VALUES (999)",
    "UPDATE orders SET freight = 0",
    "DELETE FROM orders",
    "DROP TABLE orders",
    "ALTER TABLE orders ADD COLUMN x TEXT",
    "CREATE TABLE x (a INTEGER)",
    "CREATE TEMP TABLE x AS SELECT * FROM orders",
    "CREATE INDEX i ON orders(id)",
    "CREATE TRIGGER t AFTER INSERT ON orders BEGIN SELECT 1; END",
    "CREATE VIEW v AS SELECT 1",
    "REPLACE INTO orders (id) VALUES (1)",
    "TRUNCATE TABLE orders",
    "MERGE INTO orders USING customers ON 1=1 WHEN MATCHED THEN DELETE",
    "VACUUM",
    "VACUUM INTO 'copy.sqlite'",
    "REINDEX",
    "ANALYZE",
    "BEGIN; DELETE FROM orders; COMMIT",
    "SAVEPOINT s",
    "COMMIT",
    "ROLLBACK",
    "PRAGMA query_only = OFF",
    "PRAGMA writable_schema = ON",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA table_info(orders)",
    "ATTACH DATABASE 'other.sqlite' AS other",
    "DETACH DATABASE main",
    "EXPLAIN SELECT 1",
    "SELECT 1; DELETE FROM orders",
    "SELECT 1;; DROP TABLE orders",
    "SELECT 1 /* ; */ ; DELETE FROM orders -- x",
    "SELECT 1 --\n; DELETE FROM orders",
    "SELECT 1 /* /* */ ; DELETE FROM orders; -- */",
    "/* harmless */ DELETE FROM orders",
    "-- harmless\nDELETE FROM orders",
    "WITH x AS (DELETE FROM orders RETURNING id) SELECT * FROM x",
    "WITH x AS (INSERT INTO orders (id) VALUES (5) RETURNING id) SELECT * FROM x",
    "WITH x AS (UPDATE orders SET freight = 1 RETURNING id) SELECT * FROM x",
    "WITH x AS (SELECT 1) DELETE FROM orders",
    "WITH x AS (SELECT 1) INSERT INTO orders (id) SELECT 7",
    "SELECT * INTO copy FROM orders",
    "SELECT * FROM orders FOR UPDATE",
    "SELECT * FROM orders FOR SHARE",
    "(DELETE FROM orders)",
    "SELECT (DELETE FROM orders)",
    "VALUES (1)",
    "TABLE orders",
    "HANDLER orders OPEN",
    "CALL something()",
    "EXEC sp_who",
    "DO $$ BEGIN DELETE FROM orders; END $$",
    "COPY orders TO '/tmp/clawdbot-orders.csv'",
    "COPY orders FROM PROGRAM 'touch /tmp/clawdbot-x'",
    "LOCK TABLE orders",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "SET default_transaction_read_only = off",
    "RESET ALL",
    "SHOW all",
    "LISTEN x",
    "NOTIFY x",
    "GRANT ALL ON orders TO public",
    "PREPARE p AS DELETE FROM orders",
    "EXECUTE p",
    "DECLARE c CURSOR FOR SELECT 1",
    "LOAD 'x.so'",
    "LOAD DATA INFILE '/etc/passwd' INTO TABLE orders",
    "CREATE EXTENSION dblink",
    "SELECT * FROM orders INTO OUTFILE '/tmp/clawdbot-x'",
]
FUNCTIONS = [
    "load_extension('x.so')",
    "\"load_extension\"('x.so')",
    "load_extension/**/('x')",
    "LOAD_EXTENSION ('x')",
    "readfile('/etc/passwd')",
    "writefile('x', 'y')",
    "edit('x')",
    "fts3_tokenizer('simple')",
    "sqlite_log(1, 'x')",
    "randomblob(1000000000)",
    "zeroblob(1000000000)",
    "hex(zeroblob(100000000))",
    "sqlite_version()",
    "sqlite_compileoption_get(1)",
    "changes()",
    "last_insert_rowid()",
    "json_group_array(1)",
    "quote('x')",
    "pg_sleep(10)",
    "pg_catalog.pg_sleep(10)",
    '"pg_sleep"(10)',
    "pg_read_file('/etc/passwd')",
    "pg_ls_dir('/')",
    "pg_read_binary_file('/etc/passwd')",
    "lo_import('/etc/passwd')",
    "lo_export(1, '/tmp/clawdbot-x')",
    "dblink('host=x', 'select 1')",
    "set_config('transaction_read_only', 'off', false)",
    "current_setting('port')",
    "pg_terminate_backend(1)",
    "pg_cancel_backend(1)",
    "pg_reload_conf()",
    "pg_advisory_lock(1)",
    "nextval('s')",
    "setval('s', 1)",
    "query_to_xml('delete from orders', true, true, '')",
    "database_to_xml(true, true, '')",
    "txid_current()",
    "inet_server_addr()",
    "version()",
    "current_user",
    "session_user",
    "current_database()",
    "pg_stat_file('x')",
    "repeat('x', 1000000000)",
    "lpad('x', 1000000000)",
    "rpad('x', 1000000000, 'y')",
    "format('%1000000000s', 'x')",
    "generate_series(1, 1000000000)",
    "xpath('/', 'x')",
    "load_file('/etc/passwd')",
    "sleep(10)",
    "benchmark(1000000, 1)",
    "sys_exec('x')",
    "xp_cmdshell('dir')",
    "user()",
    "database()",
    "getpgusername()",
    "has_table_privilege('orders', 'select')",
    "pg_notify('a', 'b')",
    "ts_stat('select 1')",
]
TABLES = [
    "secrets",
    '"secrets"',
    "main.secrets",
    "public.secrets",
    "SECRETS",
    "temp.secrets",
    "sqlite_master",
    "sqlite_schema",
    "main.sqlite_master",
    "sqlite_temp_master",
    "sqlite_sequence",
    "dbstat",
    "sqlite_stmt",
    "pragma_table_info('orders')",
    "pragma_database_list",
    "pragma_function_list()",
    "json_each('[1]')",
    "generate_series(1, 10)",
    "pg_catalog.pg_tables",
    "pg_shadow",
    "pg_authid",
    "information_schema.tables",
    "pg_ls_dir('/')",
    "dblink('x', 'y') AS t(a INTEGER)",
    "ROWS FROM (pg_sleep(1))",
    "orders, secrets",
    "orders JOIN secrets ON 1 = 1",
    "(SELECT * FROM secrets) s",
    "orders TABLESAMPLE SYSTEM (1)",
    "'/etc/passwd'",
    "read_csv('/etc/passwd')",
    "other.orders",
    "UNNEST(ARRAY[1])",
    "LATERAL (SELECT 1) t",
]
WRAPPED = [
    "WITH orders AS (SELECT * FROM secrets) SELECT * FROM orders",
    "SELECT (SELECT token FROM secrets LIMIT 1)",
    "SELECT 1 FROM orders WHERE EXISTS (SELECT 1 FROM secrets)",
    "SELECT id FROM orders UNION SELECT token FROM secrets",
    "SELECT id FROM orders ORDER BY (SELECT token FROM secrets)",
    "SELECT id FROM orders LIMIT (SELECT COUNT(*) FROM secrets)",
    "SELECT id FROM orders GROUP BY (SELECT token FROM secrets)",
    "SELECT CASE WHEN (SELECT 1 FROM secrets) THEN 1 END",
    "SELECT secrets.token FROM orders",
    "SELECT token FROM orders",
    "SELECT id FROM orders WHERE id = ?",
    "SELECT id FROM orders WHERE id = :id",
    "SELECT id FROM orders WHERE id = $1",
    "SELECT id FROM orders WHERE id = @id",
    "SELECT '1'::regclass",
    "SELECT CAST('secrets' AS regclass)",
    "SELECT CAST('x' AS pg_lsn)",
    "SELECT CAST(orders AS TEXT) FROM orders",
    "SELECT rowid FROM orders",
    "SELECT ctid FROM orders",
    "SELECT orders FROM orders",
    "SELECT x'41'",
    "SELECT U&'\\0041'",
    "SELECT $$text$$",
    "SELECT E'\\x41'",
    "SELECT 1 OPERATOR(pg_catalog.+) 1",
    "SELECT * FROM orders WINDOW w AS (ORDER BY id)",
    "SELECT id FROM orders QUALIFY ROW_NUMBER() OVER () = 1",
    "WITH pg_sleep(n) AS (SELECT 1) SELECT pg_sleep(10) FROM pg_sleep",
    "WITH load_extension(n) AS (SELECT 1) SELECT load_extension('x') FROM load_extension",
    "SELECT \0 1",
    "SELECT 1\0; DELETE FROM orders",
    "\u202eSELECT 1\u202c DELETE FROM orders",
    "ＤＥＬＥＴＥ FROM orders",
    "SELECT 1；DELETE FROM orders",
    "",
    "   ",
    ";",
    "--",
    "/* nothing",
    "hello",
    "SELECT",
    "SELECT FROM WHERE",
    "SELECT * FROM",
    "SELECT ((((1",
    "SELECT 'open",
    "SELECT " + "(" * 5000 + "1" + ")" * 5000,
    "SELECT " + "NOT " * 4000 + "1",
    "SELECT " + "-" * 3001 + "1",
    "SELECT " + "1+" * 9000 + "1",
    "SELECT " + "CASE WHEN 1 THEN " * 900 + "1" + " END" * 900,
    "SELECT '" + "x" * 10_000_000 + "'",
    "SELECT 1 WHERE 1 IN (" + ",".join("1" for _ in range(20_000)) + ")",
]
HOSTILE = [
    *WRITES,
    *(f"SELECT {f}" for f in FUNCTIONS),
    *(f"SELECT COUNT(*) FROM orders WHERE {f} IS NULL" for f in FUNCTIONS),
    *(f"SELECT * FROM {t}" for t in TABLES),
    *WRAPPED,
]


def _refusals(shop: Any) -> list[str]:
    """Statements that were not refused with a sentence and a hint."""
    missed = []
    for statement in HOSTILE:
        if "format(" in statement and shop.dialect == "sqlite":
            continue  # the same as PRINTF there, bounded by the length limit, which has its own test
        if "/* /*" in statement and shop.dialect == "postgres":
            continue  # comments nest there, so that nothing but SELECT 1 is left
        try:
            shop.databases.run("shop", statement, timeout_s=2.0)
        except RetryableToolError as error:
            if len(error.message) < 10 or not error.hint or len(str(error)) > 4000:
                missed.append(f"unclear: {statement[:80]!r}: {error}")
        else:
            missed.append(f"ran: {statement[:80]!r}")
    return missed


def test_sqlite_refuses_every_hostile_statement(fenced: Any) -> None:
    assert len(HOSTILE) > 250
    assert _refusals(fenced) == []


def test_postgres_refuses_every_hostile_statement(fenced_postgres: Any) -> None:
    assert _refusals(fenced_postgres) == []


def test_the_engine_alone_keeps_sqlite_from_writing(fenced: Any) -> None:
    """Behind the guard stands the authorizer: the same statements, given straight to the engine."""
    config = DatabaseConfig(url=fenced.url, tables=("orders", "customers"))
    engine = open_engine("shop", config)
    reflect(engine, config)
    limits = Limits(rows=10, bytes=100_000, seconds=2.0)
    for statement in [*WRITES, *(f"SELECT {f}" for f in FUNCTIONS), *(f"SELECT * FROM {t}" for t in TABLES)]:
        if statement in ("VALUES (1)", "EXPLAIN SELECT 1") or "format(" in statement:
            continue  # they only read
        with pytest.raises(ClawdbotError):
            engine.execute(statement, limits)
    assert engine.execute("SELECT COUNT(*) FROM orders", limits).rows == ((60,),)
    assert engine.execute("WITH c AS (SELECT 1) SELECT COUNT(*) FROM c", limits).rows == ((1,),)
    engine.close()


def test_the_engine_alone_keeps_postgres_from_writing(fenced_postgres: Any) -> None:
    engine = open_engine("shop", DatabaseConfig(url=fenced_postgres.url))
    limits = Limits(rows=10, bytes=100_000, seconds=2.0)
    for statement in WRITES:
        if statement in ("VALUES (1)", "TABLE orders") or ";" in statement.rstrip(";"):
            continue
        if statement.startswith("SELECT * FROM orders FOR"):
            continue  # refused by the guard; a cursor in a read-only transaction refuses it too, or only reads
        with pytest.raises(ClawdbotError):
            engine.execute(statement, limits)
    with pytest.raises(ClawdbotError, match="stopped after"):
        engine.execute("SELECT pg_sleep(5)", Limits(rows=1, bytes=1000, seconds=0.2))
    engine.close()
