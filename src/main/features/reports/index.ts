import { implement } from "@orpc/server";
import { forecastRenewals, lineUpExpiries } from "#domain/forecast.ts";
import { readTimestamps } from "#domain/x509/timestamps.ts";
import { access } from "#shared/contract/access.ts";
import { accounts } from "#shared/contract/accounts.ts";
import { endpoints, served } from "#shared/contract/certificates.ts";
import { forecast } from "#shared/contract/forecast.ts";
import { auditLog } from "#shared/contract/settings.ts";
import type { GrantDetail } from "#shared/model/access/grant.ts";
import type { Endpoint } from "#shared/model/hosts/endpoint.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatTarget } from "#shared/text/hosts/target.ts";
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
      const account = store.accounts.find(input.id);
      if (!account) throw new Refusal("not-found", `there is no account ${input.id}`);
      return account;
    }),
  };
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
