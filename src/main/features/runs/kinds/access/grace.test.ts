import { expect, test } from "vitest";
import type { RemoteSession, SessionAnswer } from "#net/ssh/session/remote-session.ts";
import type { HostUse } from "#shared/model/hosts/host-use.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { AccessHost, HostPlan, KeyPlan, RotateKeyPlan } from "#shared/model/runs/plan.ts";
import { formatRunNote } from "#shared/text/runs/run-note.ts";
import { makeKeyLine } from "#testing/runs/follow.ts";
import { createGrace, evaluateQuiet } from "./grace.ts";
import { findLoginInLog } from "./wait-for-login.ts";

const OLD = `SHA256:${"o".repeat(43)}`;
const at = (day: number): Instant => `2026-03-${String(day).padStart(2, "0")}T12:00:00Z`;
const window = (from: number, to: number) => ({ source: "journal", from: at(from), to: at(to) });
const login = (day: number, fingerprint = OLD) => ({
  account: "jo",
  fingerprint,
  isAuthority: false,
  lastFrom: "192.0.2.7",
  origins: [],
  days: [],
  lastInJournalAt: at(day),
  firstAt: at(1),
  lastAt: at(day),
});

test.each<[string, HostUse, string]>([
  [
    "logs that reach over all of it and name no login",
    { logins: [login(4)], windows: [window(1, 15)] },
    "quiet",
  ],
  ["a login since", { logins: [login(6)], windows: [] }, "used"],
  ["logs that begin later", { logins: [], windows: [window(6, 15)] }, "unknown"],
  ["logs that have ended", { logins: [], windows: [window(1, 10)] }, "unknown"],
  ["logs with a gap", { logins: [], windows: [window(1, 7), window(9, 15)] }, "unknown"],
  ["logs of which nothing is new", { logins: [], windows: [window(1, 5)] }, "unknown"],
  ["no log", { logins: [], windows: [] }, "unknown"],
  ["a log that names keys by MD5", { logins: [login(6, "MD5:00")], windows: [window(1, 15)] }, "unknown"],
])("whether a key was used in ten days is said by %s", (_, use, kind) => {
  const asked = { fingerprints: [OLD], accounts: ["jo"], since: at(5), readTo: at(5), now: at(15) };
  expect(evaluateQuiet({ use, ...asked }).kind).toBe(kind);
});

const plan = {
  oldKey: OLD,
  newKey: { kind: "made-here", keyType: "ed25519", comment: "", path: "/home/jo/.ssh/id_ed25519" },
  options: { graceDays: 10 },
  hosts: [
    { host: "db1", port: 22, user: "root", files: [{ account: "jo", removed: [] }] },
    { host: "web1", port: 22, files: [{ account: "jo", removed: null }] },
  ],
  checks: [],
} as unknown as RotateKeyPlan;

/** Resumed by a user who ends nothing early. */
const GOING = { acknowledgements: [] as string[], since: at(5), clocks: [], ending: null };

test("a run does not go on by what plain files alone tell, unless that was agreed to for that very host", async () => {
  const file = { ...window(1, 15), source: "/var/log/auth.log" };
  const uses = { db1: { logins: [], windows: [file] } };
  const consented = (host: string): RotateKeyPlan => ({
    ...plan,
    checks: [{ state: "acknowledge", id: "file-logs", host, account: null, text: "" }],
  });
  const judged = (of: KeyPlan, acknowledgements: string[]) =>
    startGrace(uses, 15).grace.judge({ ...GOING, plan: of, acknowledgements, dueAt: at(15) });
  for (const [of, acknowledgements] of [
    [plan, ["file-logs db1"]],
    [consented("db1"), []],
    [consented("db2"), ["file-logs db2"]],
  ] as [KeyPlan, string[]][])
    expect(await judged(of, acknowledgements)).toEqual({
      isOver: false,
      dueAt: "2026-03-15T13:00:00Z",
      said: [expect.stringMatching(/^db1:22: plain files show .* any user there can have lines written/)],
    });
  expect(await judged(consented("db1"), ["file-logs db1"])).toMatchObject({ isOver: true });
  const both = { db1: { logins: [], windows: [file, window(4, 15)] } };
  const sure = startGrace(both, 15).grace.judge({ ...GOING, plan, dueAt: at(15) });
  expect(await sure).toMatchObject({ isOver: true, said: [expect.stringContaining("its journal shows")] });
});

