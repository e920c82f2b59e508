import { restoreDatabase } from "#store/backups/restore-database.ts";
import { START } from "./make-visit.ts";

/** Restores the last good backup in a process of its own, for tests that kill it. */
const { LATCHKEY_TEST_DB: database = "" } = process.env;
restoreDatabase({ database, from: "latest", at: START });
