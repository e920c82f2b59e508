import { cpSync } from "node:fs";
import type { Finding, FindingObject, Violation } from "#shared/model/finding.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import { toInstant } from "#shared/model/instant.ts";
import { openStore, type Store } from "#store/store.ts";
import { listFindings, listGrants } from "./ask.ts";
import { type KnownCertificate, keyOf, membersOf, namesOf, type World } from "./dated-world.ts";
import { makeCertificate, makeGrant, visitEndpoint, visitHost } from "./make-visit.ts";

export const BEGIN = Date.parse("2026-06-01T00:00:00Z");
export const DAY_MS = 86_400_000;
export const ENDPOINTS = ["shop", "mail", "web1"] as const;

/**
 * The days from the beginning on which each certificate begins, is due, is urgent and ends; null where that is not
 * known.
 */
const LIVES: Record<string, { days: (number | null)[]; isOverLimit?: boolean; isForClients?: boolean }> = {
  past: { days: [-400, -60, -30, -5] },
  due: { days: [-60, -2, 20, 40], isForClients: true },
  urgent: { days: [-80, -20, -1, 15], isOverLimit: true },
  early: { days: [50, 110, 125, 140] },
  later: { days: [-10, 60, 75, 90], isOverLimit: true, isForClients: true },
  short: { days: [0, 4, 6, 8], isForClients: true },
  long: { days: [-3_000, 600, 700, 900], isOverLimit: true },
  "at its end": { days: [-10, null, null, 45] },
  unreadable: { days: [null, null, null, null], isForClients: true },
};
/** So few certificates per trial that they meet one another at endpoints, in files and under tags. */
const MOST_NAMES = 4;

export function chooseNames(random: Random): string[] {
  const names = Object.keys(LIVES);
  while (names.length > MOST_NAMES) names.splice(random.upTo(names.length), 1);
  return names;
}
const HOSTS = ["web1", "db"] as const;
const TAGS = ["production", "careful"] as const;
const ANY_RULE: Violation["rules"][number] = { code: "wrong-usage", rule: null, acceptedBy: [] };
const BROKEN: Record<string, Violation> = {
  refused: { profile: "clients", severity: "high", rules: [ANY_RULE] },
  doubtful: { profile: "webpki", severity: "medium", rules: [ANY_RULE] },
  accepted: { profile: "rfc5280", severity: "low", rules: [ANY_RULE] },
};

/** A store, and the model that it must agree with. */
export type Tried = {
  path: string;
  names: readonly string[];
  random: Random;
  world: World;
  store: Store;
  atMs: number;
  kept?: World;
};

export const openTried = (path: string): Store => openStore({ path, access: "write" });

export type Random = { upTo(most: number): number; oneOf<T>(things: readonly T[]): T };

export function randomFrom(seed: number): Random {
  let state = Math.imul(seed, 2_654_435_761) >>> 0;
  const upTo = (most: number): number => {
    for (const shift of [13, -17, 5]) state = (state ^ (shift > 0 ? state << shift : state >>> -shift)) >>> 0;
    return state % most;
  };
  return { upTo, oneOf: <T>(things: readonly T[]) => things[upTo(things.length)] as T };
}

const atOf = ({ atMs }: Tried): string => toInstant(new Date(atMs));

/** Does one thing to the store and to the model, and says which. */
export function doAnything(tried: Tried): string {
  const { random } = tried;
  const kinds = [
    probeEndpoint,
    probeEndpoint,
    probeHost,
    probeHost,
    tag,
    tag,
    tag,
    tag,
    setPercent,
    setPercent,
    setPercent,
    markPublic,
    breakRules,
    breakRules,
    accept,
    accept,
    withdraw,
    approve,
    approve,
    turnChanges,
    setReview,
    setReview,
    reopen,
    keepOrRestore,
  ];
  const work = random.oneOf(kinds);
  work(tried);
  // Many findings are of public certificates alone.
  if (work === probeEndpoint || work === probeHost) markPublic(tried);
  return work.name;
}

