/** A host, its homes and its disks change between the first write of a run and its end. */
import { execFile } from "node:child_process";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { App } from "#app";
import type { PlanDetail } from "#shared/contract/runs.ts";
import type { RunDetail } from "#shared/model/runs/run.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { type Desk, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, planOwnKey, untilStill } from "#testing/runs/follow.ts";
import { FILE, openMeddled, runAtOnce, startProbedHosts, startWay } from "#testing/runs/unruly-hosts.ts";

const run = promisify(execFile);

/** What a run changes, and for which key. */
type Change = {
  title: string;
  plan: (app: App, desk: Desk, way: { address: string; port: number }) => Promise<PlanDetail>;
};

/**
 * The key that each of them removes from `deploy` is the workstation's own, which also logs in as root by root's own
 * file.
 */
const CHANGES: Change[] = [
  { title: "a rotation", plan: (app, desk, way) => planOwnKey(app, desk, [way]) },
  {
    title: "a removal",
    async plan(app, _desk, { address, port }) {
      await scanAll(app, { text: `root@${address}:${port}`, only: "ssh", acceptNew: true });
      const { rows } = await app.client.access.list({});
      const own = rows.find(({ account, comment }) => account === "deploy" && comment !== "retained");
      return makePlan(app, { kind: "remove-grants", grants: [own?.id ?? 0] });
    },
  },
];

type Fault = {
  title: string;
  prepare?: string;
  begin?: (host: LabHost) => Promise<unknown>;
  /** Called once the account's file is not the one that the plan was made for any more. */
  strikes: (host: LabHost, way: { reset: () => void }) => void;
  /** What a person repairs before the run is resumed. */
  mends?: (host: LabHost) => Promise<unknown>;
  /** During the fault nobody can log in by that home, whatever we do. */
  keepsOut?: boolean;
  /** A line that somebody else has written meanwhile. */
  keeps?: string;
};

/** A home on a file system of its own. */
const HOME_ON_TMPFS = (size: string) => ({
  prepare: `mount -t tmpfs -o mode=755,size=${size} tmpfs /mnt; mv /home/deploy /mnt/deploy; ln -s /mnt/deploy /home/deploy`,
  begin: (host: LabHost) =>
    host.run("rm /home/deploy && mkdir /home/deploy && mount --bind /mnt/deploy /home/deploy"),
});

const FAULTS: Fault[] = [
  {
    title: "the host is lost and comes back as it was before, with a line more",
    prepare: `cp ${FILE} /srv/before`,
    strikes: (host, way) => {
      // In place, and never empty meanwhile: whoever logs in must not meet a file that this test has emptied.
      runAtOnce(
        host,
        `{ cat /srv/before; echo '# put back'; } >/srv/back
        dd if=/srv/back of=${FILE} bs=64k conv=notrunc 2>/dev/null; truncate -s "$(stat -c %s /srv/back)" ${FILE}`,
      );
      way.reset();
    },
    keeps: "# put back",
  },
  {
    title: "the mount of the home goes away",
    ...HOME_ON_TMPFS("8m"),
    strikes: (host) => runAtOnce(host, "umount -l /home/deploy"),
    mends: (host) => host.run("mount --bind /mnt/deploy /home/deploy"),
    keepsOut: true,
  },
  {
    title: "the home's disk is full from then on",
    ...HOME_ON_TMPFS("1m"),
    strikes: (host) => runAtOnce(host, "dd if=/dev/zero of=/home/deploy/filled bs=4k 2>/dev/null || true"),
    mends: (host) => host.run("rm -f /home/deploy/filled"),
  },
  {
    title: "an editor saves the file over and over from then on",
    begin: (host) =>
      host.run(`setsid setpriv --reuid deploy --regid deploy --clear-groups sh -c '
          until [ -e /tmp/edits ]; do sleep 0.05; done
          while [ -e /tmp/edits ]; do { cat ${FILE}; echo "# edit"; } >${FILE}.new && mv ${FILE}.new ${FILE}; sleep 0.2; done
          touch /tmp/edited' </dev/null >/dev/null 2>&1 &`),
    strikes: (host) => runAtOnce(host, "touch /tmp/edits"),
    mends: (host) => host.run("rm /tmp/edits; until [ -e /tmp/edited ]; do sleep 0.05; done"),
    keeps: "# edit",
  },
  {
    title: "the account has no shell any more",
    strikes: (host) => runAtOnce(host, "usermod -s /usr/sbin/nologin deploy"),
    mends: (host) => host.run("usermod -s /bin/sh deploy"),
    keepsOut: true,
  },
];

