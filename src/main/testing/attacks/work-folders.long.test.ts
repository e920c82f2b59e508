/** Whatever an account can lay where a run keeps its lock. */
process.env.LATCHKEY_TEST_KINDS = "all";
await import("./work-folders.lab.test.ts");
