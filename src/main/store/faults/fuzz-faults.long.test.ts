/** Thousands of files. */
process.env.LATCHKEY_TEST_RUNS = "4000";
await import("./fuzz-faults.test.ts");
