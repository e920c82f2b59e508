import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import { findManagers } from "#domain/ssh/managers.ts";
import type { ManagedBy } from "#shared/model/managed-by.ts";
import type { OpenFile } from "./draft.ts";
import type { FileFacts, HostFacts } from "./plan-facts.ts";

/** Why the file is not written although these lines of it are meant, or a new one; null where nothing is in the way. */
export function findObstacle(
  host: HostFacts,
  file: OpenFile,
  numbers: readonly number[],
): { id: string; why: string } | null {
  const { path, stand } = file;
  if (stand.kind === "refused") return { id: "file", why: `${path} cannot be changed safely: ${stand.why}` };
  const manager = findManager(host, file, numbers);
  if (manager) return { id: "managed", why: formatManager(file, manager) };
  if (stand.workFolder !== null) return { id: "work-folder", why: formatTaken(path, stand.workFolder) };
  return stand.lockedBy === null
    ? null
    : { id: "locked", why: `${path} is being changed by ${stand.lockedBy}` };
}

const formatTaken = (path: string, workFolder: string): string =>
  `${path} is not changed: ${workFolder}, where a run keeps its lock, was made by something else than a run: look at it, and remove it`;

/** Who would undo a change of these lines; for a new line at the end, who writes the file. */
function findManager({ os }: HostFacts, file: OpenFile, numbers: readonly number[]): ManagedBy | null {
  const managerOf = findManagers({ path: file.path, realPath: file.realPath, bytes: file.bytes }, { os });
  const lines = readAuthorizedKeys(file.bytes);
  const concerned = numbers.length > 0 ? lines.filter(({ line }) => numbers.includes(line)) : [];
  const whole = numbers.length > 0 ? [] : [managerOf({ line: 0, options: "", comment: "" })];
  return [...concerned.map(managerOf), ...whole].find((manager) => manager !== null) ?? null;
}

const formatManager = ({ path }: FileFacts, { by, evidence, isUndone }: ManagedBy): string =>
  `${by} writes ${path} (${evidence}): ${isUndone}`;
