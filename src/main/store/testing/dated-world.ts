import type { Acceptance, Finding, RuleId, Violation } from "#shared/model/finding.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { fingerprintOf } from "./make-visit.ts";

/**
 * Computes the findings that depend on dates by plain loops over what was done, without SQL and without what the store
 * keeps. The lists of findings are compared with it.
 */
export type World = {
  /** By name, for as long as they are known. */
  certificates: Map<string, KnownCertificate>;
  /** What each endpoint serves: the names of its chain. */
  endpoints: Map<string, Endpoint>;
  hosts: Map<string, Host>;
  /** The tags of hosts and certificates, by their names. */
  tags: { hosts: Map<string, Set<string>>; certificates: Map<string, Set<string>> };
  percents: Map<string, number | null>;
  violations: Map<string, { since: Instant; severity: Violation["severity"]; members: Set<string> }>;
  acceptances: Map<string, Acceptance & { covered: string[] }>;
  approvals: Map<string, string | null>;
  /** When each grant that stands was found there again; and the scan that found one gone, by its number. */
  returns: Map<string, Instant>;
  gone: Map<string, { at: Instant; number: number }>;
  scans: Instant[];
  changesSince: Instant | null;
  /** The review dates of hosts and certificates, by their names. */
  reviews: { hosts: Map<string, string>; certificates: Map<string, string> };
};

export type KnownCertificate = {
  name: string;
  notBefore: Instant | null;
  notAfter: Instant | null;
  warnFrom: Instant | null;
  urgentFrom: Instant | null;
  isOverLimit: boolean;
  isForClients: boolean;
  isPublic: boolean;
  firstSeen: Instant;
  /** The key of the violation; null for none. */
  violation: string | null;
};

type Endpoint = {
  chain: string[];
  /** The leaf, the scan since which it is there, and whether another one was there before it. */
  leaf: { name: string; scan: number; isReplaced: boolean } | null;
  /** Each leaf that has gone. */
  gone: string[];
};

/** A file that was read in part may still contain what was in it before. */
type Host = { files: Map<string, string[]>; clientFiles: string[]; grants: string[] };

export const emptyWorld = (): World => ({
  certificates: new Map(),
  endpoints: new Map(),
  hosts: new Map(),
  tags: { hosts: new Map(), certificates: new Map() },
  percents: new Map(),
  violations: new Map(),
  acceptances: new Map(),
  approvals: new Map(),
  returns: new Map(),
  gone: new Map(),
  scans: [],
  changesSince: null,
  reviews: { hosts: new Map(), certificates: new Map() },
});

/** A finding, with the parts that dates decide. */
export type Expected = Pick<Finding, "rule" | "severity" | "label" | "host" | "firstSeen"> & {
  isAccepted: boolean;
};

/** The names of hosts where a certificate is seen. */
export function namesOf({ endpoints, hosts }: World, certificate: string): string[] {
  const at = [...endpoints].filter(([, { chain }]) => chain.includes(certificate));
  const on = [...hosts].filter(([, { files }]) => [...files.values()].flat().includes(certificate));
  return [...new Set([...at, ...on].map(([name]) => name))];
}

/** All findings of an instant, accepted or not, in no order. */
export function expectedFindings(world: World, now: Instant): Expected[] {
  const certificates = [...world.certificates.values()].filter(({ name }) => namesOf(world, name).length > 0);
  return [
    ...certificates.flatMap((one) => ofCertificate(world, one, now)),
    ...ofViolations(world, now),
    ...ofApprovals(world, now),
    ...ofReturns(world, now),
    ...ofReviews(world, now),
    ...ofChanges(world, now),
  ];
}

