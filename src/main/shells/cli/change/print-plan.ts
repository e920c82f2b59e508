import type { DeploymentFile, ReloadedServer, Replacement } from "#shared/model/runs/deployment.ts";
import type { DisabledAccount, RemovedAccount } from "#shared/model/runs/disabled-account.ts";
import {
  type AccessHost,
  type Check,
  disabledAccounts,
  type FilePlan,
  type HostPlan,
  type Hunk,
  NEW_KEY_PLACEHOLDER,
  type NewKey,
  newKeyOf,
  type Plan,
  type PrivateKeyPlan,
  privateKeysHere,
  type RenewalPlan,
  removedAccounts,
  verificationsOf,
} from "#shared/model/runs/plan.ts";
import { formatChallengeMethod } from "#shared/text/certificates/challenge-method.ts";
import {
  formatHolds,
  formatOwnTest,
  formatPresentedChange,
  formatServedVerification,
  toPresentedChange,
} from "#shared/text/certificates/deployment.ts";
import { formatCount } from "#shared/text/count.ts";
import { fitEnd } from "#shared/text/fit.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import { formatStays, listEntryChanges, listLineChanges } from "#shared/text/runs/disabled-account.ts";
import {
  acknowledgementOf,
  formatAccounts,
  formatCounts,
  formatNewKey,
  formatRollbackTimer,
  formatUndo,
  formatVerification,
  OFFLINE_ROLLBACK,
} from "#shared/text/runs/plan.ts";
import { formatKnownChain, formatNextChain } from "#shared/text/runs/renewal-trust.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { paint, type Style } from "#shells/cli/print-table.ts";
import type { World } from "#shells/cli/session.ts";

type Line = { text: string; style?: Style };

/** The whole plan: what is written where, how it is verified, what was inspected, and what stays as it is. */
export function printPlan(plan: Plan, world: World): void {
  const newKey = newKeyOf(plan);
  const afterwards = plan.kind === "rotate-host-key" ? plan.afterwards : [];
  const lines: Line[] = [
    { text: plan.title, style: "bold" },
    ...(isOffline(plan)
      ? [{ text: `  from a bundle collected on ${plan.asOf}; --script FOLDER writes the offline scripts` }]
      : []),
    ...(plan.kind === "rotate-certificate" ? formatOptions(plan).map((text) => ({ text })) : []),
    ...(newKey ? [{ text: `  new key: ${formatNewKey(newKey)}` }] : []),
    ...privateKeysHere(plan).map((privateKey) => ({ text: `  ${formatPrivateKey(privateKey, "here")}` })),
    ...plan.hosts.flatMap((host) => listHostPlan(host, plan)),
    ...listChecks(plan.checks),
    ...(plan.leftOut.length > 0 ? [{ text: "" }, { text: "Not changed", style: "bold" as const }] : []),
    ...plan.leftOut.map((text) => ({ text: `  ${text}` })),
    ...(afterwards.length > 0 ? [{ text: "" }, { text: "Afterwards", style: "bold" as const }] : []),
    ...afterwards.map((text) => ({ text: `  ${text}` })),
    { text: "" },
    { text: `Plan: ${formatCounts(plan)}`, style: "bold" },
    { text: formatUndo(plan) },
    ...(plan.confirm
      ? [{ text: `To apply it, you must type "${plan.confirm.word}": ${plan.confirm.why.join("; ")}` }]
      : []),
  ];
  for (const { text, style } of lines) {
    const shown = world.columns === null ? printable(text) : fitEnd(printable(text), world.columns);
    world.out(world.isColoured && style ? paint(style, shown) : shown);
  }
}

const isOffline = (plan: Plan): plan is Plan & { asOf: string } => "asOf" in plan && plan.asOf !== null;

