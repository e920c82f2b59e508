import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { App } from "#app";
import { type Desk, scanAll } from "#testing/lab/desk.ts";
import { makePlan, type PlanOf } from "./follow.ts";

const run = promisify(execFile);

type Place = { address: string; port?: number; user?: string };
type Options = Parameters<typeof makePlan>[2];

/** What is asked to replace the desk's own key everywhere. */
export async function requestForOwnKey({ home }: Desk) {
  const { stdout } = await run("ssh-keygen", ["-l", "-f", join(home, ".ssh/id_ed25519")]);
  return { kind: "rotate-key" as const, fingerprint: stdout.split(" ")[1] ?? "" };
}

/** Scans these hosts, as root unless otherwise told, and plans to replace the desk's own key there. */
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
