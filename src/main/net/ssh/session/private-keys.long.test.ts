import { afterAll, beforeAll, expect, test } from "vitest";
import { SOME_SHELLS, startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { readRotationScript } from "#testing/read-scripts.ts";
import { begin, end } from "./host-files.ts";
import { readLoginLines } from "./inspect-host.ts";
import {
  createKey,
  installPrivateKey,
  removeOldPrivateKey,
  restoreOldPrivateKey,
  showPublic,
} from "./private-keys.ts";
import { openSessionIn } from "./testing/open-session-in.ts";
import { hashOf } from "./testing/session-requests.ts";

const lab = test.skipIf(!canStartHosts());
const SSH = "/home/alice/.ssh";
const KEY = `${SSH}/id_ed25519`;
const OLD = "-----BEGIN OLD-----\nold\n";
const NEW = Buffer.from("-----BEGIN NEW-----\n\0\xff'\\new %s\n", "latin1");

let host: LabHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  host = await startHost({
    name: "holder",
    prepare: `useradd --create-home alice; mkdir -m 700 ${SSH}; chown alice: ${SSH}`,
  });
});
afterAll(() => host?.[Symbol.asyncDispose]());

const lay = () => host.run(`printf '%s' '${OLD}' > ${KEY}; chmod 400 ${KEY}; chown alice: ${KEY}`);
const state = () => host.run(`cd ${SSH}; stat -c '%n %U %G %a' * | sort; sha256sum * | cut -c 1-64`);
const places = (...names: string[]) => [...names].map((name) => `${name} alice alice 400\n`).join("");

lab.each(SOME_SHELLS)(
  "a private key is put in place of the old one, which comes back or goes: %s",
  async (shell) => {
    await using hand = await openSessionIn(startShellIn(host, { shell }));
    await lay();
    const atFirst = await state();
    const wish = { path: KEY, before: hashOf(OLD), newHash: hashOf(NEW), mode: "600", bytes: NEW };
    expect(await installPrivateKey(hand, { ...wish, before: hashOf("x") })).toEqual({
      kind: "changed",
      hash: hashOf(OLD),
    });
    expect(await state()).toBe(atFirst);
    expect(await installPrivateKey(hand, wish)).toEqual({ kind: "put", already: false });
    expect(await installPrivateKey(hand, wish)).toEqual({ kind: "put", already: true });
    expect(await state()).toBe(
      `${places("id_ed25519", "id_ed25519.latchkey-old")}${hashOf(NEW)}\n${hashOf(OLD)}\n`,
    );
    const undo = { path: KEY, wrote: hashOf(NEW), before: hashOf(OLD) };
    expect(await restoreOldPrivateKey(hand, { ...undo, wrote: hashOf("x") })).toMatchObject({
      kind: "changed",
    });
    expect(await restoreOldPrivateKey(hand, undo)).toEqual({ kind: "done" });
    expect(await restoreOldPrivateKey(hand, undo)).toEqual({ kind: "done" });
    expect(await state()).toBe(atFirst);
    expect(await installPrivateKey(hand, wish)).toEqual({ kind: "put", already: false });
    expect(await removeOldPrivateKey(hand, KEY)).toEqual({ kind: "done" });
    expect(await state()).toBe(`${places("id_ed25519")}${hashOf(NEW)}\n`);
  },
);

lab(
  "an old private key that an earlier run has kept stays where nothing was put, and where it was rolled back",
  async () => {
    await using hand = await openSessionIn(startShellIn(host), await readRotationScript("key-location.sh"));
    await host.run(`rm -rf ${SSH}/*`);
    await lay();
    const kept = "of an earlier run";
    await host.run(`cd ${SSH}; echo '${kept}' | tee id_ed25519.latchkey-old > id_ed25519.latchkey-old.pub
    echo 'ssh-ed25519 AAAA now' > id_ed25519.pub; chown alice: *`);
    const atFirst = await state();
    const wish = { path: KEY, before: hashOf(OLD), newHash: hashOf(NEW), mode: "600", bytes: NEW };
    expect(await installPrivateKey(hand, wish)).toMatchObject({ kind: "refused", why: "old-occupied" });
    expect(await restoreOldPrivateKey(hand, { path: KEY, wrote: hashOf(NEW), before: hashOf(OLD) })).toEqual({
      kind: "done",
    });
    expect(await showPublic(hand, KEY, null)).toEqual({ kind: "done" });
    expect(await state()).toBe(atFirst);
    await host.run(`rm ${SSH}/*.latchkey-old ${SSH}/*.pub`);
  },
);

lab.each(SOME_SHELLS)(
  "where the piece beside a private key cannot be written, that is said, by every shell: %s",
  async (shell) => {
    await using hand = await openSessionIn(
      startShellIn(host, { shell }),
      await readRotationScript("key-location.sh"),
    );
    await host.run(`rm -rf ${SSH}/*; mkdir -p ${KEY}.latchkey-part/full; chown -R alice: ${SSH}`);
    const wish = { path: KEY, before: null, newHash: hashOf(NEW), mode: "400", bytes: NEW };
    expect(await installPrivateKey(hand, wish)).toMatchObject({ kind: "refused", why: "path-occupied" });
    expect(await showPublic(hand, KEY, "ssh-ed25519 AAAA new\n")).toMatchObject({
      kind: "refused",
      why: "path-occupied",
    });
    await host.run(`rm -rf ${SSH}/*`);
  },
);

