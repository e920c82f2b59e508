import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  finishDeployment,
  rollBackDeployment,
  stageDeployment,
  startDeploymentTimer,
  stopDeploymentTimer,
  swapDeployment,
} from "#net/ssh/session/replace-deployment.ts";
import { hashOf } from "#net/ssh/session/testing/session-requests.ts";
import { Redacted } from "#shared/model/secret.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { DEPLOYMENT, openDeploymentSession, planFile } from "./testing/deployment-session.ts";

const lab = test.skipIf(!canStartHosts());
const LIVE = "/srv/tls";
const CHAIN = `${LIVE}/site.pem`;
const KEY = `${LIVE}/site.key`;
const DEN = `/var/lib/latchkey/${DEPLOYMENT.token}/${DEPLOYMENT.id}`;
const SHELLS = ["dash", "busybox sh", "bash", "ksh", "mksh"];

let host: LabHost;
let old: Awaited<ReturnType<typeof makeCertificate>>;
let made: Awaited<ReturnType<typeof makeCertificate>>;
beforeAll(async () => {
  if (!canStartHosts()) return;
  host = await startHost({ name: "turns" });
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
    `rm -rf ${LIVE} /var/lib/latchkey; mkdir ${LIVE}; ${put(CHAIN, old.pem)}${put(KEY, old.keyPem)}`,
  );
});

type Hand = Awaited<ReturnType<typeof openDeploymentSession>>;

async function stage(hand: Hand) {
  const files = [await planFile(hand, CHAIN, "chain"), await planFile(hand, KEY, "key")];
  const newHashes = [hashOf(made.pem), hashOf(made.keyPem)];
  const key = new Redacted(Buffer.from(made.keyPem));
  expect(await stageDeployment(hand, { ...DEPLOYMENT, files, chain: Buffer.from(made.pem), key })).toEqual({
    kind: "staged",
    newHashes,
  });
  return { ...DEPLOYMENT, files, newHashes };
}

/** Which deployment is in place; "torn" if its files are of different ones. */
async function inUse(): Promise<"old" | "new" | "torn"> {
  const said = await host.run(`cat ${CHAIN} ${KEY}`);
  if (said === old.pem + old.keyPem) return "old";
  return said === made.pem + made.keyPem ? "new" : "torn";
}

const arm = (hand: Hand, pair: Awaited<ReturnType<typeof stage>>) =>
  startDeploymentTimer(hand, { ...pair, timer: "sleep", seconds: 900, services: [] });
/** The command that its timer starts at the end of its time. */
const FIRE = `sh ${DEN}/revert-deployment.*.sh`;

lab.each(SHELLS)(
  "two that take a pair back at once leave the old one, and lose nothing: %s",
  async (shell) => {
    await using one = await openDeploymentSession(startShellIn(host, { shell }));
    await using other = await openDeploymentSession(startShellIn(host));
    const pair = await stage(one);
    for (let nth = 0; nth < 12; nth++) {
      expect(await swapDeployment(one, pair)).toEqual({ kind: "swapped", already: false });
      const answers = await Promise.all([rollBackDeployment(one, pair), rollBackDeployment(other, pair)]);
      expect(answers.map(({ kind }) => kind)).toEqual(["back", "back"]);
      expect(await inUse()).toBe("old");
    }
    expect(await host.run(`cd ${DEN}; ls -d mutex-*`)).toBe("mutex-free\n");
    expect(await finishDeployment(one, DEPLOYMENT)).toEqual({ kind: "ended" });
  },
);

lab.each(SHELLS)(
  "a pair that is put in place while its dead-man fires is the old one in the end: %s",
  async (shell) => {
    await using hand = await openDeploymentSession(startShellIn(host, { shell }));
    const pair = await stage(hand);
    for (let nth = 0; nth < 12; nth++) {
      expect(await arm(hand, pair)).toEqual({ kind: "armed" });
      const fired = host.run(FIRE);
      const swapped = await swapDeployment(hand, pair);
      await fired;
      if (swapped.kind !== "swapped") expect(swapped).toMatchObject({ kind: "refused", why: "fired" });
      expect(await inUse()).toBe("old");
      expect(await stopDeploymentTimer(hand, DEPLOYMENT)).toEqual({ kind: "fired" });
      await host.run(`rm ${DEN}/revert-deployment.*`);
    }
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
  },
);

