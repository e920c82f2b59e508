import { afterAll, beforeAll, expect, test } from "vitest";
import { clearChallenges, putChallengeFile } from "#net/ssh/session/challenges.ts";
import { openSessionIn } from "#net/ssh/session/testing/open-session-in.ts";
import { SOME_SHELLS, startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { readRotationScript } from "#testing/read-scripts.ts";

const lab = test.skipIf(!canStartHosts());
const TOKEN = "run00000001";
const NAME = "-LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
const TEXT = `${NAME}.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI`;

let host: LabHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  host = await startHost({
    name: "web1",
    prepare: `
      useradd --create-home alice; useradd --create-home bob
      mkdir -p /srv/root /srv/releases/7 /srv/alice /srv/full /srv/wide
      chown alice:alice /srv/alice; chmod 755 /srv/alice
      ln -s releases/7 /srv/current
      ln -s /srv/root /home/alice/elsewhere; chown -h alice: /home/alice/elsewhere
      chmod 755 /home/alice
      chmod 2775 /srv/wide; chgrp alice /srv/wide
    `,
  });
});
afterAll(() => host?.[Symbol.asyncDispose]());

const list = (folder: string) =>
  host.run(
    `cd ${folder}; find . -mindepth 1 -printf '%P %M %u:%g\\n' | sort; ls -A /var/lib/latchkey 2>/dev/null || true`,
  );
const open = async (options: Parameters<typeof startShellIn>[1] = {}) =>
  openSessionIn(startShellIn(host, options), await readRotationScript("challenge"));
const wish = (folder: string, more: object = {}) => ({
  token: TOKEN,
  id: "c0",
  folder,
  of: "site" as const,
  name: NAME,
  text: TEXT,
  ...more,
});

lab.each(SOME_SHELLS)(
  "a file is put where the site has its challenges, and all of it goes again: %s",
  async (shell) => {
    await using hand = await open({ shell });
    const before = await list("/srv");
    const path = `/srv/root/.well-known/acme-challenge/${NAME}`;
    const put = { kind: "put", path };
    expect(await putChallengeFile(hand, wish("/srv/root"))).toEqual(put);
    expect(await putChallengeFile(hand, wish("/srv/root"))).toEqual(put);
    expect(await host.run(`cat -- ${path}`)).toBe(TEXT);
    expect(await list("/srv/root")).toBe(
      `.well-known drwxr-xr-x root:root
.well-known/acme-challenge drwxr-xr-x root:root
.well-known/acme-challenge/${NAME} -rw-r--r-- root:root
challenges
`,
    );
    expect(await clearChallenges(hand, { token: TOKEN })).toEqual({ kind: "cleared" });
    expect(await list("/srv")).toBe(before);
    expect(await clearChallenges(hand, { token: TOKEN })).toEqual({ kind: "cleared" });
  },
);

lab("it is written as whoever owns the folder, be that by root or by themselves", async () => {
  const before = await list("/srv");
  for (const user of [undefined, "alice"]) {
    await using hand = await open(user ? { user, wrap: ["env", "HOME=/home/alice"] } : {});
    expect(await putChallengeFile(hand, wish("/srv/alice"))).toMatchObject({ kind: "put" });
    expect(await host.run(`stat -c %U:%G:%a /srv/alice/.well-known/acme-challenge/*`)).toBe(
      "alice:alice:644\n",
    );
    expect(await clearChallenges(hand, { token: TOKEN })).toEqual({ kind: "cleared" });
    expect(await list("/srv")).toBe(before);
    expect(await host.run("find /home/alice -name '*latchkey*'")).toBe("");
  }
  await using bob = await open({ user: "bob", wrap: ["env", "HOME=/home/bob"] });
  expect(await putChallengeFile(bob, wish("/srv/alice"))).toEqual({
    kind: "failed",
    message: "/srv/alice belongs to somebody else: log in as its owner, or as root",
  });
  await using alice = await open({ user: "alice", wrap: ["env", "HOME=/home/alice"] });
  expect(await putChallengeFile(alice, wish("/srv/wide"))).toMatchObject({ kind: "put" });
  expect(await clearChallenges(alice, { token: TOKEN })).toEqual({ kind: "cleared" });
  expect(await list("/srv")).toBe(before);
});

