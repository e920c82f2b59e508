import { makeCheck } from "#domain/runs/access/change-set.ts";
import type { HostFacts } from "#domain/runs/access/plan-facts.ts";
import { type KeyFamily, takesKey } from "#domain/server-configs/deployments-for-client.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { KeyKind } from "#shared/model/issuers/vault.ts";
import {
  RESTART,
  type Replacement,
  type Service,
  type VerificationEndpoint,
} from "#shared/model/runs/deployment.ts";
import type { Check } from "#shared/model/runs/plan.ts";
import type { RenewalTrust } from "#shared/model/runs/renewal-trust.ts";
import { formatVerificationEndpoint } from "#shared/text/certificates/deployment.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatTrust, TRUST } from "#shared/text/runs/renewal-trust.ts";
import { isOwnMethod } from "./choose-issuer.ts";
import { findNarrower, formatDeployment } from "./draft-replacement.ts";
import type { DeploymentFacts, EndpointFacts, KeySettings, ScannedFacts } from "./renewal-facts.ts";
import { needsAcknowledgement } from "./trust.ts";

/** A server's own test fails before anything is new: a run orders nothing then, unless this was acknowledged. */
export const SERVER_TEST = "server-test";

/** The checks of a certificate before it is renewed. */
export function checkRenewal(host: HostFacts, deployment: DeploymentFacts, change: Replacement): Check[] {
  const about = formatDeployment(deployment);
  const toCheck = (state: Check["state"], id: string, text: string) =>
    makeCheck(state, id, { host }, `${about}: ${text}`);
  const untested = change.services.filter(({ test }) => test === "none");
  return [
    ...checkVerifications(deployment, change, toCheck),
    ...(deployment.hostsInCommon > 1
      ? [
          toCheck(
            "warning",
            "shared",
            `${formatCount(deployment.hostsInCommon, "host")} have this very certificate; each host gets a key and a certificate of its own`,
          ),
        ]
      : []),
    checkTrust(deployment.trust, toCheck),
    ...checkNarrower(deployment, change, toCheck),
    ...checkMethod(deployment, change, toCheck),
    ...checkKey(deployment, change.key.kind, toCheck),
    ...untested.map(({ server, where }) =>
      toCheck("warning", "untested", `${server} (${where}) has no test that new files could be tried by`),
    ),
    ...deployment.failing.map(({ server, where, said }) =>
      toCheck(
        "acknowledge",
        SERVER_TEST,
        `${server} (${where}) fails its own test as it is now, before anything is changed: ${said}; mend that first, unless the new certificate is what mends it`,
      ),
    ),
    ...checkRestart(change.services, toCheck),
    ...change.services.flatMap(({ described }) =>
      described
        ? [
            toCheck(
              "acknowledge",
              "described",
              `root runs there: ${[described.test, described.reload].filter(Boolean).join("; ")}`,
            ),
          ]
        : [],
    ),
    ...deployment.wonders.map((warning) => toCheck("warning", "unsure", warning)),
  ];
}

/** Clients that trust the old certificate may refuse the new one: that is acknowledged before anything is ordered. */
function checkTrust(trust: RenewalTrust, toCheck: MakeCheck): Check {
  const state = trust.next === null ? "warning" : "ok";
  return toCheck(needsAcknowledgement(trust) ? "acknowledge" : state, TRUST, formatTrust(trust));
}

/** The new certificate may be good for less than the served one: that is acknowledged before anything is ordered. */
function checkNarrower(deployment: DeploymentFacts, { issuer }: Replacement, toCheck: MakeCheck): Check[] {
  const less = findNarrower(deployment, issuer.kind);
  if (less.length === 0) return [];
  return [toCheck("acknowledge", "narrower", `the new one ${less.map(({ words }) => words).join("; it ")}`)];
}

/** A program that was named for this plan alone is acknowledged by its path. */
function checkMethod({ issuer }: DeploymentFacts, { challenge }: Replacement, toCheck: MakeCheck): Check[] {
  if (challenge?.kind !== "dns-hook" || isOwnMethod(challenge, issuer)) return [];
  return [
    toCheck(
      "acknowledge",
      "hook",
      `this computer runs ${challenge.program} to show that its names are yours`,
    ),
  ];
}

export type MakeCheck = (state: Check["state"], id: string, text: string) => Check;

export const checkRestart = (services: readonly Service[], toCheck: MakeCheck): Check[] =>
  services
    .filter(({ reload }) => reload === RESTART)
    .map(({ server, where }) =>
      toCheck(
        "acknowledge",
        "restart",
        `${server} (${where}) reads new files only when it is restarted, which ends its connections`,
      ),
    );

/**
 * If the certificate were served at an endpoint that is not probed, it could be wrong for hours before anybody knew.
 */