test("a use counts by whatever log, and it is said where that is a plain file", async () => {
  const logins = [{ ...login(9), lastInJournalAt: null }];
  const { grace } = startGrace({ db1: { logins, windows: [window(1, 15)] } }, 15);
  expect(await grace.judge({ ...GOING, plan, dueAt: at(15) })).toMatchObject({
    isOver: false,
    dueAt: at(19),
    said: [
      expect.stringContaining("by a plain file, to which any user there can have lines written"),
      expect.anything(),
    ],
  });
});

/** With `found` as a person reads it. */
function makeGrace(deps: Parameters<typeof createGrace>[0]) {
  const { evaluate } = createGrace(deps);
  return {
    async judge(waiting: Parameters<typeof evaluate>[0]) {
      const { found, ...verdict } = await evaluate(waiting);
      return { ...verdict, said: found.map(formatRunNote) };
    },
  };
}

const UNREAD: HostUse = { logins: [], windows: [] };

/** What logs show once they are read; `isLocked`: the new key logs in only after a prompt. */
function startGrace(
  uses: Record<string, HostUse>,
  day: number,
  { isLocked = false, ahead = null }: { isLocked?: boolean; ahead?: number | null } = {},
) {
  const read: string[] = [];
  const grace = makeGrace({
    loginsOf: ({ host }) => (read.includes(host) ? uses[host] : undefined) ?? UNREAD,
    clockOf: ({ host }) => (read.includes(host) ? ahead : null),
    rescan: async (hosts: readonly HostPlan[], files: readonly string[]) => {
      if (isLocked && files.length > 0) return false;
      read.push(...hosts.map(({ host }) => host), ...files);
      return true;
    },
    now: () => new Date(at(day)),
  });
  return { grace, read };
}

test("a run waits so many days, then reads the hosts of which lines go, and goes on where all are quiet", async () => {
  const uses = { db1: { logins: [], windows: [window(1, 15)] } };
  const first = startGrace(uses, 5);
  expect(await first.grace.judge({ ...GOING, plan, dueAt: null })).toEqual({
    isOver: false,
    dueAt: at(15),
    said: ["the old key is watched until 2026-03-15"],
  });
  expect(first.read).toEqual([]);
  expect(await first.grace.judge({ ...GOING, plan, dueAt: at(15) })).toMatchObject({ isOver: false });
  const later = startGrace(uses, 15);
  expect(await later.grace.judge({ ...GOING, plan, dueAt: at(15) })).toMatchObject({ isOver: true });
  expect(later.read).toEqual(["db1", "/home/jo/.ssh/id_ed25519"]);
});

test.each([
  { user: "root", isOver: true, hosts: ["db1"] },
  { user: "jo", isOver: false, hosts: [] },
  { user: null, isOver: false, hosts: [] },
])(
  "where the new key is locked, a host that is entered as $user is read as any scan reads it: $isOver",
  async ({ user, isOver, hosts }) => {
    const { grace, read } = startGrace({ db1: { logins: [], windows: [window(1, 15)] } }, 15, {
      isLocked: true,
    });
    const others = { ...plan, hosts: plan.hosts.map((host) => ({ ...host, user })) };
    expect(await grace.judge({ ...GOING, plan: others, dueAt: at(15) })).toMatchObject({ isOver });
    expect(read).toEqual(hosts);
  },
);

test("a host that cannot be read again is not quiet, whatever its logs told before", async () => {
  const use = { logins: [], windows: [window(1, 14)] };
  const grace = makeGrace({
    loginsOf: () => use,
    clockOf: () => null,
    rescan: async () => true,
    now: () => new Date(at(15)),
  });
  expect(await grace.judge({ ...GOING, plan, dueAt: at(15) })).toMatchObject({
    isOver: false,
    dueAt: "2026-03-15T13:00:00Z",
    said: [expect.stringContaining("could not be read just now")],
  });
});

test("a use of the old key begins the time anew", async () => {
  const uses = { db1: { logins: [login(12)], windows: [window(1, 15)] } };
  const { grace } = startGrace(uses, 15);
  expect(await grace.judge({ ...GOING, plan, dueAt: at(15) })).toEqual({
    isOver: false,
    dueAt: at(22),
    said: [
      "db1:22: jo was logged in to with the old key on 2026-03-12, from 192.0.2.7: give whoever that is the new one; an agent that has both offers the old one first",
      "the old key is watched until 2026-03-22",
    ],
  });
});

/** A moment of this computer, by a clock that is so far ahead. */
const later = (of: Instant, seconds: number): Instant =>
  `${new Date(Date.parse(of) + seconds * 1_000).toISOString().slice(0, 19)}Z`;

