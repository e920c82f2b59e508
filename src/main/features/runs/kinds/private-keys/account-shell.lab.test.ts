/** A shell that root starts as an account is that account's: Latchkey must find out what it does and never reports. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { hashBytes } from "#domain/runs/files/stages.ts";
import { readResult } from "#domain/runs/offline/result.ts";
import type { ScriptPart } from "#domain/runs/offline/script-parts.ts";
import { writeScript } from "#domain/runs/offline/write-script.ts";
import { openSessionIn } from "#net/ssh/session/testing/open-session-in.ts";
import {
  type AccessHost,
  type AccessPlan,
  FilePlan,
  NEW_KEY_PLACEHOLDER,
  type PrivateKeyPlan,
} from "#shared/model/runs/plan.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { readRotationScript } from "#testing/read-scripts.ts";
import {
  carry,
  hostKeyOf,
  readCarriedParts,
  readResultThere,
  writeThere,
} from "#testing/runs/offline-hosts.ts";
import type { PrivateKeyContext } from "./locations.ts";
import { createPrivateKeys } from "./private-keys.ts";

const lab = test.skipIf(!canStartHosts());
const ATTACK = join(import.meta.dirname, "../../../../testing/attacks/answer-for-shell.py");
const OLD = "id.latchkey-old";
const HELD = "/home/ci/.ssh/id";

/** Where setpriv would start our shell as ci, ci's own program runs: of the kind that /run/answers names. */
const INSTEAD = `#!/bin/sh
for boot do :; done
case "$(id -nu "$2") $*" in
  'ci '*' sh -c '*) [ ! -e /run/answers ] || exec /run/setpriv --reuid "$2" --regid "$4" --init-groups answer "$(cat /run/answers)" "$boot" ;;
esac
exec /run/setpriv "$@"`;

let host: LabHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  const answer = await readFile(ATTACK, "utf8");
  host = await startHost({
    name: "vault",
    prepare: `useradd --create-home --shell /bin/sh ci; install -d -m 700 -o ci -g ci /home/ci/.ssh
      cat >/usr/local/bin/answer <<'END_OF_PROGRAM'\n${answer}\nEND_OF_PROGRAM
      cp /usr/bin/setpriv /run/setpriv
      cat >/run/instead <<'END_OF_PROGRAM'\n${INSTEAD}\nEND_OF_PROGRAM
      chmod 755 /usr/local/bin/answer /run/instead; mount --bind /run/instead /usr/bin/setpriv`,
  });
});
afterAll(() => host?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await host?.run("rm -f /run/answers /home/ci/once");
});

const answerAs = (kind: string) => host.run(`rm -f /home/ci/once; echo ${kind} >/run/answers`);

/** A key of ci's with its .pub file; and a plan that creates the new one beside it. */
async function layKey(): Promise<{ plan: AccessPlan; place: AccessHost; holder: PrivateKeyPlan }> {
  await host.run(`rm -f ${HELD}*; su ci -c "ssh-keygen -q -t ed25519 -N '' -C ci@vault -f ${HELD}"`);
  const [before = "", oldKey = ""] = (await host.run(`sha256sum <${HELD}; ssh-keygen -lf ${HELD}`)).match(
    /[0-9a-f]{64}|SHA256:\S+/g,
  ) as string[];
  const at = { host: host.address as AccessHost["host"], port: 22 as AccessHost["port"] };
  const holder: PrivateKeyPlan = {
    host: at,
    kind: "file",
    path: HELD,
    uid: Number(await host.run("id -u ci")),
    gid: 0,
    owner: "ci",
    mode: "0600",
    isEncrypted: false,
    before,
    hasPublicFile: true,
    possession: { kind: "verified" },
  };
  const place = {
    ...at,
    hostKey: await hostKeyOf(host),
    files: [],
    verifications: [],
    privateKeyLocations: [holder],
  } as unknown as AccessHost;
  const plan = {
    format: "latchkey-plan-1",
    kind: "rotate-key",
    title: "",
    madeAt: "2026-01-01T00:00:00.000Z",
    oldKey,
    hosts: [place],
    here: [],
    checks: [],
    leftOut: [],
    confirm: null,
    newKey: { kind: "made-on-host", keyType: "ed25519", comment: "ci@vault", ...at, path: HELD },
    options: { canary: true, batchSize: 8, maxFailures: 1, graceDays: 0, rollbackAfterSeconds: 120 },
  } as unknown as AccessPlan;
  return { plan, place, holder };
}

