import { implement } from "@orpc/server";
import { findSurestReach, UNUSED_AFTER_DAYS } from "#domain/use/evaluate-use.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { findings, type OptionalRule } from "#shared/contract/findings.ts";
import { evaluatesAbsence } from "#shared/model/access/person.ts";
import { type Finding, RuleId } from "#shared/model/finding.ts";
import { toInstant } from "#shared/model/instant.ts";
import {
  type EndpointGap,
  type HostGap,
  itemsOf,
  LENS_ITEMS,
  type Lens,
  type LensReport,
  type RuleGap,
  rulesOf,
  sourceOf,
} from "#shared/model/lens.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";

type Deps = { store: Store; announce: (announcement: Announcement) => void; now: () => Date };

/** What needs attention, and which findings somebody has accepted. */
export function createFindings({ store, announce, now }: Deps) {
  const os = implement(findings);
  const { accept, unaccept } = createAcceptances({ store, now });

  return {
    list: os.list.handler(({ input }) => store.findings.list({ ...input, now: now() })),
    find: os.find.handler(({ input }) => find(input.id)),
    about: os.about.handler(({ input }) => store.findings.about(input.object, now())),
    lens: os.lens.handler(({ input }) => reportLens(store, input.lens, now())),
    accept: os.accept.handler(async ({ input }) => announced(await accept(input))),
    unaccept: os.unaccept.handler(async ({ input }) => announced(await unaccept(input.ids))),
    optionalRules: os.optionalRules.handler(() => store.rules.list()),
    turnRule: os.turnRule.handler(async ({ input }) => announced(await turn(input.rule, input.isOn))),
  };

  function find(id: string): Finding {
    const finding = store.findings.find(id, now());
    if (!finding)
      throw new Refusal("not-found", `there is no finding ${id}; what it said may have been put right`);
    return finding;
  }

  function turn(rule: OptionalRule, isOn: boolean): Promise<{ hasChanged: boolean }> {
    return store.queueWrite(() => {
      const at = toInstant(now());
      const hasChanged = store.rules.turn(rule, isOn, at);
      if (hasChanged)
        store.events.append({ at, kind: isOn ? "rule-turned-on" : "rule-turned-off", detail: { rule } });
      return { hasChanged };
    });
  }

  function announced<Result>(result: Result): Result {
    announce({ kind: "findings-changed" });
    return result;
  }
}

function reportLens(store: Store, lens: Lens, now: Date): LensReport {
  const { findings: found, isEmpty, certificates, endpoints } = store.today.figures(now);
  const hosts = readHosts(store);
  const read = { hosts, endpoints: { ...endpoints, unasked: store.today.countUnasked() } };
  const hasFound = (rule: RuleId) => found.some((one) => one.rule === rule);
  const gapOf = ruleGaps(store, { isEmpty, hasFound, hasCertificates: certificates.total > 0, ...read });
  const items = LENS_ITEMS[lens].map((item) => {
    const rules = rulesOf(item);
    return {
      item,
      rules: rules.map((rule) => {
        const gap = gapOf(rule);
        return {
          rule,
          gap,
          hostGap: gap === null ? findHostGap(rule, hosts) : null,
          endpointGap: gap === null ? findEndpointGap(rule, read.endpoints) : null,
        };
      }),
      found: found.filter(({ rule }) => rules.includes(rule)),
    };
  });
  const isOther = (rule: RuleId) => !itemsOf(rule).some((item) => LENS_ITEMS[lens].includes(item));
  return { lens, items, otherRules: RuleId.options.filter(isOther) };
}

const SINCE_BASELINE: ReadonlySet<RuleId> = new Set(["grant-since-baseline", "account-since-baseline"]);

/** `withLongLogs`: whose logs reach back as far as it takes to call an account unused, when they were read. */
type ReadHosts = ReturnType<Store["hosts"]["countRead"]> & { withLongLogs: number };

function readHosts(store: Store): ReadHosts {
  const ofHosts = Map.groupBy(store.hosts.logWindows(), ({ id }) => id);
  const long = [...ofHosts.values()].filter((windows) => {
    const [{ lastRead, ahead } = { lastRead: "", ahead: 0 }] = windows;
    const { reach } = findSurestReach(windows, Date.parse(lastRead) / 1_000 + ahead);
    return reach !== null && reach.days >= UNUSED_AFTER_DAYS;
  });
  return { ...store.hosts.countRead(), withLongLogs: long.length };
}

/** `presented`: those with a handshake; of them `unasked` were not asked what they take. */
type ReadEndpoints = { total: number; presented: number; unasked: number };

type ReadThings = {
  isEmpty: boolean;
  hasFound: (rule: RuleId) => boolean;
  hosts: ReadHosts;
  endpoints: ReadEndpoints;
  hasCertificates: boolean;
};

