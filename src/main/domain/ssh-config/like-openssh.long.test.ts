/** Many more configurations that ssh itself reads. */
process.env.LATCHKEY_TEST_RUNS ??= "100";
await import("./like-openssh.test.ts");
