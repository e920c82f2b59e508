import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { App } from "#app";
import { consentOf } from "#shared/text/consent.ts";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { agreeTo, carryOut, makePlan } from "#testing/runbooks/follow.ts";
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

/** As `evil`, who has seen the public half and nothing else. Answers with the file's bytes. */
async function plant(key: KeyFile, how: "clear" | "locked" | "pem"): Promise<string> {
  const program = await readFile(join(import.meta.dirname, "plant-key.py"), "utf8");
  await host.run(`printf %s '${Buffer.from(program).toString("base64")}' | base64 -d > /tmp/plant-key.py
    rm -f ${PLANTED} ${PLANTED}.pub
    runuser -u evil -- sh -ec 'umask 077; python3 /tmp/plant-key.py "$1" "$2" > ${PLANTED}
      [ "$2" != pem ] || printf "%s\\n" "$1" > ${PLANTED}.pub' sh '${key.publicLine.trim()}' ${how}`);
  return host.run(`cat ${PLANTED}`);
}

/** A key of ops that root's keys let in; the file of the desk is scanned with where `isHere`. */
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

const wishFor = ({ fingerprint }: KeyFile) => ({ kind: "rotate-key" as const, fingerprint });

lab(
  "a user's file with the public half of a key and a random private half gets nothing when it is rotated",
  async () => {
    const ops = await grantKey("ops", "here");
    const planted = await plant(ops, "clear");
    await using app = desk.open();
    await scan(app, [join(desk.home, ".ssh/id_ed25519"), ops.path]);
    const planned = await makePlan(app, wishFor(ops));
    const holders = planned.plan?.hosts.flatMap((one) => one.holders.map(({ path }) => path));
    expect(holders).toEqual([]);
    expect(planned.plan?.checks).toContainEqual(
      expect.objectContaining({ id: "other-key", state: "warning", path: PLANTED, account: "evil" }),
    );
    expect(planned.plan?.checks.find(({ id }) => id === "holders")?.text).toContain("verified in one place");
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
    expect(claimed).toMatchObject({ state: "consent", account: "evil", path: PLANTED });
    const name = claimed ? consentOf(claimed) : "";
    expect(name).toContain(PLANTED);
    const { consents, typed } = agreeTo(planned);
    const { id: planId, hash } = planned;
    const start = (given: string[]) =>
      app.client.runbooks.start({ planId, hash: hash ?? "", consents: given, typed });
    const others = consents.filter((one) => one !== name);
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
    "--consent",
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
      const { rows: suspects } = await app.client.access.list({ unmatched: true });
      expect(suspects.map(({ comment }) => comment)).toContain("owned@desk");
    }
  },
);
