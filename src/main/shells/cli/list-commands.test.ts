import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createApp } from "#app";
import { AccountFilter } from "#shared/contract/access/accounts.ts";
import { AccessFilter } from "#shared/contract/access/grants.ts";
import { LoginFilter, ObservedFilter } from "#shared/contract/access/logins.ts";
import { CertificateFilter } from "#shared/contract/certificates.ts";
import { ChangeFilter } from "#shared/contract/changes.ts";
import { FindingFilter } from "#shared/contract/findings.ts";
import { HostKeyFilter } from "#shared/contract/hosts.ts";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { GraphLink } from "#shared/model/access/graph.ts";
import { nameNode } from "#shared/text/access/graph.ts";
import {
  accessCommands,
  accountCommands,
  certificateCommands,
  changeCommands,
  findingCommands,
  formatAccessCommand,
  formatAccountsCommand,
  formatAuditLogCommand,
  formatCertificatesCommand,
  formatChangesCommand,
  formatFindingsCommand,
  formatHostKeysCommand,
  formatHostsCommand,
  formatLinksCommand,
  formatLoginsCommand,
  formatMutualCommand,
  formatObservedCommand,
  formatPeopleCommand,
  formatReachCommand,
  formatRunsCommand,
  formatScansCommand,
  formatServedCommand,
  formatSharedCommand,
  hostCommands,
  hostKeyCommands,
  personCommands,
  runCommands,
  scanCommands,
  servedCommands,
  stepCommands,
} from "#shared/text/list-commands.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { makeHostileDatabase } from "#store/testing/hostile/fill.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const now = () => new Date("2026-06-01T00:00:00Z");
const PAGE = { after: null, limit: 1_000 };

type Listing = { rows: readonly unknown[]; total: unknown };

/** A command line, and what the screen with the same filter lists. */
type Case = { line: string | null; list: (client: LatchkeyClient) => Promise<Listing> };

const steps = { search: "", host: null, onlyCertain: false, onlyRoot: false };
const links = {
  search: "",
  host: null,
  onlyCertain: false,
  onlyRoot: false,
  by: null,
  person: null,
  standing: null,
};

const certificates = (filter: Partial<CertificateFilter>): Case => {
  const whole = CertificateFilter.parse(filter);
  return {
    line: formatCertificatesCommand(whole),
    list: ({ certificates: { list } }) => list({ ...whole, ...PAGE }),
  };
};
const grants = (filter: Partial<AccessFilter>): Case => {
  const whole = AccessFilter.parse(filter);
  return { line: formatAccessCommand(whole), list: ({ access: { list } }) => list({ ...whole, ...PAGE }) };
};
const accounts = (filter: Partial<AccountFilter>): Case => {
  const whole = AccountFilter.parse(filter);
  return {
    line: formatAccountsCommand(whole),
    list: ({ accounts: { list } }) => list({ ...whole, ...PAGE }),
  };
};
const logins = (filter: Partial<LoginFilter>): Case => {
  const whole = LoginFilter.parse(filter);
  return { line: formatLoginsCommand(whole), list: ({ logins: { list } }) => list({ ...whole, ...PAGE }) };
};
const observed = (filter: Partial<ObservedFilter>): Case => {
  const whole = ObservedFilter.parse(filter);
  return {
    line: formatObservedCommand(whole),
    list: ({ logins }) => logins.observed({ ...whole, ...PAGE }),
  };
};
const findings = (filter: Partial<FindingFilter>): Case => {
  const whole = FindingFilter.parse(filter);
  return {
    line: formatFindingsCommand(whole),
    list: ({ findings: { list } }) => list({ ...whole, ...PAGE }),
  };
};
const hostKeys = (filter: Partial<HostKeyFilter>): Case => {
  const whole = HostKeyFilter.parse(filter);
  return {
    line: formatHostKeysCommand(whole),
    list: ({ hostKeys: { list } }) => list({ ...whole, ...PAGE }),
  };
};
const changes = (filter: Partial<ChangeFilter>, between = { from: 0, to: 1, days: null }): Case => {
  const whole = { ...ChangeFilter.parse(filter), ...between };
  return { line: formatChangesCommand(whole), list: ({ changes: { list } }) => list({ ...whole, ...PAGE }) };
};

