/** Every call at which a host may fall, and races ninety times as long. */
process.env.LATCHKEY_KILL_MOMENTS = "1000000";
process.env.LATCHKEY_RACES = "90";
await import("./hand-faults.lab.test.ts");
await import("./hand-race-faults.lab.test.ts");
