import { findReloadConcerns } from "#domain/deployment-status/explain-difference.ts";
import type { Held } from "#domain/deployment-status/host-map.ts";
import { formatConcern } from "#domain/deployment-status/served-findings.ts";
import { type Draft, makeCheck, openDraft, type Unplannable } from "#domain/runs/access/change-set.ts";
import { checkHost } from "#domain/runs/access/checks/hosts.ts";
import type { HostFacts } from "#domain/runs/access/plan-facts.ts";
import { chooseConfirmation, orderHosts, toPlannedHost } from "#domain/runs/planned-hosts.ts";
import { checkRestart, checkScanned, checkUnseen, type MakeCheck } from "#domain/runs/renewal/checks.ts";
import type { ScannedFacts } from "#domain/runs/renewal/renewal-facts.ts";
import { SERVERS } from "#domain/runs/renewal/servers.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { NamedCertificate, ReloadedServer, Service } from "#shared/model/runs/deployment.ts";
import { type Check, isSameHost, type ReloadHost, type ReloadPlan } from "#shared/model/runs/plan.ts";
import { ReloadOptions } from "#shared/model/runs/plan-options.ts";
import { formatVerificationEndpoint } from "#shared/text/certificates/deployment.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import { isStale } from "./presented.ts";
import type { ReloadFacts, ServerFacts } from "./reload-facts.ts";

type Reload = { draft: Draft; servers: ReloadedServer[] };

/** The reloads for a request, on the hosts as they are now. The same facts give the same plan. */
export function planReload(facts: ReloadFacts): ReloadPlan {
  const reloads = facts.hosts.map((one) => draftReload(facts, one));
  const reloaded = reloads.filter(({ servers }) => servers.length > 0);
  const ordered = orderHosts(
    reloaded.map(({ draft }) => draft),
    facts.options,
  );
  const hosts = ordered.map(
    ({ draft, batch }): ReloadHost => ({
      ...toPlannedHost(draft, batch),
      rollbackTimer: null,
      servers: reloaded.find((one) => one.draft === draft)?.servers ?? [],
    }),
  );
  const leftOut = reloads.flatMap(({ draft }) => draft.leftOut);
  return {
    format: "latchkey-plan-1",
    kind: "reload",
    title: titleOf(hosts),
    madeAt: facts.now,
    options: ReloadOptions.parse(facts.options),
    hosts,
    checks: [
      ...(hosts.length === 0 ? [refuseNothing(leftOut)] : [NO_UNDO]),
      ...facts.said.map(({ state, id, text }) => makeCheck(state, id, { host: null }, text)),
      ...reloads.flatMap(({ draft }) => draft.checks),
    ],
    leftOut,
    confirm: chooseConfirmation(reloaded.map(({ draft }) => draft)),
  };
}

const NO_UNDO = makeCheck(
  "warning",
  "no-undo",
  { host: null },
  "a reload cannot be undone: a server may read all of its configuration again, and whatever else was changed in it since takes effect then",
);

function draftReload(facts: ReloadFacts, { host, scanned, servers }: ReloadFacts["hosts"][number]): Reload {
  const draft = openDraft(host);
  const reloaded: ReloadedServer[] = [];
  const leave = ({ service }: ServerFacts, why: string) =>
    draft.leftOut.push(`${formatHost(host)}: ${formatService(service)} ${why}`);
  const blocked = checkHost(host) ?? checkRoot(host);
  if (blocked) {
    draft.checks.push(blocked);
    for (const server of servers) leave(server, `is not reloaded: ${blocked.text}`);
    return { draft, servers: reloaded };
  }
  for (const server of servers) {
    const { obstacle, test } = server;
    if (obstacle !== null) leave(server, `cannot be reloaded: ${obstacle}`);
    else if (test.kind === "failed")
      leave(server, `fails its own configuration test, so that it is not reloaded: ${test.said}`);
    else {
      reloaded.push(toReloaded(server));
      draft.checks.push(...checkServer(facts.now, host, server));
    }
  }
  if (reloaded.length > 0) draft.checks.push(...checkReloadedHost(host, scanned, facts.now));
  return { draft, servers: reloaded };
}

