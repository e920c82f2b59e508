/**
 * A host fails while a run creates an account's first authorized_keys file: the file is missing, empty or whole, and
 * can be removed again.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  begin,
  create,
  end,
  startRollbackTimer,
  stopRollbackTimer,
  uncreate,
  write,
} from "#net/ssh/session/host-files.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { openSessionIn } from "#net/ssh/session/testing/open-session-in.ts";
import { beginOn, hashOf, insertLine, TOKEN } from "#net/ssh/session/testing/session-requests.ts";
import { letIn } from "#testing/lab/desk.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { makeRetainedKey, watchLogins } from "#testing/runs/watch-hosts.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { recordFault } from "./fault-table.ts";

/** A copy on the host, which may not see this checkout. */
const KILLER = ["/usr/bin/python3", "-I", "/opt/kill-at-call.py"];
const KILLER_SOURCE = readFileSync(join(import.meta.dirname, "kill-at-call.py"), "base64");

const FILE = "/home/alice/.ssh/authorized_keys";
const RUN = { path: FILE, id: "f0a", token: TOKEN };
const NONE = Buffer.alloc(0);
const { after: ADDED, ...ADDING } = insertLine(FILE, NONE, { at: 0, line: "new key\n" });
const BACK = { ...ADDING, splices: [], newHash: hashOf(NONE), expected: [hashOf(ADDED), hashOf(NONE)] };

/** What a run does; returns whether it completed. */
async function work(hand: RemoteSession, uid: number): Promise<boolean> {
  const armed = { ...RUN, timer: "sleep" as const, seconds: 600, putBack: null };
  for (const step of [
    () => create(hand, { path: FILE, uid }),
    () => begin(hand, beginOn(FILE)),
    () => startRollbackTimer(hand, { ...armed, wrote: ADDING.newHash, prior: ADDING.before }),
    () => write(hand, ADDING),
    () => stopRollbackTimer(hand, RUN),
    () => end(hand, RUN),
  ]) {
    const { kind } = await step();
    if (!["created", "begun", "armed", "written", "disarmed", "ended"].includes(kind)) return false;
  }
  return true;
}

/** What a run does to roll back after another one has stopped midway. */
async function takeBack(host: LabHost, hand: RemoteSession, { uid, nth }: { uid: number; nth: number }) {
  expect(await create(hand, { path: FILE, uid }), String(nth)).toEqual({ kind: "created" });
  expect(await begin(hand, beginOn(FILE)), String(nth)).toMatchObject({ kind: "begun" });
  expect(await stopRollbackTimer(hand, RUN), String(nth)).toEqual({ kind: "disarmed" });
  const restored = await write(hand, BACK);
  // Once the run has ended, only the first bytes can be restored, by hand.
  if (restored.kind === "refused" && restored.why === "no-before") await host.run(`: > ${FILE}`);
  else expect(restored, String(nth)).toMatchObject({ kind: "written" });
  expect(await end(hand, RUN), String(nth)).toEqual({ kind: "ended" });
  expect(await uncreate(hand, { path: FILE, uid, made: "folder" }), String(nth)).toEqual({ kind: "gone" });
  expect(await host.run("find /home/alice/.ssh 2>/dev/null || :"), String(nth)).toBe("");
}

test.skipIf(!canStartHosts())(
  "R2: an account's first file that is made while the host falls is missing, empty or whole, its own, and goes again with its folder",
  { timeout: 7_200_000 },
  async ({ task }) => {
    await using folder = await makeTemporaryFolder();
    const retained = await makeRetainedKey(folder.path);
    await using host = await startHost({
      name: "falls",
      prepare: `${letIn(retained.line)}
        useradd --create-home alice; rm -rf /home/alice/.ssh
        base64 -d > ${KILLER[2]} <<'END'
${KILLER_SOURCE}
END`,
    });
    // By a key of root's, because alice has none.
    await using watched = await watchLogins([host], { keyFile: retained.keyFile, account: "root" });
    const uid = Number(await host.run("id -u alice"));
    await using sound = await openSessionIn(startShellIn(host));
    const seen = new Map<string, number>();
    for (let nth = 1, isOver = false; !isOver; nth++) {
      const wrap = [...KILLER, "all", String(nth)];
      const hand = await openSessionIn(startShellIn(host, { shell: "dash", user: "alice", wrap })).catch(
        () => null,
      );
      if (hand) isOver = await work(hand, uid);
      await hand?.kill();
      const [folder, file, hash] = (
        await host.run(`cd /home/alice; for it in .ssh .ssh/authorized_keys; do
          stat -c '%U %G %a' $it 2>/dev/null || echo none; done; sha256sum < ${FILE} 2>/dev/null | cut -c 1-64 || :`)
      ).split("\n");
      expect(["none", "alice alice 700"], String(nth)).toContain(folder);
      expect(["none", "alice alice 600"], String(nth)).toContain(file);
      const stages = new Map([
        [hashOf(NONE), "empty"],
        [hashOf(ADDED), "whole"],
      ]);
      const stage = file === "none" ? "missing" : (stages.get(hash ?? "") ?? "torn");
      expect(["missing", "empty", "whole"], String(nth)).toContain(stage);
      seen.set(stage, (seen.get(stage) ?? 0) + 1);
      await takeBack(host, sound, { uid, nth });
    }
    expect([...seen.keys()].toSorted()).toEqual(["empty", "missing", "whole"]);
    const counts = [...seen].map(([stage, count]) => `${count} ${stage}`).join(", ");
    recordFault(task, {
      id: "R2",
      injected: "ptrace SIGKILL while a first file is made",
      seen: `${counts}; 0 torn, 0 stray; ${await watched.expectNobodyLockedOut()}`,
    });
  },
);
