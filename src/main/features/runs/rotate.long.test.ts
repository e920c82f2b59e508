/** With a prober that logs in five times a second and more, as in all long tests. */
await import("./rotate.lab.test.ts");
await import("./grants.lab.test.ts");