function ofCertificate(world: World, one: KnownCertificate, now: Instant): Expected[] {
  const names = namesOf(world, one.name);
  const host = names.length === 1 ? (names[0] ?? null) : null;
  const found = (rule: RuleId, severity: Finding["severity"], since: Instant): Expected => ({
    rule,
    severity,
    label: `CN=${one.name}`,
    host,
    firstSeen: since > one.firstSeen ? since : one.firstSeen,
    isAccepted: isAccepted(world, { rule, about: one.name, members: membersOf(world, one, rule), now }),
  });
  const isOver = one.notAfter !== null && one.notAfter < now;
  const early = one.notBefore !== null && one.notBefore > now && one.notBefore > one.firstSeen;
  const all = early ? [found("certificate-not-yet-valid", "medium", one.firstSeen)] : [];
  if (isOver) return [...all, found("certificate-expired", "high", one.notAfter ?? "")];
  const { warnFrom, urgentFrom } = dueOf(world, one);
  const isDue = warnFrom !== null && warnFrom <= now;
  const isUrgent = urgentFrom !== null && urgentFrom <= now;
  const violation = one.violation === null ? undefined : world.violations.get(one.violation);
  const isAtEndpoint = [...world.endpoints.values()].some(({ chain }) => chain.includes(one.name));
  const isNamed = [...world.hosts.values()].some(({ files, clientFiles }) =>
    clientFiles.some((path) => files.get(path)?.includes(one.name)),
  );
  return [
    ...all,
    ...(isDue ? [found("certificate-expiring", isUrgent ? "high" : "medium", warnFrom)] : []),
    ...(one.isPublic && one.isOverLimit
      ? [found("certificate-lifetime-over-limit", "medium", one.firstSeen)]
      : []),
    ...(one.isPublic && one.isForClients
      ? [found("certificate-client-auth-ends", isAtEndpoint && !isNamed ? "info" : "medium", one.firstSeen)]
      : []),
    ...(violation?.severity === "high" ? [found("certificate-invalid", "high", one.firstSeen)] : []),
    ...(violation?.severity === "medium"
      ? [found("certificate-against-profile", "medium", one.firstSeen)]
      : []),
  ];
}

const LONGEST_MS = 398 * 86_400_000;

/** The earliest due date by its tags, else its own. */
export function dueOf(
  world: World,
  one: KnownCertificate,
): Pick<KnownCertificate, "warnFrom" | "urgentFrom"> {
  const { notBefore, notAfter, warnFrom, urgentFrom } = one;
  const usual = {
    warnFrom: warnFrom !== null && notAfter && warnFrom < notAfter ? warnFrom : null,
    urgentFrom,
  };
  const tags = [
    ...(world.tags.certificates.get(one.name) ?? []),
    ...namesOf(world, one.name).flatMap((host) => [...(world.tags.hosts.get(host) ?? [])]),
  ];
  const percent = Math.max(-1, ...tags.flatMap((tag) => world.percents.get(tag) ?? []));
  const isMoved = percent >= 0 && urgentFrom !== null && notBefore && notAfter && notBefore < notAfter;
  if (!isMoved) return usual;
  const end = Date.parse(notAfter);
  const lifeMs = Math.min(end - Date.parse(notBefore), LONGEST_MS);
  const before = (share: number) =>
    toInstant(new Date(end - Math.floor(((lifeMs / 1_000) * percent) / share) * 1_000));
  return { warnFrom: before(100) < notAfter ? before(100) : null, urgentFrom: before(200) };
}

/** The members that an acceptance must cover. */
export const membersOf = (world: World, { name, violation }: KnownCertificate, rule: RuleId): string[] => [
  ...namesOf(world, name),
  ...(rule === "certificate-invalid" || rule === "certificate-against-profile"
    ? [`breaks ${violation}`]
    : []),
];

export const keyOf = (rule: RuleId, about: string): string => `${rule} ${about}`;

type Question = { rule: RuleId; about: string; members: readonly string[]; now: Instant };

function isAccepted({ acceptances }: World, { rule, about, members, now }: Question): boolean {
  const acceptance = acceptances.get(keyOf(rule, about));
  return (
    acceptance !== undefined &&
    acceptance.until > now &&
    members.every((member) => acceptance.covered.includes(member))
  );
}