/** A server's test, its reload, and the files that both read are root's. */
const checkRoot = (host: HostFacts): Check | null =>
  host.login.isRoot
    ? null
    : makeCheck(
        "acknowledge",
        "root",
        { host },
        "root alone tests and reloads its servers: log in as root, or with sudo; the host stays as it is",
      );

const formatService = ({ server, where }: Service): string => `${server} (${where})`;

const toReloaded = ({ service, test, files, deployments, endpoints, held }: ServerFacts): ReloadedServer => ({
  service,
  files: [...files],
  deployments: [...deployments],
  tested: test.kind === "failed" ? "nothing" : test.kind,
  endpoints: endpoints
    .filter(({ unreadable }) => unreadable === null)
    .map(({ unreadable: _, isOthers: __, ...endpoint }) => endpoint),
  certificates: [...held.values()].map(
    ({ sha256, subject = "", notAfter = null }): NamedCertificate => ({
      sha256: sha256 as NamedCertificate["sha256"],
      subject,
      notAfter: notAfter as NamedCertificate["notAfter"],
    }),
  ),
});

const refuseNothing = (leftOut: readonly string[]): Check =>
  makeCheck(
    "refused",
    "nothing-to-do",
    { host: null },
    leftOut.length > 0 ? `no server is reloaded: ${leftOut[0]}` : "no server is to be reloaded",
  );

function titleOf(hosts: readonly ReloadHost[]): string {
  const all = hosts.flatMap((host) => host.servers.map(({ service }) => ({ host, service })));
  const [first] = all;
  if (!first) return "Reload servers";
  return all.length === 1
    ? `Reload ${first.service.server} on ${formatHost(first.host)}`
    : `Reload ${formatCount(all.length, "server")} on ${formatCount(hosts.length, "host")}`;
}

/** A plan that is made of the hosts as they are now, if it reloads what the imported one says. */
export function reviewReload(plan: ReloadPlan, facts: ReloadFacts): ReloadPlan | Unplannable {
  const now = planReload(facts);
  const odd = plan.hosts.find((host) => {
    const found = now.hosts.find((one) => isSameHost(one, host));
    return !found || serializeReload(found) !== serializeReload(host);
  });
  if (!odd && now.hosts.length === plan.hosts.length) return now;
  const where = odd ? formatHost(odd) : "a host";
  return { refused: `${where} is not as the plan has it, or the plan was edited; plan it again` };
}

/** What is reloaded, and what is to be presented then. */
const serializeReload = ({ hostKey, servers }: ReloadHost): string =>
  JSON.stringify([
    hostKey,
    servers.map(({ service, files, deployments, endpoints }) => [
      service,
      files,
      deployments,
      endpoints.map(({ address, port, serverName, startTls, after }) => [
        address,
        port,
        serverName,
        startTls,
        after,
      ]),
    ]),
  ]);

/** The checks of a server that is reloaded. */
function checkServer(now: Instant, host: HostFacts, server: ServerFacts): Check[] {
  const { service, problems, wonders } = server;
  const about = `${service.server} (${service.where})`;
  const toCheck: MakeCheck = (state, id, text) => makeCheck(state, id, { host }, `${about}: ${text}`);
  return [
    checkTest(server, toCheck),
    ...problems.map((problem) =>
      toCheck(
        "acknowledge",
        "broken-configuration",
        `as it was last read, a reload may fail or end its TLS: ${problem}`,
      ),
    ),
    ...checkRestart([service], toCheck),
    ...checkPresented(server, toCheck),
    ...checkConcerns(server, now, toCheck),
    ...wonders.map((warning) => toCheck("warning", "unsure", warning)),
  ];
}

