import { countUndone } from "#shared/model/access/review.ts";
import { type Finding, RuleId, Severity } from "#shared/model/finding.ts";
import { addDays, toInstant, toMinute } from "#shared/model/instant.ts";
import { RunState } from "#shared/model/runs/run.ts";
import type { TargetGap, TodayLine, UnknownTarget } from "#shared/model/today.ts";
import { atLeast } from "#shared/text/findings/finding.ts";
import type { Store } from "#store/store.ts";

/** `readSince`: a target that was last read before it is not known as it is now. */
type Moment = { now: Date; readSince: Date };

/** So many findings of a rule at a severity have lines of their own. */
const MOST_OF_RULE = 10;
/** So many of the same outcome are in a line, to be scanned again together. */
const MOST_IN_LINE = 50;
/** So many are read: of runs, of people who have left, of targets of a kind. */
const MOST_RUNS = 50;
const MOST_PEOPLE = 100;
const MOST_TARGETS = 500;
const MOST_LOGINS = 20;

/** What needs somebody now, the most urgent first. Each source is read as far as its lines go, whatever it has. */
export async function gatherLines(store: Store, moment: Moment): Promise<TodayLine[]> {
  const lines = [
    ...runLines(store),
    ...formerPeople(store, moment),
    ...stillAccepted(store),
    ...severeLogins(store, moment),
    ...reviewLines(store, moment),
    ...(await undoneLines(store, moment)),
    ...findingLines(store, moment),
    ...unknownTargets(store, moment),
  ];
  return lines.toSorted((one, other) => urgencyOf(one) - urgencyOf(other));
}

/** Lower is more urgent. Lines of the same severity keep the order in which they were gathered. */
const urgencyOf = ({ severity }: TodayLine): number => Severity.options.indexOf(severity);

/** Runs that go on by themselves need nobody; those that are over are history. */
const RUN_SEVERITIES: Partial<Record<RunState, Severity>> = {
  "needs-attention": "critical",
  stopped: "high",
  interrupted: "high",
  paused: "medium",
  waiting: "medium",
};

const runLines = (store: Store): TodayLine[] =>
  RunState.options.flatMap((state) => {
    const severity = RUN_SEVERITIES[state];
    if (severity === undefined) return [];
    const sort = { by: "startedAt", descending: true } as const;
    const { rows } = store.runbooks.runs.list({
      search: "",
      state,
      kind: null,
      sort,
      after: null,
      limit: MOST_RUNS,
    });
    return rows.map((run): TodayLine => ({ kind: "run", severity, run }));
  });

/** A run that is over is history, but not what it should have closed and did not. */
const stillAccepted = (store: Store): TodayLine[] =>
  store.runbooks.accessChecks
    .accepted(MOST_RUNS)
    .map(({ runId, check }): TodayLine => ({ kind: "still-accepted", severity: "high", runId, check }));

/** Logins that stand out and weigh much; the others are on the list of logins alone. */
const severeLogins = (store: Store, { now }: Moment): TodayLine[] =>
  store.logins
    .observed({
      search: "",
      host: null,
      account: null,
      from: null,
      rule: null,
      accepted: false,
      sort: { by: "severity", descending: true },
      now: toInstant(toMinute(now)),
      after: null,
      limit: MOST_LOGINS,
    })
    .rows.filter(({ severity }) => severity === "critical" || severity === "high")
    .map((login): TodayLine => ({ kind: "login", severity: login.severity, login }));

/** So many days before its end a review needs those who have not decided. */
const DUE_SOON_DAYS = 7;
const MOST_REVIEWS = 50;
const MOST_REVIEWERS = 10;

function reviewLines(store: Store, { now }: Moment): TodayLine[] {
  const sort = { by: "due", descending: false } as const;
  const { rows } = store.reviews.list({ isOver: false, sort, after: null, limit: MOST_REVIEWS });
  return rows.flatMap(({ id, name, dueAt, items, decided }): TodayLine[] => {
    const open = store.reviews.progress(id).filter((one) => one.decided < one.items);
    if (open.length === 0 || dueAt > toInstant(addDays(now, DUE_SOON_DAYS))) return [];
    const reviewers = open.map((one) => one.name);
    return [
      {
        kind: "review",
        severity: dueAt < toInstant(now) ? "high" : "medium",
        review: name,
        dueAt,
        reviewers: reviewers.slice(0, MOST_REVIEWERS),
        reviewerCount: reviewers.length,
        open: items - decided,
      },
    ];
  });
}

/** What was revoked stays until somebody plans it, and is not gone before a scan has shown that: whether the review is over or not. */
async function undoneLines(store: Store, { now }: Moment): Promise<TodayLine[]> {
  const sort = { by: "due", descending: true } as const;
  const { rows } = store.reviews.list({ isOver: null, sort, after: null, limit: MOST_REVIEWS });
  const lines: TodayLine[] = [];
  for (const { id, name, dueAt, endedAt } of rows) {
    const undone = countUndone(await store.reviews.items.states(id));
    if (undone.unplanned + undone.planned === 0) continue;
    const isOver = endedAt !== null;
    const severity = undone.unplanned > 0 && (isOver || dueAt < toInstant(now)) ? "high" : "medium";
    lines.push({ kind: "undone-review", severity, review: name, isOver, ...undone });
  }
  return lines;
}

/** Their grants are findings, too: a line a person takes the place of those. */
const formerPeople = (store: Store, { now }: Moment): TodayLine[] =>
  store.people
    .former(now, MOST_PEOPLE)
    .map((person): TodayLine => ({ kind: "former-person", severity: FORMER_OWNER.severity, ...person }));

/** The orphans whose owner has left; other orphans are of a lower severity. */
const FORMER_OWNER = { rule: "grant-orphaned", severity: "high" } as const;

