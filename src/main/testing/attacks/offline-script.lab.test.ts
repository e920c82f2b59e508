import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readResult } from "#domain/runs/offline/result.ts";
import { tokenOf } from "#domain/runs/offline/write-script.ts";
import { GIVEN } from "#domain/runs/testdata/make-facts.ts";
import { AFTER, BEFORE, makeScript } from "#domain/runs/testdata/make-script.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import {
  carry,
  carryTo,
  hostKeyOf,
  PATH,
  readCarriedParts,
  readResultThere,
  readThere,
  writeThere,
} from "#testing/runs/offline-hosts.ts";

const prepared = () => carryTo(BEFORE, makeScript(BEFORE));

let web: Awaited<ReturnType<typeof prepared>>;
let other: LabHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  web = await prepared();
  other = await startHost({
    name: "web2",
    prepare: "useradd -m -s /bin/sh ann && mkdir -m 700 /home/ann/.ssh && chown ann: /home/ann/.ssh",
  });
});
afterAll(async () => {
  await other?.[Symbol.asyncDispose]();
  await web?.[Symbol.asyncDispose]();
});

test.skipIf(!canStartHosts())(
  "a script does nothing on another host that has the very same file",
  async () => {
    await writeThere(other, PATH, BEFORE);
    await other.run(`chown ann: ${PATH} && chmod 600 ${PATH} && mkdir -p /root/carried`);
    await writeThere(other, "/root/carried/script.sh", web.script);
    for (const options of ["--check", "", "--unverified-host"]) {
      const said = await carry(other, "sh", "yes\\nyes\\n", options);
      expect(said).toContain("nothing was done: this is not web1");
      expect(said).toContain("code 2");
    }
    // Data that anybody can copy from the target host does not verify anything.
    await writeThere(
      other,
      "/etc/ssh/ssh_host_ed25519_key.pub",
      (await readThere(web.host, "/etc/ssh/ssh_host_ed25519_key.pub")).toString(),
    );
    expect(await carry(other, "sh", "yes\\nyes\\n")).toContain("nothing was done: this is not web1");
    expect((await readThere(other, PATH)).toString()).toBe(BEFORE);
    expect(await other.run("ls -A /home/ann/.ssh /root/carried")).not.toContain("latchkey");
  },
);

test.skipIf(!canStartHosts())(
  "a host whose pinned key cannot be used is not taken for another one: its result is a claim",
  async () => {
    const { host } = web;
    const key = "/etc/ssh/ssh_host_ed25519_key";
    await host.run(`[ -f /etc/ssh/ssh_host_rsa_key ] || ssh-keygen -q -t rsa -N '' -f /etc/ssh/ssh_host_rsa_key
      cp -p ${key} /root/kept; cp -p ${key}.pub /root/kept.pub; ssh-keygen -q -p -P '' -N secret -f ${key}`);
    try {
      const locked = await carry(host, "sh", "no\\n");
      expect(locked).toContain("nothing shows that this is web1");
      expect(locked).toContain("its private key cannot be used");
      await host.run(`rm ${key}.pub`);
      const unseen = await carry(host, "sh", "no\\n");
      expect(unseen).toContain("not all can be used, so nothing shows that this is web1");
      expect(unseen).toContain("code 2");
      const vouched = await carry(host, "sh", "no\\n", "--unverified-host");
      expect(vouched).toContain("the host has not signed it");
      const result = readResult(await readThere(host, "/root/carried/latchkey-result-*.txt"));
      expect(result).toMatchObject({ outcome: "rolled-back", hostSignature: null });
    } finally {
      await host.run(`mv /root/kept ${key}; mv /root/kept.pub ${key}.pub`);
    }
  },
);

test.skipIf(!canStartHosts())(
  "a script that knows no key of its host runs only where somebody vouches for it",
  async () => {
    const { host, script } = web;
    await writeThere(
      host,
      "/root/carried/unpinned.sh",
      script.replace(/^offline_pin=.*$/m, "offline_pin=''"),
    );
    const run = (options: string) =>
      host.run(`cd /root/carried; printf 'no\\n' | sh ./unpinned.sh ${options} 2>&1 || echo "code $?"`);
    const refused = await run("");
    expect(refused).toContain("no host key of web1 was known when this was written");
    expect(refused).toContain("code 2");
    expect(await run("--unverified-host")).toContain("the host has not signed it");
  },
);

test.skipIf(!canStartHosts())(
  "links in an account's folder lead nothing that root's script writes anywhere",
  async () => {
    const { host, plan, hash } = web;
    const token = tokenOf(hash, { host: "web1", port: plan.hosts[0]?.port ?? 22 });
    await writeThere(
      host,
      "/home/ann/plant.sh",
      await readFile(join(import.meta.dirname, "plant-link.sh"), "utf8"),
    );
    await host.run("echo precious >/etc/precious; cp /root/carried/script.sh /home/ann/");
    await host.run(
      `cd /home/ann && setpriv --reuid ann --regid ann --init-groups sh plant.sh ${token} /etc/precious`,
    );
    const said = await host.run("cd /home/ann && printf 'no\\n' | sh ./script.sh 2>&1 || true");
    expect(await host.run("cat /etc/precious")).toBe("precious\n");
    expect(await host.run("ls -A /etc | grep -c latchkey || true")).toBe("0\n");
    expect(said).toContain("others can write to /home/ann: this script writes to /root/");
    const result = readResult(await readThere(host, `/root/latchkey-result-${token}.txt`));
    expect(result).toMatchObject({ outcome: "rolled-back" });
  },
);