function listHostPlan(host: HostPlan, plan: Plan): Line[] {
  const order = plan.options.canary && host.batch === 0 ? "canary" : `batch ${host.batch}`;
  const files = "files" in host ? host.files : [];
  const privateKeys = "privateKeyLocations" in host ? host.privateKeyLocations : [];
  const certificates = "certificates" in host ? host.certificates : [];
  const servers = "servers" in host ? host.servers : [];
  return [
    { text: "" },
    { text: `${formatHost(host)} (${order})`, style: "bold" },
    ...disabledAccounts(host).flatMap(listDisabled),
    ...removedAccounts(host).flatMap(listRemoved),
    ...files.flatMap((file) =>
      listFile(file, "disables" in host ? [] : verificationsOf(host), newKeyOf(plan)),
    ),
    ...privateKeys.map((privateKey) => ({
      text: `  ${formatPrivateKey(privateKey, `of ${privateKey.owner}`)}`,
    })),
    ...certificates.flatMap((change) => formatCertificate(change).map((text) => ({ text }))),
    ...servers.flatMap((server) => formatServer(server).map((text) => ({ text }))),
    ...(files.length + certificates.length + disabledAccounts(host).length + removedAccounts(host).length > 0
      ? [{ text: `  ${isOffline(plan) ? OFFLINE_ROLLBACK : formatRollbackTimer(host.rollbackTimer)}` }]
      : []),
  ];
}

/** What becomes of an account's entry. */
const listDisabled = (account: DisabledAccount): Line[] => [
  { text: `  ~ the account ${account.account} (${account.uid}), whose files in ${account.home} stay` },
  ...listEntryChanges(account).flatMap(({ field, from, to }): Line[] =>
    from === to
      ? [{ text: `      ${field.padEnd(8)}  ${from}`, style: "dim" }]
      : [{ text: `    ~ ${field.padEnd(8)}  ${from} -> ${to}` }],
  ),
];

/** Each line of an account that goes or changes, and what stays of it. */
const listRemoved = (account: RemovedAccount): Line[] => [
  { text: `  - the account ${account.account} (${account.uid})` },
  ...listLineChanges(account).flatMap(({ file, sign, text }, index, rows): Line[] => [
    ...(rows[index - 1]?.file === file ? [] : [{ text: `    ${file}`, style: "dim" as const }]),
    { text: `    ${sign} ${text}`, style: STYLES[sign] },
  ]),
  { text: `    ${formatStays(account)}` },
];

/** If the key was provided, the plan has its line already. */
function listFile(
  { account, others = [], path, hunks, ...counts }: FilePlan,
  verifications: AccessHost["verifications"],
  newKey: NewKey | null,
): Line[] {
  const keyLine = newKey?.kind === "provided" ? newKey.line : NEW_KEY_PLACEHOLDER;
  const own = verifications.filter((one) => one.account === account || others.includes(one.account));
  const whose = (name: string) => (others.length > 0 ? `${name}: ` : "");
  return [
    { text: `  ${signOf(counts)} ${formatAccounts({ account, others })}: ${path}` },
    ...hunks.flatMap((hunk) => listHunk(hunk, keyLine)),
    ...own.map((one) => ({ text: `    ${whose(one.account)}${formatVerification(one.verification)}` })),
  ];
}

const signOf = ({ adds, changes, removes }: Pick<FilePlan, "adds" | "changes" | "removes">): string =>
  changes > 0 || (adds > 0 && removes > 0) ? "~" : adds > 0 ? "+" : "-";

const STYLES: Record<Hunk["rows"][number]["sign"], Style> = { "+": "green", "-": "red", " ": "dim" };

const listHunk = ({ line, rows }: Hunk, keyLine: string): Line[] => [
  { text: `    @@ line ${line} @@`, style: "dim" },
  ...rows.map(({ sign, text }) => ({
    text: `    ${sign} ${text.replace(NEW_KEY_PLACEHOLDER, () => keyLine)}`.trimEnd(),
    style: STYLES[sign],
  })),
];

const formatPrivateKey = ({ kind, path }: PrivateKeyPlan, whose: string): string =>
  kind === "agent"
    ? `~ the new key is added to the agent at ${path}`
    : `~ the private key ${path} ${whose} is replaced; the old one is kept beside it until the end`;