lab("folders that were there stay, and those made for several names go with the last", async () => {
  await using hand = await open();
  await host.run("mkdir -p /srv/full/.well-known; echo hello > /srv/full/.well-known/security.txt");
  const before = await list("/srv/full");
  const second = { ...wish("/srv/full"), id: "c1", name: "other", text: "other.text" };
  expect(await putChallengeFile(hand, wish("/srv/full"))).toMatchObject({ kind: "put" });
  expect(await putChallengeFile(hand, second)).toMatchObject({ kind: "put" });
  expect(await clearChallenges(hand, { token: TOKEN, id: "c0" })).toEqual({ kind: "cleared" });
  expect(await host.run("ls /srv/full/.well-known/acme-challenge")).toBe("other\n");
  expect(await clearChallenges(hand, { token: TOKEN, id: "c1" })).toEqual({ kind: "cleared" });
  expect(await list("/srv/full")).toBe(before);
});

lab("a webroot that is a link is followed where its owner could have written there anyway", async () => {
  await using hand = await open();
  const before = await list("/srv");
  expect(await putChallengeFile(hand, wish("/srv/current"))).toEqual({
    kind: "put",
    path: `/srv/releases/7/.well-known/acme-challenge/${NAME}`,
  });
  expect(await clearChallenges(hand, { token: TOKEN })).toEqual({ kind: "cleared" });
  expect(await putChallengeFile(hand, wish("/home/alice/elsewhere"))).toEqual({
    kind: "failed",
    message: "/home/alice/elsewhere lies behind a symbolic link that somebody else could turn elsewhere",
  });
  expect(await clearChallenges(hand, { token: TOKEN })).toEqual({ kind: "cleared" });
  expect(await list("/srv")).toBe(before);
});

lab("what is somebody else's is never written over, and never removed", async () => {
  await using hand = await open();
  const folder = "/srv/full/.well-known/acme-challenge";
  await host.run(`mkdir -p ${folder}; echo theirs > ${folder}/${NAME}`);
  expect(await putChallengeFile(hand, wish("/srv/full"))).toEqual({
    kind: "failed",
    message: `${folder}/${NAME} exists already, and no run has made it: check it, then move it away`,
  });
  await host.run(`rm -f -- ${folder}/${NAME}`);
  expect(await putChallengeFile(hand, wish("/srv/full"))).toMatchObject({ kind: "put" });
  await host.run(`rm -f -- ${folder}/${NAME}; echo theirs > ${folder}/${NAME}`);
  expect(await clearChallenges(hand, { token: TOKEN })).toEqual({ kind: "cleared" });
  expect(await host.run(`cat -- ${folder}/${NAME}`)).toBe("theirs\n");
  await host.run("rm -r /srv/full/.well-known");
});

lab("where nothing can be written it says why, and nothing is there", async () => {
  await using hand = await open();
  await host.run(`
    mkdir -p /mnt/ro /mnt/small
    mount -t tmpfs -o ro tmpfs /mnt/ro
    mount -t tmpfs -o size=64k,nr_inodes=3 tmpfs /mnt/small
    mkdir -p /mnt/small/.well-known`);
  expect(await putChallengeFile(hand, wish("/mnt/ro"))).toEqual({
    kind: "failed",
    message: "/mnt/ro lies on a file system that is read-only",
  });
  expect(await putChallengeFile(hand, wish("/mnt/small"))).toEqual({
    kind: "failed",
    message: "/mnt/small cannot be written: the disk or its inodes are full",
  });
  expect(await list("/mnt/small/.well-known")).toBe("challenges\n");
  expect(await putChallengeFile(hand, wish("/srv/none"))).toEqual({
    kind: "failed",
    message: "/srv/none is not there, or cannot be entered",
  });
  expect(await clearChallenges(hand, { token: TOKEN })).toEqual({ kind: "cleared" });
});

lab("words that are none, and paths that leave, are refused before anything is touched", async () => {
  await using hand = await open();
  const before = await list("/srv");
  for (const odd of [{ name: "../x" }, { name: ".x" }, { text: "a b" }, { token: "a/b" }, { folder: "srv" }])
    expect(await putChallengeFile(hand, wish("/srv/root", odd))).toMatchObject({ kind: "failed" });
  expect(await list("/srv")).toBe(before);
  await host.run(`mkdir '/mnt/a\nb'; ln -s '/mnt/a\nb' /mnt/link`);
  expect(await putChallengeFile(hand, wish("/mnt/link"))).toEqual({
    kind: "failed",
    message: "/mnt/link has a path that is not plain",
  });
});