/** What keeps a rule from finding anything, or all that it may find; null where nothing does. */
function ruleGaps(store: Store, read: ReadThings): (rule: RuleId) => RuleGap | null {
  const { isEmpty, hasFound, hosts, endpoints, hasCertificates } = read;
  const isWhole = evaluatesAbsence(store.people.inventory());
  const hasBaseline = store.changes.baseline() !== null;
  const hasEnvironments = store.labels.environments().length > 1;
  const hasPeople = store.people.sources().length > 0;
  const off = new Set<RuleId>(
    store.rules.list().flatMap(({ rule, since }) => (since === null ? [rule] : [])),
  );
  return (rule) => {
    const source = sourceOf(rule);
    // Issuers and tags are labelled without a scan.
    if (isEmpty && !hasFound(rule)) return "nothing-scanned";
    if (source === "labels" && hasFound(rule)) return null;
    if (source === "people") return hasPeople ? null : "no-people-source";
    if (source === null) return hasCertificates || endpoints.presented > 0 ? null : "no-certificate-read";
    if (source === "endpoint" || source === "capabilities") return endpointRuleGap(source, endpoints);
    if (hosts.read === 0) return "no-host-read";
    if (off.has(rule)) return "turned-off";
    if (source === "logs" && hosts.withLogs === 0) return "no-logs";
    if (rule === "account-unused" && hosts.withLongLogs === 0) return "short-logs";
    if (SINCE_BASELINE.has(rule) && !hasBaseline) return "no-baseline";
    if (rule === "key-across-environments" && !hasEnvironments) return "no-environments";
    return rule === "grant-orphaned" && !isWhole ? "inventory-incomplete" : null;
  };
}

function endpointRuleGap(
  source: "endpoint" | "capabilities",
  { presented, unasked }: ReadEndpoints,
): RuleGap | null {
  if (presented === 0) return "no-endpoint-read";
  return source === "capabilities" && unasked === presented ? "no-capabilities" : null;
}

/** On which of the endpoints a rule may miss something; null where on none, and where none is needed. */
function findEndpointGap(rule: RuleId, { total, presented, unasked }: ReadEndpoints): EndpointGap | null {
  const source = sourceOf(rule);
  if (source === "capabilities" && presented - unasked < total)
    return { why: "no-capabilities", endpoints: total - presented + unasked, of: total };
  if ((source === null || source === "endpoint") && presented < total)
    return { why: "not-read", endpoints: total - presented, of: total };
  return null;
}

/** On which of the hosts a rule may miss something; null where on none, and where no host is needed. */
function findHostGap(rule: RuleId, { total, whole, withLogs, withLongLogs }: ReadHosts): HostGap | null {
  const source = sourceOf(rule);
  if (source === null || source === "endpoint" || source === "capabilities") return null;
  if (source === "logs" && withLogs < total) return { why: "no-logs", hosts: total - withLogs, of: total };
  if (rule === "account-unused" && withLongLogs < total)
    return { why: "short-logs", hosts: total - withLongLogs, of: total };
  return whole < total ? { why: "not-whole", hosts: total - whole, of: total } : null;
}

type AcceptanceRequest = { ids: readonly string[]; reason: string; until: string };

/** Accepts all findings of a request or none; the audit log names each finding. */
function createAcceptances({ store, now }: { store: Store; now: () => Date }) {
  return {
    accept({ ids, reason, until }: AcceptanceRequest): Promise<{ accepted: number }> {
      return store.queueWrite(() => {
        const acceptedAt = toInstant(now());
        if (until <= acceptedAt)
          throw new Refusal("invalid-input", `${until} is over already; name a day after today`);
        const found = [...new Set(ids)].map(find);
        for (const { rule, object } of found)
          store.acceptances.accept(rule, object, { reason, until, acceptedAt });
        const detail = { reason, until, findings: found.map(({ id }) => id) };
        store.events.append({ at: acceptedAt, kind: "findings-accepted", detail });
        return { accepted: found.length };
      });
    },

    unaccept(ids: readonly string[]): Promise<{ withdrawn: number }> {
      return store.queueWrite(() => {
        const at = toInstant(now());
        const withdrawn = [...new Set(ids)]
          .map(find)
          .filter(({ rule, object }) => store.acceptances.withdraw(rule, object, at));
        const detail = { findings: withdrawn.map(({ id }) => id) };
        if (withdrawn.length > 0) store.events.append({ at, kind: "findings-unaccepted", detail });
        return { withdrawn: withdrawn.length };
      });
    },
  };

  /** Only a finding that still stands can be accepted. */
  function find(id: string): Finding {
    const finding = store.findings.find(id, now());
    if (finding) return finding;
    throw new Refusal("not-found", `there is no finding ${id}; list the findings again`);
  }
}
