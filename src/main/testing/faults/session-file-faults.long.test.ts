/** Files that a session may find: those that must not be replaced, and those whose bytes editors have spoiled. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { begin, end, write } from "#net/ssh/session/host-files.ts";
import { inspectFile } from "#net/ssh/session/inspect-host.ts";
import { openSessionIn } from "#net/ssh/session/testing/open-session-in.ts";
import { beginOn, hashOf, insertLine, TOKEN } from "#net/ssh/session/testing/session-requests.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { makeRetainedKey, watchLogins } from "#testing/runs/watch-hosts.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { recordFault } from "./fault-table.ts";

const lab = test.skipIf(!canStartHosts());
const SSH = "/srv/alice/.ssh";
const FILE = `${SSH}/authorized_keys`;

const folder = await makeTemporaryFolder();
const retained = canStartHosts() ? await makeRetainedKey(folder.path) : { line: "", keyFile: "" };
const PLAIN = `${retained.line}\n`;

/** A prober logs in throughout by a line of the file that is changed. */
let watched: Awaited<ReturnType<typeof watchLogins>>;
let host: LabHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  // An overlay does not keep attributes of chattr.
  host = await startHost({
    name: "files",
    prepare: `mount -t tmpfs -o mode=755 tmpfs /srv; useradd --create-home --home-dir /srv/alice alice
      mkdir -m 700 ${SSH}; echo '${retained.line}' > ${FILE}; chown -R alice: ${SSH}`,
  });
  watched = await watchLogins([host], { keyFile: retained.keyFile, account: "alice" });
});
afterAll(async () => {
  await watched?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
  await folder.remove();
});

const MARKS = {
  "chattr +i": { why: "immutable", clear: `chattr -i ${FILE}` },
  "chattr +a": { why: "append-only", clear: `chattr -a ${FILE}` },
  "mount --bind /srv/alice /srv/alice; mount -o remount,ro,bind /srv/alice; :": {
    why: "read-only",
    clear: "umount /srv/alice",
  },
} as const;

lab(
  "R5: what is immutable, append-only or read-only is refused before the plan, and nothing is taken off",
  async ({ task }) => {
    const before = Buffer.from(PLAIN);
    const { after: _, ...wish } = insertLine(FILE, before, { at: 0, line: "new\n" });
    for (const [mark, { why, clear }] of Object.entries(MARKS)) {
      await host.run(`${mark} ${FILE}`);
      const marks = await host.run(`lsattr ${FILE} | cut -c 1-22; grep -c /srv/alice /proc/mounts || true`);
      await using hand = await openSessionIn(startShellIn(host));
      expect(await inspectFile(hand, FILE), mark).toMatchObject({ file: { refusal: { why } } });
      const begun = await begin(hand, beginOn(FILE));
      const tried = begun.kind === "begun" ? await write(hand, wish) : begun;
      expect(tried, mark).toMatchObject({ kind: "refused", why });
      expect(await end(hand, { path: FILE, token: TOKEN }), mark).toMatchObject({ kind: "ended" });
      expect(await host.run(`lsattr ${FILE} | cut -c 1-22; grep -c /srv/alice /proc/mounts || true`)).toBe(
        marks,
      );
      await host.run(clear);
      expect(await host.run(`cat ${FILE}; ls -A ${SSH}`), mark).toBe(`${PLAIN}authorized_keys\n`);
    }
    recordFault(task, {
      id: "R5",
      injected: "chattr +i, +a; ro bind mount",
      seen: `refused in the look, with the reason; ${await watched.expectNobodyLockedOut()}`,
    });
  },
);

lab("R26: of files with odd bytes all others stay as they are", async ({ task }) => {
  const odd = [
    ...["one\r\ntwo\r\n", "\ufeffone\n", "no last newline", "", "\n\n\n", " \t# comment\n"].map((text) =>
      Buffer.from(text),
    ),
    Buffer.from("caf\xe9 \xff\xfe \x00 \x7f\n", "latin1"),
    Buffer.from(`command="${"long ".repeat(4_000)}" key\n`),
    Buffer.from(Array.from({ length: 1_024 }, (_, at) => at % 256)),
  ];
  await using hand = await openSessionIn(startShellIn(host, { user: "alice" }));
  for (const [at, bytes] of odd.entries()) {
    // A byte order mark is one at the very beginning alone; all other bytes are appended.
    const lines = [Buffer.from(PLAIN), bytes];
    const before = Buffer.concat(bytes.indexOf("\ufeff") === 0 ? lines.toReversed() : lines);
    await host.run(`base64 -d > ${SSH}/odd <<'END'\n${before.toString("base64")}\nEND
      chown alice: ${SSH}/odd; chmod 644 ${SSH}/odd; mv ${SSH}/odd ${FILE}`);
    await begin(hand, beginOn(FILE));
    const { after, ...wish } = insertLine(FILE, before, {
      at: before.indexOf(bytes) + Math.floor(bytes.length / 2),
      line: "\x00new \xe9\r\n",
    });
    expect(await write(hand, wish), String(at)).toEqual({ kind: "written", already: false });
    expect(await host.run(`sha256sum < ${FILE}`)).toBe(`${hashOf(after)}  -\n`);
    const back = { ...wish, expected: [wish.newHash], newHash: wish.before, splices: [] };
    expect(await write(hand, back), String(at)).toEqual({ kind: "written", already: false });
    expect(await host.run(`sha256sum < ${FILE}`)).toBe(`${hashOf(before)}  -\n`);
    expect(await end(hand, { path: FILE, token: TOKEN })).toEqual({ kind: "ended" });
  }
  recordFault(task, {
    id: "R26",
    injected: `${odd.length} odd files on a host`,
    seen: `written and taken back, byte for byte; ${await watched.expectNobodyLockedOut()}`,
  });
});
