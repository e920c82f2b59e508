/** The whole first MiB of a huge file as grants. */
process.env.LATCHKEY_TEST_REMARK_BYTES = "0";

await import("./host-faults.lab.test.ts");
