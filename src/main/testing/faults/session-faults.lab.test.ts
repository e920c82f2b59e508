/**
 * Faults of a host while a session changes one of its files: wherever it ends, the file is the old, the intermediate or
 * the new one.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, expect, test, vi } from "vitest";
import { begin, end, startRollbackTimer, stopRollbackTimer, write } from "#net/ssh/session/host-files.ts";
import {
  installPrivateKey,
  removeOldPrivateKey,
  restoreOldPrivateKey,
} from "#net/ssh/session/private-keys.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { openSessionIn } from "#net/ssh/session/testing/open-session-in.ts";
import { beginOn, hashOf, insertLine, TOKEN } from "#net/ssh/session/testing/session-requests.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { makeRetainedKey, watchLogins } from "#testing/runs/watch-hosts.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { recordFault } from "./fault-table.ts";

const lab = test.skipIf(!canStartHosts());

/** Moments of each scenario at which it is killed; the long form tries all of them. */
const MOMENTS = Number(process.env.LATCHKEY_KILL_MOMENTS ?? 2);
const isWhole = MOMENTS > 1_000;
/** The logins of the probers take as much of the machine as the rest. */
if (isWhole) vi.setConfig({ maxConcurrency: 2 });
/** A copy on the host, which may not see this checkout. */
const KILLER = ["/usr/bin/python3", "-I", "/opt/kill-at-call.py"];
const KILLER_SOURCE = readFileSync(join(import.meta.dirname, "kill-at-call.py"), "base64");

const SSH = "/home/alice/.ssh";
const FILE = `${SSH}/authorized_keys`;
const RUN = { path: FILE, id: "f0", token: TOKEN };
const folder = await makeTemporaryFolder();
afterAll(() => folder.remove());
const retained = canStartHosts() ? await makeRetainedKey(folder.path) : { line: "", keyFile: "" };
const BEFORE = Buffer.from(`old key\r\nother \xe9\n${retained.line}\nno last newline`, "latin1");
const ADD = insertLine(FILE, BEFORE, { at: 9, line: "new key\r\n" });
const ADDED = ADD.after;
const REMOVED = Buffer.concat([Buffer.from("new key\r\n"), BEFORE.subarray(9)]);
const { after: _, ...ADDING } = ADD;
const REMOVING = {
  ...ADDING,
  expected: [hashOf(ADDED)],
  newHash: hashOf(REMOVED),
  splices: [{ at: 0, removed: 9, inserted: Buffer.from("new key\r\n") }],
};
const RESTORING = {
  ...ADDING,
  splices: [],
  newHash: hashOf(BEFORE),
  expected: [hashOf(ADDED), hashOf(REMOVED), hashOf(BEFORE)],
};
const WHOLE = [BEFORE, ADDED, REMOVED].map(hashOf);