const CASES: Record<string, Case> = {
  "all certificates": certificates({}),
  "certificates by words": certificates({ search: "example -x 'quoted' $(id)" }),
  "certificates by dates, role and location": certificates({
    expiringWithinDays: 400,
    role: "leaf",
    location: "endpoint",
  }),
  "certificates by owner and tag": certificates({ owner: "Ann O'Hara", tag: "prod" }),
  "certificates by issuer and kind of key": certificates({ keyType: "EC", issuer: "a b'c" }),
  "certificates of nobody": certificates({ owner: "" }),
  "certificates of somebody": certificates({ owned: true }),
  "certificates of a key": certificates({ spki: "ab".repeat(32) }),
  "certificates that break a rule": certificates({ violation: 1 }),
  "all grants": grants({}),
  "grants by verdicts": grants({
    effective: "unknown",
    owner: "unknown",
    use: "unknown",
    privateKeyNotFound: true,
  }),
  "grants of a host and an account": grants({
    host: "-web 1",
    account: "root",
    orphaned: true,
    unapproved: true,
  }),
  "grants by the kind of key": grants({ keyType: "ssh-ed25519" }),
  "grants of a key": grants({ fingerprint: "SHA256:ab/+=" }),
  "all accounts": accounts({}),
  "accounts by kind and standing": accounts({ kind: "unknown", root: "no" }),
  "accounts of nobody": accounts({ owner: "" }),
  "accounts that nobody approved": accounts({ unapproved: true }),
  "accounts of somebody": accounts({ owner: "Ann O'Hara" }),
  "accounts of a host, by words": accounts({ host: "-web 1", search: "home 'x'" }),
  "all logins": logins({}),
  "logins of a host, by method and days": logins({
    host: "-web 1",
    method: "publickey",
    since: "2026-01-01",
    until: "2026-12-31",
  }),
  "logins of an account, from somewhere, by words": logins({
    account: "O'Hara",
    from: "::1",
    search: "home 'x'",
  }),
  "logins that stand out": observed({}),
  "logins that stand out by a rule, and were accepted": observed({
    rule: "login-new-source",
    accepted: true,
    search: "web",
  }),
  "all findings": findings({}),
  "findings by all filters": findings({
    severity: "high",
    rule: "certificate-expired",
    host: "web1",
    accepted: true,
  }),
  "findings by a severity": findings({ severity: "medium" }),
  "findings of an item of a standard": findings({ item: "NHI9", search: "key" }),
  "host keys by state": hostKeys({ state: "new", search: "web" }),
  "host keys on several hosts": hostKeys({ shared: true, weak: true }),
  "host keys of a host": hostKeys({ host: "web1" }),
  hosts: {
    line: formatHostsCommand({ search: "", state: "ok" }),
    list: ({ hosts: { list } }) => list({ state: "ok", ...PAGE }),
  },
  people: {
    line: formatPeopleCommand({ search: "", standing: "known" }),
    list: ({ people: { list } }) => list({ standing: "known", ...PAGE }),
  },
  served: {
    line: formatServedCommand({ search: "", host: null, state: "unknown" }),
    list: ({ served: { list } }) => list({ state: "unknown", ...PAGE }),
  },
  runs: {
    line: formatRunsCommand({ search: "", state: "committed", kind: "rotate-key" }),
    list: ({ runs: { list } }) => list({ state: "committed", kind: "rotate-key", ...PAGE }),
  },
  scans: {
    line: formatScansCommand({ search: "", state: null, withPlans: true }),
    list: ({ scans: { list } }) => list({ withPlans: true }),
  },
  "changes by all filters": changes({ host: "web1", kind: "grant", what: "appeared", search: "ssh" }),
  "all changes": changes({}),
  events: {
    line: formatAuditLogCommand({ search: "scan" }),
    list: ({ auditLog: { list } }) => list({ search: "scan" }),
  },
  steps: {
    line: formatLinksCommand(links),
    list: ({ graph: { links: list } }) => list({ ...links, ...PAGE }),
  },
  "steps of people who have left": {
    line: formatLinksCommand({
      ...links,
      by: "person",
      person: "ann",
      standing: "gone",
      onlyCertain: true,
      onlyRoot: true,
    }),
    list: ({ graph: { links: list } }) =>
      list({
        ...links,
        by: "person",
        person: "ann",
        standing: "gone",
        onlyCertain: true,
        onlyRoot: true,
        ...PAGE,
      }),
  },
  "steps from a start": {
    line: formatReachCommand({ ...steps, start: "this computer", direction: "from" }),
    list: ({ graph: { reach } }) => reach({ ...steps, start: "this computer", ...PAGE }),
  },
  "steps to a start, with words": {
    line: formatReachCommand({ ...steps, start: "this computer", direction: "to", search: "web" }),
    list: ({ graph: { reach } }) =>
      reach({ ...steps, start: "this computer", direction: "to", search: "web" }),
  },
  "pairs of hosts": {
    line: formatMutualCommand({ search: "", host: null, onlyCertain: true }),
    list: ({ graph: { mutual } }) => mutual({ onlyCertain: true, ...PAGE }),
  },
  "shared keys": {
    line: formatSharedCommand({ search: "", kind: "hosts" }),
    list: ({ graph: { shared } }) => shared({ kind: "hosts", ...PAGE }),
  },
};

