import { afterAll, beforeAll, expect, test } from "vitest";
import { SOME_SHELLS, startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { begin, end, write } from "./host-files.ts";
import { inspectFile } from "./inspect-host.ts";
import { openSessionIn } from "./testing/open-session-in.ts";
import { beginOn, insertLine, TOKEN } from "./testing/session-requests.ts";

const lab = test.skipIf(!canStartHosts());
const FILE = "/home/alice/.ssh/authorized_keys";
const OTHER = "run00000002";
const BEFORE = Buffer.from("old\n");

let host: LabHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  host = await startHost({
    name: "locks",
    prepare: `useradd --create-home alice; mkdir -m 700 /home/alice/.ssh
      echo old > ${FILE}; chown -R alice: /home/alice/.ssh`,
  });
});
afterAll(() => host?.[Symbol.asyncDispose]());

const list = () => host.run("ls -A /home/alice/.ssh");

lab.each(SOME_SHELLS)("a folder is held by one run at a time, and says by whom: %s", async (shell) => {
  await using one = await openSessionIn(startShellIn(host, { shell }));
  await using two = await openSessionIn(startShellIn(host, { shell, user: "alice" }));
  expect(await begin(one, { ...beginOn(FILE), who: "jo, desk\u202e" })).toMatchObject({ kind: "begun" });
  const held = await begin(two, beginOn(FILE, OTHER));
  expect(held).toMatchObject({ kind: "held", by: { token: TOKEN, who: expect.stringMatching(/^jo__desk/) } });
  if (held.kind === "held") expect(held.by.leaseEnd - held.by.since).toBe(900);
  expect(await inspectFile(two, FILE)).toMatchObject({ file: { lock: { token: TOKEN } } });
  const { after: _, ...wish } = insertLine(FILE, BEFORE, { at: 0, line: "new\n" });
  expect(await write(two, { ...wish, token: OTHER })).toMatchObject({ kind: "refused", why: "held" });
  expect(await end(two, { path: FILE, token: OTHER })).toEqual({ kind: "ended" });
  expect(await inspectFile(two, FILE)).toMatchObject({ file: { lock: { token: TOKEN } } });
  expect(await begin(one, beginOn(FILE))).toMatchObject({ kind: "begun" });
  expect(await end(one, { path: FILE, token: TOKEN })).toEqual({ kind: "ended" });
  expect(await list()).toBe("authorized_keys\n");
  expect(await write(one, wish)).toMatchObject({ kind: "refused", why: "lock-lost" });
  expect(await list()).toBe("authorized_keys\n");
});

lab("a lock is broken only when its lease is over, and only by its very token", async () => {
  await using hand = await openSessionIn(startShellIn(host));
  await begin(hand, { ...beginOn(FILE), leaseSeconds: 900 });
  const other = beginOn(FILE, OTHER);
  expect(await begin(hand, { ...other, breaks: TOKEN })).toMatchObject({ kind: "held" });
  await begin(hand, { ...beginOn(FILE), leaseSeconds: 0 });
  await host.run(`end=$(readlink /home/alice/.ssh/.latchkey/lock-* | sed 's/.*,//')
    until [ "$(date +%s)" -gt "$end" ]; do sleep 0.1; done`);
  expect(await begin(hand, other)).toMatchObject({ kind: "held", by: { token: TOKEN } });
  expect(await begin(hand, { ...other, breaks: "run00000009" })).toMatchObject({ kind: "held" });
  expect(await begin(hand, { ...other, breaks: TOKEN })).toMatchObject({ kind: "begun" });
  const { after: _, ...wish } = insertLine(FILE, BEFORE, { at: 0, line: "new\n" });
  expect((await write(hand, wish)).kind).toBe("refused");
  expect(await end(hand, { path: FILE, token: TOKEN })).toEqual({ kind: "ended" });
  expect(await inspectFile(hand, FILE)).toMatchObject({ file: { lock: { token: OTHER } } });
  expect(await end(hand, { path: FILE, token: OTHER })).toEqual({ kind: "ended" });
  expect(await list()).toBe("authorized_keys\n");
});

lab("of many that come at once, one begins", async () => {
  const tokens = Array.from({ length: 6 }, (_, at) => `race0000000${at}`);
  const hands = await Promise.all(
    tokens.map((_, at) =>
      openSessionIn(startShellIn(host, { shell: SOME_SHELLS[at % 2] ?? "sh", user: "alice" })),
    ),
  );
  try {
    for (let round = 0; round < 10; round++) {
      const begun = await Promise.all(hands.map((hand, at) => begin(hand, beginOn(FILE, tokens[at] ?? ""))));
      const winners = begun.flatMap(({ kind }, at) => (kind === "begun" ? [at] : []));
      expect(winners, JSON.stringify(begun)).toHaveLength(1);
      expect(begun.filter(({ kind }) => kind === "held")).toHaveLength(hands.length - 1);
      const winner = winners[0] ?? 0;
      const ended = await Promise.all(
        hands.map((hand, at) => end(hand, { path: FILE, token: tokens[at] ?? "" })),
      );
      expect(ended[winner]).toEqual({ kind: "ended" });
      expect(await list()).toBe("authorized_keys\n");
    }
  } finally {
    for (const hand of hands) await hand[Symbol.asyncDispose]();
  }
});

lab("a work folder that is somebody's else, or leads elsewhere, is not used", async () => {
  await using hand = await openSessionIn(startShellIn(host));
  for (const [make, clear] of [
    ["ln -s /tmp /home/alice/.ssh/.latchkey", "rm /home/alice/.ssh/.latchkey"],
    [
      "mkdir /home/alice/.ssh/.latchkey; chown root: /home/alice/.ssh/.latchkey",
      "rmdir /home/alice/.ssh/.latchkey",
    ],
  ] as const) {
    await host.run(make);
    expect(await begin(hand, beginOn(FILE))).toMatchObject({ kind: "refused", why: "work-folder-occupied" });
    await host.run(clear);
  }
});
