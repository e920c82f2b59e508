import { implement } from "@orpc/server";
import { forecastRenewals, lineUpExpiries } from "#domain/forecast.ts";
import { countCoveredDays } from "#domain/use/observe-logins.ts";
import { readTimestamps } from "#domain/x509/timestamps.ts";
import { accounts } from "#shared/contract/access/accounts.ts";
import { access } from "#shared/contract/access/grants.ts";
import { logins } from "#shared/contract/access/logins.ts";
import { endpoints, served } from "#shared/contract/certificates.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { forecast } from "#shared/contract/forecast.ts";
import { auditLog } from "#shared/contract/settings.ts";
import type { GrantDetail } from "#shared/model/access/grant.ts";
import { BASELINE_DAYS, type LoginObservationDetail } from "#shared/model/access/login.ts";
import type { Endpoint } from "#shared/model/hosts/endpoint.ts";
import type { LogWindow } from "#shared/model/hosts/host-use.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatObservedName } from "#shared/text/access/login.ts";
import { formatAccount, formatTarget } from "#shared/text/hosts/target.ts";
import type { StoredEndpoint } from "#store/hosts/endpoint-table.ts";
import type { Store } from "#store/store.ts";

export function createAccess({ store }: { store: Store }) {
  const os = implement(access);
  return {
    list: os.list.handler(({ input }) => store.access.list(input)),
    find: os.find.handler(({ input }) => find(input.id)),
  };

  function find(id: number): GrantDetail {
    const grant = store.access.find(id);
    if (!grant) throw new Refusal("not-found", `there is no grant ${id}`);
    return grant;
  }
}

export function createAccounts({ store }: { store: Pick<Store, "accounts"> }) {
  const os = implement(accounts);
  return {
    list: os.list.handler(({ input }) => store.accounts.list(input)),
    find: os.find.handler(({ input }) => {
      const id = "id" in input ? input.id : store.accounts.findId(input);
      const account = id === null ? null : store.accounts.find(id);
      if (account) return account;
      const what = "id" in input ? String(input.id) : formatAccount({ ...input, account: input.name });
      throw new Refusal("not-found", `there is no account ${what}`);
    }),
  };
}

type LoginDeps = {
  store: Pick<Store, "logins" | "queueWrite" | "events">;
  announce: (announcement: Announcement) => void;
  now: () => Date;
};

type AcceptanceRequest = { ids: readonly number[]; reason: string; until: string };

/** Who has logged in where, as far as logs reach, and which logins stand out. */
export function createLogins({ store, announce, now }: LoginDeps) {
  const os = implement(logins);
  const at = () => toInstant(now());
  return {
    list: os.list.handler(({ input }) => store.logins.list(input)),
    observed: os.observed.handler(({ input }) => store.logins.observed({ ...input, now: at() })),
    find: os.find.handler(({ input }) => read(input.id)),
    learning: os.learning.handler(({ input }) => {
      const { hosts, accounts, ...totals } = store.logins.learning(input.host);
      const counted = <Row extends { windows: LogWindow[] }>({ windows, ...row }: Row) => ({
        ...row,
        days: countCoveredDays(windows),
      });
      return { hosts: hosts.map(counted), accounts: accounts.map(counted), ...totals, of: BASELINE_DAYS };
    }),
    accept: os.accept.handler(async ({ input }) => announced(await accept(input))),
    unaccept: os.unaccept.handler(async ({ input }) => announced(await unaccept(input.ids))),
  };

  function find(id: number) {
    const found = store.logins.find(id, at());
    if (!found) throw new Refusal("not-found", `there is no login ${id} that stands out; list them again`);
    return found;
  }

  function read(id: number): LoginObservationDetail {
    const { hostId, ...observation } = find(id);
    const { facts, evidence } = observation;
    const isByItself = facts.rule === "login-after-failures";
    return {
      ...observation,
      baseline: isByItself ? null : store.logins.baselineOf(hostId, observation, evidence),
    };
  }

  function announced<Result>(result: Result): Result {
    announce({ kind: "logins-changed" });
    return result;
  }

  /** All of a request or none; the audit log names each. */
  function accept({ ids, reason, until }: AcceptanceRequest): Promise<{ accepted: number }> {
    return store.queueWrite(() => {
      const acceptedAt = at();
      if (until <= acceptedAt)
        throw new Refusal("invalid-input", `${until} is over already; name a day after today`);
      const found = [...new Set(ids)].map(find);
      for (const { id } of found) store.logins.accept(id, { reason, until, acceptedAt });
      const detail = { reason, until, logins: found.map(formatObservedName) };
      const hosts = [...new Set(found.map(({ host }) => host))];
      store.events.append({ at: acceptedAt, kind: "logins-accepted", detail, hosts });
      return { accepted: found.length };
    });
  }

  function unaccept(ids: readonly number[]): Promise<{ withdrawn: number }> {
    return store.queueWrite(() => {
      const withdrawnAt = at();
      const withdrawn = [...new Set(ids)]
        .map(find)
        .filter(({ id }) => store.logins.withdraw(id, withdrawnAt));
      const detail = { logins: withdrawn.map(formatObservedName) };
      const hosts = [...new Set(withdrawn.map(({ host }) => host))];
      if (withdrawn.length > 0)
        store.events.append({ at: withdrawnAt, kind: "logins-unaccepted", detail, hosts });
      return { withdrawn: withdrawn.length };
    });
  }
}

type EndpointDeps = { store: Pick<Store, "endpoints"> };

export function createEndpoints({ store }: EndpointDeps) {
  const os = implement(endpoints);
  return {
    find: os.find.handler(({ input }) => find({ kind: "tls", ...input })),
    ofScan: os.ofScan.handler(({ input }) => {
      const { rows, ...page } = store.endpoints.ofScan(input);
      return { rows: rows.map(toEndpoint), ...page };
    }),
  };

  function find(target: TlsTarget): Endpoint {
    const found = store.endpoints.find(target);
    if (found) return toEndpoint(found);
    throw new Refusal("not-found", `${formatTarget(target)} has not been scanned; scan it first`);
  }
}

const toEndpoint = ({ leaf, staple, timestamps, ...known }: StoredEndpoint): Endpoint => ({
  ...known,
  timestamps: readTimestamps({ leaf, staple, list: timestamps }),
});

/** What hosts serve by their configurations, compared with what they do serve. */
export function createServed({ store }: { store: Store }) {
  const os = implement(served);
  return { list: os.list.handler(({ input }) => store.bindings.list(input)) };
}

/** Which certificates expire or must be renewed in the weeks to come. */
export function createForecast({ store, now }: { store: Store; now: () => Date }) {
  const os = implement(forecast);
  const today = () => toInstant(now()).slice(0, 10);
  return {
    renewals: os.renewals.handler(({ input: { by, issuer, owner } }) =>
      forecastRenewals(store.expiry.due({ issuer, owner, today: today() }), { today: today(), by }),
    ),
    timeline: os.timeline.handler(({ input: { by, issuer, owner, weeks } }) =>
      lineUpExpiries(store.expiry.ends({ issuer, owner }), { today: today(), weekCount: weeks, by }),
    ),
  };
}

export function createAuditLog({ store }: { store: Store }) {
  const os = implement(auditLog);
  return {
    list: os.list.handler(({ input }) => store.events.list(input)),
    verify: os.verify.handler(() => ({
      eventCount: store.events.count(),
      brokenAt: store.events.findBreak(),
    })),
  };
}
