/** Every call at which a host may fail. */
process.env.LATCHKEY_KILL_MOMENTS = "1000000";
await import("./session-faults.lab.test.ts");
