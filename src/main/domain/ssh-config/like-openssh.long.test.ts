/** Compares with ssh on many more configurations. */
process.env.LATCHKEY_TEST_RUNS ??= "100";
await import("./like-openssh.test.ts");
