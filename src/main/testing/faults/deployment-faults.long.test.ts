/**
 * Faults of a host while a deployment is changed there: each file is the old or the new one, and the rest can be
 * restored.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, expect, test } from "vitest";
import {
  DEPLOYMENT,
  openDeploymentSession,
  planFile,
} from "#net/ssh/session/deployments/testing/deployment-session.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import {
  finishDeployment,
  rollBackDeployment,
  stageDeployment,
  startDeploymentTimer,
  stopDeploymentTimer,
  swapDeployment,
} from "#net/ssh/session/replace-deployment.ts";
import { hashOf } from "#net/ssh/session/testing/session-requests.ts";
import type { DeploymentFile } from "#shared/model/runs/deployment.ts";
import { Redacted } from "#shared/model/secret.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { recordFault } from "./fault-table.ts";

const lab = test.skipIf(!canStartHosts());
const timeout = 7_200_000;

/** Moments of each scenario at which it is killed. */
const MOMENTS = Number(process.env.LATCHKEY_KILL_MOMENTS ?? 1_000_000);
/** A copy on the host, which may not see this checkout. */
const KILLER = ["/usr/bin/python3", "-I", "/opt/kill-at-call.py"];
const KILLER_SOURCE = readFileSync(join(import.meta.dirname, "kill-at-call.py"), "base64");

type Certificate = Awaited<ReturnType<typeof makeCertificate>>;
type Scene = { host: LabHost; folder: string; old: Certificate; made: Certificate; files: DeploymentFile[] };

const put = (path: string, text: string) => `cat > ${path} <<'END'\n${text}END\n`;
const lay = ({ folder, old }: Pick<Scene, "folder" | "old">) =>
  `mkdir -p ${folder}; cd ${folder}; ${put("site.pem", old.pem)}${put("site.key", old.keyPem)}
  chmod 640 site.key; chgrp www-data site.key; setfattr -n user.note -v kept site.key || :\n`;

/** `folder`: where the files are; /mnt/small is a file system of its own, of `kibibytes`. */
async function startScene(folder: string, kibibytes = 512): Promise<Scene> {
  const [old, made] = await Promise.all([makeCertificate(), makeCertificate({ names: ["new.lab"] })]);
  const host = await startHost({
    name: "falls",
    prepare: `mkdir /mnt/small; mount -t tmpfs -o mode=755,size=${kibibytes}k tmpfs /mnt/small
      ${lay({ folder, old })}base64 -d > ${KILLER[2]} <<'END'
${KILLER_SOURCE}
END
`,
  });
  await using hand = await openDeploymentSession(startShellIn(host));
  const files = [
    await planFile(hand, `${folder}/site.pem`, "chain"),
    await planFile(hand, `${folder}/site.key`, "key"),
  ];
  return { host, folder, old, made, files };
}

const pairOf = ({ files, made }: Scene) => ({
  ...DEPLOYMENT,
  files,
  newHashes: [hashOf(made.pem), hashOf(made.keyPem)],
});

const stage = (hand: RemoteSession, { files, made }: Scene) =>
  stageDeployment(hand, {
    ...DEPLOYMENT,
    files,
    chain: Buffer.from(made.pem),
    key: new Redacted(Buffer.from(made.keyPem)),
  });

const FORWARD = ["stage", "arm", "swap", "disarm"] as const;
type Step = (typeof FORWARD)[number] | "back" | "end";
const THERE_AND_BACK: Step[] = [...FORWARD, "back", "end"];
const THERE: Step[] = [...FORWARD, "end"];
const DONE = ["staged", "armed", "swapped", "disarmed", "back", "ended"];

const take = (hand: RemoteSession, scene: Scene, step: Step) => {
  const pair = pairOf(scene);
  switch (step) {
    case "stage":
      return stage(hand, scene);
    case "arm":
      return startDeploymentTimer(hand, { ...pair, timer: "sleep", seconds: 900, services: [] });
    case "swap":
      return swapDeployment(hand, pair);
    case "disarm":
      return stopDeploymentTimer(hand, DEPLOYMENT);
    case "back":
      return rollBackDeployment(hand, pair);
    case "end":
      return finishDeployment(hand, DEPLOYMENT);
  }
};

/** Runs the steps until one fails; returns null, or the answer of that step. */
async function work(hand: RemoteSession, scene: Scene, steps: readonly Step[]): Promise<string | null> {
  for (const step of steps) {
    const answer = await take(hand, scene, step);
    if (!DONE.includes(answer.kind)) return `${step}: ${inspect(answer)}`;
  }
  return null;
}

/** Checks that each file is whole and has its owner, mode and attributes; returns how many are new. */
async function judge({ host, folder, files, made, old }: Scene, point: string): Promise<number> {
  const said = await host.run(
    `cd ${folder}; sha256sum site.pem site.key | cut -c 1-64; stat -c '%U %G %a' site.pem site.key; getfattr -d site.key 2>/dev/null | grep note || :`,
  );
  const [pem = "", key = "", ...rest] = said.trim().split("\n");
  expect([hashOf(old.pem), hashOf(made.pem)], `${point}: torn`).toContain(pem);
  expect([hashOf(old.keyPem), hashOf(made.keyPem)], `${point}: torn`).toContain(key);
  expect(rest, point).toEqual(["root root 644", "root www-data 640", 'user.note="kept"']);
  return [pem, key].filter((hash) => !files.some(({ before }) => before === hash)).length;
}

const inodes = ({ host, folder }: Scene) => host.run(`cd ${folder}; stat -c '%i %h' site.pem site.key`);
const strays = ({ host, folder }: Scene) => host.run(`ls -A ${folder}; ls -A /var/lib | grep latchkey || :`);