test.skipIf(!canStartHosts())(
  "whoever cannot show which host this is has to vouch for it, and the host signs nothing of it",
  async () => {
    const { host } = web;
    const asAnn = (options: string) =>
      host.run(`mkdir -p /home/ann/own && cp /root/carried/script.sh /home/ann/own && chown -R ann: /home/ann/own && cd /home/ann/own &&
        { printf 'no\\n' | HOME=/home/ann setpriv --reuid ann --regid ann --init-groups sh ./script.sh ${options} 2>&1 || echo "code $?"; }`);
    const refused = await asAnn("");
    expect(refused).toContain("only root can show that this is web1");
    expect(refused).toContain("code 2");
    const said = await asAnn("--unverified-host");
    expect(said).toContain(
      "the host has not signed it, so it counts only once a person who is known has signed it",
    );
    const result = readResult(await readThere(host, "/home/ann/own/latchkey-result-*.txt"));
    expect(result).toMatchObject({ outcome: "rolled-back", hostSignature: null });
  },
);

test.skipIf(!canStartHosts())(
  "no key that somebody has pasted stands in a file while a question about it is open, and a hang-up there leaves the file as it was",
  async () => {
    const { host } = web;
    const seen = await host.run(`cd /root/carried && rm -f answers && mkfifo answers && : >said
      sh -c 'echo $$ >pid; exec sh ./script.sh' <answers >said 2>&1 &
      { until grep -q 'Type yes' said; do sleep 0.05; done; cat ${PATH} >stood; kill -HUP $(cat pid); } >answers
      wait || true; cat stood; rm -f answers pid stood`);
    const said = (await readThere(host, "/root/carried/said")).toString();
    expect(seen).toBe(BEFORE);
    expect(said).toContain(`${GIVEN.fingerprint} into ${PATH}`);
    const left = `${BEFORE}|authorized_keys\n`;
    const standing = async () =>
      `${(await readThere(host, PATH)).toString()}|${await host.run("ls -A /home/ann/.ssh")}`;
    expect(await standing()).toBe(left);
    for (const answers of ["", "y\\nyes\\n"]) {
      const refused = await carry(host, "sh", answers);
      expect(refused).toContain("nothing is added: nobody confirmed the keys that it adds");
      expect(refused).not.toContain("authorized_keys: added");
      expect(await standing()).toBe(left);
    }
  },
);

test.skipIf(!canStartHosts())(
  "what an account lays into a work folder of an earlier script, where nothing was armed by this one, keeps nobody's old line",
  async () => {
    const { host, plan, hash } = web;
    const token = tokenOf(hash, { host: "web1", port: plan.hosts[0]?.port ?? 22 });
    // The added line stays; its removal was not verified.
    expect(await carry(host, "sh", "yes\\nyes\\nno\\n")).toContain("the added ones stay");
    await host.run(`cd /home/ann/.ssh && setpriv --reuid ann --regid ann --init-groups sh -c '
      mkdir -p -m 700 .latchkey/${token}; : >.latchkey/${token}/fired-f0a.x'`);
    const said = await carry(host, "sh", "yes\\nyes\\nyes\\n");
    expect(said).toContain("code 0");
    expect((await readThere(host, PATH)).toString()).toBe(AFTER);
    expect(await host.run("ls -A /home/ann/.ssh")).toBe("authorized_keys\n");
  },
);

test.skipIf(!canStartHosts())(
  "what an account feigns of an earlier script's verification keeps no line in the file of another, and the run is not said to stand",
  async () => {
    const { host } = web;
    await host.run("useradd -m -s /bin/sh bob && mkdir -m 700 /home/bob/.ssh && chown bob: /home/bob/.ssh");
    const files = [PATH, PATH.replace("ann", "bob")] as const;
    for (const path of files) {
      await writeThere(host, path, BEFORE);
      await host.run(`chown ${path.split("/")[2]}: ${path} && chmod 600 ${path}`);
    }
    const made = makeScript(BEFORE, null, ["bob"])(
      Number(await host.run("id -u ann")),
      await hostKeyOf(host),
      await readCarriedParts(),
    );
    await host.run("rm -rf /root/carried && mkdir /root/carried");
    await writeThere(host, "/root/carried/script.sh", made.script);
    const token = tokenOf(made.hash, { host: "web1", port: made.plan.hosts[0]?.port ?? 22 });
    await host.run(`cd /home/ann/.ssh && setpriv --reuid ann --regid ann --init-groups sh -c '
      mkdir -p -m 700 .latchkey/${token}; : >.latchkey/${token}/before-f0r; : >.latchkey/${token}/before-f1r'`);
    expect(await carry(host, "sh", "yes\\nno\\n")).toContain(
      "rolled back: nobody confirmed that the login works",
    );
    expect((await readThere(host, files[1])).toString()).toBe(BEFORE);
    expect(readResult(await readResultThere(host))).toMatchObject({ outcome: "rolled-back" });
    expect(await carry(host, "sh", "yes\\nyes\\nyes\\n")).toContain("code 0");
    for (const path of files) expect((await readThere(host, path)).toString()).toBe(AFTER);
  },
);
