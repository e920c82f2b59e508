import Sqlite from "better-sqlite3";

/**
 * Writes to a database in a process of its own without our lock, for tests. Prints `held` when it has begun, and
 * `done`. With LATCHKEY_TEST_HOLDS it keeps the lock until its input ends.
 */
const db = new Sqlite(process.env.LATCHKEY_TEST_DB ?? "");
db.exec("BEGIN IMMEDIATE");
process.stdout.write("held\n");
if (process.env.LATCHKEY_TEST_HOLDS === "yes") {
  process.stdin.resume();
} else {
  db.exec("CREATE TABLE stranger (id INTEGER PRIMARY KEY)");
  const insert = db.prepare("INSERT INTO stranger DEFAULT VALUES");
  for (let count = 0; count < 50_000; count++) insert.run();
  db.exec("COMMIT");
  process.stdout.write("done\n");
}