/** An imported bundle may have been made before scans that are known already. */
function beginScan(tried: Tried): { scanId: ScanId; at: string; number: number } {
  const at = toInstant(new Date(tried.atMs - (tried.random.upTo(6) === 0 ? 20 * DAY_MS : 0)));
  const asked = [
    {
      target: { kind: "tls", host: "asked", port: 443, serverName: null, protocol: "tls" } as const,
      useSudo: false,
    },
  ];
  const scanId = tried.store.scans.begin({ requested: asked, at });
  tried.world.scans.push(at);
  return { scanId, at, number: tried.world.scans.length - 1 };
}

function see(tried: Tried, names: readonly string[], at: string) {
  return names.map((name) => {
    const { days, isOverLimit = false, isForClients = false } = LIVES[name] ?? { days: [] };
    const [notBefore = null, warnFrom = null, urgentFrom = null, notAfter = null] = days.map((day) =>
      day === null ? null : toInstant(new Date(BEGIN + (day as number) * DAY_MS)),
    );
    const dates = { notBefore, notAfter, warnFrom, urgentFrom };
    const known = { name, ...dates, isOverLimit, isForClients, isPublic: false, violation: null };
    if (!tried.world.certificates.has(name))
      tried.world.certificates.set(name, { ...known, firstSeen: at } as KnownCertificate);
    return makeCertificate(name, { ...dates, isOverLimit, isForClients });
  });
}

function probeEndpoint(tried: Tried): void {
  const { random, world, store } = tried;
  const { scanId, at, number } = beginScan(tried);
  const host = random.oneOf(ENDPOINTS);
  if (random.upTo(5) === 0) {
    visitEndpoint(store, host, { scanId, at, presented: null });
    return;
  }
  const chain = [
    ...new Set([random.oneOf(tried.names), ...(random.upTo(2) ? [random.oneOf(tried.names)] : [])]),
  ];
  visitEndpoint(store, host, { scanId, at, presented: { chain: see(tried, chain, at) } });
  const before = world.endpoints.get(host);
  const [name = ""] = chain;
  const isSame = before?.leaf?.name === name;
  const gone = [...(before?.gone ?? []), ...(before?.leaf && !isSame ? [before.leaf.name] : [])];
  const leaf = { name, scan: number, isReplaced: gone.some((other) => other !== name) };
  world.endpoints.set(host, { chain, gone, leaf: isSame ? (before?.leaf ?? null) : leaf });
}

function probeHost(tried: Tried): void {
  const { random, world, store } = tried;
  const { scanId, at, number } = beginScan(tried);
  const host = random.oneOf(HOSTS);
  const kind = random.upTo(6);
  if (kind === 0) {
    visitHost(store, host, { scanId, at, collected: null });
    return;
  }
  const files = new Map<string, string[]>(
    ["/etc/a.pem", "/etc/b.pem"].flatMap((path) =>
      random.upTo(3) ? [[path, [random.oneOf(tried.names)]]] : [],
    ),
  );
  const certificateFiles = [...files].map(([path, names]) => ({
    path,
    certificates: see(tried, names, at),
  }));
  const clientFiles = random.upTo(2) ? ["/etc/a.pem"] : [];
  const grants = ["ann", "bob"].map((who) => `${who} on ${host}`).filter(() => random.upTo(3) > 0);
  visitHost(store, host, {
    scanId,
    at,
    collected: {
      certificateFiles,
      grants: grants.map((grant, index) => makeGrant(grant, { line: index + 1 })),
      clientFiles: clientFiles.map((path) => ({
        path,
        directive: "ssl_cert",
        at: { file: "/etc/app", line: 1 },
      })),
      isPartial: kind === 1,
    },
  });
  const before = world.hosts.get(host);
  followGrants(world, { seen: grants, before: before?.grants ?? [], isWhole: kind !== 1, at, number });
  if (kind !== 1 || !before) {
    world.hosts.set(host, { files, clientFiles, grants });
    return;
  }
  for (const [path, names] of files) before.files.set(path, [...(before.files.get(path) ?? []), ...names]);
  world.hosts.set(host, {
    files: before.files,
    clientFiles,
    grants: [...new Set([...before.grants, ...grants])],
  });
}

type SeenGrants = {
  seen: readonly string[];
  before: readonly string[];
  isWhole: boolean;
  at: string;
  number: number;
};