test.each([-300, 300])(
  "where a host's clock is %i seconds ahead, days begin and end by this computer's, and what its log tells counts by its own",
  async (aheadSeconds) => {
    const clocks = [{ host: "db1", port: 22, aheadSeconds }];
    const lastAt = (of: Instant, seconds: number) => {
      const moment = later(of, aheadSeconds + seconds);
      return { ...login(1), lastAt: moment, lastInJournalAt: moment };
    };
    const told = [{ source: "journal", from: at(1), to: later(at(15), aheadSeconds) }];
    const judge = (one: HostUse["logins"][number]) =>
      startGrace({ db1: { logins: [one], windows: told } }, 15).grace.judge({
        ...GOING,
        plan,
        clocks,
        dueAt: at(15),
      });
    expect(await judge(lastAt(at(5), -1))).toMatchObject({ isOver: true });
    expect(await judge(lastAt(at(5), 5))).toMatchObject({ isOver: false, dueAt: later(at(15), 4) });
    // That very use is not within the days that begin with it.
    const use = lastAt(at(5), 5);
    const again = startGrace({ db1: { logins: [use], windows: told } }, 15).grace.judge({
      ...GOING,
      plan,
      clocks,
      dueAt: later(at(15), 4),
    });
    expect(await again).toMatchObject({ isOver: false, dueAt: later(at(15), 4) });
  },
);

test("a host whose clock was behind when the run was there, and is set right since, is found quiet by its own logs", async () => {
  const clocks = [{ host: "db1", port: 22, aheadSeconds: -900 }];
  const told = { db1: { logins: [], windows: [window(1, 15)] } };
  const judge = (ahead: number | null) =>
    startGrace(told, 15, { ahead }).grace.judge({ ...GOING, plan, clocks, dueAt: at(15) });
  expect(await judge(0)).toMatchObject({ isOver: true });
});

test("no use is later than now, whatever a host says its clock is", async () => {
  const used = { db1: { logins: [login(9)], windows: [window(1, 15)] } };
  const verdict = await startGrace(used, 9, { ahead: -1_700_000_000 }).grace.judge({
    ...GOING,
    plan,
    dueAt: at(15),
  });
  expect(verdict).toMatchObject({ isOver: false, dueAt: at(19) });
});

test("before its time a run reads its hosts all the same, names each use since the hand-over, and begins its days anew", async () => {
  const logins = [login(6), { ...login(8), account: "al" }, login(9, NEW), login(4)];
  const first = startGrace({ db1: { logins, windows: [window(1, 9)] } }, 9);
  expect(await first.grace.judge({ ...GOING, plan, dueAt: at(15) })).toEqual({
    isOver: false,
    dueAt: at(16),
    said: [
      "jo@db1: logged in to with the old key at 2026-03-06T12:00:00Z, from 192.0.2.7, from its journal: give whoever that is the new one; an agent that has both offers the old one first",
      "the old key is watched until 2026-03-16",
    ],
  });
  expect(first.read).toEqual(["db1", "/home/jo/.ssh/id_ed25519"]);
});

test("whoever ends the days of grace agrees by name to each use that is known once the hosts were read again", async () => {
  const used = { logins: [login(6)], windows: [window(1, 9)] };
  const end = (ending: string[], use: HostUse = used) =>
    startGrace({ db1: use }, 9).grace.judge({ ...GOING, plan, dueAt: at(15), ending });
  for (const ending of [[], ["old-key-used"], ["old-key-used db1"], ["old-key-used db1 jo 192.0.2.8"]])
    expect(await end(ending)).toEqual({
      isOver: false,
      dueAt: at(16),
      said: [
        expect.stringContaining("jo@db1: logged in to with the old key"),
        "the days of grace are not ended, for nobody has agreed that these are shut out: jo@db1 from 192.0.2.7",
      ],
    });
  const ended = {
    isOver: true,
    said: expect.arrayContaining(["the days of grace were ended before their time"]),
  };
  expect(await end(["old-key-used db1 jo 192.0.2.7"])).toMatchObject(ended);
  expect(await end([], { logins: [login(4)], windows: [] })).toMatchObject(ended);
});

