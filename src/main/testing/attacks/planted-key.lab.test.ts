import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { App } from "#app";
import { makeNonce, verifyPossession, writeStatement } from "#domain/signatures/possession.ts";
import { inspectFile } from "#net/ssh/session/inspect-host.ts";
import { createKey, installPrivateKey, signWithKey } from "#net/ssh/session/private-keys.ts";
import { openSessionIn } from "#net/ssh/session/testing/open-session-in.ts";
import { acknowledgementOf } from "#shared/text/runs/plan.ts";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { agreeTo, carryOut, makePlan } from "#testing/runs/follow.ts";
import { type KeyFile, makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

/** `ops` logs in as root by a key; an ordinary user of the same host plants files that claim it. */

const lab = test.skipIf(!canStartHosts());
const PLANTED = "/home/evil/.ssh/id_backup";

let desk: Desk;
let elsewhere: Awaited<ReturnType<typeof makeTemporaryFolder>>;
let host: LabHost;

beforeAll(async () => {
  if (!canStartHosts()) return;
  elsewhere = await makeTemporaryFolder();
  desk = await makeDesk();
  host = await startHost({
    name: "web1",
    prepare: `${letIn(desk.publicKey)}
      for name in evil ci; do
        useradd --create-home --shell /bin/sh $name; install -d -m 700 -o $name -g $name /home/$name/.ssh
      done`,
  });
});
afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await desk?.[Symbol.asyncDispose]();
  await elsewhere?.[Symbol.asyncDispose]();
});

/** As `evil`, who has seen the public key and nothing else. Returns the file's bytes. */
async function plant(key: KeyFile, how: "clear" | "locked" | "pem"): Promise<string> {
  const program = await readFile(join(import.meta.dirname, "plant-key.py"), "utf8");
  await host.run(`printf %s '${Buffer.from(program).toString("base64")}' | base64 -d > /tmp/plant-key.py
    rm -f ${PLANTED} ${PLANTED}.pub
    runuser -u evil -- sh -ec 'umask 077; python3 /tmp/plant-key.py "$1" "$2" > ${PLANTED}
      [ "$2" != pem ] || printf "%s\\n" "$1" > ${PLANTED}.pub' sh '${key.publicLine.trim()}' ${how}`);
  return host.run(`cat ${PLANTED}`);
}

/** A key of ops that can log in as root. `here`: its file is on the desk, where scans use it. */
async function grantKey(name: string, where: "here" | "elsewhere"): Promise<KeyFile> {
  const folder = where === "here" ? join(desk.home, ".ssh") : elsewhere.path;
  const key = await makeKeyFile(folder, name, ["-t", "ed25519", "-N", "", "-C", `${name}@desk`]);
  await host.run(
    `printf '%s\\n%s\\n' '${desk.publicKey}' '${key.publicLine.trim()}' > /root/.ssh/authorized_keys`,
  );
  return key;
}

const scan = (app: App, identityFiles: readonly string[] = []) =>
  scanAll(app, { text: `root@${host.address}`, acceptNew: true, identityFiles: [...identityFiles] });

/** While /run/answers exists, evil stores what is sent to a process that root starts as evil. */
async function writeAnswers({ run }: LabHost): Promise<void> {
  const program = await readFile(join(import.meta.dirname, "answer-for-shell.py"), "base64");
  await run(`echo '${program}' | base64 -d >/run/answer.py; cp /usr/bin/setpriv /run/setpriv
    cat >/run/instead <<'END_OF_PROGRAM'
#!/bin/sh
[ ! -e /run/answers ] || case "$(id -nu "$2") $*" in
  'evil '*' sh -c '*) exec /run/setpriv --reuid "$2" --regid "$4" --init-groups python3 /run/answer.py steal ;;
esac
exec /run/setpriv "$@"
END_OF_PROGRAM
    chmod 755 /run/instead /run/answer.py /run/setpriv; mount --bind /run/instead /usr/bin/setpriv`);
}

const wishFor = ({ fingerprint }: KeyFile) => ({ kind: "rotate-key" as const, fingerprint });

lab(
  "a user's file with the public key of a key pair and a random private key gets nothing when that key is rotated",
  async () => {
    const ops = await grantKey("ops", "here");
    const planted = await plant(ops, "clear");
    await using app = desk.open();
    await scan(app, [join(desk.home, ".ssh/id_ed25519"), ops.path]);
    const planned = await makePlan(app, wishFor(ops));
    const holders = planned.plan?.hosts.flatMap((one) => one.privateKeyLocations.map(({ path }) => path));
    expect(holders).toEqual([]);
    expect(planned.plan?.checks).toContainEqual(
      expect.objectContaining({ id: "other-key", state: "warning", path: PLANTED, account: "evil" }),
    );
    expect(planned.plan?.checks.find(({ id }) => id === "private-keys")?.text).toContain(
      "verified in one location",
    );
    expect(await carryOut(app, planned)).toMatchObject({ state: "committed", message: "" });
    expect(await host.run(`cat ${PLANTED}`)).toBe(planted);
    expect(await host.run("ls -A /home/evil/.ssh")).toBe("id_backup\n");
  },
);

