import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { inspectDeploymentFile } from "#net/ssh/session/inspect-deployment.ts";
import {
  finishDeployment,
  rollBackDeployment,
  stageDeployment,
  swapDeployment,
} from "#net/ssh/session/replace-deployment.ts";
import { hashOf } from "#net/ssh/session/testing/session-requests.ts";
import { Redacted } from "#shared/model/secret.ts";
import { SOME_SHELLS, startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { DEPLOYMENT, openDeploymentSession, planFile } from "./testing/deployment-session.ts";

const lab = test.skipIf(!canStartHosts());
const LIVE = "/srv/tls";
const CHAIN = `${LIVE}/site.pem`;
const KEY = `${LIVE}/site.key`;

let host: LabHost;
let old: Awaited<ReturnType<typeof makeCertificate>>;
let made: Awaited<ReturnType<typeof makeCertificate>>;
beforeAll(async () => {
  if (!canStartHosts()) return;
  host = await startHost({
    name: "files",
    prepare: "useradd --create-home alice; mkdir /mnt/more; mount -t tmpfs -o mode=755 tmpfs /mnt/more",
  });
  [old, made] = await Promise.all([
    makeCertificate({ names: ["old.lab"] }),
    makeCertificate({ names: ["new.lab"] }),
  ]);
});
afterAll(() => host?.[Symbol.asyncDispose]());

const put = (path: string, text: string) => `cat > ${path} <<'END'\n${text}END\n`;
beforeEach(async () => {
  if (!host) return;
  await host.run(
    `rm -rf ${LIVE} /mnt/more/* /home/alice/tls /var/lib/latchkey; mkdir ${LIVE}; ${put(CHAIN, old.pem)}${put(KEY, old.keyPem)}
    chmod 640 ${KEY}; chgrp www-data ${KEY}; setfacl -m u:daemon:r ${KEY}; setfattr -n user.note -v kept ${CHAIN}`,
  );
});

/** All files under these folders, to the byte and the inode, and what a run has left. */
const state = (...folders: string[]) =>
  host.run(
    `for folder in ${folders.join(" ")}; do cd $folder; ls -A; for file in $(find . -type f | sort); do sha256sum $file; stat -c '%n %i %h %U %G %a %Y' $file; getfacl -p $file; getfattr -d -m . $file 2>/dev/null || :; done; done; ls -A /var/lib/latchkey 2>/dev/null || :`,
  );

type Hand = Awaited<ReturnType<typeof openDeploymentSession>>;
const key = () => new Redacted(Buffer.from(made.keyPem));
const chain = () => Buffer.from(made.pem);

async function stage(hand: Hand, paths: { chain: string; key: string }) {
  const files = [await planFile(hand, paths.chain, "chain"), await planFile(hand, paths.key, "key")];
  const staged = await stageDeployment(hand, { ...DEPLOYMENT, files, chain: chain(), key: key() });
  expect(staged).toEqual({ kind: "staged", newHashes: [hashOf(made.pem), hashOf(made.keyPem)] });
  return { ...DEPLOYMENT, files, newHashes: [hashOf(made.pem), hashOf(made.keyPem)] };
}

/** Installs and rolls back, each request twice. */
async function goThereAndBack(hand: Hand, paths: { chain: string; key: string }, ...folders: string[]) {
  const atFirst = await state(...folders);
  const pair = await stage(hand, paths);
  expect(await stage(hand, paths)).toEqual(pair);
  expect(await swapDeployment(hand, pair)).toEqual({ kind: "swapped", already: false });
  expect(await swapDeployment(hand, pair)).toEqual({ kind: "swapped", already: true });
  const after = await host.run(`cat ${paths.chain} ${paths.key}; stat -L -c '%U %G %a' ${paths.key}`);
  expect(after).toContain(made.pem + made.keyPem);
  expect(await rollBackDeployment(hand, pair)).toEqual({ kind: "back", already: false });
  expect(await rollBackDeployment(hand, pair)).toEqual({ kind: "back", already: true });
  expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
  expect(await rollBackDeployment(hand, pair)).toEqual({ kind: "back", already: true });
  expect(await state(...folders)).toBe(atFirst);
  return after;
}

lab.each(SOME_SHELLS)(
  "a pair becomes the new one with owner, mode, access list and attributes, and the very files come back: %s",
  async (shell) => {
    await using hand = await openDeploymentSession(startShellIn(host, { shell }));
    await goThereAndBack(hand, { chain: CHAIN, key: KEY }, LIVE);
    const pair = await stage(hand, { chain: CHAIN, key: KEY });
    await swapDeployment(hand, pair);
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    const said = await host.run(
      `cd ${LIVE}; ls -A; stat -c '%U %G %a %h' *; getfacl -p *; getfattr -d -m . *; ls -A /var/lib`,
    );
    expect(said).toContain("site.key\nsite.pem\nroot www-data 640 1\nroot root 644 1\n");
    expect(said).toMatch(/user:daemon:r--[\s\S]*user.note="kept"/);
    expect(said).not.toContain("latchkey");
  },
);

lab("links on the way stay what they are, and one that was turned meanwhile ends the change", async () => {
  await using hand = await openDeploymentSession(startShellIn(host));
  await host.run(
    `cd ${LIVE}; mkdir -p releases/3 releases/4; mv site.* releases/3; cp releases/3/* releases/4; ln -s releases/3 current; ln -s current/site.pem site.pem; ln -s ${LIVE}/current/../3/site.key site.key`,
  );
  const look = await inspectDeploymentFile(hand, CHAIN);
  expect(look).toMatchObject({
    file: {
      real: `${LIVE}/releases/3/site.pem`,
      refusal: null,
      kind: "certificate",
      hasAttributes: true,
      hasAccessList: false,
      links: [
        { path: CHAIN, goal: "current/site.pem", uid: 0 },
        { path: `${LIVE}/current`, goal: "releases/3", uid: 0 },
      ],
    },
  });
  await goThereAndBack(hand, { chain: CHAIN, key: KEY }, LIVE);
  const pair = await stage(hand, { chain: CHAIN, key: KEY });
  await host.run(`ln -sfn releases/4 ${LIVE}/current`);
  expect(await swapDeployment(hand, pair)).toMatchObject({ kind: "refused", why: "linked-elsewhere" });
  expect(await host.run(`cat ${LIVE}/releases/?/site.pem`)).toBe(old.pem + old.pem);
});

lab("what another program renews is left to it, with the command that has it do so", async () => {
  await using hand = await openDeploymentSession(startShellIn(host));
  await host.run(
    `cd ${LIVE}; mkdir -p le/archive/site le/live/site le/renewal; : > le/renewal/site.conf
    mv site.pem le/archive/site/cert1.pem; ln -s ../../archive/site/cert1.pem le/live/site/cert.pem`,
  );
  for (const path of [`${LIVE}/le/live/site/cert.pem`, `${LIVE}/le/archive/site/cert1.pem`]) {
    expect(await inspectDeploymentFile(hand, path)).toMatchObject({
      file: {
        real: `${LIVE}/le/archive/site/cert1.pem`,
        managed: {
          by: "certbot",
          command: `certbot renew --force-renewal --cert-name site --config-dir ${LIVE}/le`,
        },
      },
    });
    const files = [await planFile(hand, path, "chain")];
    expect(await stageDeployment(hand, { ...DEPLOYMENT, files, chain: chain(), key: "kept" })).toMatchObject({
      kind: "refused",
      why: "managed",
      detail: "certbot",
    });
  }
  await finishDeployment(hand, DEPLOYMENT);
});

lab(
  "of a folder whose name is a command only one word is said, and of an account's own folder no command at all",
  async () => {
    await using hand = await openDeploymentSession(startShellIn(host));
    const hostile = `${LIVE}/a;touch owned;$(id)`;
    await host.run(
      `for base in '${hostile}' /home/alice/tls; do
      mkdir -p "$base/live/site" "$base/renewal"; : > "$base/renewal/site.conf"; cp ${CHAIN} "$base/live/site/cert.pem"
    done
    chown -R alice: /home/alice/tls`,
    );
    const managedAt = async (base: string) => {
      const look = await inspectDeploymentFile(hand, `${base}/live/site/cert.pem`);
      return look.kind === "seen" ? look.file.managed : look;
    };
    const renew = "certbot renew --force-renewal --cert-name site --config-dir";
    expect(await managedAt(hostile)).toEqual({ by: "certbot", command: `${renew} '${hostile}'` });
    // Run by root, the command would run hooks that alice may write there.
    expect(await managedAt("/home/alice/tls")).toEqual({ by: "certbot", command: "" });
  },
);

lab("what was changed meanwhile, or is something else, is not touched", async () => {
  await using hand = await openDeploymentSession(startShellIn(host));
  const pair = await stage(hand, { chain: CHAIN, key: KEY });
  await host.run(`echo >> ${KEY}`);
  const changed = { kind: "changed", path: KEY, hash: hashOf(`${old.keyPem}\n`) };
  expect(await swapDeployment(hand, pair)).toEqual(changed);
  expect(await stageDeployment(hand, { ...pair, chain: chain(), key: key() })).toEqual(changed);
  expect(await host.run(`cat ${CHAIN}`)).toBe(old.pem);
  await host.run(put(KEY, old.keyPem));
  expect(await swapDeployment(hand, pair)).toMatchObject({ kind: "swapped" });
  await host.run(`echo >> ${CHAIN}`);
  expect(await rollBackDeployment(hand, pair)).toMatchObject({ kind: "changed", path: CHAIN });
  expect(await host.run(`cat ${KEY}`)).toBe(made.keyPem);
  await finishDeployment(hand, DEPLOYMENT);
  await host.run(put(CHAIN, old.pem) + put(KEY, old.keyPem));
  const sound = { chain: await planFile(hand, CHAIN, "chain"), key: await planFile(hand, KEY, "key") };
  for (const [script, holds, why] of [
    [`echo x > ${KEY}`, "key", "other-kind"],
    [put(KEY, made.pem), "key", "other-kind"],
    [put(KEY, made.keyPem.replaceAll("PRIVATE", "ENCRYPTED PRIVATE")), "key", "other-kind"],
    [`ln ${CHAIN} ${LIVE}/more`, "chain", "hard-linked"],
    [`chmod 777 ${LIVE}`, "chain", "open-folder"],
  ] as const) {
    const files = [{ ...sound[holds], before: "" }];
    await host.run(script);
    const look = await inspectDeploymentFile(hand, files[0]?.path ?? "");
    if (look.kind === "seen" && files[0]) files[0].before = look.file.hash ?? hashOf(old.pem);
    expect(
      await stageDeployment(hand, { ...DEPLOYMENT, files, chain: chain(), key: key() }),
      script,
    ).toMatchObject({
      kind: "refused",
      why,
    });
    await finishDeployment(hand, DEPLOYMENT);
  }
});

lab("a file is one run's alone until that ends, or its folder is gone", async () => {
  await using hand = await openDeploymentSession(startShellIn(host));
  const pair = await stage(hand, { chain: CHAIN, key: KEY });
  const other = { token: "run00000002", id: "c0" };
  const wish = { ...other, files: pair.files, chain: chain(), key: key() };
  expect(await stageDeployment(hand, wish)).toMatchObject({
    kind: "refused",
    why: "deployment-locked",
    detail: DEPLOYMENT.token,
  });
  expect(await inspectDeploymentFile(hand, CHAIN)).toMatchObject({ file: { heldBy: DEPLOYMENT.token } });
  await host.run(`rm -rf /var/lib/latchkey/${DEPLOYMENT.token}`);
  expect(await stageDeployment(hand, wish)).toMatchObject({ kind: "staged" });
  expect(await finishDeployment(hand, other)).toEqual({ kind: "ended" });
  expect(await host.run("ls -A /var/lib")).not.toContain("latchkey");
});

lab("files on another file system, in somebody else's folder, are prepared beside them", async () => {
  await host.run(
    `mv ${LIVE}/* /mnt/more; mkdir /mnt/more/tls; mv /mnt/more/site.* /mnt/more/tls; chown -R alice: /mnt/more/tls; setfattr -x user.note /mnt/more/tls/site.pem || :`,
  );
  const paths = { chain: "/mnt/more/tls/site.pem", key: "/mnt/more/tls/site.key" };
  for (const user of [undefined, "alice"]) {
    await using hand = await openDeploymentSession(startShellIn(host, user === undefined ? {} : { user }));
    expect(await goThereAndBack(hand, paths, "/mnt/more/tls")).toMatch(/alice alice 640\n$/);
    const pair = await stage(hand, paths);
    expect(await host.run("cd /mnt/more/tls; stat -c '%U %a' .latchkey-*")).toBe(`${user ?? "root"} 700\n`);
    await swapDeployment(hand, pair);
    await rollBackDeployment(hand, pair);
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    expect(await host.run("ls -A /mnt/more/tls")).toBe("site.key\nsite.pem\n");
  }
});

lab("a folder of somebody else's in the place of root's own is not entered", async () => {
  await host.run(
    `mkdir /mnt/more/tls; mv ${LIVE}/site.* /mnt/more/tls; setfattr -x user.note /mnt/more/tls/site.pem || :; chown -R alice: /mnt/more/tls`,
  );
  await using hand = await openDeploymentSession(startShellIn(host));
  const paths = { chain: "/mnt/more/tls/site.pem", key: "/mnt/more/tls/site.key" };
  const pair = await stage(hand, paths);
  const lair = `/mnt/more/tls/.latchkey-${DEPLOYMENT.token}-${DEPLOYMENT.id}`;
  await host.run(`mv ${lair} ${lair}.away; ln -s /etc ${lair}; chown -h alice: ${lair}`);
  expect(await swapDeployment(hand, pair)).toMatchObject({ kind: "refused", why: "work-folder-occupied" });
  await host.run(`rm ${lair}; setpriv --reuid alice --regid alice --clear-groups mkdir -m 700 ${lair}`);
  expect(await swapDeployment(hand, pair)).toMatchObject({ kind: "refused", why: "work-folder-occupied" });
  await host.run(`rmdir ${lair}; mv ${lair}.away ${lair}`);
  expect(await swapDeployment(hand, pair)).toMatchObject({ kind: "swapped" });
  await rollBackDeployment(hand, pair);
  expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
});

lab(
  "a file with both keeps its order and its parameters, and a key that is kept is the one that was there",
  async () => {
    await using hand = await openDeploymentSession(startShellIn(host));
    const parameters = "-----BEGIN DH PARAMETERS-----\nMAYCAQcCAQU=\n-----END DH PARAMETERS-----\n";
    for (const isKeyFirst of [true, false]) {
      const both = (of: typeof old, keyPem: string) => (isKeyFirst ? keyPem + of.pem : of.pem + keyPem);
      await host.run(put(CHAIN, both(old, old.keyPem) + parameters));
      const files = [await planFile(hand, CHAIN, "key+chain")];
      const staged = await stageDeployment(hand, { ...DEPLOYMENT, files, chain: chain(), key: key() });
      expect(staged).toEqual({ kind: "staged", newHashes: [hashOf(both(made, made.keyPem) + parameters)] });
      const kept = await stageDeployment(hand, { ...DEPLOYMENT, files, chain: chain(), key: "kept" });
      expect(kept).toEqual({ kind: "staged", newHashes: [hashOf(both(made, old.keyPem) + parameters)] });
      await finishDeployment(hand, DEPLOYMENT);
    }
  },
);

lab("leaf and intermediates go to their own files", async () => {
  await using hand = await openDeploymentSession(startShellIn(host));
  const more = `${LIVE}/more.pem`;
  await host.run(put(more, old.pem));
  const files = [await planFile(hand, CHAIN, "leaf"), await planFile(hand, more, "intermediates")];
  const both = Buffer.from(made.pem + old.pem);
  expect(await stageDeployment(hand, { ...DEPLOYMENT, files, chain: both, key: "kept" })).toEqual({
    kind: "staged",
    newHashes: [hashOf(made.pem), hashOf(old.pem)],
  });
  await finishDeployment(hand, DEPLOYMENT);
});

lab("nothing of a key is in the words of any process", async () => {
  const secret = made.keyPem.split("\n")[1]?.slice(0, 24) ?? "";
  for (const shell of ["dash", "busybox sh", "bash", "mksh"]) {
    const log = `/tmp/words.${shell.split(" ")[0]}`;
    const wrap = ["strace", "-f", "-qq", "-s", "100000", "-e", "trace=execve,execveat", "-o", log];
    await using hand = await openDeploymentSession(startShellIn(host, { shell, wrap }));
    const pair = await stage(hand, { chain: CHAIN, key: KEY });
    await swapDeployment(hand, pair);
    await rollBackDeployment(hand, pair);
    await finishDeployment(hand, DEPLOYMENT);
    const words = await host.run(`cat ${log}`);
    expect(words).toContain("execve(");
    expect(words, shell).not.toContain(secret);
    expect(words, shell).not.toContain(secret.slice(0, 12));
  }
});