for (const { title: change, plan } of CHANGES)
  for (const { title, prepare = "", begin, strikes, mends, keepsOut = false, keeps } of FAULTS)
    test.skipIf(!canStartHosts())(
      `R27: ${change} under which ${title} says how it stands, loses nobody's line, and is ended by a resume or a new plan`,
      async ({ task }) => {
        await using desk = await makeDesk();
        const old = join(desk.home, "old");
        await copyFile(join(desk.home, ".ssh/id_ed25519"), old);
        await using probed = await startProbedHosts(desk, { prepare, ...(begin ? { begin } : {}) });
        const [web] = probed.hosts;
        await using way = await startWay(web);
        const strike = (): void => {
          if (keepsOut) probed.fault.begins();
          strikes(web, way);
        };
        await using app = openMeddled(desk, { host: web, path: FILE, steps: [strike] });
        const struck = await carryOut(app, await plan(app, desk, way));
        if (struck.state === "committed") expect(await logsIn(web, old)).toBe(isLeft(struck));
        else expect(struck.message).not.toBe("");

        await mends?.(web);
        if (keepsOut) probed.fault.ends();
        const resumed = struck.state === "committed" ? struck : await resume(app, struck);
        // What somebody else has written since is theirs: the change is planned anew over that.
        const isAnew = resumed.state === "stopped";
        if (isAnew) expect(resumed.message).toContain("changed by somebody else since the plan was made");
        if (isAnew) expect(await rollBack(app, resumed)).toMatchObject({ state: "rolled-back" });
        const ended = isAnew ? await carryOut(app, await plan(app, desk, way)) : resumed;
        expect(ended.state).toBe("committed");
        expect(await logsIn(web, old)).toBe(isLeft(ended));
        const lines = (await web.run(`cat ${FILE}`)).split("\n");
        for (const line of [probed.retained, ...(keeps ? [keeps] : [])]) expect(lines).toContain(line);
        const strays = await probed.listStrays(web);
        const said = ended.stepList.map(({ message }) => message).join("; ");
        // Files on a mount that was away are reported by their path.
        if (strays !== "") expect(said).toContain(`nothing was cleared away: ${FILE}`);
        const seen = `${struck.state}${struck.message && `: ${struck.message}`}; then ${ended.state}${isLeft(ended) ? ", with the account named in which the key still counts" : ""}; ${await probed.expectNobodyLockedOut()}`;
        recordFault(task, { id: "R27", injected: `${change}: ${title}`, seen });
      },
    );

/** The run itself reports that the key may still log in to that account. */
const isLeft = ({ remaining }: RunDetail): boolean => remaining.some(({ account }) => account === "deploy");

const rollBack = (app: App, { id }: RunDetail): Promise<RunDetail> =>
  untilStill(app, async () => {
    await app.client.runs.rollBack({ runId: id });
    return id;
  });

const resume = (app: App, { id }: RunDetail): Promise<RunDetail> =>
  untilStill(app, async () => {
    await app.client.runs.resume({ runId: id });
    return id;
  });

/** Whether sshd accepts this key for the account, whatever the account may do then. */
async function logsIn({ address }: LabHost, keyFile: string): Promise<boolean> {
  const only = ["-F", "none", "-i", keyFile, "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"];
  const quiet = [
    "-o",
    "BatchMode=yes",
    "-o",
    "StrictHostKeyChecking=no",
    "-o",
    "UserKnownHostsFile=/dev/null",
  ];
  const { stderr } = await run("ssh", ["-v", ...only, ...quiet, `deploy@${address}`, "true"]).catch(
    (error: { stderr: string }) => error,
  );
  return stderr.includes("Authenticated to");
}