lab(
  "where this computer does not hold the key, the new one is not made on a location that did not sign",
  async () => {
    for (const how of ["clear", "locked", "pem"] as const) {
      const ops = await grantKey(`away-${how}`, "elsewhere");
      await plant(ops, how);
      await using app = desk.open();
      await scan(app);
      await expect(makePlan(app, wishFor(ops)), how).rejects.toThrow(/--key-file FILE/);
    }
  },
);

lab("a locked file that claims the key gets the new one only once somebody has named its path", async () => {
  const ops = await grantKey("locked", "here");
  const planted = await plant(ops, "locked");
  {
    await using app = desk.open();
    await scan(app, [join(desk.home, ".ssh/id_ed25519"), ops.path]);
    const planned = await makePlan(app, wishFor(ops));
    const claimed = planned.plan?.checks.find(({ id }) => id === "unverified-key");
    expect(claimed).toMatchObject({ state: "acknowledge", account: "evil", path: PLANTED });
    const name = claimed ? acknowledgementOf(claimed) : "";
    expect(name).toContain(PLANTED);
    const { acknowledgements, typed } = agreeTo(planned);
    const { id: planId, hash } = planned;
    const start = (given: string[]) =>
      app.client.runs.start({ planId, hash: hash ?? "", acknowledgements: given, typed });
    const others = acknowledgements.filter((one) => one !== name);
    await expect(start(others)).rejects.toThrow(PLANTED);
    await expect(start([...others, "unverified-key"])).rejects.toThrow(PLANTED);
  }
  const type = openTerminal(desk.databasePath, { workstation: desk.workstation });
  const said = await type(
    "rotate",
    "key",
    ops.fingerprint,
    "--apply",
    "--yes",
    "--acknowledge",
    "unverified-key",
  );
  expect(said).toMatchObject({ code: 2, err: expect.stringContaining(PLANTED) });
  expect(await host.run(`cat ${PLANTED}`)).toBe(planted);
});