/** A line that is there again is another row, which no acceptance covers. An older bundle brings nothing back. */
function followGrants(world: World, { seen, before, isWhole, at, number }: SeenGrants): void {
  for (const grant of before)
    if (isWhole && !seen.includes(grant)) {
      world.gone.set(grant, { at, number });
      world.returns.delete(grant);
    }
  for (const grant of seen) {
    const gone = world.gone.get(grant);
    if (before.includes(grant) || !gone) continue;
    for (const rule of ["grant-returned", "approval-due"] as const)
      world.acceptances.delete(keyOf(rule, grant));
    if (at === gone.at ? number > gone.number : at > gone.at) world.returns.set(grant, at);
  }
}

/** Sometimes removes the tag from what has it. */
function tag(tried: Tried): void {
  const { random, world } = tried;
  const tagged = (["hosts", "certificates"] as const).flatMap((kind) =>
    [...world.tags[kind]].flatMap(([thing, tags]) => [...tags].map((name) => ({ kind, thing, name }))),
  );
  const kind = random.oneOf(["hosts", "certificates"] as const);
  const thing = random.oneOf(kind === "hosts" ? HOSTS : tried.names);
  const any = { kind, thing, name: random.oneOf(TAGS) };
  toggle(tried, tagged.length > 0 && random.upTo(2) ? random.oneOf(tagged) : any);
}

type Tagging = { kind: keyof World["tags"]; thing: string; name: string };

function toggle({ store, world }: Tried, { kind, thing, name }: Tagging): void {
  const isHost = kind === "hosts";
  const sha256 = makeCertificate(thing).certificate.sha256;
  const row = store.labels.findRow(isHost ? { kind: "host", host: thing } : { kind: "certificate", sha256 });
  if (!row) return;
  const all = isHost ? world.tags.hosts : world.tags.certificates;
  const tags = all.get(thing) ?? new Set();
  if (tags.has(name)) store.atomically(() => store.labels.untag(row, name));
  else store.atomically(() => store.labels.tag(row, name));
  if (!tags.delete(name)) tags.add(name);
  all.set(thing, tags);
}

function setPercent({ random, store, world }: Tried): void {
  const name = random.oneOf(TAGS);
  const percent = random.oneOf([null, null, 10, 33, 67, 90]);
  store.atomically(() => store.labels.setTag(name, { duePercent: percent }));
  world.percents.set(name, percent);
}

/** A certificate that is seen now, if there is any. */
function anyKnown({ random, world }: Tried): KnownCertificate | undefined {
  const known = [...world.certificates.values()];
  const seen = known.filter(({ name }) => namesOf(world, name).length > 0);
  return known.length === 0 ? undefined : random.oneOf(seen.length > 0 ? seen : known);
}

function markPublic(tried: Tried): void {
  const one = anyKnown(tried);
  if (!one) return;
  one.isPublic = tried.random.upTo(4) > 0;
  tried.store.chains.markPublic(makeCertificate(one.name).certificate.sha256, one.isPublic);
}

function breakRules(tried: Tried): void {
  const { random, store, world } = tried;
  const one = anyKnown(tried);
  const key = random.oneOf([null, ...Object.keys(BROKEN)]);
  const known = one && store.violations.find(makeCertificate(one.name).certificate.sha256);
  if (!one || !known) return;
  const violation = key === null ? null : (BROKEN[key] ?? null);
  const at = atOf(tried);
  store.violations.note(known, violation, { evaluatedBy: "test", at });
  const group = key === null ? undefined : world.violations.get(key);
  const isOpen = [...(group?.members ?? [])].some((name) => namesOf(world, name).length > 0);
  for (const { members } of world.violations.values()) members.delete(one.name);
  one.violation = key;
  if (key === null || !violation) return;
  const members = group?.members ?? new Set<string>();
  members.add(one.name);
  const since = group && isOpen ? group.since : at;
  world.violations.set(key, { since, severity: violation.severity, members });
}

