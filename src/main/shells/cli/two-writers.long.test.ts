/** For a minute. */
process.env.LATCHKEY_TEST_SECONDS = "60";
await import("./two-writers.test.ts");