lab(
  "a planted file makes nobody the owner of a grant, and hides no orphan; a true key is verified by itself",
  async () => {
    const ops = await grantKey("owned", "elsewhere");
    const ci = "/home/ci/.ssh/id_rsa";
    await host.run(`rm -f ${ci}*; runuser -u ci -- ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -C ci@web1 -f ${ci}
    cat ${ci}.pub >> /root/.ssh/authorized_keys; rm ${ci}.pub`);
    await using app = desk.open();
    for (const how of ["clear", "locked", "pem"] as const) {
      await plant(ops, how);
      await scan(app);
      const { rows } = await app.client.access.list({});
      const owned = rows.find(({ comment }) => comment === "owned@desk")?.verdict.owner;
      expect(owned, how).toMatchObject({ state: "unknown", isMatched: false });
      expect(owned?.reasons, how).toContainEqual(expect.stringMatching(/claimed by .*id_backup of evil \(/));
      expect(rows.find(({ comment }) => comment === "ci@web1")?.verdict.owner).toMatchObject({
        state: "known",
        isMatched: true,
      });
      const { rows: suspects } = await app.client.access.list({ privateKeyNotFound: true });
      expect(suspects.map(({ comment }) => comment)).toContain("owned@desk");
    }
  },
);

lab(
  "a folder that is exchanged on the way to a key file once that has signed gets no new private key, and makes none",
  async () => {
    const ops = await grantKey("moved", "elsewhere");
    const planted = await plant(ops, "clear");
    const path = "/srv/team/ci/id";
    await writeAnswers(host);
    await host.run(`install -d -m 777 /srv/team; install -d -m 755 -o ci -g ci /srv/team/ci
      printf %s '${await readFile(ops.path, "base64")}' | base64 -d >${path}
      chown ci:ci ${path}; chmod 600 ${path}`);
    await using hand = await openSessionIn(startShellIn(host, {}));
    const owner = Number(await host.run("id -u ci"));
    const before = (await host.run(`sha256sum <${path}`)).slice(0, 64);
    const askToSign = async () => {
      const text = writeStatement({ hostKey: "", path, fingerprint: ops.fingerprint }, makeNonce());
      const answer = await signWithKey(hand, path, text);
      if (answer.kind !== "signed") throw new Error(`nothing was signed: ${answer.kind}`);
      return { hash: answer.hash, ...verifyPossession(answer.signature, text, ops.fingerprint) };
    };
    expect(await askToSign()).toEqual({ kind: "verified", hash: before });
    const look = () => inspectFile(hand, path, { isSecret: true });
    for (const lay of ["touch X-old", "mkdir X-part", "mkdir X-new", "ln -s /etc/passwd X-old.pub"]) {
      await host.run(`runuser -u ci -- ${lay.replace("X", `${path}.latchkey`)}`);
      expect(await look(), lay).toMatchObject({ file: { refusal: { why: "beside-occupied" } } });
      await host.run(`rm -r ${path}.latchkey-*`);
    }
    expect(await look()).toMatchObject({ file: { refusal: null } });
    // By an account that may write in a folder on the path, and owns none of them.
    await host.run(`runuser -u evil -- sh -ec 'cd /srv/team; mv ci was; mkdir ci; cp ${PLANTED} ci/id'
      touch /run/answers`);
    const bytes = Buffer.from("-----BEGIN OPENSSH PRIVATE KEY-----\n");
    const wanted = createHash("sha256").update(bytes).digest("hex");
    const refused = { kind: "refused", why: "owner-changed" };
    expect(
      await installPrivateKey(hand, { path, before, newHash: wanted, mode: "0600", bytes, owner }),
    ).toMatchObject(refused);
    const request = { path, keyType: "ed25519" as const, bits: null, comment: "", owner };
    expect(await createKey(hand, request)).toMatchObject(refused);
    expect(await host.run("cat /home/evil/stolen || :")).toBe("");
    await host.run("rm /run/answers");
    expect(await host.run(`cat ${path}`)).toBe(planted);
    expect(await askToSign()).toMatchObject({ kind: "other-key" });
  },
);

lab(
  "where others may write on the way to a key file, or beside it, nothing of theirs is taken for the new key, and nothing is put there",
  async () => {
    const folder = "/srv/group/ci";
    const path = `${folder}/id`;
    // Once the file is there, an account that may write in the parent folder swaps the folder between an inspection and
    // the next step.
    await host.run(`groupadd team; usermod -aG team evil; usermod -aG team ci; install -d -m 2775 -g team /srv/group
      install -d -m 755 -o ci -g ci ${folder}; cp /usr/bin/ls /run/ls; cat >/run/meddle <<'END_OF_PROGRAM'
#!/bin/sh
/run/ls "$@"
[ "$(id -un) $2" = 'ci ${folder}' ] && [ -e /srv/group/theirs ] && mv ${folder} /srv/group/was && mv /srv/group/theirs ${folder}
exit 0
END_OF_PROGRAM
      chmod 755 /run/meddle; mount --bind /run/meddle /usr/bin/ls`);
    const plantPair = (at: string) => `runuser -u evil -- sh -ec 'umask 022
      ssh-keygen -q -t ed25519 -N "" -C evil@web1 -f ${at}/id.latchkey-new; chmod 644 ${at}/id.latchkey-new'`;
    const exchangeSoon = () =>
      host.run(`runuser -u evil -- install -d -m 777 /srv/group/theirs; ${plantPair("/srv/group/theirs")}`);
    const bring = () => host.run(`rm -r ${folder}; mv /srv/group/was ${folder}`);
    await using hand = await openSessionIn(startShellIn(host, {}));
    const owner = Number(await host.run("id -u ci"));
    const make = () => createKey(hand, { path, keyType: "ed25519", bits: null, comment: "", owner });
    const exchanged = { kind: "refused", why: "owner-changed" };
    await exchangeSoon();
    expect(await make()).toMatchObject(exchanged);
    await bring();
    await exchangeSoon();
    const bytes = Buffer.from("-----BEGIN OPENSSH PRIVATE KEY-----\n");
    const wanted = createHash("sha256").update(bytes).digest("hex");
    expect(
      await installPrivateKey(hand, { path, before: null, newHash: wanted, mode: "0600", bytes, owner }),
    ).toMatchObject(exchanged);
    expect(await host.run(`ls -A ${folder}`)).not.toMatch(/^id$/m);
    await bring();

    await host.run(`chgrp team ${folder}; chmod 775 ${folder}; ${plantPair(folder)}`);
    const shared = { kind: "refused", why: "shared-folder" };
    expect(await make()).toMatchObject(shared);
    expect(
      await installPrivateKey(hand, { path, before: null, newHash: wanted, mode: "0600", bytes, owner }),
    ).toMatchObject(shared);
    await host.run(`runuser -u ci -- ssh-keygen -q -t ed25519 -N '' -f ${path}`);
    const look = () => inspectFile(hand, path, { isSecret: true });
    expect(await look()).toMatchObject({ file: { refusal: { why: "shared-folder" } } });
    // Files that they put there stay theirs after the folder is closed to them.
    await host.run(`chmod 755 ${folder}`);
    expect(await make()).toMatchObject({ kind: "refused", why: "new-occupied" });
    // A group without other members has the same rights as the owner.
    await host.run(`rm ${folder}/id.latchkey-new*; chgrp ci ${folder}; chmod 775 ${folder}`);
    expect(await look()).toMatchObject({ file: { refusal: null } });
    expect(await make()).toMatchObject({ kind: "made" });
    expect(await make()).toMatchObject({ kind: "made" });
    // In a folder with an access list, the group bits are the list's mask: the mode does not say whom the list lets
    // write.
    await host.run(`rm ${folder}/id.latchkey-new*; setfacl -m u:evil:rwx ${folder}; ${plantPair(folder)}`);
    expect(await look()).toMatchObject({ file: { refusal: { why: "shared-folder" } } });
    expect(await make()).toMatchObject(shared);
    await host.run(`rm ${folder}/id.latchkey-new*; setfacl -m u:evil:rx,g::rwx,m::rwx ${folder}`);
    expect(await look()).toMatchObject({ file: { refusal: null } });
    await host.run("umount /usr/bin/ls");
  },
);
