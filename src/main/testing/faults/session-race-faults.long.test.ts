/** What others do on a host while a session changes one of its files. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { begin, end, startRollbackTimer, stopRollbackTimer, write } from "#net/ssh/session/host-files.ts";
import { inspectFile, inspectHost } from "#net/ssh/session/inspect-host.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { openSessionIn } from "#net/ssh/session/testing/open-session-in.ts";
import { beginOn, hashOf, insertLine, TOKEN } from "#net/ssh/session/testing/session-requests.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { makeRetainedKey, watchLogins } from "#testing/runs/watch-hosts.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { recordFault } from "./fault-table.ts";

const lab = test.skipIf(!canStartHosts());
const timeout = 3_600_000;
/** How many times as long as usual. */
const RACES = Number(process.env.LATCHKEY_RACES ?? 10);

const SSH = "/home/alice/.ssh";
const FILE = `${SSH}/authorized_keys`;

const folder = await makeTemporaryFolder();
const retained = canStartHosts() ? await makeRetainedKey(folder.path) : { line: "", keyFile: "" };
const FIRST = `${retained.line}\n`;

/** A prober logs in throughout by a line of the file that is changed. */
let watched: Awaited<ReturnType<typeof watchLogins>>;
let host: LabHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  host = await startHost({
    name: "races",
    prepare: `useradd --create-home alice; mkdir -m 700 ${SSH}; echo '${retained.line}' > ${FILE}; chown -R alice: ${SSH}
      mkdir /srv/elsewhere; echo victim > /srv/elsewhere/authorized_keys; echo victim > /etc/victim
      chmod 666 /srv/elsewhere/authorized_keys; chmod 777 /srv/elsewhere; chmod 666 /etc/victim`,
  });
  watched = await watchLogins([host], { keyFile: retained.keyFile, account: "alice" });
});
afterAll(async () => {
  await watched?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
  await folder.remove();
});

const clear = () =>
  host.run(`rm -rf ${SSH}/.latchkey; echo '${retained.line}' > ${SSH}/back; chown alice: ${SSH}/back
    chmod 600 ${SSH}/back; mv ${SSH}/back ${FILE}`);

/** Inspects the file, and adds a line at its top. */
async function addLine(
  hand: RemoteSession,
  line: string,
  { id = "f0", token = TOKEN } = {},
): Promise<string> {
  const looked = await inspectFile(hand, FILE);
  const content = looked.kind === "seen" ? looked.file.content : null;
  if (!content) return "unread";
  const { after: _, ...wish } = insertLine(FILE, content, { at: 0, line: `${line}\n`, id });
  return (await write(hand, { ...wish, token })).kind;
}

lab(
  "R12: of lines that somebody appends meanwhile none is lost, in place or by renaming",
  { timeout },
  async ({ task }) => {
    const seen: string[] = [];
    for (const [how, edit] of [
      ["appending", `echo "edit $i" >> ${FILE}`],
      ["renaming", `{ cat ${FILE}; echo "edit $i"; } > ${SSH}/edited && mv ${SSH}/edited ${FILE}`],
    ] as const) {
      await clear();
      const edits = 20 * RACES;
      const editing = host.run(
        `setpriv --reuid alice --regid alice --clear-groups sh -c 'i=0; while [ $i -lt ${edits} ]; do i=$((i + 1)); ${edit}; sleep 0.01; done'`,
      );
      let isOver = false;
      void editing.finally(() => {
        isOver = true;
      });
      await using hand = await openSessionIn(startShellIn(host, { user: "alice" }));
      await begin(hand, beginOn(FILE));
      const counts = new Map<string, number>();
      for (let round = 0; !isOver || round < 5; round++) {
        const kind = await addLine(hand, `ours ${round}`, { id: `f${round}` });
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
      }
      await editing;
      const ended = await end(hand, { path: FILE, token: TOKEN });
      const places = ended.kind === "late-edit" ? ended.files.join(" ") : "";
      const kept = await host.run(`cat ${FILE} ${places} | grep -c '^edit' || true`);
      const each = await host.run(`cat ${FILE} ${places} | grep '^edit' | sort -u | wc -l`);
      expect(Number(each), `${how}: ${kept.trim()} lines`).toBe(edits);
      expect(["ended", "late-edit"]).toContain(ended.kind);

      seen.push(`${how}: ${edits} lines, 0 lost; ${[...counts].map((one) => one.join(" ")).join(", ")}`);
    }
    seen.push(await watched.expectNobodyLockedOut());
    recordFault(task, { id: "R12", injected: "an editor in a loop", seen: seen.join("; ") });
  },
);

/** Swaps as fast as it can, as the account, until its input ends. */
const RACER = `
import os, select, sys
ssh, other = "${SSH}", "/home/alice/other"
count = 0
def swap(a, b):
    try: os.rename(a, b)
    except OSError: pass
while not select.select([sys.stdin], [], [], 0)[0]:
    for target, name in (("/etc/victim", ssh + "/authorized_keys"), ("/srv/elsewhere", ssh)):
        try:
            os.symlink(target, "/home/alice/link")
            swap(name, other); swap("/home/alice/link", name); swap(name, "/home/alice/link"); swap(other, name)
            os.unlink("/home/alice/link")
        except OSError: pass
        count += 1
print(count)
`;