/** In the long form, a prober logs in throughout by a line of the very file that is changed. */
async function startFalling() {
  await using stack = new AsyncDisposableStack();
  const host = stack.use(
    await startHost({
      name: "falls",
      prepare: `useradd --create-home alice; mkdir -m 700 ${SSH}
      base64 -d > ${FILE} <<'END'
${BEFORE.toString("base64")}
END
      cp ${FILE} /root/before
      base64 -d > ${KILLER[2]} <<'END'
${KILLER_SOURCE}
END
      chown -R alice: ${SSH}; chmod 640 ${FILE}; setfattr -n user.note -v kept ${FILE}`,
    }),
  );
  const wish = { keyFile: retained.keyFile, account: "alice" };
  const watched = isWhole ? stack.use(await watchLogins([host], wish)) : null;
  const owned = stack.move();
  return {
    host,
    expectNobodyLockedOut: async () =>
      watched ? await watched.expectNobodyLockedOut() : "logins are watched in the whole form",
    /** By rename, because somebody may be reading it. */
    putBack: () =>
      host.run(
        `cp --preserve=all ${FILE} ${SSH}/back; cat /root/before > ${SSH}/back; mv ${SSH}/back ${FILE}`,
      ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type Falling = Awaited<ReturnType<typeof startFalling>>;

/**
 * Checks that the file is whole and has its owner, mode and attributes; returns which of the three it is. `more`:
 * further commands.
 */
async function judge(host: LabHost, point: string, more = ""): Promise<{ state: number; more: string }> {
  const said = await host.run(
    `sha256sum < ${FILE} | cut -c 1-64; stat -c '%U %G %a %h' ${FILE}; getfattr -d ${FILE} 2>/dev/null | grep note\n${more}`,
  );
  const [hash = "", stat, note, ...rest] = said.split("\n");
  expect(WHOLE, `${point}: torn or empty`).toContain(hash);
  expect(stat, point).toMatch(/^alice alice 640 [12]$/);
  expect(note, point).toBe('user.note="kept"');
  return { state: WHOLE.indexOf(hash), more: rest.join("\n") };
}

/** Everything that a run does to a file, until a step fails; returns null, or the answer of that step. */
async function work(hand: RemoteSession): Promise<string | null> {
  const armed = { ...RUN, timer: "sleep" as const, seconds: 600, putBack: Buffer.from("old key\r\n") };
  for (const step of [
    () => begin(hand, beginOn(FILE)),
    () => startRollbackTimer(hand, { ...armed, wrote: ADDING.newHash, prior: ADDING.before }),
    () => write(hand, ADDING),
    () => stopRollbackTimer(hand, RUN),
    () => startRollbackTimer(hand, { ...armed, wrote: REMOVING.newHash, prior: ADDING.newHash }),
    () => write(hand, REMOVING),
    () => stopRollbackTimer(hand, RUN),
    () => end(hand, RUN),
  ]) {
    const answer = await step();
    if (!["begun", "armed", "written", "disarmed", "ended"].includes(answer.kind)) return inspect(answer);
  }
  return null;
}

/** A later run: it inspects nothing, restores everything, and leaves nothing behind. */
async function rollBack({ host, putBack }: Falling, hand: RemoteSession, point: string): Promise<void> {
  expect(await begin(hand, beginOn(FILE)), point).toMatchObject({ kind: "begun" });
  expect(await stopRollbackTimer(hand, RUN), point).toEqual({ kind: "disarmed" });
  const restored = await write(hand, RESTORING);
  // Once the run has ended, only the first bytes can be restored, by hand.
  if (restored.kind === "refused" && restored.why === "no-before") await putBack();
  else expect(restored, point).toMatchObject({ kind: "written" });
  expect(await end(hand, RUN), point).toEqual({ kind: "ended" });
  const { state, more } = await judge(host, point, `ls -A ${SSH}; stat -c %h ${FILE}`);
  expect(state, point).toBe(0);
  expect(more, `${point}: stray`).toBe("authorized_keys\n1\n");
}

type Scenario = { shell: string; user?: string; mode: "all" | "one" };

const SCENARIOS: Scenario[] = [
  { shell: "dash", mode: "all" },
  { shell: "dash", user: "alice", mode: "one" },
  { shell: "busybox sh", user: "alice", mode: "all" },
  ...(isWhole
    ? [
        { shell: "busybox sh", user: "alice", mode: "one" as const },
        ...["bash", "mksh", "ksh"].flatMap((shell) =>
          (["all", "one"] as const).map((mode) => ({ shell, user: "alice", mode })),
        ),
      ]
    : []),
];

const timeout = 7_200_000;
let [points, done] = [0, 0];
afterAll(() => {
  if (isWhole && done === SCENARIOS.length) expect(points).toBeGreaterThanOrEqual(700);
});

for (const { mode, ...who } of SCENARIOS)
  lab.concurrent(
    `R2: ${who.shell} of ${who.user ?? "root"} on a host is killed (${mode}) at any call that writes: the file is old or new`,
    { timeout },
    async ({ task }) => {
      await using falling = await startFalling();
      const { host } = falling;
      await using sound = await openSessionIn(startShellIn(host));
      const wrap = (nth: number) => [...KILLER, mode, String(nth)];
      const counted = await countCalls(host, { ...who, wrap: wrap(0) });
      await falling.putBack();
      const step = Math.max(1, counted / MOMENTS);
      const seen = [0, 0, 0];
      for (let at = 1; at <= counted; at += step) {
        const nth = Math.floor(at);
        const point = `${JSON.stringify(who)} ${mode} ${nth} of ${counted}`;
        const hand = await openSessionIn(startShellIn(host, { ...who, wrap: wrap(nth) })).catch(() => null);
        if (hand) {
          await work(hand);
          await hand.kill();
        }
        const { state } = await judge(host, point);
        seen[state] = (seen[state] ?? 0) + 1;
        await rollBack(falling, sound, point);
        points++;
      }
      done++;
      recordFault(task, {
        id: "R2",
        injected: `ptrace SIGKILL (${mode}) of ${who.shell}, ${who.user ?? "root"}`,
        seen: `${seen[0]} old, ${seen[1]} with both, ${seen[2]} new; 0 torn, 0 stray; ${await falling.expectNobodyLockedOut()}`,
      });
    },
  );

/** How many writing calls a whole run makes. */
async function countCalls(
  host: LabHost,
  wish: { shell: string; user?: string; wrap: string[] },
): Promise<number> {
  const [program = "", ...rest] = wish.wrap;
  const log = "/tmp/calls";
  const wrap = ["sh", "-c", `exec "$@" 2>${log}`, "sh", program, ...rest];
  const hand = await openSessionIn(startShellIn(host, { ...wish, wrap }));
  expect(await work(hand)).toBeNull();
  await hand[Symbol.asyncDispose]();
  expect(await judge(host, "uninterrupted")).toMatchObject({ state: 2 });
  return Number((await host.run(`tail -n 1 ${log}`)).trim());
}

const HALF = `${SSH}/id_ed25519`;
const [OLD_HALF, NEW_HALF] = ["-----OLD-----\nold\n", "-----NEW-----\nnew\n"];

lab.concurrent(
  "R2: a private key that is replaced while the host falls is the old or the new one",
  { timeout },
  async ({ task }) => {
    await using falling = await startFalling();
    const { host } = falling;
    await host.run(`printf '%s' '${OLD_HALF}' > ${HALF}; chmod 400 ${HALF}; chown alice: ${HALF}`);
    const wish = {
      path: HALF,
      before: hashOf(OLD_HALF),
      newHash: hashOf(NEW_HALF),
      mode: "600",
      bytes: Buffer.from(NEW_HALF),
    };
    const who = { shell: "dash", user: "alice" };
    const seen = [0, 0];
    for (let nth = 1, isOver = false; !isOver; nth += isWhole ? 1 : Math.ceil(40 / MOMENTS)) {
      const wrap = [...KILLER, "all", String(nth)];
      const hand = await openSessionIn(startShellIn(host, { ...who, wrap })).catch(() => null);
      if (hand && (await installPrivateKey(hand, wish)).kind === "put")
        isOver = (await removeOldPrivateKey(hand, HALF)).kind === "done";
      await hand?.kill();
      const [hash = "", mode] = (
        await host.run(`sha256sum < ${HALF} | cut -c 1-64; stat -c '%U %G %a' ${HALF}`)
      ).split("\n");
      const state = [OLD_HALF, NEW_HALF].map(hashOf).indexOf(hash);
      expect({ nth, isWhole: state >= 0, mode }).toEqual({ nth, isWhole: true, mode: "alice alice 400" });
      seen[state] = (seen[state] ?? 0) + 1;
      await using sound = await openSessionIn(startShellIn(host));
      const undone = await restoreOldPrivateKey(sound, {
        path: HALF,
        wrote: wish.newHash,
        before: wish.before,
      });
      // Once the run has finished, the old file is gone for good.
      if (undone.kind === "refused" && undone.why === "no-before") {
        expect(await removeOldPrivateKey(sound, HALF)).toEqual({ kind: "done" });
        await host.run(`printf '%s' '${OLD_HALF}' > ${HALF}`);
      } else expect(undone, String(nth)).toEqual({ kind: "done" });
      expect(await host.run(`ls -A ${SSH}; cat ${HALF}; stat -c %a ${HALF}`)).toBe(
        `authorized_keys\nid_ed25519\n${OLD_HALF}400\n`,
      );
    }
    recordFault(task, {
      id: "R2",
      injected: "ptrace SIGKILL while a half is put",
      seen: `${seen[0]} old, ${seen[1]} new; 0 torn, 0 stray; ${await falling.expectNobodyLockedOut()}`,
    });
  },
);
