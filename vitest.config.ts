import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/**
 * unit: what needs nothing but Node and loopback.
 * built: what was built, by `npm run build` before.
 * lab:  what needs real hosts and servers (root, sshd, nginx, ...).
 * long: kill sweeps, fleets and corpora; run before an issue is closed.
 */
export default defineConfig({
  test: {
    // One processor is left for the rest of the machine, but of two both are used.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "scripts/**/*.test.mjs"],
          exclude: ["**/*.{built,lab,long}.test.*"],
          // Modules are loaded once for all files, which halves the work: what a test changes it puts back itself.
          isolate: false,
          // Against a test that hangs, not one that is slow: the machine may be busy with something else.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "built",
          include: ["scripts/**/*.built.test.mjs"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "lab",
          include: ["src/**/*.lab.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          // They mostly wait: two at a time, also beside the tests in a browser. Each host has its own address.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "long",
          include: ["src/**/*.long.test.ts", "scripts/**/*.long.test.mjs"],
          testTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
