/** The short tests, in every shell and with every server. */
process.env.LATCHKEY_TEST_SHELLS = "all";
await import("./files.lab.test.ts");
await import("./servers.lab.test.ts");