lab(
  "R13: whoever swaps files and folders for links gets nothing written elsewhere",
  { timeout },
  async ({ task }) => {
    await clear();
    const atFirst = await host.run(
      "cat /etc/victim; find /srv /etc/victim | sort; cat /srv/elsewhere/authorized_keys",
    );
    const racing = startShellIn(host, { user: "alice", wrap: [] });
    let said = "";
    racing.follow({
      out: (chunk) => {
        said += chunk.toString();
      },
      over: () => undefined,
    });
    await host.run(`cat > /tmp/racer.py <<'END'\n${RACER}END`);
    // What stands there while the files are swapped lets nobody log in.
    watched.fault.begins();
    racing.send("/usr/bin/python3 -I /tmp/racer.py\n");
    const kinds = new Map<string, number>();
    const rounds = 4 * RACES;
    for (let round = 0; round < rounds; round++) {
      await using hand = await openSessionIn(startShellIn(host));
      const begun = await begin(hand, beginOn(FILE));
      const kind =
        begun.kind === "begun" ? await addLine(hand, `ours ${round}`, { id: `f${round}` }) : begun.kind;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      await end(hand, { path: FILE, token: TOKEN });
    }
    await racing.leave();
    expect(
      await host.run("cat /etc/victim; find /srv /etc/victim | sort; cat /srv/elsewhere/authorized_keys"),
    ).toBe(atFirst);
    await host.run(
      `rm -rf /home/alice/link /home/alice/other ${SSH}; mkdir -m 700 ${SSH}; chown alice: ${SSH}`,
    );
    await clear();
    watched.fault.ends();
    recordFault(task, {
      id: "R13",
      injected: `${said.trim()} swaps`,
      seen: `${rounds} tries: ${[...kinds].map((one) => one.join(" ")).join(", ")}; 0 written elsewhere; ${await watched.expectNobodyLockedOut()}`,
    });
  },
);

lab("R15: two that change the same file lose none of each other's lines", { timeout }, async ({ task }) => {
  await clear();
  const rounds = 5 * RACES;
  let waited = 0;
  const runs = ["runaaaaaaaa", "runbbbbbbbb"].map(async (token) => {
    await using hand = await openSessionIn(startShellIn(host, { user: "alice" }));
    for (let round = 0; round < rounds; ) {
      const begun = await begin(hand, beginOn(FILE, token));
      if (begun.kind !== "begun") {
        expect(begun.kind).toBe("held");
        waited++;
        continue;
      }
      expect(await addLine(hand, `${token} ${round}`, { token })).toBe("written");
      expect(await end(hand, { path: FILE, token })).toEqual({ kind: "ended" });
      round++;
    }
  });
  await Promise.all(runs);
  const lines = (await host.run(`cat ${FILE}`)).trim().split("\n");
  expect(new Set(lines).size).toBe(2 * rounds + 1);
  expect(await host.run(`ls -A ${SSH}`)).toBe("authorized_keys\n");
  recordFault(task, {
    id: "R15",
    injected: "two hands on one file",
    seen: `${2 * rounds} changes, 0 lost; one was told who holds it ${waited} times; ${await watched.expectNobodyLockedOut()}`,
  });
});

lab(
  "R19: a dead-man that fires early, late or not at all does no harm, and none is said",
  { timeout },
  async ({ task }) => {
    await clear();
    const before = Buffer.from(FIRST);
    const { after, ...wish } = insertLine(FILE, before, { at: 0, line: "new\n" });
    const run = { path: FILE, id: "f0", token: TOKEN };
    const armed = { ...run, timer: "sleep" as const, wrote: wish.newHash, prior: wish.before, putBack: null };
    await using hand = await openSessionIn(startShellIn(host, { user: "alice" }));
    await begin(hand, beginOn(FILE));
    // The script of the rollback timer, run by hand at the earliest and at the latest time that it may start.
    expect(await startRollbackTimer(hand, { ...armed, seconds: 3_600 })).toEqual({ kind: "armed" });
    const fire = () =>
      host.run(`cat $(ls -t ${SSH}/.latchkey/${TOKEN}/revert-* 2>/dev/null | head -n 1) /dev/null > /tmp/now; [ ! -s /tmp/now ] || cp /tmp/now /tmp/revert
    chmod 644 /tmp/revert
    setpriv --reuid alice --regid alice --clear-groups sh /tmp/revert || true; cat ${FILE}`);
    expect(await fire()).toBe(FIRST);
    expect(await stopRollbackTimer(hand, run)).toEqual({ kind: "fired" });
    expect(await startRollbackTimer(hand, { ...armed, seconds: 3_600 })).toEqual({ kind: "armed" });
    expect(await write(hand, wish)).toMatchObject({ kind: "written" });
    expect(await stopRollbackTimer(hand, run)).toEqual({ kind: "disarmed" });
    expect(await fire()).toBe(String(after));
    expect(await end(hand, run)).toEqual({ kind: "ended" });
    expect(await fire()).toBe(String(after));
    expect(await host.run(`sha256sum < ${FILE}`)).toContain(hashOf(after));

    await host.run("rm -f /usr/bin/setsid /usr/bin/nohup /usr/bin/at");
    expect(await inspectHost(hand)).toMatchObject({ host: { rollbackTimers: [] } });
    await begin(hand, beginOn(FILE));
    const late = insertLine(FILE, after, { at: 0, line: "newer\n" });
    const other = { ...armed, wrote: late.newHash, prior: late.before, seconds: 60 };
    for (const way of ["at", "sleep"] as const)
      expect(await startRollbackTimer(hand, { ...other, timer: way })).toMatchObject({
        kind: "refused",
        why: "no-rollback-timer",
      });
    expect(await end(hand, run)).toEqual({ kind: "ended" });
    recordFault(task, {
      id: "R19",
      injected: "its script early and late; no setsid, nohup, at",
      seen: `nothing done outside its time; none is said as none, and refused; ${await watched.expectNobodyLockedOut()}`,
    });
  },
);
