/** Ten thousand files. */
process.env.LATCHKEY_TEST_RUNS = "10000";
await import("./fuzz-faults.test.ts");
