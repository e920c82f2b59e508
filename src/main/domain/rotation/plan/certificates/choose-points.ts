import type { ServedVerification } from "#shared/model/pair.ts";
import { StartTls } from "#shared/model/starttls.ts";
import { isAddress } from "#shared/model/target.ts";
import type { ServerUse } from "./find-uses.ts";

/** Where a server has to show the new certificate, under which name, and from where it is looked at first. */
export type Point = Pick<ServedVerification, "address" | "port" | "serverName" | "dialogue" | "from">;

/** So many are looked at for one certificate. */
const MOST_POINTS = 64;

/**
 * Every listener under every name of the servers that read a pair. `host`: how the host is reached. `names`: those of the
 * certificate, without `DNS:`; one of them stands for a pattern.
 */
export function choosePoints(
  uses: readonly ServerUse[],
  { host, names }: { host: string; names: readonly string[] },
): { points: Point[]; wonders: string[] } {
  const points = new Map<string, Point>();
  const wonders: string[] = [];
  for (const use of uses) {
    const dialogue = use.protocol === "tls" ? null : (StartTls.safeParse(use.protocol).data ?? undefined);
    if (dialogue === undefined) {
      wonders.push(`how ${use.protocol} is spoken at ${use.where} is not known`);
      continue;
    }
    for (const { address, port, isDefault } of use.listens) {
      const isByHost = address !== null && isItsOwn(address) && !isItsOwn(host);
      for (const serverName of namesOf(use, names, isDefault)) {
        const from = isByHost ? "host" : "here";
        const point: Point = { address: reachable(address, host), port, serverName, dialogue, from };
        points.set(JSON.stringify(point), point);
      }
    }
  }
  const all = [...points.values()];
  if (all.length > MOST_POINTS)
    wonders.push(`${all.length} places show it, of which ${MOST_POINTS} are looked at`);
  return { points: all.slice(0, MOST_POINTS), wonders };
}

/** Loopback and link-local: dialled from here it would be this computer's, or a neighbour's. */
const isItsOwn = (address: string): boolean =>
  /^(?:127\.|169\.254\.|localhost$|::1$|::ffff:127\.|fe[89ab][0-9a-f]:)/i.test(address);

const EVERY: ReadonlySet<string | null> = new Set([null, "0.0.0.0", "::", "*"]);

const reachable = (address: string | null, host: string): string =>
  address === null || EVERY.has(address) ? host : address;

function namesOf(use: ServerUse, names: readonly string[], isDefault: boolean): (string | null)[] {
  const concrete = names.filter((name) => !name.includes("*") && !isAddress(name));
  const written = use.names.flatMap((name) => nameFor(name, concrete));
  const own = use.names.length === 0 ? [concrete[0] ?? null] : written;
  return [...new Set([...own, ...(isDefault || own.length === 0 ? [null] : [])])];
}

/** A name that is meant by what stands in a configuration; none where it says too little. */
function nameFor(written: string, concrete: readonly string[]): string[] {
  if (written.startsWith("~") || written === "_" || written === "") return concrete.slice(0, 1);
  if (isAddress(written)) return [];
  const plain = written.replace(/\.$/, "").toLowerCase();
  if (!plain.includes("*") && !plain.startsWith(".")) return /^[a-z0-9_.-]+$/.test(plain) ? [plain] : [];
  const suffix = plain.replace(/^\*?/, "");
  if (suffix.includes("*") || !suffix.startsWith(".")) return concrete.slice(0, 1);
  return [concrete.find((name) => name.endsWith(suffix)) ?? `latchkey${suffix}`];
}