lab("a private key where there was none has the mode that it is given, and is gone when undone", async () => {
  await using hand = await openSessionIn(startShellIn(host));
  await host.run(`rm -f ${SSH}/*`);
  const wish = { path: KEY, before: null, newHash: hashOf(NEW), mode: "400", bytes: NEW };
  expect(await installPrivateKey(hand, wish)).toEqual({ kind: "put", already: false });
  expect(await state()).toBe(`${places("id_ed25519")}${hashOf(NEW)}\n`);
  expect(await restoreOldPrivateKey(hand, { path: KEY, wrote: hashOf(NEW), before: null })).toEqual({
    kind: "done",
  });
  expect(await host.run(`ls -A ${SSH}`)).toBe("");
});

lab(
  "a pair is made on the host once, its private key never comes here, and it is put in place there",
  async () => {
    await using hand = await openSessionIn(startShellIn(host));
    await lay();
    for (const keyType of ["ed25519", "ecdsa", "rsa"] as const) {
      const wish = { path: KEY, keyType, bits: keyType === "rsa" ? 3072 : null, comment: "it's new" };
      const made = await createKey(hand, wish);
      expect(made).toMatchObject({ kind: "made", line: expect.stringMatching(/ it's new$/) });
      expect(await createKey(hand, wish)).toEqual(made);
      if (made.kind !== "made") continue;
      const before = hashOf(OLD);
      expect(
        await installPrivateKey(hand, { path: KEY, before, newHash: made.hash, mode: "600", bytes: "made" }),
      ).toEqual({
        kind: "put",
        already: false,
      });
      const [type, blob] = made.line.split(" ");
      expect(await host.run(`ssh-keygen -y -f ${KEY}`)).toContain(`${type} ${blob}`);
      expect(await restoreOldPrivateKey(hand, { path: KEY, wrote: made.hash, before })).toEqual({
        kind: "done",
      });
      await host.run(`rm -f ${KEY}.latchkey-new.pub`);
    }
    expect(await state()).toBe(`${places("id_ed25519")}${hashOf(OLD)}\n`);
  },
);

lab("what a private key says is in the words of no process", async () => {
  const secret = `SECRET${hashOf("secret").slice(0, 20).toUpperCase()}`;
  for (const shell of ["dash", "busybox sh", "bash", "ksh", "mksh"]) {
    await lay();
    const log = `/tmp/words.${shell.split(" ")[0]}`;
    const wrap = ["strace", "-f", "-qq", "-s", "100000", "-e", "trace=execve,execveat", "-o", log];
    await using hand = await openSessionIn(startShellIn(host, { shell, wrap }));
    const bytes = Buffer.from(`${secret.split("").join(" ")} ${secret}\n`);
    const wish = { path: KEY, before: hashOf(OLD), newHash: hashOf(bytes), mode: "600", bytes };
    expect(await installPrivateKey(hand, wish), shell).toEqual({ kind: "put", already: false });
    expect(await host.run(`cat ${KEY}`)).toBe(String(bytes));
    const words = await host.run(`cat ${log}`);
    expect(words).toContain("execve(");
    expect(words, shell).not.toContain("SECRET");
    expect(words, shell).not.toContain("S E C R E T");
    await removeOldPrivateKey(hand, KEY);
  }
});

lab("the log's lines about some keys are read, and no others", async () => {
  await using hand = await openSessionIn(startShellIn(host));
  const line = (fingerprint: string) =>
    `Nov 26 01:02:03 holder sshd[7]: Accepted publickey for alice from 192.0.2.1 port 5 ssh2: ED25519 ${fingerprint}`;
  await host.run(
    `printf '%s\\n' '${line("SHA256:aaa+/")}' '${line("SHA256:bbb")}' 'SHA256:aaa+/ else' >> /var/log/auth.log`,
  );
  const read = await readLoginLines(hand, { sinceEpoch: 0, fingerprints: ["SHA256:aaa+/", "SHA256:ccc"] });
  expect(read).toMatchObject({ kind: "read", sources: expect.arrayContaining(["/var/log/auth.log"]) });
  if (read.kind === "read")
    expect(Buffer.from(read.lines).toString()).toBe(`/var/log/auth.log\t${line("SHA256:aaa+/")}\n`);
  await using alice = await openSessionIn(startShellIn(host, { user: "alice" }));
  await host.run("chmod 600 /var/log/auth.log");
  expect(await readLoginLines(alice, { sinceEpoch: 0, fingerprints: ["SHA256:a"] })).toMatchObject({
    kind: "refused",
    why: "no-log",
  });
});

lab("what cannot be cleared away is said, and is gone once it can be", async () => {
  await using hand = await openSessionIn(startShellIn(host));
  const old = `${KEY}.latchkey-old`;
  await lay();
  // A mount point cannot be removed.
  await host.run(`: > ${old}; mount --bind ${old} ${old}`);
  expect(await removeOldPrivateKey(hand, KEY)).toMatchObject({ kind: "failed", why: "io-error" });
  await host.run(`umount ${old}`);
  expect(await removeOldPrivateKey(hand, KEY)).toEqual({ kind: "done" });
  expect(await host.run(`ls -A ${SSH}`)).toBe("id_ed25519\n");
});

lab("what a run has made of a folder is not over while any of it is there", async () => {
  await using hand = await openSessionIn(startShellIn(host));
  await lay();
  const [token, file] = ["cafe", `${SSH}/.latchkey/cafe/before-f0a`];
  const took = await begin(hand, { path: KEY, token, who: "jo@desk", leaseSeconds: 60 });
  expect(took).toMatchObject({ kind: "begun" });
  await host.run(`: > ${file}; mount --bind ${file} ${file}`);
  expect(await end(hand, { path: KEY, token })).toMatchObject({ kind: "failed", why: "io-error" });
  await host.run(`umount ${file}`);
  expect(await end(hand, { path: KEY, token })).toEqual({ kind: "ended" });
  expect(await host.run(`ls -A ${SSH}`)).toBe("id_ed25519\n");
});
