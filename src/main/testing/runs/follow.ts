import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { App } from "#app";
import type { PlanDetail } from "#shared/contract/runs.ts";
import { UNSIGNED_SCRIPTS } from "#shared/model/runs/offline-script.ts";
import type { Plan } from "#shared/model/runs/plan.ts";
import type { RunDetail } from "#shared/model/runs/run.ts";
import { acknowledgementOf } from "#shared/text/runs/plan.ts";
import { type Desk, scanAll } from "#testing/lab/desk.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

type Client = App["client"];
type PlanRequest = Parameters<Client["runs"]["plan"]>[0];

/** A plan of the requested kind. */
type PlanOf<Kind extends Plan["kind"]> = PlanDetail & { plan: Extract<Plan, { kind: Kind }> | null };

/** Makes a plan, and waits until it is ready. */
export async function makePlan<Request extends PlanRequest["request"]>(
  app: App,
  request: Request,
  options: PlanRequest["options"] = {},
): Promise<PlanOf<Request["kind"]>> {
  const planned = await untilPlanned(app, () => app.client.runs.plan({ request, options }));
  return planned as PlanOf<Request["kind"]>;
}

/** Begins a plan, and waits until it is ready. */
export async function untilPlanned(
  { client }: App,
  begin: () => Promise<{ planId: number }>,
): Promise<PlanDetail> {
  const announcements = await client.events.watch();
  const { planId } = await begin();
  for (;;) {
    const plan = await client.runs.findPlan({ planId });
    if (plan.state === "failed") throw new Error(plan.message);
    if (plan.state === "ready") return plan;
    await announcements.next();
  }
}

/** Executes a plan, or the plan of a request, with all acknowledgements, to whatever end. */
export async function carryOut(
  app: App,
  request: PlanRequest["request"] | PlanDetail,
  means: { mayPrompt?: boolean } = {},
): Promise<RunDetail> {
  const planned = "madeAt" in request ? request : await makePlan(app, request);
  const { plan, hash, id } = planned;
  if (!plan || !hash) throw new Error("the plan is not ready");
  return untilStill(app, async () => {
    const { runId } = await app.client.runs.start({
      planId: id,
      hash,
      ...agreeTo(planned),
      ...means,
    });
    return runId;
  });
}

/** Everything that the plan demands to be acknowledged and typed, and its scripts even if nobody signs them. */
export const agreeTo = ({ plan }: PlanDetail): { acknowledgements: string[]; typed: string | null } => ({
  acknowledgements: [
    ...(plan?.checks.filter(({ state }) => state === "acknowledge").map(acknowledgementOf) ?? []),
    UNSIGNED_SCRIPTS,
  ],
  typed: plan?.confirm?.word ?? null,
});

/** Begins something of a run, and waits until the run stops. */
export async function untilStill({ client }: App, begin: () => Promise<number>): Promise<RunDetail> {
  const announcements = await client.events.watch();
  const runId = await begin();
  for (;;) {
    const run = await client.runs.find({ runId });
    if (run.state !== "running") return run;
    await announcements.next();
  }
}

const run = promisify(execFile);

type Place = { address: string; port?: number; user?: string };
type Options = Parameters<typeof makePlan>[2];

/** The request to replace the desk's own key everywhere. */
export async function requestForOwnKey({ home }: Desk) {
  const { stdout } = await run("ssh-keygen", ["-l", "-f", join(home, ".ssh/id_ed25519")]);
  return { kind: "rotate-key" as const, fingerprint: stdout.split(" ")[1] ?? "" };
}

/** Scans these hosts, by default as root, and plans to replace the desk's own key there. */
export async function planOwnKey(
  app: App,
  desk: Desk,
  places: readonly Place[],
  options: Options = {},
): Promise<PlanOf<"rotate-key">> {
  const text = places.map(({ address, port = 22, user = "root" }) => `${user}@${address}:${port}`).join("\n");
  await scanAll(app, { text, only: "ssh", acceptNew: true });
  return makePlan(app, await requestForOwnKey(desk), options);
}

const execute = promisify(execFile);

/** A key pair by ssh-keygen, of which only the public key is kept. */
export async function makeKeyLine(comment: string): Promise<{ line: string; fingerprint: string }> {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "key");
  await execute("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path]);
  const line = (await readFile(`${path}.pub`, "utf8")).trim();
  const { stdout } = await execute("ssh-keygen", ["-l", "-f", `${path}.pub`]);
  return { line, fingerprint: stdout.split(" ")[1] ?? "" };
}
