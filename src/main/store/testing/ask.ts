import type { Listed } from "#store/lists/lists.ts";
import type { Store } from "#store/store.ts";
import { START } from "./make-visit.ts";

type Certificates = Parameters<Store["certificates"]["list"]>[0];
type Grants = Parameters<Store["access"]["list"]>[0];
type Scans = Parameters<Store["scans"]["list"]>[0];
type Findings = Parameters<Store["findings"]["list"]>[0];

const PAGE = { after: null, limit: 100, search: "", host: null };

/** Lists as the contract requests them, with its defaults. */
export const listCertificates = (store: Store, asked: Partial<Certificates> = {}) =>
  store.certificates.list({
    ...PAGE,
    expiringWithinDays: null,
    role: null,
    location: null,
    spki: null,
    violation: null,
    owner: null,
    owned: false,
    tag: null,
    keyType: null,
    issuer: null,
    sort: { by: "notAfter", descending: false },
    locationLimit: 3,
    now: new Date(START),
    ...asked,
  });

export const listGrants = (store: Store, asked: Partial<Grants> = {}) =>
  store.access.list({
    ...PAGE,
    account: null,
    fingerprint: null,
    keyType: null,
    effective: null,
    owner: null,
    use: null,
    orphaned: false,
    undecided: false,
    privateKeyNotFound: false,
    unapproved: false,
    sort: { by: "host", descending: false },
    ...asked,
  });

export const listAccounts = (store: Store, asked: Partial<Parameters<Store["accounts"]["list"]>[0]> = {}) =>
  store.accounts.list({
    ...PAGE,
    kind: null,
    root: null,
    owner: null,
    environment: null,
    lacksPurpose: false,
    unapproved: false,
    sort: { by: "host", descending: false },
    ...asked,
  });

type Logins = Parameters<Store["logins"]["list"]>[0];
type ObservedLogins = Parameters<Store["logins"]["observed"]>[0];

export const listLogins = (store: Store, asked: Partial<Logins> = {}) =>
  store.logins.list({
    ...PAGE,
    account: null,
    from: null,
    method: null,
    since: null,
    until: null,
    sort: { by: "day", descending: true },
    ...asked,
  });

export const listObservedLogins = (store: Store, asked: Partial<ObservedLogins> = {}) =>
  store.logins.observed({
    ...PAGE,
    account: null,
    from: null,
    rule: null,
    accepted: false,
    sort: { by: "severity", descending: true },
    now: START,
    ...asked,
  });

export const listScans = (store: Store, asked: Partial<Scans> = {}) =>
  store.scans.list({
    after: null,
    limit: 100,
    search: "",
    state: null,
    withPlans: false,
    sort: { by: "startedAt", descending: true },
    ...asked,
  });

export const listFindings = (store: Store, asked: Partial<Findings> = {}) =>
  store.findings.list({
    ...PAGE,
    severity: null,
    rule: null,
    item: null,
    accepted: false,
    sort: { by: "severity", descending: false },
    now: new Date(START),
    ...asked,
  });

export const listHosts = (store: Store, asked: Partial<Parameters<Store["hosts"]["list"]>[0]> = {}) =>
  store.hosts.list({
    after: null,
    limit: 100,
    search: "",
    state: null,
    sort: { by: "host", descending: false },
    ...asked,
  });

export const listLinks = (store: Store, asked: Partial<Parameters<Store["graph"]["links"]>[0]> = {}) =>
  store.graph.links({
    ...PAGE,
    by: null,
    person: null,
    standing: null,
    onlyCertain: false,
    onlyRoot: false,
    ...asked,
  });

export const listChanges = (store: Store, asked: Partial<Parameters<Store["changes"]["list"]>[0]> = {}) =>
  store.changes.list({ ...PAGE, from: 1, to: 2, kind: null, what: null, ...asked });

/** All rows of a list, read by pages of this size. */
export function readAll<Row>(
  list: (page: { after: string | null; limit: number }) => Listed<Row>,
  limit: number,
): Row[] {
  const rows: Row[] = [];
  let after: string | null = null;
  do {
    const page = list({ after, limit });
    rows.push(...page.rows);
    after = page.next;
  } while (after !== null);
  return rows;
}