test("of a plan about several keys each one that goes is watched", async () => {
  const { line, fingerprint } = await makeKeyLine("guest@x");
  const removed = [{ at: 0, removed: `${line}\n`, inserted: "" }];
  const [first] = plan.hosts;
  const hosts = first
    ? [{ ...first, files: [{ account: "jo", removed }] as unknown as AccessHost["files"] }]
    : [];
  const several = { ...plan, kind: "move-to-authority", oldKey: null, hosts } as unknown as KeyPlan;
  const use = { logins: [login(12, fingerprint)], windows: [window(1, 15)] };
  const { grace } = startGrace({ db1: use }, 15);
  expect(await grace.judge({ ...GOING, plan: several, dueAt: at(15) })).toMatchObject({
    isOver: false,
    dueAt: at(22),
  });
});

test("where the logs cannot tell, a run does not go on, whoever asks", async () => {
  const { grace } = startGrace({}, 15);
  expect(await grace.judge({ ...GOING, plan, dueAt: at(15) })).toEqual({
    isOver: false,
    dueAt: "2026-03-15T13:00:00Z",
    said: [
      "db1:22: whether the old key is still used is not known: none of its logs shows logins up to now; end the days of grace (runs resume --now) to remove it all the same",
    ],
  });
});

test("a login to another account that the same file lets in counts as one", async () => {
  const [first] = plan.hosts;
  const files = [{ account: "al", others: ["jo"], removed: [] }] as unknown as AccessHost["files"];
  const shared: KeyPlan = { ...plan, hosts: first ? [{ ...first, files }] : [] };
  const { grace } = startGrace({ db1: { logins: [login(12)], windows: [window(1, 15)] } }, 15);
  expect(await grace.judge({ ...GOING, plan: shared, dueAt: at(15) })).toMatchObject({
    isOver: false,
    dueAt: at(22),
  });
});

const NEW = `SHA256:${"n".repeat(43)}`;
const LINE = `2026-03-06T10:00:00+01:00 db1 sshd[7]: Accepted publickey for jo from 192.0.2.7 port 4 ssh2: ED25519 ${NEW}`;

/** A session that answers as if it had read these lines. */
const sessionOf = (lines: string | null): RemoteSession => {
  const answer: SessionAnswer =
    lines === null
      ? { kind: "answered", status: "no", words: ["no-log"], facts: new Map(), data: new Map() }
      : {
          kind: "answered",
          status: "ok",
          words: ["read"],
          facts: new Map([["sources", [["/var/log/auth.log"]]]]),
          data: new Map([["lines", Buffer.from(`/var/log/auth.log\t${lines}`)]]),
        };
  return { send: async () => answer } as unknown as RemoteSession;
};

const BSD = LINE.replace(/^\S+/, "Mar  6 10:00:00");
const START = Date.parse(at(5)) / 1_000;
const LATER = Date.parse("2026-03-06T09:00:00Z") / 1_000;

test.each<[string, string | null, { after: number | null; isNew?: boolean; zone?: string | null }, string]>([
  ["a login with that key", LINE, { after: START }, "claimed"],
  ["one from before the run", LINE.replace("03-06", "03-04"), { after: START }, "not-yet"],
  ["one whose year is not told", BSD, { after: START }, "not-yet"],
  [
    "one whose year is not told, of a key that nobody had before",
    BSD,
    { after: null, isNew: true },
    "claimed",
  ],
  ["one in the second of the removal", LINE, { after: LATER, isNew: true }, "not-yet"],
  ["one a second later", LINE, { after: LATER - 1, isNew: true }, "claimed"],
  ["one whose year is not told, from before the removal", BSD, { after: LATER, isNew: true }, "not-yet"],
  ["one whose year is not told, from after it", BSD, { after: LATER - 1, isNew: true }, "claimed"],
  ["one whose year and offset are not told", BSD, { after: LATER - 1, isNew: true, zone: null }, "not-yet"],
  ["one to another account", LINE.replace("for jo", "for al"), { after: null }, "not-yet"],
  ["one with another key", LINE.replace(NEW, OLD), { after: null }, "not-yet"],
  [
    "one by a certificate for the key",
    LINE.replace(/ED25519 .*/, `ED25519-CERT ${NEW} ID x (serial 0) CA ED25519 ${OLD}`),
    { after: null },
    "not-yet",
  ],
  ["no log", null, { after: null }, "unknown"],
])("of %s a plain file tells as what it is", async (_, lines, more, kind) => {
  const request = {
    account: "jo",
    fingerprint: NEW,
    since: START,
    isNew: false,
    isAuthority: false,
    zone: "+0100",
    ...more,
  };
  expect((await findLoginInLog(sessionOf(lines), request)).kind).toBe(kind);
});
