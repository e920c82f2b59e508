process.env.LATCHKEY_TEST_MOMENTS = "60";

await import("./kill-faults.lab.test.ts");
