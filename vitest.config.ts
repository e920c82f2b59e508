import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// Each file has processes and threads of its own, which would compile the same again: most of what a thread costs.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "node_modules/.cache/compiled");

/** The files of real hosts that take longest, the longest first. */
const LONGEST = [
  "runs/faults/kill-faults.long.test.ts",
  "testing/faults/deployment-faults.long.test.ts",
  "testing/faults/session-faults.long.test.ts",
  "store/faults/two-processes-faults.long.test.ts",
  "store/faults/kill-faults.long.test.ts",
  "attacks/work-folders.lab.test.ts",
  "ssh/matrix/matrix.lab.test.ts",
  "runs/rotate.lab.test.ts",
  "runs/grants.lab.test.ts",
  "private-keys/account-shell.lab.test.ts",
  "deployment-status/evaluate-random-servers.lab.test.ts",
  "collection/collect-odd-files.lab.test.ts",
  "testing/faults/scan-faults.lab.test.ts",
  "attacks/offline-script.lab.test.ts",
  "runs/faults/kill-faults.lab.test.ts",
  "attacks/planted-key.lab.test.ts",
  "runs/renewal-unusable.lab.test.ts",
  "collection/collect-shells.lab.test.ts",
  "testing/faults/client-faults.lab.test.ts",
  "store/faults/kill-faults.lab.test.ts",
  "scans/scans.lab.test.ts",
];

/** The longest begin first, so that none of them goes on alone at the end; the others as ever. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = LONGEST.findIndex((file) => moduleId.endsWith(`/${file}`));
      return found < 0 ? LONGEST.length : found;
    };
    const sorted = await super.sort(files);
    const projects = [...new Set(sorted.map(({ project }) => project))];
    return projects.flatMap((project) =>
      sorted.filter((file) => file.project === project).sort((a, b) => place(a) - place(b)),
    );
  }
}

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
    sequence: { sequencer: LongestFirst },
    // A thread that is started from source strips its types by WebAssembly, which what is built has none of: decision 0035.
    execArgv: ["--no-wasm-code-gc"],
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
          hookTimeout: 60_000,
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
          env: { LATCHKEY_TEST_LOGINS: "seldom" },
          // As in unit: to load them anew for each file took an eighth of the work.
          isolate: false,
          testTimeout: 300_000,
          hookTimeout: 600_000,
          // They mostly wait: two at a time, also beside all other tests. Each host has its own address. With three, and a lane for the
          // browser, it took as long, and what has a second to answer came too late.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "long",
          include: ["src/**/*.long.test.ts", "scripts/**/*.long.test.mjs"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          // What measures has the machine to itself; faults go side by side (scripts/faults.mjs).
          maxWorkers: Number(process.env.LATCHKEY_LONG_FILES_AT_ONCE ?? 1),
        },
      },
    ],
  },
});
