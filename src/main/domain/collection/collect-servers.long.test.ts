/** Run by every shell. */
process.env.LATCHKEY_TEST_SHELLS = "all";
await import("./collect-servers.lab.test.ts");