/** Rules whose findings need somebody today although they are of a lower severity, down to this one. */
const LEAST_SEVERITY: Partial<Record<RuleId, Severity>> = {
  "certificate-expiring": "medium",
  "certificate-not-reloaded": "medium",
  "endpoint-other-certificate": "medium",
  "certificate-weak-key": "medium",
  "certificate-weak-signature": "medium",
  "grant-since-baseline": "low",
  "account-since-baseline": "medium",
  "approval-due": "low",
  "key-weak": "medium",
  "key-leaked": "medium",
  "host-key-leaked": "medium",
};

const needsSomebody = ({ rule, severity }: { rule: RuleId; severity: Severity }): boolean =>
  atLeast(LEAST_SEVERITY[rule] ?? "high").includes(severity);

function findingLines(store: Store, { now }: Moment): TodayLine[] {
  const counted = store.findings
    .counts(toMinute(now))
    .filter(
      (one) =>
        needsSomebody(one) && !(one.rule === FORMER_OWNER.rule && one.severity === FORMER_OWNER.severity),
    )
    .toSorted((one, other) => RuleId.options.indexOf(one.rule) - RuleId.options.indexOf(other.rule));
  return counted.flatMap(({ rule, severity, count }) => {
    const shown = mostUrgent(store, { rule, severity, now });
    const lines = shown.map(
      (finding): TodayLine => ({
        kind: "finding",
        severity,
        finding,
        owner: ownerOf(store, finding),
        isRenewed: isRenewed(store, finding, now),
      }),
    );
    const more = count - shown.length;
    return more > 0 ? [...lines, { kind: "more-findings", severity, rule, count: more }] : lines;
  });
}

type OfRule = { rule: RuleId; severity: Severity; now: Date };

/** The first findings of a rule; of those about a date of expiry, the nearest. */
function mostUrgent(store: Store, ofRule: OfRule): Finding[] {
  const { rule, severity, now } = ofRule;
  const list = () => listFindings(store, { ...ofRule, limit: MOST_OF_RULE }).rows;
  if (rule !== "certificate-expired" && rule !== "certificate-expiring") return list();
  const nearest = store.today
    .nearest(rule, now, 2 * MOST_OF_RULE)
    .flatMap((sha256) => store.findings.about({ kind: "certificate", sha256 }, now, rule))
    .filter((one) => one.severity === severity && one.acceptance === null);
  // Whatever else there is of this severity is farther away.
  const rows = nearest.length < MOST_OF_RULE ? list() : [];
  const all = new Map([...nearest, ...rows].map((finding) => [finding.id, finding]));
  const distance = ({ object }: Finding): number =>
    object.kind === "certificate"
      ? Math.abs(Date.parse(store.today.notAfter(object.sha256)) - now.getTime())
      : 0;
  return [...all.values()].toSorted((one, other) => distance(one) - distance(other)).slice(0, MOST_OF_RULE);
}

const listFindings = (store: Store, query: OfRule & { limit: number }) =>
  store.findings.list({
    ...query,
    search: "",
    item: null,
    host: null,
    accepted: false,
    after: null,
    sort: { by: "severity", descending: false },
  });

/** Whether a certificate that expires is served in place of a later one that is in its file already, wherever it is served. */
function isRenewed(store: Store, { rule, object }: Finding, now: Date): boolean {
  const isOfDates = rule === "certificate-expired" || rule === "certificate-expiring";
  if (!isOfDates || object.kind !== "certificate") return false;
  // Where it is in a file still, it is to be renewed there.
  if (store.runbooks.servers.hostsHolding(object.sha256).length > 0) return false;
  const notReloaded = store.findings.about(object, now, "certificate-not-reloaded");
  return (
    notReloaded.some(({ acceptance }) => acceptance === null) &&
    store.certificates.find(object.sha256, now)?.isServedStale === true
  );
}

/** Who answers for what a finding is about. */
function ownerOf(store: Store, { object, host }: Finding): string | null {
  if (object.kind === "grant") return store.access.findRow(object.id)?.verdict.owner.who ?? null;
  if (object.kind === "certificate" || object.kind === "account") {
    const row = object.kind === "account" ? object : store.labels.findRow(object);
    return row && store.labels.ownerOf(row);
  }
  const row = host === null ? null : store.labels.findRow({ kind: "host", host });
  return row && store.labels.ownerOf(row);
}

const GAPS: readonly { gap: TargetGap; severity: Severity }[] = [
  { gap: "failed", severity: "high" },
  { gap: "partial", severity: "medium" },
  { gap: "stale", severity: "medium" },
  { gap: "unprobed", severity: "medium" },
  { gap: "limited", severity: "low" },
];

function unknownTargets(store: Store, { readSince }: Moment): TodayLine[] {
  return GAPS.flatMap(({ gap, severity }) =>
    (["ssh", "tls"] as const).flatMap((targetKind) => {
      const found = store.gaps.first(targetKind, gap, { readSince, limit: MOST_TARGETS });
      if (found.length === 0) return [];
      const isAll = found.length < MOST_TARGETS;
      const isOne = gap !== "failed" && gap !== "partial";
      const byOutcome = isOne ? new Map([[null, found]]) : groupByOutcome(found);
      return [...byOutcome].map(
        ([outcome, targets]): TodayLine => ({
          kind: "unknown-targets",
          severity,
          gap,
          targetKind,
          outcome,
          targets: targets.slice(0, MOST_IN_LINE),
          count: isAll ? targets.length : { moreThan: targets.length - 1 },
        }),
      );
    }),
  );
}

const groupByOutcome = (targets: readonly UnknownTarget[]) => Map.groupBy(targets, ({ outcome }) => outcome);
