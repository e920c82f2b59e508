import { expect, test } from "vitest";
import { type App, createApp } from "#app";
import { acknowledgementOf } from "#shared/text/runs/plan.ts";
import { type Desk, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import { makePlan, untilStill } from "#testing/runs/follow.ts";
import { startProbedHosts } from "#testing/runs/unruly-hosts.ts";

const lab = test.skipIf(!canStartHosts());

/**
 * Rotates the host's key until Latchkey is about to write the new pin, or has just written it; from then on it can
 * write nothing, as if it had been killed.
 */
async function rotateUntil(
  when: "before the pin" | "after the pin",
  desk: Desk,
  host: LabHost,
): Promise<number> {
  const { databasePath, home } = desk;
  const { promise: isStruck, resolve: strike } = Promise.withResolvers<void>();
  let isPinned = false;
  const now = (): Date => {
    const isAtPin = /\breplacePin\b/.test(new Error().stack ?? "");
    const isOver = isPinned && (!isAtPin || when === "before the pin");
    isPinned ||= isAtPin;
    if (!isOver && !(isAtPin && when === "before the pin")) return new Date();
    strike();
    throw new Error("killed");
  };
  await using app = createApp({
    databasePath,
    now,
    log: () => undefined,
    workstation: { user: "root", home, agentSocket: null },
  });
  await scanAll(app, { text: `root@${host.address}`, acceptNew: true });
  const request = {
    kind: "rotate-host-key" as const,
    keyType: "ed25519" as const,
    host: host.address,
    port: 22,
  };
  const { id: planId, plan, hash } = await makePlan(app, request);
  if (!plan || !hash) throw new Error("the plan is not ready");
  const acknowledgements = plan.checks.filter(({ state }) => state === "acknowledge").map(acknowledgementOf);
  const { runId } = await app.client.runs.start({
    planId,
    hash,
    acknowledgements,
    typed: plan.confirm?.word ?? null,
  });
  await isStruck;
  return runId;
}

const goOn = ({ client }: App, runId: number, how: "resume" | "rollBack") =>
  untilStill({ client } as App, async () => {
    await client.runs[how]({ runId: runId as never });
    return runId;
  });

lab.each(["before the pin", "after the pin"] as const)(
  "a rotation of a host key that is ended between sshd's reload and its own next step, %s, is found by a resume, and the new key is pinned",
  async (when) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, { reloads: true });
    const [host] = probed.hosts;
    const runId = await rotateUntil(when, desk, host);
    await using app = desk.open();
    expect(await app.client.runs.find({ runId: runId as never })).toMatchObject({ state: "interrupted" });
    const ended = await goOn(app, runId, "resume");
    expect(ended).toMatchObject({ message: "", state: "committed" });
    const { rows } = await app.client.hostKeys.list({});
    expect(JSON.stringify(rows)).toContain(ended.newKey?.fingerprint);
    expect((await scanAll(app, { text: `root@${host.address}` }))[0]).toMatchObject({ state: "ok" });
    expect(await host.run("find /etc /root /home -name '*latchkey*'")).toBe("");
    await probed.expectNobodyLockedOut();
  },
);

lab.each(["before the pin", "after the pin"] as const)(
  "a rotation of a host key that is ended there, %s, is taken back, and the old key is pinned",
  async (when) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, { reloads: true });
    const [host] = probed.hosts;
    const before = await host.run("cat /etc/ssh/sshd_config");
    const runId = await rotateUntil(when, desk, host);
    await using app = desk.open();
    expect(await goOn(app, runId, "rollBack")).toMatchObject({ message: "", state: "rolled-back" });
    expect(await host.run("cat /etc/ssh/sshd_config")).toBe(before);
    expect((await scanAll(app, { text: `root@${host.address}` }))[0]).toMatchObject({ state: "ok" });
    expect(await host.run("find /etc /root /home -name '*latchkey*'")).toBe("");
    await probed.expectNobodyLockedOut();
  },
);