const openHand = async (more = "") =>
  openSessionIn(startShellIn(host), `${await readRotationScript("key-location.sh")}\n${more}`);

/** The key that each file of ci's shows, by its path: of a private key file the key that ssh-keygen reads. */
async function readKeys() {
  const said = await host.run(`cd /home/ci/.ssh; for file in *; do case $file in
    *.pub) echo "$file $(cut -d ' ' -f 2 $file)" ;; *) echo "$file $(ssh-keygen -y -f $file | cut -d ' ' -f 2)" ;; esac; done`);
  return Object.fromEntries(
    said
      .trim()
      .split("\n")
      .map((line) => line.split(" ")),
  );
}

/** An account's file with this line alone, and its plan. */
async function layLine(account: string, line: string): Promise<FilePlan> {
  const path = `${account === "root" ? "/root" : "/home/ci"}/.ssh/authorized_keys`;
  await host.run(`install -d -m 700 -o ${account} ${path.replace("/authorized_keys", "")}`);
  await writeThere(host, path, line);
  await host.run(`chown ${account}: ${path}; chmod 600 ${path}`);
  const [uid, gid] = (await host.run(`id -u ${account}; id -g ${account}`)).trim().split("\n").map(Number);
  const inserted = `${NEW_KEY_PLACEHOLDER} ci\n`;
  return FilePlan.parse({
    account,
    path,
    uid,
    gid,
    owner: account,
    mode: "0600",
    before: hashBytes(Buffer.from(line)),
    sizeBytes: line.length,
    hunks: [],
    adds: 1,
    changes: 0,
    removes: 1,
    added: [{ at: 0, removed: "", inserted }],
    removed: [{ at: 0, removed: line, inserted }],
  });
}

/** In /root/carried, the script that creates the new key and installs it. */
async function writeKeyScript(
  plan: AccessPlan,
  place: AccessHost,
  phases: ScriptPart["phases"] = ["create-key", "install-key"],
): Promise<void> {
  await host.run("rm -rf /root/carried; mkdir /root/carried");
  const of = { plan, hash: "a".repeat(64), newKey: null, signer: null, leftOut: [] };
  const part = { host: place, phases, nonce: "5".repeat(64) };
  const script = writeScript(of, part, { ...(await readCarriedParts()), sentences: {} });
  await writeThere(host, "/root/carried/script.sh", script ?? "");
}

const privateKeys = createPrivateKeys({ agentSocket: null });

lab(
  "a hand-over that an account's shell has done and never told goes on from what stands there",
  async () => {
    const { plan, holder } = await layKey();
    const before = await readKeys();
    await using hand = await openHand();
    const { signal } = new AbortController();
    const near: PrivateKeyContext = {
      plan,
      newKey: null,
      secrets: null,
      promptUser: async () => null,
      signal,
    };
    const made = await privateKeys.createKey(near, hand);
    if (made.kind !== "made") throw new Error(JSON.stringify(made.cause));
    const going = { ...near, newKey: made };
    const blob = made.line.split(" ")[1];
    await answerAs("mute:install_key");
    expect(await privateKeys.install(going, holder, hand)).toEqual({ kind: "done" });
    expect(await readKeys()).toMatchObject({
      id: blob,
      "id.pub": blob,
      [OLD]: before.id,
      [`${OLD}.pub`]: before.id,
    });
    await answerAs("mute:restore_key");
    expect(await privateKeys.undo(going, holder, hand)).toEqual({ kind: "done" });
    expect(await readKeys()).toEqual(before);
  },
);

