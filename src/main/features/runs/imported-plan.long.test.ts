import { expect, test } from "vitest";
import type { App } from "#app";
import { hashPlan } from "#domain/runs/hash-plan.ts";
import type { Plan } from "#shared/model/runs/plan.ts";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { carryOut, makeKeyLine, makePlan, untilPlanned } from "#testing/runs/follow.ts";

const take = (app: App, plan: Plan) =>
  untilPlanned(app, () => app.client.runs.importPlan({ plan, hash: hashPlan(plan) }));

test.skipIf(!canStartHosts())(
  "a plan that was exported is checked again before it is shown: one that was edited, is stale, or is of hosts that are gone does nothing",
  async () => {
    await using desk = await makeDesk();
    const [guest, other] = [await makeKeyLine("guest@x"), await makeKeyLine("other@x")];
    await using web = await startHost({
      name: "web",
      prepare: `${letIn(desk.publicKey)}\n${letIn(guest.line, "deploy")}
        printf '%s\\n' '${other.line}' >> /home/deploy/.ssh/authorized_keys
        chgrp -R deploy /home/deploy/.ssh`,
    });
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const [grant] = (await app.client.access.list({ search: guest.fingerprint })).rows;
    const { plan } = await makePlan(app, { kind: "remove-grants", grants: [grant?.id ?? 0] });
    const host = plan?.hosts[0];
    if (!plan || !host) throw new Error("nothing is planned");

    const forged: Plan = { ...plan, hosts: [{ ...host, hostKey: "SHA256:somebody" }], checks: [] };
    await expect(take(app, forged)).rejects.toThrow(`${web.address} has the host key`);
    const gone: Plan = { ...plan, hosts: [{ ...host, host: "gone.example" as typeof host.host }] };
    await expect(take(app, gone)).rejects.toThrow("gone.example, which is not known here");
    const hidden: Plan = {
      ...plan,
      hosts: [{ ...host, files: host.files.map((one) => ({ ...one, hunks: [] })) }],
    };
    await expect(take(app, hidden)).rejects.toThrow("would be changed otherwise than the plan shows");

    const same = await take(app, { ...plan, checks: [], confirm: null });
    expect(same.plan).toMatchObject({ checks: plan.checks, confirm: plan.confirm, hosts: plan.hosts });
    expect(await carryOut(app, same)).toMatchObject({ message: "", state: "committed" });
    expect(await web.run("cat /home/deploy/.ssh/authorized_keys")).toBe(`${other.line}\n`);

    const stale = await take(app, plan);
    expect(stale.plan?.checks).toContainEqual(expect.objectContaining({ state: "refused", id: "changed" }));
    await expect(carryOut(app, stale)).rejects.toThrow("was changed since the plan was made; plan it again");
  },
);
