import { afterAll, beforeAll, expect, test } from "vitest";
import { SOME_SHELLS, startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { begin, end, write } from "./host-files.ts";
import { inspectFile } from "./inspect-host.ts";
import { openSessionIn } from "./testing/open-session-in.ts";
import { beginOn, hashOf, insertLine, TOKEN } from "./testing/session-requests.ts";

const lab = test.skipIf(!canStartHosts());
const isWhole = process.env.LATCHKEY_TEST_SHELLS === "all";
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICMSwu0quwdyYK/Bht1UG58PZJInaOyuyxTF4N/aWeSg";
const FILE = "/home/alice/.ssh/authorized_keys";

/** Bytes that editors tend to damage, by their peculiarity. */
const ODD: Record<string, Buffer> = {
  plain: Buffer.from(`${KEY} a\n${KEY} b\n`),
  crlf: Buffer.from(`${KEY} a\r\n${KEY} b\r\n`),
  mark: Buffer.from(`\ufeff${KEY} a\n`),
  latin: Buffer.from(`${KEY} caf\xe9\n\xff\xfe\n`, "latin1"),
  cut: Buffer.from(`${KEY} a\n${KEY} no last newline`),
  long: Buffer.from(`command="${"x".repeat(20_000)}" ${KEY} a\n${KEY} b\n`),
  nul: Buffer.from(`${KEY} a\0b\n\x01\x02\x7f%s\\n'"$(id)\`id\`\n`),
  empty: Buffer.alloc(0),
};

let host: LabHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  host = await startHost({
    name: "keys1",
    prepare: `
      useradd --create-home alice
      mkdir -m 700 /home/alice/.ssh /etc/ssh/keys
      chmod 755 /etc/ssh/keys
      echo hello > /etc/ssh/keys/alice
      chown alice:alice /etc/ssh/keys/alice /home/alice/.ssh
      chmod 640 /etc/ssh/keys/alice
    `,
  });
});
afterAll(() => host?.[Symbol.asyncDispose]());

const lay = (path: string, bytes: Buffer, mode = "600") =>
  host.run(`base64 -d > ${path} <<'END'
${bytes.toString("base64")}
END
chown alice:alice ${path}; chmod ${mode} ${path}`);
const read = async (path: string): Promise<Buffer> => Buffer.from(await host.run(`base64 ${path}`), "base64");
const list = (folder: string) => host.run(`find ${folder} | sort`);

// As root by one shell, as the account by the next; each file by one of them, and in the long form by all.
lab.each(SOME_SHELLS.map((shell, index) => [shell, index % 2 === 0 ? undefined : "alice", index] as const))(
  "a line comes into a file and goes again, and no other byte changes: %s, %s",
  async (shell, user, index) => {
    await using hand = await openSessionIn(startShellIn(host, { shell, ...(user && { user }) }));
    const own = Object.entries(ODD).filter((_, nth) => isWhole || nth % SOME_SHELLS.length === index);
    for (const [odd, before] of own) {
      await lay(FILE, before, "640");
      const atFirst = await host.run(`stat -c '%U %G %a' ${FILE}; ls -A /home/alice/.ssh`);
      expect(await begin(hand, beginOn(FILE)), odd).toMatchObject({ kind: "begun" });
      const { after, ...wish } = insertLine(FILE, before, {
        at: before.indexOf("\n") + 1,
        line: `${KEY} é new\n`,
      });
      expect(await write(hand, wish), odd).toEqual({ kind: "written", already: false });
      expect(await read(FILE), odd).toEqual(after);
      expect(await write(hand, wish), odd).toEqual({ kind: "written", already: true });
      const back = { ...wish, expected: [wish.newHash], newHash: wish.before, splices: [] };
      expect(await write(hand, back), odd).toEqual({ kind: "written", already: false });
      expect(await read(FILE), odd).toEqual(before);
      expect(await end(hand, { path: FILE, token: TOKEN }), odd).toEqual({ kind: "ended" });
      expect(await host.run(`stat -c '%U %G %a' ${FILE}; ls -A /home/alice/.ssh`), odd).toBe(atFirst);
    }
  },
);