lab(
  "a key that an account's shell has made and never told of is taken for what this run has made; where it never tells, nothing of it stays",
  async () => {
    const { plan } = await layKey();
    const before = await readKeys();
    await using hand = await openHand();
    const { signal } = new AbortController();
    const near: PrivateKeyContext = {
      plan,
      newKey: null,
      secrets: null,
      promptUser: async () => null,
      signal,
    };
    await answerAs("deaf:create_key");
    const failed = await privateKeys.createKey(near, hand, true);
    expect(failed).toMatchObject({ kind: "failed", cause: { kind: "refused", why: "no-answer" } });
    expect(await readKeys()).toEqual(before);
    await answerAs("mute:create_key");
    const made = await privateKeys.createKey(near, hand, true);
    if (made.kind !== "made") throw new Error(JSON.stringify(made.cause));
    expect(await readKeys()).toMatchObject({ "id.latchkey-new": made.line.split(" ")[1] });
    // Now it is there before the run begins: for all that is known it is another run's.
    await answerAs("mute:create_key");
    const cause = expect.objectContaining({ kind: "refused", why: "new-occupied" });
    expect(await privateKeys.createKey(near, hand, true)).toEqual({ kind: "failed", cause });
  },
);

lab("a script that is never told of the key that it has made leaves nothing of it", async () => {
  const { plan, place } = await layKey();
  const before = await readKeys();
  await writeKeyScript(plan, place);
  await answerAs("deaf:create_key");
  const said = await carry(host, "sh", "");
  expect(said).toContain("rolled-back");
  expect(await readKeys()).toEqual(before);
});

lab(
  "an account that makes something else of its file once all is verified is left out before the old private key goes, which stays",
  async () => {
    const { plan, place } = await layKey();
    const { id: old, "id.pub": line } = await readKeys();
    const files = await Promise.all(["root", "ci"].map((name) => layLine(name, `ssh-ed25519 ${line} ci\n`)));
    const at = { ...place, files };
    await writeKeyScript({ ...plan, hosts: [at] }, at, [
      "create-key",
      "grant",
      "install-key",
      "revoke",
      "finish",
    ]);
    await answerAs("rewrite:end");
    const said = await carry(host, "sh", "yes\\nyes\\nyes\\n");
    expect(said).toContain("left out: /home/ci/.ssh/authorized_keys was changed by somebody else");
    expect(said).toContain("code 0");
    const result = readResult(await readResultThere(host));
    const leftOut = [{ index: 1, phase: "revoke", reason: "changed" }];
    expect(result).toMatchObject({ outcome: "committed", keepsOldKey: true, leftOut });
    expect(await host.run(`ssh-keygen -y -f ${HELD}.latchkey-kept-????????`)).toContain(old);
  },
);

lab(
  "a pipe in the place of an account's file holds no script up: root opens nothing there by its name",
  async () => {
    const { plan, place } = await layKey();
    const { "id.pub": line } = await readKeys();
    const files = await Promise.all(["root", "ci"].map((name) => layLine(name, `ssh-ed25519 ${line} ci\n`)));
    const at = { ...place, files };
    await writeKeyScript({ ...plan, hosts: [at] }, at, [
      "create-key",
      "grant",
      "install-key",
      "revoke",
      "finish",
    ]);
    await answerAs("pipe:create_key");
    const said = await carry(host, "sh", "yes\\nyes\\nyes\\n");
    expect(said).toContain("left out: /home/ci/.ssh/authorized_keys");
    expect(said).toContain("code 0");
    expect(await host.run("rm /home/ci/.ssh/authorized_keys; cat /root/.ssh/authorized_keys")).not.toContain(
      line,
    );
  },
);

lab("a script reads the key that was made for it from no file of the account's", async () => {
  const { plan, place } = await layKey();
  await writeKeyScript(plan, place);
  await answerAs("endless:create_key");
  const said = await carry(host, "sh", "");
  expect(said).toContain("the new key is installed");
  const { id, "id.pub": shown } = await readKeys();
  expect(said).toContain(`created the new key: ssh-ed25519 ${id}`);
  expect(shown).toBe(id);
});

