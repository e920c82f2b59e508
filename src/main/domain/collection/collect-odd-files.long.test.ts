/** Run by every shell. */
process.env.LATCHKEY_TEST_SHELLS = "all";
await import("./collect-odd-files.lab.test.ts");
