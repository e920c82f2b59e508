import { implement } from "@orpc/server";
import { readTimestamps } from "#domain/x509/timestamps.ts";
import { endpoints } from "#shared/contract/endpoints.ts";
import type { Endpoint } from "#shared/model/endpoint.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { TlsTarget } from "#shared/model/target.ts";
import { formatTarget } from "#shared/text/target.ts";
import type { StoredEndpoint } from "#store/hosts/endpoint-table.ts";
import type { Store } from "#store/store.ts";

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
    throw new Refusal("not-found", `${formatTarget(target)} has not been visited; scan it first`);
  }
}

const toEndpoint = ({ leaf, staple, timestamps, ...known }: StoredEndpoint): Endpoint => ({
  ...known,
  timestamps: readTimestamps({ leaf, staple, list: timestamps }),
});