function checkVerifications(deployment: DeploymentFacts, change: Replacement, toCheck: MakeCheck): Check[] {
  const others = deployment.verificationEndpoints.filter(({ isOthers }) => isOthers);
  const silent = deployment.verificationEndpoints.filter(
    ({ isOthers, unreadable }) => !isOthers && unreadable !== null,
  );
  const fresh = change.verificationEndpoints.find(({ before }) => before !== deployment.sha256);
  return [
    ...(change.verificationEndpoints.length === 0
      ? [toCheck("acknowledge", "unverified", "nowhere can it be seen whether the new one is served")]
      : [
          toCheck(
            "ok",
            "verification",
            `verified at ${formatCount(countAddresses(change.verificationEndpoints), "address", "addresses")} once it is served`,
          ),
        ]),
    ...checkUnseen(silent, toCheck),
    ...others.map((endpoint) =>
      toCheck(
        "warning",
        "other-served",
        `another certificate of the host is served at ${formatVerificationEndpoint(endpoint)}`,
      ),
    ),
    ...(fresh
      ? [
          toCheck(
            "warning",
            "not-served",
            `${formatVerificationEndpoint(fresh)} serves another one now than the file is known to hold`,
          ),
        ]
      : []),
  ];
}

/** An unreachable address is unreachable under each of its names, and is reported once. */
export function checkUnseen(silent: readonly EndpointFacts[], toCheck: MakeCheck): Check[] {
  const alike = Map.groupBy(silent, ({ address, port, unreadable }) =>
    JSON.stringify([address, port, unreadable]),
  );
  return [...alike.values()].flatMap(([first, ...others]) => {
    if (!first) return [];
    const more = others.length === 0 ? "" : ` (and by ${formatCount(others.length, "other name")})`;
    return toCheck(
      "warning",
      "unseen",
      `what is served at ${formatVerificationEndpoint(first)}${more} cannot be seen: ${first.unreadable}`,
    );
  });
}

const countAddresses = (verificationEndpoints: readonly VerificationEndpoint[]): number =>
  verificationEndpoints.reduce((sum, { addresses }) => sum + (addresses?.length ?? 1), 0);

/**
 * Whether the servers of a certificate accept the kind of key that the new one has, if it is not the old one's: a
 * server without a cipher for it refuses its clients. Checked before anything is ordered, by what the last scan has
 * read.
 */
export function checkKey(
  { keyType, settings }: Pick<DeploymentFacts, "keyType" | "settings">,
  kind: KeyKind,
  toCheck: MakeCheck,
): Check[] {
  const family: KeyFamily = kind.startsWith("rsa") ? "RSA" : "ECDSA";
  if (keyType.startsWith("RSA") === (family === "RSA")) return [];
  const servers = new Map(settings.map((one) => [`${one.server} ${one.where}`, one]));
  return [...servers.values()].flatMap((one) => checkServer(one, family, toCheck));
}

function checkServer({ server, where, tls }: KeySettings, family: KeyFamily, toCheck: MakeCheck): Check[] {
  const about = `${server} (${where})`;
  const key = family === "RSA" ? "an RSA key" : "an ECDSA key";
  if (tls === null)
    return [
      toCheck(
        "warning",
        "key-kind",
        `whether ${about} takes ${key} is unknown: its settings of TLS are not read`,
      ),
    ];
  if (tls.ciphers === null) return [];
  const isAccepted = takesKey(tls.ciphers, family);
  if (isAccepted === true) return [];
  const ciphers = `its ciphers ${tls.ciphers.slice(0, 200)}`;
  if (isAccepted === null)
    return [
      toCheck(
        "warning",
        "key-kind",
        `whether ${about} takes ${key} is unknown: ${ciphers} could not be listed`,
      ),
    ];
  return [
    toCheck(
      "acknowledge",
      "key-kind",
      `${about} refuses ${key}: ${ciphers} have none for it${formatVersions(tls.versions)}`,
    ),
  ];
}

/** In TLS 1.3 any key works with any cipher. */
function formatVersions(versions: readonly string[] | null): string {
  const remedy = "ask for the old kind by --key, or change the ciphers first";
  if (versions === null)
    return `, so clients before TLS 1.3 cannot connect, and others only where it speaks that; ${remedy}`;
  if (versions.includes("TLSv1.3")) return `, so clients before TLS 1.3 cannot connect; ${remedy}`;
  return `, and TLS 1.3 is off: every client would be refused, and the run would take it back; ${remedy}`;
}

/** Hosts are scanned once a day, or more often: one that was not may have changed unseen. */
const FRESH_HOURS = 24;

/**
 * The age of what is known of a host's servers. A server that was set up since is in no plan: it is neither reloaded
 * nor probed, and goes on with the old files.
 */
export function checkScanned(host: HostFacts, { at, changed }: ScannedFacts, now: Instant): Check {
  const toCheck = (state: Check["state"], text: string) => makeCheck(state, "scanned", { host }, text);
  if (at === null) return toCheck("warning", `when its servers were last read is not known; ${AGAIN}`);
  const when = `its servers were last read on ${at.slice(0, 10)} at ${at.slice(11, 16)} UTC`;
  if (changed.length > 0)
    return toCheck("warning", `${changed.slice(0, 3).join(", ")} changed since ${when}; ${AGAIN}`);
  const hours = Math.floor((Date.parse(now) - Date.parse(at)) / 3_600_000);
  if (hours < FRESH_HOURS) return toCheck("ok", when);
  return toCheck("warning", `${when}, ${formatCount(Math.floor(hours / 24), "day")} ago; ${AGAIN}`);
}

const AGAIN = "scan it again, so that the plan has all that reads these files";
