/** Each verb that an account may do and never report. */
process.env.LATCHKEY_TEST_VERBS = "all";
await import("./account-shell.lab.test.ts");
