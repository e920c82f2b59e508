import { join } from "node:path";
import { expect, test } from "vitest";
import { type Finding, Severity } from "#shared/model/finding.ts";
import { toInstant } from "#shared/model/instant.ts";
import { listFindings, readAll } from "#store/testing/ask.ts";
import {
  BEGIN,
  chooseNames,
  DAY_MS,
  doAnything,
  ENDPOINTS,
  openTried,
  randomFrom,
  type Tried,
} from "#store/testing/dated-steps.ts";
import {
  CHANGE_MS,
  dueOf,
  type Expected,
  emptyWorld,
  expectedFindings,
  type KnownCertificate,
  namesOf,
  type World,
} from "#store/testing/dated-world.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const STEPS = 30;
const SEEDS = (process.env.LATCHKEY_DATED_SEEDS ?? "1 2").split(" ").map(Number);

test.each(SEEDS)(
  "what dates decide is found as loops over all that was done find it, whatever was done and whenever it is asked: seed %i",
  async (seed) => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, `${seed}.db`);
    const random = randomFrom(seed);
    const tried: Tried = {
      path,
      random,
      names: chooseNames(random),
      world: emptyWorld(),
      store: openTried(path),
      atMs: BEGIN,
    };
    const done: string[] = [];
    for (let step = 0; step < STEPS; step++) {
      tried.atMs += tried.random.upTo(12) * (DAY_MS / 2);
      done.push(doAnything(tried));
      const told = `seed ${seed}: ${done.join(", ")}`;
      for (const now of instantsToAsk(tried)) {
        compare(tried, now, told);
        compareCounts(tried, now, told);
      }
      const { world } = tried;
      const seen = [...world.certificates.values()].filter(({ name }) => namesOf(world, name).length > 0);
      for (const date of new Set(datesOf(world, seen)))
        for (const seconds of [-1, 0, 1])
          compareCounts(tried, new Date(Date.parse(date) + seconds * 1_000), told);
    }
    tried.store.close();
  },
);

/** The instants at which a finding of a certificate begins or ends, as long as that is seen. */
const datesOf = (world: World, certificates: Iterable<KnownCertificate>): string[] =>
  [...certificates].flatMap((one) => {
    const { warnFrom, urgentFrom } = dueOf(world, one);
    return [one.notBefore, warnFrom, urgentFrom, one.notAfter].flatMap((date) => date ?? []);
  });

/** Now, long after, before, and around any date that is known. */
function instantsToAsk(tried: Tried): Date[] {
  const { random, world, atMs } = tried;
  const reviews = [...world.approvals.values()].flatMap((day) => (day === null ? [] : `${day}T00:00:00Z`));
  const { hosts, certificates } = world.reviews;
  for (const day of [...hosts.values(), ...certificates.values()]) reviews.push(`${day}T00:00:00Z`);
  const changes = world.scans.map((at) => toInstant(new Date(Date.parse(at) + CHANGE_MS)));
  const untils = [...world.acceptances.values()].map(({ until }) => `${until}T00:00:00Z`);
  const around = [datesOf(world, world.certificates.values()), reviews, changes, untils].flatMap((known) =>
    known.length === 0 ? [] : [Date.parse(random.oneOf(known)) + (random.upTo(3) - 1) * 1_000],
  );
  return [atMs, atMs + random.upTo(500) * DAY_MS, ...around].map((ms) => new Date(ms));
}

const SORTS = ["severity", "rule", "host", "label", "firstSeen"] as const;

function compare({ store, world, random }: Tried, at: Date, done: string): void {
  const limit = 1 + random.upTo(5);
  const sort = { by: random.oneOf(SORTS), descending: random.upTo(2) === 0 };
  // Lists by when findings were first seen, and lists by words, are those of the whole minute.
  const now = sort.by === "firstSeen" ? toMinute(at) : at;
  const all = expectedFindings(world, toInstant(now));
  const told = `${done}; asked at ${toInstant(now)} by ${sort.by}`;
  for (const accepted of [false, true]) {
    const expected = all.filter(({ isAccepted }) => isAccepted === accepted);
    const found = readAll((page) => listFindings(store, { now, accepted, sort, ...page }), limit);
    expect(found.map(toExpected).map(toText).toSorted(), told).toEqual(expected.map(toText).toSorted());
    expect(listFindings(store, { now, accepted }).total, told).toBe(expected.length);
    const keys = found.map((finding) => sortKeyOf(finding, sort.by));
    const inOrder = keys.toSorted();
    expect(keys, told).toEqual(sort.descending ? inOrder.reverse() : inOrder);
    const host = random.oneOf(ENDPOINTS);
    const onHost = listFindings(store, { now, accepted, host }).rows.map(({ host: on }) => on ?? host);
    expect(new Set(onHost), told).toEqual(new Set(onHost.length > 0 ? [host] : []));
    expect(onHost.length, told).toBeGreaterThanOrEqual(expected.filter((one) => one.host === host).length);
    if (found.length === 0) continue;
    const one = random.oneOf(found);
    expect(store.findings.find(one.id, now), told).toEqual(one);
    expect(store.findings.about(one.object, now), told).toContainEqual(one);
    if (now.getTime() !== toMinute(now).getTime()) continue;
    const narrow = {
      now,
      accepted,
      rule: one.rule,
      severity: one.severity,
      search: one.label.replace(":443", "").slice(-4),
    };
    expect(
      listFindings(store, narrow).rows.map(({ id }) => id),
      told,
    ).toContain(one.id);
  }
}

/** Compares how many findings of each rule and severity are not accepted. */
function compareCounts({ store, world }: Tried, now: Date, done: string): void {
  const told = `${done}; counted at ${toInstant(now)}`;
  const all = expectedFindings(world, toInstant(now));
  const open = all.filter(({ isAccepted }) => !isAccepted).map(({ rule, severity }) => `${severity} ${rule}`);
  const counts = store.findings
    .counts(now)
    .map(({ rule, severity, count }) => [`${severity} ${rule}`, count]);
  expect(Object.fromEntries(counts), told).toEqual(
    Object.fromEntries([...new Set(open)].map((key) => [key, open.filter((one) => one === key).length])),
  );
}

const toMinute = (at: Date): Date => new Date(Math.floor(at.getTime() / 60_000) * 60_000);

const toExpected = ({ rule, severity, label, host, firstSeen, acceptance }: Finding): Expected => ({
  rule,
  severity,
  label,
  host,
  firstSeen,
  isAccepted: acceptance !== null,
});

const toText = (one: Expected): string => JSON.stringify(Object.values(one));

function sortKeyOf(finding: Finding, by: (typeof SORTS)[number]): string {
  if (by === "severity") return `${Severity.options.indexOf(finding.severity)} ${finding.rule}`;
  return by === "host" ? (finding.host ?? "") : finding[by];
}
