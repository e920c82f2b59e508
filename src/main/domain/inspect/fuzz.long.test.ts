/** A hundred thousand files: `npm run fuzz`. */
process.env.LATCHKEY_TEST_RUNS = "100000";
await import("./fuzz.test.ts");
