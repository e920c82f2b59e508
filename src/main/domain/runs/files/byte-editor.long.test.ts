/** A hundred thousand files; the short form takes a tenth of them. */
process.env.LATCHKEY_TEST_FILES = "100000";
await import("./byte-editor.test.ts");
