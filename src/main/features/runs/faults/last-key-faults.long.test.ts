import { expect, test } from "vitest";
import type { App } from "#app";
import type { PlanDetail } from "#shared/contract/runs.ts";
import { acknowledgementOf } from "#shared/text/runs/plan.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { makePlan, planOwnKey } from "#testing/runs/follow.ts";
import { startProbedHosts } from "#testing/runs/unruly-hosts.ts";

test.skipIf(!canStartHosts())(
  "R25: root's last key, which lets Latchkey itself in, is not removed, and is replaced only by whoever agrees and types the word",
  async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk);
    const [web] = probed.hosts;
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const before = await probed.readKeys(web);

    const { rows } = await app.client.access.list({ account: "root" });
    const grants = rows.map(({ id }) => id);
    expect(grants).toHaveLength(1);
    const removal = await makePlan(app, { kind: "remove-grants", grants });
    const refused = removal.plan?.checks.filter(({ state }) => state === "refused");
    expect(refused?.map(({ id }) => id)).toContain("own-login");
    await expect(start(app, removal, { agrees: true, types: true })).rejects.toThrow("cannot be run");

    const rotation = await planOwnKey(app, desk, probed.hosts);
    expect(rotation.plan?.confirm?.why.join()).toContain("root");
    await expect(start(app, rotation, { agrees: true, types: false })).rejects.toThrow('type "');
    const asked = rotation.plan?.checks.filter(({ state }) => state === "acknowledge") ?? [];
    if (asked.length > 0)
      await expect(start(app, rotation, { agrees: false, types: true })).rejects.toThrow("missing");
    expect(await probed.readKeys(web)).toBe(before);
    expect(await probed.listStrays(web)).toBe("");
    const seen = `${refused?.[0]?.text}; to replace it takes the word${asked.length > 0 ? " and consent" : ""}; ${await probed.expectNobodyLockedOut()}`;
    recordFault(task, { id: "R25", injected: "root's only line, by which the session is in", seen });
  },
);

/** Begins a run with all acknowledgements or none, with the confirmation word or without. */
const start = ({ client }: App, { id, plan, hash }: PlanDetail, { agrees, types }: Record<string, boolean>) =>
  client.runs.start({
    planId: id,
    hash: hash ?? "",
    acknowledgements: agrees
      ? (plan?.checks ?? []).filter(({ state }) => state === "acknowledge").map(acknowledgementOf)
      : [],
    typed: types ? (plan?.confirm?.word ?? null) : null,
  });
