/** For ten minutes. */
process.env.LATCHKEY_TEST_SECONDS = "600";
await import("./two-processes-faults.test.ts");
