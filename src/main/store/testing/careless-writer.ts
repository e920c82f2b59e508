import Sqlite from "better-sqlite3";

/**
 * Writes with SQLite's default settings, to show that a power cut is one: each commit is in the log and not on the
 * disk. Prints the number of each of 200, and waits to be killed.
 */
const db = new Sqlite(process.env.LATCHKEY_TEST_DB ?? "");
db.pragma("journal_mode = WAL");
db.pragma("synchronous = NORMAL");
db.exec("CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY)");
const insert = db.prepare("INSERT INTO event (id) VALUES (NULL)");
process.stdout.write("open\n");
for (let count = 1; count <= 200; count++) {
  insert.run();
  process.stdout.write(`${count}\n`);
}
process.stdin.resume();
