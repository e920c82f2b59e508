import { type Aim, type Draft, makeCheck } from "#domain/rotation/plan/draft.ts";
import { isProduction } from "#domain/rotation/plan/order-hosts.ts";
import type { HostFacts } from "#domain/rotation/plan/plan-facts.ts";
import type { Check } from "#shared/model/plan.ts";
import { checkAccounts } from "./check-accounts.ts";
import { checkDeadMan } from "./check-dead-man.ts";
import { checkLogs, checkVerificationLogs } from "./check-logs.ts";
import { checkOwnLogin, type Moment } from "./check-own-login.ts";
import { checkWaysIn } from "./check-ways-in.ts";

/** What only the host itself can tell is looked at by the script that is carried there. */
const formatCarried = ({ facts: host }: Draft, asOf: string): Check =>
  makeCheck(
    "warning",
    "carried",
    { host },
    `it is known by a bundle of ${asOf.slice(0, 10)} alone${formatWhose(host)}: its script looks again, and writes nothing over other bytes`,
  );

/** What is known of whether the bundle is of this host. */
function formatWhose({ carried, hostKey }: HostFacts): string {
  if (hostKey === "")
    return ", and nothing shows that it is of this host, so that its script needs --unverified-host and its result is a claim";
  if (carried === "claimed") return ", and nothing shows that it is of this host";
  return carried === "first-use" ? ", signed by a host key that only bundles have told of" : "";
}

/** What is checked of a host that changes. */
export function checksOf(aim: Aim, draft: Draft, moment: Moment): Check[] {
  const production = makeCheck("warning", "production", { host: draft.facts }, "it is labelled production");
  return [
    ...(isProduction(draft) && draft.files.length > 0 ? [production] : []),
    ...checkAccounts(draft),
    ...checkWaysIn(aim, draft),
    ...checkOwnLogin(aim, draft, moment),
    ...checkLogs(draft, moment.options),
    ...checkVerificationLogs(aim, draft),
    ...(draft.facts.asOf === null ? checkDeadMan(aim, draft) : [formatCarried(draft, draft.facts.asOf)]),
  ];
}
