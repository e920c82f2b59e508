/** Faults of a host's disk while a session changes one of its files. */
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { begin, end, write } from "#net/ssh/session/host-files.ts";
import { openSessionIn } from "#net/ssh/session/testing/open-session-in.ts";
import { beginOn, hashOf, insertLine, TOKEN } from "#net/ssh/session/testing/session-requests.ts";
import { SOME_SHELLS, startShell, startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { makeRetainedKey, watchLogins } from "#testing/runs/watch-hosts.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { type FaultRow, recordFault } from "./fault-table.ts";
import { startDisk, startSshdOnDisk } from "./sshd-on-disk.ts";

const lab = test.skipIf(!canStartHosts());
const timeout = 3_600_000;

/** Moments at which the power is cut; the long form tries all of them. */
const MOMENTS = Number(process.env.LATCHKEY_KILL_MOMENTS ?? 1_000_000);
const KILLER = ["/usr/bin/python3", "-I", join(import.meta.dirname, "kill-at-call.py")];

const SSH = "/home/alice/.ssh";
const FILE = `${SSH}/authorized_keys`;
const folder = await makeTemporaryFolder();
const retained = canStartHosts() ? await makeRetainedKey(folder.path) : { line: "", keyFile: "" };
const BEFORE = Buffer.from(`old key\n${"x".repeat(9_000)}\n${retained.line}\n`);
const WORK = `.latchkey/${TOKEN}`;

/** A prober logs in throughout by a line of the file that is changed. */
let watched: Awaited<ReturnType<typeof watchLogins>>;
let host: LabHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  host = await startHost({
    name: "disks",
    prepare: `useradd --create-home alice; mkdir -m 700 ${SSH}
      printf '%s' '${BEFORE}' > ${FILE}; chown -R alice: ${SSH}; chmod 600 ${FILE}`,
  });
  watched = await watchLogins([host], { keyFile: retained.keyFile, account: "alice" });
});
afterAll(async () => {
  await watched?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
  await folder.remove();
});

type Injection = {
  id: FaultRow["id"];
  calls: string;
  /** What strace injects into these calls: an error, or another result. */
  as: string;
  /** The name, within the file's folder, that the calls are about. */
  on: string;
  why: RegExp;
};

const WRITES = "write,pwrite64,writev,copy_file_range,sendfile";
const NEXT = `${WORK}/next-f0.${insertLine(FILE, BEFORE, { at: 8, line: "new key\n" }).newHash}`;
const PART = `${WORK}/part-f0`;
const INJECTIONS: Injection[] = [
  { id: "R4", calls: WRITES, as: "error=ENOSPC", on: PART, why: /^no-space$/ },
  { id: "R4", calls: WRITES, as: "error=EDQUOT", on: PART, why: /^no-space$/ },
  { id: "R4", calls: "openat", as: "error=ENOSPC", on: PART, why: /^no-space$/ },
  { id: "R6", calls: WRITES, as: "error=EIO", on: PART, why: /^io-error$/ },
  { id: "R6", calls: "fsync,fdatasync,syncfs", as: "error=EIO", on: PART, why: /^io-error$/ },
  { id: "R6", calls: "close", as: "error=EIO", on: PART, why: /^io-error$/ },
  { id: "R6", calls: "rename,renameat,renameat2", as: "error=EIO", on: PART, why: /^io-error$/ },
  { id: "R6", calls: "rename,renameat,renameat2", as: "error=EIO", on: NEXT, why: /^io-error$/ },
  {
    id: "R6",
    calls: "read",
    as: "error=EIO",
    on: `${WORK}/before-f0`,
    why: /^(no-before|io-error|bad-bytes)$/,
  },
  {
    id: "R7",
    calls: "write,copy_file_range",
    as: "retval=1:when=1",
    on: PART,
    why: /^(bad-bytes|io-error)$/,
  },
];

for (const id of ["R4", "R6", "R7"] as const)
  lab(
    `${id}: where the disk fails within a write, the old file stays and nothing is left`,
    { timeout },
    async ({ task }) => {
      const seen = new Set<string>();
      for (const shell of SOME_SHELLS)
        for (const injection of INJECTIONS.filter((one) => one.id === id))
          seen.add(`${injection.calls.split(",")[0]} ${injection.as}: ${await failWith(shell, injection)}`);
      seen.add(await watched.expectNobodyLockedOut());
      recordFault(task, { id, injected: "strace", seen: [...seen].join("; ") });
    },
  );

/** Writes while these calls fail; returns the session's answer, once everything is as before. */
async function failWith(shell: string, { calls, as, on, why }: Injection): Promise<string> {
  const { after: _, ...wish } = insertLine(FILE, BEFORE, { at: 8, line: "new key\n" });
  const places = [`./${on}`, on, `${SSH}/${on}`].flatMap((path) => ["-P", path]);
  const wrap = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", ...places, "-e", `trace=${calls}`];
  const point = `${shell}: ${calls} ${as} on ${on}`;
  const faulty = startShellIn(host, { shell, user: "alice", wrap: [...wrap, "-e", `inject=${calls}:${as}`] });
  let said = "";
  {
    await using hand = await openSessionIn(faulty);
    expect(await begin(hand, beginOn(FILE)), point).toMatchObject({ kind: "begun" });
    const answer = await write(hand, wish);
    expect(answer.kind, `${point}: ${JSON.stringify(answer)}`).toMatch(/^(refused|failed)$/);
    if (answer.kind === "refused" || answer.kind === "failed") said = answer.why;
    expect(said, point).toMatch(why);
  }
  expect(await host.run(`cat ${FILE}; stat -c '%U %G %a %h' ${FILE}`), point).toBe(
    `${BEFORE}alice alice 600 1\n`,
  );
  expect(await host.run(`find ${SSH} -name 'part-*' -o -name 'next-*'`), point).toBe("");
  await using hand = await openSessionIn(startShellIn(host, { shell }));
  expect(await begin(hand, beginOn(FILE)), point).toMatchObject({ kind: "begun" });
  expect(await write(hand, { ...wish, newHash: wish.before, splices: [] }), point).toMatchObject({
    kind: "written",
  });
  expect(await end(hand, { path: FILE, token: TOKEN }), point).toEqual({ kind: "ended" });
  expect(await host.run(`ls -A ${SSH}`), point).toBe("authorized_keys\n");
  return said;
}

