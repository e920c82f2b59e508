/** At every moment instead of some. */
process.env.LATCHKEY_TEST_MOMENTS = "Infinity";
await import("./kill-faults.lab.test.ts");