lab(
  "an account that never answers whether its dead-man is disarmed costs no other account the time of its own",
  async () => {
    const { plan, place } = await layKey();
    const { "id.pub": line } = await readKeys();
    const files = await Promise.all(["ci", "root"].map((name) => layLine(name, `ssh-ed25519 ${line} ci\n`)));
    const at = { ...place, files };
    await writeKeyScript({ ...plan, hosts: [at] }, at, ["create-key", "grant"]);
    await host.run(
      "sed -i 's/^account_seconds=25$/account_seconds=11/; s/^offline_seconds=.*/offline_seconds=10/' /root/carried/script.sh",
    );
    await answerAs("stop:disarm");
    const said = await carry(host, "sh", "yes\\nyes\\nyes\\n");
    expect(said).toContain("code 0");
    const result = readResult(await readResultThere(host));
    const added = await host.run("sha256sum </root/.ssh/authorized_keys; wc -l </root/.ssh/authorized_keys");
    expect(added).toMatch(/-\n2\n$/);
    expect(result).toMatchObject({ files: [expect.anything(), added.slice(0, 64)] });
  },
);

/** The verb that is done and never reported: the last of them, and in the long form each. */
const UNTOLD =
  process.env.LATCHKEY_TEST_VERBS === "all" ? ["create_key", "hide_public", "install_key"] : ["install_key"];

lab.each(UNTOLD)(
  "a script goes on from what stands there, too, and lays no public key beside the private one of another: %s",
  async (verb) => {
    const { plan, place } = await layKey();
    const before = await readKeys();
    await writeKeyScript(plan, place);
    await answerAs(`mute:${verb}`);
    const said = await carry(host, "sh", "");
    expect(said).toContain("the new key is installed");
    const { id, ...beside } = await readKeys();
    expect(id).not.toBe(before.id);
    expect(beside).toMatchObject({ "id.pub": id, [OLD]: before.id, [`${OLD}.pub`]: before.id });
  },
);

const NONSENSE = { kind: "answered", status: "fail", words: ["no-sense"] };

lab.each(["data", "line"])(
  "what has no end spoils the answer that it is in and none after it: %s",
  async (kind) => {
    await layKey();
    await using hand = await openHand();
    const ask = () =>
      hand.send({ verb: "inspect_keys", words: [HELD, "absent", "AAAA"] }, { deadlineMs: 30_000 });
    await answerAs(kind);
    expect(await ask()).toMatchObject(NONSENSE);
    await host.run("rm /run/answers");
    expect(await ask()).toMatchObject({ kind: "answered", status: "ok" });
  },
);

/** busybox before 1.30 takes the seconds by -t, and ten without it. */
const OLD_TIMEOUT = `#!/bin/sh
seconds=10 signal=TERM
while getopts s:t: option; do
  case $option in s) signal=$OPTARG ;; t) seconds=$OPTARG ;; *) exit 1 ;; esac
done
shift $((OPTIND - 1))
exec /run/timeout -s "$signal" "$seconds" "$@"`;

lab(
  "where timeout is that of an old busybox an account's shell has no more time than elsewhere",
  async () => {
    await layKey();
    await host.run(`cp /usr/bin/timeout /run/timeout; cat >/run/old <<'END_OF_PROGRAM'\n${OLD_TIMEOUT}\nEND_OF_PROGRAM
    chmod 755 /run/old; mount --bind /run/old /usr/bin/timeout`);
    try {
      await using hand = await openHand("account_seconds=2");
      await answerAs("stop");
      const request = { verb: "inspect_keys", words: [HELD, "absent", "AAAA"] };
      const answer = await hand.send(request, { deadlineMs: 30_000 });
      expect(answer).toMatchObject({ kind: "answered", status: "fail", words: ["no-answer"] });
    } finally {
      await host.run("umount /usr/bin/timeout");
    }
  },
);