const CHECK_STYLES: Record<Check["state"], Style> = {
  ok: "green",
  warning: "yellow",
  acknowledge: "yellow",
  refused: "red",
};

function listChecks(checks: readonly Check[]): Line[] {
  if (checks.length === 0) return [];
  return [
    { text: "" },
    { text: "Checks", style: "bold" },
    ...joinAlike(checks).map(({ state, text }) => ({ text, style: CHECK_STYLES[state] })),
  ];
}

/** One line for all checks that passed alike. Each that needs an acknowledgement is named. */
function joinAlike(checks: readonly Check[]): { state: Check["state"]; text: string }[] {
  const groups = Map.groupBy(checks, (check) =>
    check.state === "ok" || check.state === "warning"
      ? `${check.state} ${check.id} ${check.text}`
      : `${check.state} ${acknowledgementOf(check)} ${check.text}`,
  );
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (!first) return [];
    const { state, id, text } = first;
    const name = others.length === 0 ? acknowledgementOf(first) : `${id} (${others.length + 1} places)`;
    return [{ state, text: `  ${state.padEnd(11)}  ${name}: ${text}` }];
  });
}

/**
 * The order of the hosts, what stops the run, and what follows: a plan from a file may have options that this user
 * never set.
 */
export function formatOptions({ options, hosts }: RenewalPlan): string[] {
  const { canary, batchSize, maxFailures, rollbackAfterSeconds, postCheckMinutes } = options;
  const atATime = `${formatCount(batchSize, "host")} at a time`;
  return [
    ...(hosts.length > 1 ? [canary ? `one host first, as a canary; then ${atATime}` : atATime] : []),
    `stops after ${formatCount(maxFailures, "failed host")}`,
    `a host rolls back by itself unless it is verified within ${formatCount(rollbackAfterSeconds, "second")}`,
    postCheckMinutes === 0
      ? "the old files are removed without a post-deployment check"
      : `the old files are removed after a post-deployment check, ${formatCount(postCheckMinutes, "minute")} later`,
  ].map((text) => `  ${text}`);
}

/** What happens to one certificate of a host. */
export function formatCertificate(change: Replacement): string[] {
  const {
    subject,
    names,
    notAfter,
    issuer,
    trust,
    key,
    challenge,
    files,
    services,
    verificationEndpoints: verifications,
  } = change;
  const made =
    key.made === "there"
      ? "created on the host, which it never leaves"
      : "created on this computer, and sent to the host";
  return [
    `  ~ ${subject || names[0]}, until ${notAfter.slice(0, 10)}: a new one from ${issuer.name} for ${names.join(", ")}`,
    ...(trust
      ? [`    signed by ${formatKnownChain(trust.old)}`, `    then by ${formatNextChain(trust)}`]
      : []),
    `    ${key.kind} key, ${made}`,
    ...(challenge ? [`    ACME challenge: ${formatChallengeMethod(challenge)}`] : []),
    ...files.map((file) => `    ${file.path}${formatReal(file)}: ${formatHolds(file)}`),
    ...services.map(
      ({ server, where, test, reload }) =>
        `    ${server} (${where}): ${test === "staged" ? "tests the new files first; " : ""}reloaded by ${reload}`,
    ),
    ...(verifications.length > 0
      ? [`    verified at ${verifications.map(formatServedVerification).join(", ")}`]
      : []),
  ];
}

const formatReal = ({ path, real }: DeploymentFile): string => (real === path ? "" : ` (${real})`);

/** What is reloaded, and what each of its endpoints serves now and afterwards. */
function formatServer(server: ReloadedServer): string[] {
  const { service, endpoints } = server;
  return [
    `  ~ ${service.server} (${service.where}): reloaded by ${service.reload}`,
    `    tested first: ${formatOwnTest(server)}`,
    ...endpoints.map(
      (endpoint) =>
        `    ${formatServedVerification(endpoint)}: ${formatPresentedChange(toPresentedChange(endpoint, server))}`,
    ),
  ];
}