/**
 * A session that knows nothing of the first one continues, or does not, and then rolls back; nothing is left behind.
 */
async function putRight(
  hand: RemoteSession,
  scene: Scene,
  wish: { point: string; goesOn: boolean; inodes: string },
) {
  const { point, goesOn } = wish;
  if (goesOn) {
    const resumed = await work(hand, scene, ["disarm", "stage", "swap"]);
    // Once `end` has begun, nothing is known of the earlier files.
    if (!resumed?.includes("changed")) expect(resumed, point).toBeNull();
  }
  expect(await work(hand, scene, ["disarm"]), point).toBeNull();
  const undone = await work(hand, scene, ["back"]);
  expect(await work(hand, scene, ["end"]), point).toBeNull();
  expect(await strays(scene), `${point}: stray`).toBe("site.key\nsite.pem\n");
  if (undone === null) {
    expect(await judge(scene, point), point).toBe(0);
    expect(await inodes(scene), `${point}: another file`).toBe(wish.inodes);
    return;
  }
  expect(undone, point).toContain("not-staged");
  expect(await judge(scene, point), point).toBe(2);
  await scene.host.run(lay(scene));
}

type Scenario = { shell: string; mode: "all" | "one"; folder: string; steps: readonly Step[] };
const SCENARIOS: Scenario[] = [
  { shell: "dash", mode: "all", folder: "/srv/tls", steps: THERE_AND_BACK },
  { shell: "dash", mode: "one", folder: "/srv/tls", steps: THERE_AND_BACK },
  { shell: "dash", mode: "all", folder: "/srv/tls", steps: THERE },
  { shell: "dash", mode: "all", folder: "/mnt/small/tls", steps: THERE_AND_BACK },
  { shell: "busybox sh", mode: "all", folder: "/srv/tls", steps: THERE_AND_BACK },
  { shell: "bash", mode: "one", folder: "/mnt/small/tls", steps: THERE },
];

/** Moments at which a session was killed, in all scenarios that ran whole. */
let [points, done] = [0, 0];
afterAll(() => {
  if (MOMENTS >= 1_000_000 && done === SCENARIOS.length) expect(points).toBeGreaterThanOrEqual(700);
});

for (const { shell, mode, folder, steps } of SCENARIOS)
  lab(
    `R2: ${shell} is killed (${mode}) at any call that writes while a pair in ${folder} is changed (${steps.at(-2)} last): each file is old or new`,
    { timeout },
    async ({ task }) => {
      const scene = await startScene(folder);
      await using host = scene.host;
      await using sound = await openDeploymentSession(startShellIn(host));
      const log = "/tmp/calls";
      const counting = ["sh", "-c", `exec "$@" 2>${log}`, "sh", ...KILLER, mode, "0"];
      const whole = await openDeploymentSession(startShellIn(host, { shell, wrap: counting }));
      expect(await work(whole, scene, steps)).toBeNull();
      await whole[Symbol.asyncDispose]();
      await host.run(lay(scene));
      const counted = Number((await host.run(`tail -n 1 ${log}`)).trim());
      expect(counted).toBeGreaterThan(40);
      const seen = [0, 0, 0];
      const step = Math.max(1, counted / MOMENTS);
      for (let at = 1, round = 0; at <= counted; at += step, round++) {
        const nth = Math.floor(at);
        const point = `${shell} ${mode} ${folder} ${nth} of ${counted}`;
        const atFirst = await inodes(scene);
        const wrap = [...KILLER, mode, String(nth)];
        const hand = await openDeploymentSession(startShellIn(host, { shell, wrap })).catch(() => null);
        if (hand) {
          await work(hand, scene, steps);
          await hand.kill();
        }
        const state = await judge(scene, point);
        seen[state] = (seen[state] ?? 0) + 1;
        points++;
        await putRight(sound, scene, { point, goesOn: round % 2 === 1, inodes: atFirst });
      }
      done++;
      recordFault(task, {
        id: "R2",
        injected: `ptrace SIGKILL (${mode}) of ${shell} while a pair is changed`,
        seen: `${points} points by now: ${seen[0]} old, ${seen[1]} with one new file, ${seen[2]} new; 0 torn, 0 stray`,
      });
    },
  );

lab(
  "R4: a disk that is full when a pair is to be staged, swapped or put back costs nothing",
  async ({ task }) => {
    const scene = await startScene("/mnt/small/tls", 256);
    const { host } = scene;
    await using _ = host;
    const atFirst = await inodes(scene);
    const fill = "cat /dev/zero > /mnt/small/full 2>/dev/null || :";
    await using hand = await openDeploymentSession(startShellIn(host));
    await host.run(fill);
    expect(await stage(hand, scene)).toMatchObject({ kind: "refused", why: "no-space" });
    expect(await judge(scene, "stage")).toBe(0);
    await host.run("rm /mnt/small/full");
    expect(await work(hand, scene, ["stage", "arm"])).toBeNull();
    await host.run(fill);
    expect(await work(hand, scene, ["swap"])).toBeNull();
    expect(await judge(scene, "swap")).toBe(2);
    expect(await work(hand, scene, ["disarm", "back"])).toBeNull();
    expect(await judge(scene, "back")).toBe(0);
    expect(await work(hand, scene, ["end"])).toBeNull();
    expect(await inodes(scene)).toBe(atFirst);
    await host.run("rm /mnt/small/full");
    expect(await strays(scene)).toBe("site.key\nsite.pem\n");
    recordFault(task, {
      id: "R4",
      injected: "a full tmpfs while a pair is changed",
      seen: "staging refused with no-space; swap and back need no room",
    });
  },
);