lab("several splices are made at once, and what is removed is only what they say", async () => {
  await using hand = await openSessionIn(startShellIn(host));
  const before = Buffer.from("one\ntwo\nthree\nfour\n");
  const newHash = Buffer.from("ONE\none\nthree\nfour\nfive\n");
  await lay(FILE, before);
  await begin(hand, beginOn(FILE));
  const wish = {
    path: FILE,
    id: "f0",
    token: TOKEN,
    before: hashOf(before),
    expected: [hashOf(before)],
    newHash: hashOf(newHash),
    splices: [
      { at: 0, removed: 0, inserted: Buffer.from("ONE\n") },
      { at: 4, removed: 4, inserted: Buffer.alloc(0) },
      { at: 19, removed: 0, inserted: Buffer.from("five\n") },
    ],
  };
  expect(await write(hand, wish)).toEqual({ kind: "written", already: false });
  expect(await read(FILE)).toEqual(newHash);
  expect(await end(hand, { path: FILE, token: TOKEN })).toEqual({ kind: "ended" });
});

lab("a second stage is written against the first bytes, over what the first has made", async () => {
  await using hand = await openSessionIn(startShellIn(host));
  const before = Buffer.from("old\nother\n");
  await lay(FILE, before);
  await begin(hand, beginOn(FILE));
  const { after: added, ...add } = insertLine(FILE, before, { at: 4, line: "new\n" });
  expect(await write(hand, add)).toMatchObject({ kind: "written" });
  const removed = Buffer.from("new\nother\n");
  const remove = {
    ...add,
    expected: [hashOf(added)],
    newHash: hashOf(removed),
    splices: [{ at: 0, removed: 4, inserted: Buffer.from("new\n") }],
  };
  expect(await write(hand, remove)).toEqual({ kind: "written", already: false });
  expect(await read(FILE)).toEqual(removed);
  expect(await write(hand, { ...remove, newHash: hashOf("something else") })).toEqual({
    kind: "changed",
    hash: hashOf(removed),
  });
  expect(await end(hand, { path: FILE, token: TOKEN })).toEqual({ kind: "ended" });
  expect(await list("/home/alice/.ssh")).toBe(`/home/alice/.ssh\n${FILE}\n`);
});

lab(
  "what somebody wrote while a write was replacing their file, and was killed, is the file again",
  async () => {
    await using hand = await openSessionIn(startShellIn(host, { user: "alice" }));
    const before = Buffer.from("old\n");
    await lay(FILE, before);
    await begin(hand, beginOn(FILE));
    const { after: _, ...wish } = insertLine(FILE, before, { at: 4, line: "new\n" });
    expect(await write(hand, wish)).toMatchObject({ kind: "written" });
    // The state between the exchange and its check, if somebody's edit was exchanged.
    const next = `/home/alice/.ssh/.latchkey/${TOKEN}/next-f0.${wish.newHash}`;
    await host.run(`printf 'old\\nedit\\n' > ${next}; chown alice: ${next}; chmod 600 ${next}`);
    expect(await end(hand, { path: FILE, token: TOKEN })).toMatchObject({
      kind: "refused",
      why: "unfinished",
    });
    const back = { ...wish, expected: [wish.newHash], newHash: wish.before, splices: [] };
    expect(await write(hand, back)).toEqual({ kind: "changed", hash: hashOf("old\nedit\n") });
    expect(String(await read(FILE))).toBe("old\nedit\n");
    expect(await end(hand, { path: FILE, token: TOKEN })).toEqual({ kind: "ended" });
  },
);

