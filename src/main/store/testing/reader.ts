import Sqlite from "better-sqlite3";

/** Prints what the next process finds in a database: how many events, and whether it is whole. As JSON. */
const db = new Sqlite(process.env.LATCHKEY_TEST_DB ?? "");
const hasTable = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'event'").get() !== undefined;
const events = hasTable ? Number(db.prepare("SELECT count(*) FROM event").pluck().get()) : 0;
process.stdout.write(JSON.stringify({ events, integrity: db.pragma("integrity_check", { simple: true }) }));
db.close();
