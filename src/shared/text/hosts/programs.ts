import type { UnassignedWorkloads } from "../../model/access/workload.ts";
import { assertNever } from "../../model/assert-never.ts";
import type { Audience, SetuidProgram, UidRange } from "../../model/hosts/host-programs.ts";

/** As whom a setuid program runs and who starts it. Written by strangers. */
export function formatSetuid({ owner, group, isSetuid, isSetgid, startableBy }: SetuidProgram): string {
  const runs = [...(isSetuid ? [`as ${owner}`] : []), ...(isSetgid ? [`with group ${group}`] : [])];
  return `runs ${runs.join(" and ")}, started by ${formatAudience(startableBy, { owner, group })}`;
}

/** Who else than its owner may change a setuid program; null where nobody may. Written by strangers. */
export function formatWritable({ owner, group, writableBy, hasAcl }: SetuidProgram): string | null {
  const others =
    writableBy === "owner" ? null : `${formatAudience(writableBy, { owner, group })} may write to it`;
  if (!hasAcl) return others;
  return others === null ? "an ACL may let others write to it" : `${others}; an ACL may let in more`;
}

function formatAudience(audience: Audience, { owner, group }: { owner: string; group: string }): string {
  switch (audience) {
    case "owner":
      return `${owner} alone`;
    case "group":
      return `group ${group}`;
    case "everybody":
      return "everybody";
    default:
      return assertNever(audience);
  }
}

/** Of setuid programs that were not all found. */
export const SETUID_MORE = "there may be more: not every folder of them was listed to its end";

/** Which uids are whose on a host, as it says; null where it says nothing. */
export function formatUidRange({ min, max, systemMax }: UidRange): string | null {
  if (min === null && max === null && systemMax === null) return null;
  const users = `${min ?? "not said"} to ${max ?? "not said"} for users`;
  return systemMax === null ? users : `${users}, up to ${systemMax} for the system`;
}

/** Of keytabs that are null. */
export const KEYTABS_UNKNOWN = "not known: a keytab could not be read, or none was looked for";

/** As whom something runs that is no account. Written by strangers. */
export function formatUnassigned({
  user,
  why,
}: {
  user: string | null;
  why: UnassignedWorkloads["why"];
}): string {
  switch (why) {
    case "no-account":
      return `${user ?? "somebody"}, who is no account of the host`;
    case "dynamic":
      return `${user ?? "a user"}, whom systemd makes while it runs`;
    case "not-known":
      return "an account that is not known: what says it could not be read";
    default:
      return assertNever(why);
  }
}
