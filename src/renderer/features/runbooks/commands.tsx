import { Fragment } from "react";
import { Verbatim } from "#renderer/ui/drawer/drawer.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { PlanDetail, RenewalRequest } from "#shared/contract/runbooks.ts";
import { isRenewal, oldKeyOf, type Plan, RECHECK_MINUTES, type RenewalPlan } from "#shared/model/plan.ts";
import { formatCommandOf } from "#shared/text/plan.ts";
import { formatPlace } from "#shared/text/target.ts";

/** What a person runs on a host, a command a line. */
export const Commands = ({ lines }: { lines: readonly string[] }) => (
  <Verbatim>
    {lines.map((line, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one script never move
      <Fragment key={index}>
        <Untrusted text={line} limit={2_000} />
        {"\n"}
      </Fragment>
    ))}
  </Verbatim>
);

/** The name of the file that a plan is exported to. */
export const nameFile = (planId: number): string => `latchkey-plan-${planId}.json`;

/** The command that does what a plan does: of its wish, or else of the plan as a file. */
export function formatCommand({
  id,
  plan,
  wish,
}: {
  id: number;
  plan: Plan;
  wish: PlanDetail["wish"];
}): string {
  if (wish?.kind === "rotate-key")
    return `latchkey rotate key ${quote(oldKeyOf(plan) ?? wish.fingerprint)} ${formatOptions(plan, wish)}`;
  if (wish?.kind === "rotate-host-key") {
    const place = wish.port === 22 ? wish.host : formatPlace(wish);
    return `latchkey rotate host-key ${quote(place)} ${formatOptions(plan, wish)}`;
  }
  if (wish?.kind === "rotate-certificate" && isRenewal(plan) && wish.challenge === null)
    return formatRenewal(plan, wish);
  return `${formatCommandOf(plan.kind)} --apply ${nameFile(id)}`;
}

const formatOptions = ({ options }: Plan, { keyType = "ed25519" }: { keyType?: string }): string =>
  [
    ...(keyType === "ed25519" ? [] : [`--key-type ${keyType}`]),
    ...("graceDays" in options && options.graceDays > 0 ? [`--grace ${options.graceDays}`] : []),
    "--apply",
  ].join(" ");

function formatRenewal(
  { options: { recheckMinutes } }: RenewalPlan,
  { certificates, endpoints, isDue, issuer, keyKind, makesKeyHere }: RenewalRequest,
): string {
  const places = endpoints.map(
    (one) => `${formatPlace(one)}${one.serverName === null ? "" : `/${one.serverName}`}`,
  );
  return [
    "latchkey rotate certificate",
    ...[...certificates, ...places].map(quote),
    ...(isDue ? ["--due"] : []),
    ...(issuer === null ? [] : [`--issuer ${quote(issuer)}`]),
    ...(keyKind === null ? [] : [`--key ${keyKind}`]),
    ...(makesKeyHere ? ["--key-here"] : []),
    ...(recheckMinutes === RECHECK_MINUTES ? [] : [`--post-check ${recheckMinutes}`]),
    "--apply",
  ].join(" ");
}

/** One word to a POSIX shell. */
const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
