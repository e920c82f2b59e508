/** Four thousand chains of each family. */
process.env.LATCHKEY_TEST_RUNS = "4000";
await import("./families.test.ts");