lab("access lists and attributes stay; where they cannot, nothing is written", async () => {
  await using hand = await openSessionIn(startShellIn(host, { user: "alice" }));
  const before = Buffer.from("one\n");
  const { after, ...wish } = insertLine(FILE, before, { at: 4, line: "two\n" });
  await lay(FILE, before, "640");
  const attributes = `getfacl -cp ${FILE}; getfattr -d ${FILE}`;
  await host.run(`setfacl -m u:daemon:r ${FILE}; setfattr -n user.note -v kept ${FILE}`);
  const atFirst = await host.run(attributes);
  expect(atFirst).toContain("user:daemon:r--");
  await begin(hand, beginOn(FILE));
  expect(await write(hand, wish)).toMatchObject({ kind: "written" });
  expect(await read(FILE)).toEqual(after);
  expect(await host.run(attributes)).toBe(atFirst);
  expect(await end(hand, { path: FILE, token: TOKEN })).toEqual({ kind: "ended" });

  await host.run("mv /usr/bin/cp /usr/bin/cp.kept; ln -s busybox /usr/bin/cp");
  try {
    await using poor = await openSessionIn(startShellIn(host, { user: "alice" }));
    await begin(poor, beginOn(FILE));
    const { after: _, ...more } = insertLine(FILE, after, { at: 0, line: "zero\n" });
    expect(await write(poor, more)).toMatchObject({ kind: "refused", why: "attributes" });
    expect(await read(FILE)).toEqual(after);
    expect(await host.run(attributes)).toBe(atFirst);
    expect(await end(poor, { path: FILE, token: TOKEN })).toEqual({ kind: "ended" });
  } finally {
    await host.run("mv /usr/bin/cp.kept /usr/bin/cp");
  }
});

lab("a file in a folder of root's is written by root and stays its owner's", async () => {
  await using hand = await openSessionIn(startShellIn(host));
  const path = "/etc/ssh/keys/alice";
  await begin(hand, beginOn(path));
  const { after, ...wish } = insertLine(path, Buffer.from("hello\n"), { at: 0, line: "first\n" });
  expect(await write(hand, wish)).toEqual({ kind: "written", already: false });
  expect(await host.run(`cat ${path}; stat -c '%U %G %a' ${path}`)).toBe(`${after}alice alice 640\n`);
  expect(await end(hand, { path, token: TOKEN })).toEqual({ kind: "ended" });
});

lab("with the tools of busybox alone it is done the same way, as root and as the account", async () => {
  const tools = (await host.run("busybox --list"))
    .split("\n")
    .filter((tool) => tool !== "busybox" && tool !== "");
  await host.run(`mkdir -p /opt/busy; cp /usr/bin/busybox /opt/busy/busybox
    for tool in ${tools.join(" ")}; do ln -sf busybox /opt/busy/$tool; done`);
  const before = Buffer.from(`${KEY} a\n`);
  for (const user of [undefined, "alice"]) {
    await lay(FILE, before, "640");
    // The session searches the usual folders before its own PATH, so busybox hides /usr/bin.
    const wrap = ["unshare", "--mount", "sh", "-c", 'mount --bind /opt/busy /usr/bin; exec "$@"', "sh"];
    const shell = user
      ? startShellIn(host, {
          shell: "busybox sh",
          wrap: [...wrap, "/usr/bin/su", "-s", "/bin/sh", user, "-c", "exec sh -s", "--"],
        })
      : startShellIn(host, { shell: "busybox sh", wrap });
    await using hand = await openSessionIn(shell);
    expect(hand.uid === 0).toBe(user === undefined);
    expect(await inspectFile(hand, FILE)).toMatchObject({
      file: { refusal: null, hash: hashOf(before), mode: "0640", owner: "alice" },
    });
    expect(await begin(hand, beginOn(FILE))).toMatchObject({ kind: "begun" });
    const { after, ...wish } = insertLine(FILE, before, { at: 0, line: `${KEY} new\n` });
    expect(await write(hand, wish)).toEqual({ kind: "written", already: false });
    expect(await read(FILE)).toEqual(after);
    expect(await end(hand, { path: FILE, token: TOKEN })).toEqual({ kind: "ended" });
    expect(await host.run(`stat -c '%U %G %a' ${FILE}; ls -A /home/alice/.ssh`)).toBe(
      "alice alice 640\nauthorized_keys\n",
    );
  }
});