lab.each(SHELLS)(
  "once it has fired nothing is put in place, and that is said each time, until it is armed anew: %s",
  async (shell) => {
    await using hand = await openDeploymentSession(startShellIn(host, { shell }));
    const pair = await stage(hand);
    await arm(hand, pair);
    await host.run(FIRE);
    expect(await swapDeployment(hand, pair)).toMatchObject({ kind: "refused", why: "fired" });
    expect(await inUse()).toBe("old");
    expect(await stopDeploymentTimer(hand, DEPLOYMENT)).toEqual({ kind: "fired" });
    expect(await stopDeploymentTimer(hand, DEPLOYMENT)).toEqual({ kind: "fired" });
    expect(await arm(hand, pair)).toEqual({ kind: "armed" });
    expect(await swapDeployment(hand, pair)).toEqual({ kind: "swapped", already: false });
    expect(await stopDeploymentTimer(hand, DEPLOYMENT)).toEqual({ kind: "disarmed" });
    expect(await stopDeploymentTimer(hand, DEPLOYMENT)).toEqual({ kind: "disarmed" });
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    expect(await host.run("ls -A /var/lib")).not.toContain("latchkey");
  },
);

lab("whoever turns a pair is waited for while it runs, and not when it is gone", async () => {
  await using hand = await openDeploymentSession(startShellIn(host));
  const pair = await stage(hand);
  const startedAt = "$(cut -d' ' -f22 /proc/$pid/stat)";
  await host.run(
    `sleep 900 >/dev/null 2>&1 & pid=$!; echo $pid > /srv/pid; mv ${DEN}/mutex-free ${DEN}/mutex-$pid-${startedAt}`,
  );
  expect(await swapDeployment(hand, pair)).toMatchObject({ kind: "refused", why: "firing" });
  const swapped = swapDeployment(hand, pair);
  await host.run("kill $(cat /srv/pid)");
  expect(await swapped).toEqual({ kind: "swapped", already: false });
  // The pid of a running process, with another start time.
  await host.run(`mv ${DEN}/mutex-free ${DEN}/mutex-1-1`);
  expect(await rollBackDeployment(hand, pair)).toEqual({ kind: "back", already: false });
  expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
});

lab("of two runs that find that a third is gone, one has its file", async () => {
  await using hand = await openDeploymentSession(startShellIn(host));
  const { files } = await stage(hand);
  await host.run(`rm -r /var/lib/latchkey/${DEPLOYMENT.token}; cat > /usr/sbin/readlink <<'END'
#!/bin/sh
/usr/bin/readlink "$@"
ended=$?
case "$*" in
  */held-*) [ ! -e /tmp/meddle ] || { rm /tmp/meddle; mkdir /var/lib/latchkey/run00000003; ln -sfn run00000003 "$1"; } ;;
esac
exit $ended
END
    chmod 755 /usr/sbin/readlink; : > /tmp/meddle`);
  try {
    const other = { token: "run00000002", id: "c0" };
    const wish = { ...other, files, chain: Buffer.from(made.pem), key: "kept" as const };
    const held = { kind: "refused", why: "deployment-locked", detail: "run00000003" };
    expect(await stageDeployment(hand, wish)).toEqual(held);
    expect(await stageDeployment(hand, wish)).toEqual(held);
    await host.run("rm -r /var/lib/latchkey/run00000003");
    expect(await stageDeployment(hand, wish)).toMatchObject({ kind: "staged" });
    expect(await finishDeployment(hand, other)).toEqual({ kind: "ended" });
  } finally {
    await host.run("rm /usr/sbin/readlink");
  }
});

lab.each([
  ["files can be exchanged", ""],
  ["they cannot", 'case $1 in --help) exit ;; esac; case "$*" in *--exchange*) exit 1 ;; esac'],
])("what is written to one file while another turns ends the change of both, where %s", async (_, more) => {
  await host.run(`cat > /usr/sbin/mv <<'END'
#!/bin/sh
${more}
/usr/bin/mv "$@"
ended=$?
case "$*" in *./site.pem) [ ! -e /tmp/meddle ] || { rm /tmp/meddle; echo >> ${KEY}; } ;; esac
exit $ended
END
    chmod 755 /usr/sbin/mv`);
  try {
    await using hand = await openDeploymentSession(startShellIn(host));
    const pair = await stage(hand);
    await host.run(": > /tmp/meddle");
    const theirs = { kind: "changed", path: KEY, hash: hashOf(`${old.keyPem}\n`) };
    expect(await swapDeployment(hand, pair)).toEqual(theirs);
    expect(await host.run(`cat ${CHAIN} ${KEY}`)).toBe(`${old.pem}${old.keyPem}\n`);
    await host.run(put(KEY, old.keyPem));
    expect(await swapDeployment(hand, pair)).toEqual({ kind: "swapped", already: false });
    await host.run(": > /tmp/meddle");
    expect(await rollBackDeployment(hand, pair)).toMatchObject({ kind: "changed", path: KEY });
    expect(await host.run(`cat ${CHAIN} ${KEY}`)).toBe(`${made.pem}${made.keyPem}\n`);
    await finishDeployment(hand, DEPLOYMENT);
  } finally {
    await host.run("rm /usr/sbin/mv");
  }
});
