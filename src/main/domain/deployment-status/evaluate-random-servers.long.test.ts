/** As many as an issue asks for, unless fewer are asked for. */
process.env.LATCHKEY_ORACLE_COUNT ??= "2000";
await import("./evaluate-random-servers.lab.test.ts");
