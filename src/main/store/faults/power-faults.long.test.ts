/** As many as are promised. */
process.env.LATCHKEY_TEST_CUTS = "20";
process.env.LATCHKEY_TEST_WRITES = "10000";
await import("./power-faults.lab.test.ts");
