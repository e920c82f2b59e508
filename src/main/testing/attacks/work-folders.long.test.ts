/** Everything that an account can put where a run keeps its lock. */
process.env.LATCHKEY_TEST_KINDS = "all";
await import("./work-folders.lab.test.ts");
