/** Two hundred and fifty configurations of each of the eight servers, unless the environment sets another count. */
process.env.LATCHKEY_ORACLE_COUNT ??= "250";
await import("./evaluate-random-servers.lab.test.ts");
