process.env.LATCHKEY_TEST_MOMENTS = "all";

await import("./kill-faults.lab.test.ts");
