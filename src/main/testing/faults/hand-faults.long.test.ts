/** Every call at which a host may fall, every fault of its disk, and races ten times as long. */
process.env.LATCHKEY_KILL_MOMENTS = "1000000";
process.env.LATCHKEY_RACES = "30";
await import("./hand-faults.lab.test.ts");
await import("./hand-disk-faults.lab.test.ts");
await import("./hand-race-faults.lab.test.ts");