const rest = new AsyncDisposableStack();
let path = "";
beforeAll(async () => {
  path = join(rest.use(await makeTemporaryFolder()).path, "latchkey.db");
  makeHostileDatabase(path);
});
afterAll(() => rest.disposeAsync());

test.each(Object.entries(CASES))(
  "the command line of %s lists what the screen lists",
  async (_, { line, list }) => {
    const { code, json } = await typeLine(line);
    expect(code).toBe(0);
    await using app = createApp({ databasePath: path, access: "read", now });
    const { rows, total } = await list(app.client);
    if ("keys" in json) expect(json.keys).toHaveLength(rows.length);
    else expect(json.total).toEqual(total);
  },
);

/** The command line of the first row of each list, and what of its JSON has to be that row. */
const ROWS: Record<string, (client: LatchkeyClient) => Promise<{ line: string | null; shown: object }>> = {
  certificates: async ({ certificates: { list } }) => {
    const row = first(await list({}));
    return {
      line: certificateCommands(CertificateFilter.parse({})).ofRow(row),
      shown: { certificates: [{ sha256: row.sha256 }] },
    };
  },
  grants: async ({ access: { list } }) => {
    const row = plainest((await list(PAGE)).rows, ({ host, account }) => `${host}${account}`);
    const { host, account, fingerprint } = row;
    const shown = {
      grants: expect.arrayContaining([expect.objectContaining({ host, account, fingerprint })]),
    };
    return { line: accessCommands(AccessFilter.parse({})).ofRow(row), shown };
  },
  accounts: async ({ accounts: { list } }) => {
    const row = plainest((await list(PAGE)).rows, ({ host, name }) => `${host}${name}`);
    const { host, name } = row;
    const shown = { accounts: expect.arrayContaining([expect.objectContaining({ host, name })]) };
    return { line: accountCommands(AccountFilter.parse({})).ofRow(row), shown };
  },
  findings: async ({ findings: { list } }) => {
    const row = plainest((await list(PAGE)).rows, ({ host, label }) => `${host}${label}`);
    const shown = { findings: expect.arrayContaining([expect.objectContaining({ id: row.id })]) };
    return { line: findingCommands(FindingFilter.parse({})).ofRow(row), shown };
  },
  hosts: async ({ hosts: { list } }) => {
    const row = plainest((await list(PAGE)).rows, ({ host }) => host);
    const shown = { hosts: expect.arrayContaining([expect.objectContaining({ host: row.host })]) };
    return { line: hostCommands({ search: "", state: null }).ofRow(row), shown };
  },
  "host keys": async ({ hostKeys: { list } }) => {
    const row = plainest((await list(PAGE)).rows, ({ name }) => name);
    const shown = { hostKeys: expect.arrayContaining([expect.objectContaining({ name: row.name })]) };
    return { line: hostKeyCommands(HostKeyFilter.parse({})).ofRow(row), shown };
  },
  people: async ({ people: { list } }) => {
    const row = plainest((await list(PAGE)).rows, ({ name, logins }) => logins[0] ?? name);
    const shown = { people: expect.arrayContaining([expect.objectContaining({ name: row.name })]) };
    return { line: personCommands({ search: "", standing: null }).ofRow(row), shown };
  },
  served: async ({ served: { list } }) => {
    const row = plainest((await list(PAGE)).rows, ({ host, certificate }) => `${host}${certificate?.path}`);
    const shown = {
      served: expect.arrayContaining([expect.objectContaining({ host: row.host, state: row.state })]),
    };
    return { line: servedCommands({ search: "", state: null, host: null }).ofRow(row), shown };
  },
  runs: async ({ runs: { list } }) => {
    const row = first(await list({}));
    return {
      line: runCommands({ search: "", state: null, kind: null }).ofRow(row),
      shown: { run: { id: row.id } },
    };
  },
  scans: async ({ scans: { list } }) => {
    const row = first(await list({}));
    return {
      line: scanCommands({ search: "", state: null, withPlans: false }).ofRow(row),
      shown: { id: row.id },
    };
  },
  changes: async ({ changes: { list } }) => {
    const between = { from: 0, to: 1, days: null };
    const row = plainest((await list({ ...between, ...PAGE })).rows, ({ host, title }) => `${host}${title}`);
    const shown = {
      changes: expect.arrayContaining([expect.objectContaining({ host: row.host, title: row.title })]),
    };
    return { line: changeCommands({ ...ChangeFilter.parse({}), ...between }).ofRow(row), shown };
  },
  steps: async ({ graph: { links: list } }) => {
    const names = ({ from, to }: GraphLink) => `${nameNode(from)}${nameNode(to)}`;
    const row = plainest((await list({ ...links, ...PAGE })).rows, names);
    const { fingerprint, where } = row;
    const shown = { links: expect.arrayContaining([expect.objectContaining({ fingerprint, where })]) };
    return { line: stepCommands(null).ofRow(row), shown };
  },
};

