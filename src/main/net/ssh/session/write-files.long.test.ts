/** Every file by every shell. */
process.env.LATCHKEY_TEST_SHELLS = "all";
await import("./write-files.lab.test.ts");
