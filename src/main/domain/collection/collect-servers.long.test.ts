/** Every shell, for all that is asked. */
process.env.LATCHKEY_TEST_SHELLS = "all";
await import("./collect-servers.lab.test.ts");
