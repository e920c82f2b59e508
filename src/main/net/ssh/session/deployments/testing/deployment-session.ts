import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { inspectDeploymentFile } from "#net/ssh/session/inspect-deployment.ts";
import type { DeploymentOfRun } from "#net/ssh/session/replace-deployment.ts";
import { openSessionIn } from "#net/ssh/session/testing/open-session-in.ts";
import type { DeploymentFile, Service } from "#shared/model/runs/deployment.ts";
import { joinScripts } from "#shared/text/scripts.ts";

export const DEPLOYMENT: DeploymentOfRun = { token: "run00000001", id: "c0" };

/** A session that knows the verbs of deployments. */
export const openDeploymentSession = async (shell: Parameters<typeof openSessionIn>[0]) =>
  openSessionIn(shell, await readDeploymentScripts());

const FOLDER = join(import.meta.dirname, "../../../../../../../resources/rotation/deployment");

/** The verbs of deployments, as they are shipped. */
export async function readDeploymentScripts(): Promise<string> {
  const files = (await readdir(FOLDER)).map(async (name) => [
    name,
    await readFile(join(FOLDER, name), "utf8"),
  ]);
  return joinScripts(Object.fromEntries(await Promise.all(files)));
}

/** The file as a plan would have it, by an inspection. */
export async function planFile(
  hand: Awaited<ReturnType<typeof openDeploymentSession>>,
  path: string,
  holds: DeploymentFile["holds"],
): Promise<DeploymentFile> {
  const look = await inspectDeploymentFile(hand, path);
  if (look.kind !== "seen" || !look.file.file || !look.file.hash)
    throw new Error(`${path} cannot be planned: ${JSON.stringify(look)}`);
  const { real, hash, file } = look.file;
  return { path, real, holds, before: hash, ...file };
}

export const serviceOf = (server: Service["server"], config: string | null = null): Service => ({
  server,
  config,
  where: "",
  test: "staged",
  reload: "",
});
