/** A shell that root starts as an account is that account's: what it does, and never tells, is looked for. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { ScriptPart } from "#domain/rotation/script/script-phases.ts";
import { writeScript } from "#domain/rotation/script/write-script.ts";
import { openHandIn } from "#net/ssh/hand/testing/open-hand-in.ts";
import type { HolderPlan, HostPlan, Plan } from "#shared/model/plan.ts";
import { startShellIn } from "#testing/lab/shell-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { readRotationScript } from "#testing/read-rotation-script.ts";
import { carry, hostKeyOf, readCarriedParts, writeThere } from "#testing/runbooks/carried-host.ts";
import { createHolders } from "./create-holders.ts";
import type { Near } from "./near.ts";

const lab = test.skipIf(!canStartHosts());
const ATTACK = join(import.meta.dirname, "../../../testing/attacks/answer-for-shell.py");
const OLD = "id.latchkey-old";
const HELD = "/home/ci/.ssh/id";

/** Where setpriv would start our shell as ci, what ci has running is: of the kind that /run/answers names. */
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

/** A key of ci's with its .pub file; and a plan that makes the new one beside it. */
async function layKey(): Promise<{ plan: Plan; place: HostPlan; holder: HolderPlan }> {
  await host.run(`rm -f ${HELD}*; su ci -c "ssh-keygen -q -t ed25519 -N '' -C ci@vault -f ${HELD}"`);
  const [before = "", oldKey = ""] = (await host.run(`sha256sum <${HELD}; ssh-keygen -lf ${HELD}`)).match(
    /[0-9a-f]{64}|SHA256:\S+/g,
  ) as string[];
  const at = { host: host.address as HostPlan["host"], port: 22 as HostPlan["port"] };
  const holder: HolderPlan = {
    ...{ host: at, kind: "file", path: HELD, uid: Number(await host.run("id -u ci")), gid: 0, owner: "ci" },
    ...{ mode: "0600", isEncrypted: false, before, hasPublicFile: true, possession: { kind: "verified" } },
  };
  const place = {
    ...{ ...at, hostKey: await hostKeyOf(host), files: [], proofs: [], holders: [holder] },
  } as unknown as HostPlan;
  const plan = {
    ...{ format: "latchkey-plan-1", kind: "rotate-key", title: "", madeAt: "2026-01-01T00:00:00.000Z" },
    ...{ oldKey, hosts: [place], here: [], checks: [], leftOut: [], confirm: null },
    newKey: { kind: "made-on-holder", keyType: "ed25519", comment: "ci@vault", ...at, path: HELD },
    options: { canary: true, batchSize: 8, maxFailures: 1, graceDays: 0, deadManSeconds: 120 },
  } as unknown as Plan;
  return { plan, place, holder };
}

const openHand = async (more = "") =>
  openHandIn(startShellIn(host), `${await readRotationScript("holders.sh")}\n${more}`);

/** The key that each file of ci's shows, by its path: a private one by what ssh-keygen makes of it. */
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

const holders = createHolders({ agentSocket: null });

lab(
  "a hand-over that an account's shell has done and never told goes on from what stands there",
  async () => {
    const { plan, holder } = await layKey();
    const before = await readKeys();
    await using hand = await openHand();
    const { signal } = new AbortController();
    const near: Near = { plan, newKey: null, secrets: null, ask: async () => null, signal };
    const made = await holders.makeKey(near, hand);
    if (made.kind !== "made") throw new Error(made.message);
    const going = { ...near, newKey: made };
    const blob = made.line.split(" ")[1];
    await answerAs("mute:put");
    expect(await holders.handOver(going, holder, hand)).toEqual({ kind: "done" });
    expect(await readKeys()).toMatchObject({
      id: blob,
      "id.pub": blob,
      [OLD]: before.id,
      [`${OLD}.pub`]: before.id,
    });
    await answerAs("mute:undo_put");
    expect(await holders.undo(going, holder, hand)).toEqual({ kind: "done" });
    expect(await readKeys()).toEqual(before);
  },
);

lab.each(["hide_public", "put"])(
  "a script goes on from what stands there, too, and lays no public key beside the private one of another: %s",
  async (verb) => {
    const { plan, place } = await layKey();
    const before = await readKeys();
    await host.run("rm -rf /root/carried; mkdir /root/carried");
    const of = { plan, hash: "a".repeat(64), newKey: null, signer: null, leftOut: [] };
    const phases: ScriptPart["phases"] = ["make-key", "hand-over"];
    const part = { host: place, phases, nonce: "5".repeat(64) };
    const script = writeScript(of, part, { ...(await readCarriedParts()), sentences: {} });
    await writeThere(host, "/root/carried/script.sh", script ?? "");
    await answerAs(`mute:${verb}`);
    const said = await carry(host, "sh", "");
    expect(said).toContain("the new key is in its place");
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
      hand.ask({ verb: "look_half", words: [HELD, "absent", "AAAA"] }, { deadlineMs: 30_000 });
    await answerAs(kind);
    expect(await ask()).toMatchObject(NONSENSE);
    await host.run("rm /run/answers");
    expect(await ask()).toMatchObject({ kind: "answered", status: "ok" });
  },
);

/** As busybox before 1.30 has it: the seconds are those of -t, and ten without. */
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
      const request = { verb: "look_half", words: [HELD, "absent", "AAAA"] };
      const answer = await hand.ask(request, { deadlineMs: 30_000 });
      expect(answer).toMatchObject({ kind: "answered", status: "fail", words: ["no-answer"] });
    } finally {
      await host.run("umount /usr/bin/timeout");
    }
  },
);
