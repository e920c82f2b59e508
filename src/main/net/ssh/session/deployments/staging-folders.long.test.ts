import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { finishDeployment, stageDeployment, swapDeployment } from "#net/ssh/session/replace-deployment.ts";
import { hashOf } from "#net/ssh/session/testing/session-requests.ts";
import { Redacted } from "#shared/model/secret.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { DEPLOYMENT, openDeploymentSession, planFile } from "./testing/deployment-session.ts";

const lab = test.skipIf(!canStartHosts());
/** On another file system than /var/lib, so that a run creates its folder beside the files. */
const LIVE = "/mnt/more/tls";
const CHAIN = `${LIVE}/site.pem`;
const KEY = `${LIVE}/site.key`;
const DEN = `.latchkey-${DEPLOYMENT.token}-${DEPLOYMENT.id}`;
const LAIR = `${LIVE}/${DEN}`;
const SHELLS = ["dash", "busybox sh", "bash", "ksh", "mksh"];
const AS_ALICE = "setpriv --reuid alice --regid alice --clear-groups";

let host: LabHost;
let old: Awaited<ReturnType<typeof makeCertificate>>;
let made: Awaited<ReturnType<typeof makeCertificate>>;
beforeAll(async () => {
  if (!canStartHosts()) return;
  host = await startHost({
    name: "dens",
    prepare:
      "useradd --create-home alice; mkdir /mnt/more; mount -t tmpfs -o mode=755,size=64m tmpfs /mnt/more",
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
    `rm -rf /mnt/more/* /root/precious /var/lib/latchkey; mkdir ${LIVE}; ${put(CHAIN, old.pem)}${put(KEY, old.keyPem)}chmod 600 ${KEY}; chown -R alice: ${LIVE}`,
  );
});

type Hand = Awaited<ReturnType<typeof openDeploymentSession>>;
const newHashes = () => [hashOf(made.pem), hashOf(made.keyPem)];
const plan = async (hand: Hand) => [await planFile(hand, CHAIN, "chain"), await planFile(hand, KEY, "key")];
const stageFiles = (hand: Hand, files: Awaited<ReturnType<typeof plan>>) =>
  stageDeployment(hand, {
    ...DEPLOYMENT,
    files,
    chain: Buffer.from(made.pem),
    key: new Redacted(Buffer.from(made.keyPem)),
  });

async function stage(hand: Hand) {
  const files = await plan(hand);
  expect(await stageFiles(hand, files)).toEqual({ kind: "staged", newHashes: newHashes() });
  return { ...DEPLOYMENT, files, newHashes: newHashes() };
}

lab.each(SHELLS)(
  "an end takes nothing away through a link in the place of root's own folder: %s",
  async (shell) => {
    await using hand = await openDeploymentSession(startShellIn(host, { shell }));
    const pair = await stage(hand);
    await swapDeployment(hand, pair);
    await host.run(
      `chmod 700 /root; echo s > /root/precious; ${AS_ALICE} sh -c 'cd ${LIVE}; mv ${DEN} x; ln -s /root ${DEN}'`,
    );
    const taken = { kind: "refused", why: "work-folder-occupied", detail: LAIR };
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual(taken);
    expect(await host.run("cat /root/precious")).toBe("s\n");
    // Another folder that also belongs to root alone.
    await host.run(`cd ${LIVE}; mkdir -m 700 other; echo s > other/precious; rm ${DEN}; ln -s other ${DEN}`);
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual(taken);
    await host.run(`cd ${LIVE}; rm ${DEN}; mv other ${DEN}`);
    expect(await finishDeployment(hand, DEPLOYMENT)).toMatchObject({ kind: "failed" });
    expect(await host.run(`cd ${LIVE}; cat ${DEN}/precious; rm -r ${DEN}; mv x ${DEN}`)).toBe("s\n");
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    expect(await host.run(`ls -A ${LIVE} /var/lib`)).not.toContain("latchkey");
  },
);

/** Swaps the folder and a link to alice's own back and forth, and reports whether anything ever appeared in that. */
const EXCHANGER = `import ctypes, os, sys
os.chdir("${LIVE}")
os.mkdir("mine")
os.symlink("mine", "link")
libc = ctypes.CDLL(None)
while not os.path.exists("/mnt/more/over"):
    libc.renameat2(-100, b"${DEN}", -100, b"link", 2)
    if os.listdir("mine"):
        print("seen", os.listdir("mine"), flush=True)
        break
`;

lab.each(SHELLS)(
  "nothing of a new key is ever in a folder that is exchanged for root's own: %s",
  async (shell) => {
    await using hand = await openDeploymentSession(startShellIn(host, { shell }));
    const { files } = await stage(hand);
    await host.run(
      `cat > /mnt/more/exchange.py <<'END'\n${EXCHANGER}END\n${AS_ALICE} python3 /mnt/more/exchange.py > /mnt/more/said 2>&1 < /dev/null & echo $! > /mnt/more/pid`,
    );
    const answers = new Set<string>();
    for (let nth = 0; nth < 25; nth++) {
      const answer = await stageFiles(hand, files);
      answers.add(answer.kind === "staged" ? answer.kind : "why" in answer ? answer.why : answer.kind);
    }
    await host.run(": > /mnt/more/over; while kill -0 $(cat /mnt/more/pid) 2>/dev/null; do sleep 0.05; done");
    expect(await host.run(`cat /mnt/more/said; ls -A ${LIVE}/mine`)).toBe("");
    expect(["staged", "work-folder-occupied"]).toEqual(expect.arrayContaining([...answers]));
  },
);

lab.each(SHELLS)(
  "the old key goes when others may write to the folder by then, and no end is said where it cannot: %s",
  async (shell) => {
    await host.run(`chown -R root: ${LIVE}`);
    await using hand = await openDeploymentSession(startShellIn(host, { shell }));
    await swapDeployment(hand, await stage(hand));
    await host.run(`chmod g+w ${LIVE}; mv ${LIVE} ${LIVE}.away; : > ${LIVE}`);
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({
      kind: "failed",
      why: "no-folder",
      detail: LIVE,
    });
    await host.run(`rm ${LIVE}; ln -s ${LIVE}.away ${LIVE}`);
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    expect(await host.run(`ls -A ${LIVE}/ /var/lib`)).not.toContain("latchkey");
    await host.run(`rm ${LIVE}; mv ${LIVE}.away ${LIVE}; chmod g-w ${LIVE}`);
    await host.run(put(CHAIN, old.pem) + put(KEY, old.keyPem));
    await stage(hand);
    await host.run(`rm -r ${LIVE}`);
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
  },
);

lab("a key that is kept is the one that was judged, though its name leads to another's by then", async () => {
  const both = old.pem + old.keyPem;
  await host.run(`${put(CHAIN, both)}umask 077; ${put("/root/precious", made.pem + made.keyPem)}cat > /usr/sbin/cp <<'END'
#!/bin/sh
/usr/bin/cp "$@"
ended=$?
case "$*" in *"./site.pem "*) [ ! -e /tmp/meddle ] || { rm /tmp/meddle; ln -sf /root/precious ${CHAIN}; } ;; esac
exit $ended
END
    chmod 755 /usr/sbin/cp`);
  try {
    await using hand = await openDeploymentSession(startShellIn(host));
    const files = [await planFile(hand, CHAIN, "key+chain")];
    await host.run(": > /tmp/meddle");
    expect(
      await stageDeployment(hand, { ...DEPLOYMENT, files, chain: Buffer.from(made.pem), key: "kept" }),
    ).toEqual({
      kind: "staged",
      newHashes: [hashOf(made.pem + old.keyPem)],
    });
    expect(await host.run("[ -e /tmp/meddle ] || echo over")).toBe("over\n");
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
  } finally {
    await host.run("rm /usr/sbin/cp");
  }
});