/** What was not tested is not called so, and a reload may take up what keeps the server from serving. */
function checkTest({ service, test }: ServerFacts, toCheck: MakeCheck): Check {
  const { checked } = SERVERS[service.server];
  switch (test.kind) {
    case "configuration":
      return toCheck(
        "ok",
        "server-test",
        `its own configuration test passes${checked === null ? "" : `: ${checked}`}`,
      );
    case "certificates":
      return toCheck(
        "acknowledge",
        "configuration-untested",
        `its certificates were tried, and they alone: its configuration could not be tested: ${test.said}`,
      );
    case "nothing":
    case "failed":
      return toCheck("acknowledge", "untested", `it could not be tested: ${test.said}`);
    default:
      return assertNever(test.kind);
  }
}

/** Where it can be seen whether it has read its files again, and what it presents then. */
function checkPresented({ endpoints }: ServerFacts, toCheck: MakeCheck): Check[] {
  const seen = endpoints.filter(({ unreadable }) => unreadable === null);
  const open = Map.groupBy(seen, ({ after }) => (after.kind === "unknown" ? after.why : null));
  const known = open.get(null) ?? [];
  const stale = known.filter(({ before, after }) => isStale(before, after));
  open.delete(null);
  return [
    known.length === 0
      ? toCheck("acknowledge", "unverified", "nowhere can it be seen whether it serves what its files hold")
      : toCheck(
          "ok",
          "verification",
          `verified by a handshake at ${formatCount(known.length, "endpoint")}; at ${stale.length} of them another certificate will be served than now`,
        ),
    ...(known.length > 0 && stale.length === 0
      ? [toCheck("warning", "nothing-new", "it serves what its files hold already, wherever that is known")]
      : []),
    ...checkUnseen(
      endpoints.filter(({ unreadable }) => unreadable !== null),
      toCheck,
    ),
    ...[...open].map(([why, some]) =>
      toCheck(
        "warning",
        "unknown-certificate",
        `which certificate will be served is not known at ${some.slice(0, MOST_NAMED).map(formatVerificationEndpoint).join(", ")}${some.length > MOST_NAMED ? ` and ${some.length - MOST_NAMED} more` : ""}: ${why}`,
      ),
    ),
  ];
}

const MOST_NAMED = 3;

/** A reload serves what is in the files, whatever that is: only a person knows whether it is meant. */
function checkConcerns({ endpoints, held }: ServerFacts, now: Instant, toCheck: MakeCheck): Check[] {
  const concerns = endpoints.flatMap((endpoint) => {
    const { before, after, serverName } = endpoint;
    if (after.kind === "unknown" || !isStale(before, after)) return [];
    const served = before === null ? null : (held.get(before) ?? null);
    return after.leaves.flatMap((leaf) => {
      const next = held.get(leaf);
      if (!next) return [];
      const found = findReloadConcerns({ served, now: next, at: Date.parse(now) / 1_000 }).map(formatConcern);
      const isLost = served !== null && hasName(served, serverName) && !hasName(next, serverName);
      const all = [
        ...found,
        ...(isLost ? [`it is not for ${serverName}, and the one that is served is`] : []),
      ];
      return all.map((phrase) => `${next.subject || leaf.slice(0, 12)} would be served: ${phrase}`);
    });
  });
  return [...new Set(concerns)].map((text) => toCheck("acknowledge", "certificate", text));
}

/** Whether a certificate is for a name; a pattern stands for one label. */
function hasName({ names }: Held, name: string | null): boolean {
  if (name === null) return true;
  const plain = name.toLowerCase();
  const pattern = plain.replace(/^[^.]*/, "*");
  return names.some((one) => [`dns:${plain}`, `dns:${pattern}`].includes(one.toLowerCase()));
}

/** What was written since the host was read takes effect too, and nobody has read it here. */
function checkReloadedHost(host: HostFacts, scanned: ScannedFacts, now: Instant): Check[] {
  const { changed } = scanned;
  if (changed.length === 0) return [checkScanned(host, scanned, now)];
  const some = `${changed.slice(0, MOST_NAMED).join(", ")}${changed.length > MOST_NAMED ? ` and ${changed.length - MOST_NAMED} more` : ""}`;
  return [
    makeCheck(
      "acknowledge",
      "changed-configuration",
      { host },
      `${some} changed since its servers were last read: that takes effect by the reload, and what is served by it is not in this plan; scan the host again first`,
    ),
  ];
}