/** Accepts a finding of the list, as a person would, until a day that is sometimes over soon. */
function accept(tried: Tried): void {
  const { random, store, world } = tried;
  const at = atOf(tried);
  const { rows } = listFindings(store, { now: new Date(at), accepted: random.upTo(4) === 0 });
  if (rows.length === 0) return;
  const { rule, object, ...finding } = random.oneOf(rows);
  const until = toInstant(new Date(tried.atMs + (1 + random.upTo(40)) * DAY_MS)).slice(0, 10);
  const acceptance = { reason: "known", until, acceptedAt: at };
  store.atomically(() => store.acceptances.accept(rule, object, acceptance));
  const about = aboutOf(object, finding);
  const one = world.certificates.get(about);
  world.acceptances.set(keyOf(rule, about), {
    ...acceptance,
    covered: one ? membersOf(world, one, rule) : [],
  });
}

/** The name of a thing in the model. */
function aboutOf({ kind }: FindingObject, { label }: Pick<Finding, "label">): string {
  if (kind === "profile-violation") return "accepted";
  if (kind === "endpoint") return label.replace(":443", "");
  return kind === "grant" ? label.replace(/^\S+ /, "") : label.replace("CN=", "");
}

function withdraw(tried: Tried): void {
  const { random, store, world } = tried;
  const at = atOf(tried);
  const { rows } = listFindings(store, { now: new Date(at), accepted: true });
  if (rows.length === 0) return;
  const { rule, object, ...finding } = random.oneOf(rows);
  store.atomically(() => store.acceptances.withdraw(rule, object, at));
  world.acceptances.delete(keyOf(rule, aboutOf(object, finding)));
}

function approve(tried: Tried): void {
  const { random, store, world } = tried;
  const grants = listGrants(store).rows;
  if (grants.length === 0) return;
  const { id, comment } = random.oneOf(grants);
  const line = store.changes.findLine(id);
  if (!line) return;
  const at = atOf(tried);
  const reviewOn = toInstant(new Date(tried.atMs + random.upTo(30) * DAY_MS)).slice(0, 10);
  const isWithdrawn = random.upTo(4) === 0;
  if (isWithdrawn) store.atomically(() => store.changes.withdraw(line, at));
  else
    store.atomically(() =>
      store.changes.approve(line, { owner: "Ann", purpose: "tests", reviewOn, approvedAt: at }),
    );
  world.approvals.set(comment, isWithdrawn ? null : reviewOn);
}

function setReview(tried: Tried): void {
  const { random, store, world } = tried;
  const { hosts, certificates } = world.reviews;
  const names = random.upTo(2) ? [...world.hosts.keys()] : [];
  const known = names.length > 0 ? undefined : anyKnown(tried);
  const host = names.length > 0 ? random.oneOf(names) : null;
  if (host === null && !known) return;
  const row = store.labels.findRow(
    host !== null
      ? { kind: "host", host }
      : { kind: "certificate", sha256: makeCertificate(known?.name ?? "").certificate.sha256 },
  );
  if (!row) return;
  const day = toInstant(new Date(tried.atMs + (random.upTo(40) - 10) * DAY_MS)).slice(0, 10);
  const isDropped = random.upTo(4) === 0;
  store.atomically(() => store.labels.set(row, { reviewOn: isDropped ? null : day }));
  const [reviews, name] = host !== null ? [hosts, host] : [certificates, known?.name ?? ""];
  if (isDropped) reviews.delete(name);
  else reviews.set(name, day);
}

function turnChanges(tried: Tried): void {
  const { store, world } = tried;
  const isOn = world.changesSince === null || tried.random.upTo(3) > 0;
  store.atomically(() => store.rules.turn("certificate-changed", isOn, atOf(tried)));
  world.changesSince = isOn ? (world.changesSince ?? atOf(tried)) : null;
}

/** Reopens the store after a while in which nothing was written. */
function reopen(tried: Tried): void {
  tried.store.close();
  tried.atMs += tried.random.upTo(60) * DAY_MS;
  tried.store = openTried(tried.path);
}

function keepOrRestore(tried: Tried): void {
  tried.store.close();
  if (tried.kept) {
    cpSync(`${tried.path}.kept`, tried.path);
    tried.world = structuredClone(tried.kept);
  } else {
    cpSync(tried.path, `${tried.path}.kept`);
    tried.kept = structuredClone(tried.world);
  }
  tried.store = openTried(tried.path);
}