test.each(Object.entries(ROWS))("the command line of one of %s shows that row", async (_, find) => {
  await using app = createApp({ databasePath: path, access: "read", now });
  const { line, shown } = await find(app.client);
  const { code, json } = await typeLine(line);
  expect(code).toBe(0);
  expect(json).toMatchObject(shown);
});

const first = <Row>({ rows: [row] }: { rows: readonly Row[] }): Row => {
  if (row === undefined) throw new Error("the database has no such row");
  return row;
};

/** A row that a line can be pasted for: most names of this database are hostile. */
const plainest = <Row>(rows: readonly Row[], name: (row: Row) => string): Row =>
  first({ rows: rows.filter((row) => printable(name(row)) === name(row)) });

test("a filter that a terminal would act on has no command line", () => {
  expect(formatHostsCommand({ search: "web\u001b[2J", state: null })).toBeNull();
});

/** As a shell reads it. */
async function typeLine(line: string | null): Promise<{ code: number; json: Record<string, unknown> }> {
  const words = execFileSync("/bin/sh", ["-c", `printf '%s\\0' ${line}`], { encoding: "utf8" })
    .split("\0")
    .slice(0, -1);
  expect(words[0]).toBe("latchkey");
  const type = openTerminal(path, { now });
  const { code, out, err } = await type("--json", ...words.slice(1));
  expect(err).toBe("");
  return { code, json: JSON.parse(out) as Record<string, unknown> };
}