/** Certificates of an issuer with the same violation are one finding, while one that is seen has not expired. */
function ofViolations(world: World, now: Instant): Expected[] {
  return [...world.violations].flatMap(([key, { since, severity, members }]) => {
    const seen = [...members].filter((name) => namesOf(world, name).length > 0);
    const isOpen = seen.some((name) => (world.certificates.get(name)?.notAfter ?? "~") >= now);
    if (severity !== "low" || !isOpen) return [];
    const hosts = new Set(seen.map((name) => namesOf(world, name).join("\n")));
    const [host = ""] = hosts;
    return {
      rule: "issuer-against-profile",
      severity: "low",
      label: "CN=An Issuer",
      host: hosts.size === 1 && !host.includes("\n") ? host : null,
      firstSeen: since,
      isAccepted: isAccepted(world, { rule: "issuer-against-profile", about: key, members: [], now }),
    };
  });
}

function ofApprovals(world: World, now: Instant): Expected[] {
  return [...world.hosts].flatMap(([host, { grants }]) =>
    grants.flatMap((grant): Expected[] => {
      const reviewOn = world.approvals.get(grant) ?? null;
      if (reviewOn === null || reviewOn > now) return [];
      return [
        {
          rule: "approval-due",
          severity: "low",
          label: `${fingerprintOf(grant)} ${grant}`,
          host,
          firstSeen: `${reviewOn}T00:00:00Z`,
          isAccepted: isAccepted(world, { rule: "approval-due", about: grant, members: [], now }),
        },
      ];
    }),
  );
}

/** What was to be reviewed by now, while it is there. */
function ofReviews(world: World, now: Instant): Expected[] {
  const rule = "identity-review-overdue";
  const { hosts, certificates } = world.reviews;
  const seen = [...certificates].map(([name, day]) => ({ name, day, at: namesOf(world, name) }));
  const all = [
    ...[...hosts].map(([name, day]) => ({ name, day, label: name, host: name })),
    ...seen.flatMap(({ name, day, at: [host = null, ...more] }) =>
      host === null ? [] : [{ name, day, label: `CN=${name}`, host: more.length > 0 ? null : host }],
    ),
  ];
  return all.flatMap(({ name, day, label, host }): Expected[] => {
    if (day > now) return [];
    const isOut = isAccepted(world, { rule, about: name, members: [], now });
    return [{ rule, severity: "low", label, host, firstSeen: `${day}T00:00:00Z`, isAccepted: isOut }];
  });
}

/** Grants that had gone and are there again, while nobody's approval says that they may be. */
const ofReturns = (world: World, now: Instant): Expected[] =>
  [...world.hosts].flatMap(([host, { grants }]) =>
    grants.flatMap((grant): Expected[] => {
      const firstSeen = world.returns.get(grant);
      if (firstSeen === undefined || (world.approvals.get(grant) ?? null) !== null) return [];
      const rule = "grant-returned";
      const label = `${fingerprintOf(grant)} ${grant}`;
      const isOut = isAccepted(world, { rule, about: grant, members: [], now });
      return [{ rule, severity: "critical", label, host, firstSeen, isAccepted: isOut }];
    }),
  );

export const CHANGE_MS = 30 * 86_400_000;

/** Leaves that replaced another one, for thirty days, since somebody has enabled the rule. */
function ofChanges(world: World, now: Instant): Expected[] {
  const { changesSince } = world;
  if (changesSince === null) return [];
  const recent = toInstant(new Date(Date.parse(now) - CHANGE_MS));
  const [from = ""] = [changesSince, recent].toSorted().reverse();
  const first = world.scans.findIndex((at) => at >= from);
  return [...world.endpoints].flatMap(([host, { leaf }]): Expected[] => {
    if (!leaf?.isReplaced || first === -1 || leaf.scan < first) return [];
    const at = world.scans[leaf.scan] ?? "";
    const rule = "certificate-changed";
    const acceptance = world.acceptances.get(keyOf(rule, host));
    const isOfThis = acceptance !== undefined && acceptance.acceptedAt >= at;
    const isOut = isOfThis && isAccepted(world, { rule, about: host, members: [], now });
    return [{ rule, severity: "medium", label: `${host}:443`, host, firstSeen: at, isAccepted: isOut }];
  });
}
