/** Many files; the short form takes a few of them. */
process.env.LATCHKEY_TEST_FILES = "30000";
await import("./roll-back.test.ts");
