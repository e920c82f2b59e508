/** Two thousand configurations, unless the environment sets another count. */
process.env.LATCHKEY_ORACLE_COUNT ??= "2000";
await import("./evaluate-random-servers.lab.test.ts");
