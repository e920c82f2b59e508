import { type Draft, makeCheck, openDraft } from "#domain/runs/access/change-set.ts";
import { checkHost } from "#domain/runs/access/checks/hosts.ts";
import type { HostFacts } from "#domain/runs/access/plan-facts.ts";
import { chooseConfirmation, orderHosts, toPlannedHost } from "#domain/runs/planned-hosts.ts";
import type { Replacement } from "#shared/model/runs/deployment.ts";
import type { Check, RenewalHost, RenewalPlan } from "#shared/model/runs/plan.ts";
import { RenewalOptions } from "#shared/model/runs/plan-options.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import { checkRenewal, checkScanned } from "./checks.ts";
import { draftReplacement, formatDeployment } from "./draft-replacement.ts";
import type { RenewalFacts } from "./renewal-facts.ts";

type Renewal = { draft: Draft; changes: Replacement[] };

/** The renewals for a request, on the hosts as they are now. The same facts give the same plan. */
export function planRenewal(facts: RenewalFacts): RenewalPlan {
  const renewals = facts.hosts.map((one) => draftRenewal(facts, one));
  const changed = renewals.filter(({ changes }) => changes.length > 0);
  const ordered = orderHosts(
    changed.map(({ draft }) => draft),
    facts.options,
  );
  const hosts = ordered.map(({ draft, batch }) =>
    toRenewedHost(draft, batch, changed.find((one) => one.draft === draft)?.changes ?? []),
  );
  const leftOut = [...facts.leftOut, ...renewals.flatMap(({ draft }) => draft.leftOut)];
  return {
    format: "latchkey-plan-1",
    kind: "rotate-certificate",
    title: titleOf(hosts),
    madeAt: facts.now,
    options: RenewalOptions.parse(facts.options),
    hosts,
    checks: [
      ...(hosts.length === 0 ? [refuseNothing(leftOut)] : []),
      ...facts.said.map(({ state, id, text }) => makeCheck(state, id, { host: null }, text)),
      ...checkChallenge(facts, hosts),
      ...checkVault(facts, hosts),
      ...renewals.flatMap(({ draft }) => draft.checks),
    ],
    leftOut,
    confirm: chooseConfirmation(changed.map(({ draft }) => draft)),
  };
}

function draftRenewal(
  facts: RenewalFacts,
  { host, scanned, deployments }: RenewalFacts["hosts"][number],
): Renewal {
  const draft = openDraft(host);
  const changes: Replacement[] = [];
  const leave = (why: string) =>
    draft.leftOut.push(
      ...deployments.map((deployment) => `${formatHost(host)}: ${formatDeployment(deployment)}: ${why}`),
    );
  const blocked = checkHost(host) ?? checkRoot(host);
  if (blocked) {
    draft.checks.push(blocked);
    leave(blocked.text);
    return { draft, changes };
  }
  for (const deployment of deployments) {
    const change = draftReplacement(facts, deployment, changes.length);
    if (typeof change === "string")
      draft.leftOut.push(`${formatHost(host)}: ${formatDeployment(deployment)}: ${change}`);
    else {
      changes.push(change);
      draft.checks.push(...checkRenewal(host, deployment, change));
    }
  }
  if (changes.length > 0) draft.checks.push(checkScanned(host, scanned, facts.now), checkRollbackTimer(host));
  return { draft, changes };
}

/** Needed to write files of other accounts. */
const checkRoot = (host: HostFacts): Check | null =>
  host.login.isRoot
    ? null
    : makeCheck(
        "acknowledge",
        "root",
        { host },
        "what its servers read is written as root: log in as root, or with sudo; the host stays as it is",
      );

function checkRollbackTimer(host: HostFacts): Check {
  const [best] = host.rollbackTimers;
  return best
    ? makeCheck(
        "ok",
        "rollback-timer",
        { host },
        "the host restores the old files by itself if the connection is lost",
      )
    : makeCheck(
        "acknowledge",
        "rollback-timer",
        { host },
        "the host cannot restore the old files by itself if the connection is lost: it has no systemd-run, at, setsid or nohup",
      );
}

const toRenewedHost = (draft: Draft, batch: number, certificates: Replacement[]): RenewalHost => ({
  ...toPlannedHost(draft, batch),
  certificates,
});

const refuseNothing = (leftOut: readonly string[]): Check =>
  makeCheck(
    "refused",
    "nothing-to-do",
    { host: null },
    leftOut.length > 0
      ? "nothing is left that can be renewed: what was left out is said below"
      : "no certificate is to be renewed",
  );

/** A requested challenge is for ACME directories alone, and a label or an earlier run may name another issuer. */
function checkChallenge({ request }: RenewalFacts, hosts: readonly RenewalHost[]): Check[] {
  const changes = hosts.flatMap(({ certificates }) => certificates);
  const others = changes.filter(({ issuer }) => issuer.kind !== "acme");
  const [first] = others;
  if (request.challenge === null || !first) return [];
  const toCheck = (state: Check["state"], text: string) => [
    makeCheck(state, "challenge", { host: null }, text),
  ];
  const whose = [...new Set(others.map(({ issuer }) => issuer.name))].join(", ");
  return others.length === changes.length
    ? toCheck("refused", `${whose}: no ACME directory, and asks for no challenge; leave --challenge out`)
    : toCheck("warning", `--challenge is not used for what is had of ${whose}, which asks for none`);
}

/** A run that needs something from the vault pauses while it is locked. */
function checkVault({ vault }: RenewalFacts, hosts: readonly RenewalHost[]): Check[] {
  const needs = hosts
    .flatMap(({ certificates }) => certificates)
    .some(
      ({ issuer, key, files }) =>
        issuer.kind !== "csr" ||
        key.made === "here" ||
        files.some(({ passphrase }) => passphrase !== undefined),
    );
  if (!needs) return [];
  if (vault === "open") return [makeCheck("ok", "vault", { host: null }, "the vault is open")];
  const text =
    vault === "locked"
      ? "the vault is locked: the run pauses where it needs it, until it is unlocked and the run resumed"
      : "there is no vault, in which the issuer's key would be: make it first (latchkey vault create)";
  return [makeCheck(vault === "locked" ? "warning" : "refused", "vault", { host: null }, text)];
}

function titleOf(hosts: readonly RenewalHost[]): string {
  const changes = hosts.flatMap(({ certificates }) => certificates);
  const [first] = changes;
  const what =
    first && changes.length === 1
      ? first.subject || first.names[0]
      : formatCount(changes.length, "certificate");
  return `Renew ${what} on ${formatCount(hosts.length, "host")}`;
}
