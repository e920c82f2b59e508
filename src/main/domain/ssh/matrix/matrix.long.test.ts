/** Every row of the matrix. */
process.env.LATCHKEY_TEST_ROWS = "all";
await import("./matrix.lab.test.ts");
