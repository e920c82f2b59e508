import { type ScriptParts, writeScript } from "#domain/rotation/script/write-script.ts";
import type { PlanDetail } from "#shared/contract/runbooks.ts";
import { Refusal } from "#shared/model/refusal.ts";

/** What every script is made of, as the program ships it. */
export type CarriedParts = ScriptParts;

type ScriptFile = { name: string; text: string };

/** A script for each host of a plan whose bytes are all known. */
export function exportScripts(
  { id, plan, hash }: Pick<PlanDetail, "id" | "plan" | "hash">,
  parts: CarriedParts,
): { files: ScriptFile[] } {
  if (!plan || hash === null) throw new Refusal("conflict", `plan ${id} is not ready; wait for it`);
  const refused = plan.checks.find(({ state }) => state === "refused");
  if (refused) throw new Refusal("conflict", `plan ${id} cannot be carried out: ${refused.text}`);
  if (plan.kind === "rotate-host-key")
    throw new Refusal(
      "conflict",
      "a host key is rotated by a run alone: sshd has to read its configuration again",
    );
  if (plan.newKey !== null && plan.newKey.kind !== "given")
    throw new Refusal(
      "conflict",
      "the new key is not made yet, and a script can only carry one that is: make it, and name it by --new-key",
    );
  const files = plan.hosts.flatMap((host): ScriptFile[] => {
    const text = writeScript({ plan, hash }, host, parts);
    return text === null ? [] : [{ name: `${nameOf(host.host)}-${host.port}.sh`, text }];
  });
  return { files };
}

/** A name of a file, whatever the host is called. */
const nameOf = (host: string): string => host.replaceAll(/[^A-Za-z0-9._-]/g, "_").replace(/^[.-]/, "_");