lab(
  "R6: a folder that cannot be synced after the rename is told, and the file is whole",
  { timeout },
  async ({ task }) => {
    const { after, ...wish } = insertLine(FILE, BEFORE, { at: 8, line: "new key\n" });
    const inject = ["-e", "trace=fsync,fdatasync,syncfs", "-e", "inject=fsync,fdatasync,syncfs:error=EIO"];
    const wrap = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-P", SSH, ...inject];
    await using hand = await openSessionIn(startShellIn(host, { user: "alice", wrap }));
    await begin(hand, beginOn(FILE));
    expect(await write(hand, wish)).toMatchObject({ kind: "failed", why: "io-error" });
    expect(await host.run(`cat ${FILE}`)).toBe(String(after));
    await using sound = await openSessionIn(startShellIn(host));
    const back = { ...wish, expected: [wish.newHash], newHash: wish.before, splices: [] };
    expect(await write(sound, back)).toMatchObject({ kind: "written" });
    expect(await end(sound, { path: FILE, token: TOKEN })).toEqual({ kind: "ended" });
    recordFault(task, {
      id: "R6",
      injected: "strace fsync of the folder",
      seen: `failed; the new file is whole; ${await watched.expectNobodyLockedOut()}`,
    });
  },
);

const NOBODY = 65_534;

lab(
  "R3: after a power cut at any call that writes, the file is the old or the new one",
  { timeout },
  async ({ task }) => {
    await using folder = await makeTemporaryFolder();
    await chmod(folder.path, 0o755);
    await using disk = await startDisk(folder.path);
    const path = join(disk.mount, "home/.ssh/authorized_keys");
    const { after, ...wish } = insertLine(path, BEFORE, { at: 8, line: "new key\n" });
    const run = (script: string) => inside(disk.inside, script);
    await run(`mkdir -p ${disk.mount}/home/.ssh; printf '%s' '${BEFORE}' > ${path}
    chown -R ${NOBODY}:${NOBODY} ${disk.mount}; chmod 600 ${path}; sync`);
    const asNobody = ["setpriv", "--reuid", String(NOBODY), "--regid", String(NOBODY), "--clear-groups"];
    const open = (nth: number) =>
      openSessionIn(
        startShell([...disk.inside, ...KILLER, "all", String(nth), ...asNobody, "/usr/bin/dash", "-s"]),
      );
    await using sshd = await startSshdOnDisk({ inside: disk.inside, folder: folder.path, keys: path });
    const seen = [0, 0];
    for (let nth = 1, step = 1; ; nth += step) {
      const hand = await open(nth).catch(() => null);
      if (hand) await begin(hand, beginOn(path));
      const isOver = hand !== null && (await write(hand, wish)).kind === "written";
      await hand?.kill();
      await disk.cutPower();
      await disk.restorePower();
      const text = await run(`cat ${path}; stat -c '%u %g %a' ${path}`);
      const owned = `${NOBODY} ${NOBODY} 600\n`;
      expect([`${BEFORE}${owned}`, `${after}${owned}`], `point ${nth}`).toContain(text);
      const isNew = text.startsWith(String(after));
      seen[Number(isNew)] = (seen[Number(isNew)] ?? 0) + 1;
      if (isOver) expect(isNew, "what was told as written is there").toBe(true);
      // By the line that nobody changes; while there is no power, nobody can log in at all.
      await sshd.logIn(retained.keyFile);
      await using sound = await open(0);
      await begin(sound, beginOn(path));
      const back = { ...wish, expected: [wish.newHash, wish.before], newHash: wish.before, splices: [] };
      expect(await write(sound, back), `point ${nth}`).toMatchObject({ kind: "written" });
      expect(await end(sound, { path, token: TOKEN }), `point ${nth}`).toEqual({ kind: "ended" });
      expect(await run(`ls -A ${disk.mount}/home/.ssh; sha256sum < ${path}`)).toBe(
        `authorized_keys\n${hashOf(BEFORE)}  -\n`,
      );
      await run("sync");
      if (isOver) break;
      step = MOMENTS > 1_000 ? 1 : Math.ceil(60 / MOMENTS);
    }
    recordFault(task, {
      id: "R3",
      injected: "ext4 shutdown at a call",
      seen: `${seen[0]} old, ${seen[1]} new, 0 torn, 0 lost that was told as written; after each an sshd lets in with the retained key`,
    });
  },
);

async function inside(enter: readonly string[], script: string): Promise<string> {
  const shell = startShell([...enter, "sh", "-s"]);
  let said = "";
  shell.follow({
    out: (chunk) => {
      said += chunk.toString();
    },
    over: () => undefined,
  });
  shell.send(`${script}\n`);
  await shell.leave();
  return said;
}
