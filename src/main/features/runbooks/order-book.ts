import { writePem } from "#codec/pem.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { Sha256 } from "#shared/model/certificate.ts";
import type { RunId, RunOrder } from "#shared/model/run.ts";
import type { RunCertificate } from "#store/runbooks/run-certificate-table.ts";
import type { Store } from "#store/store.ts";
import type { OrderBook } from "./carry-out/renewal-type.ts";

type OrderBookDeps = { store: Store; announce: (announcement: Announcement) => void };

/** What a run has asked issuers for. It is read from the database each time: others may bring certificates meanwhile. */
export function openOrderBook({ store, announce }: OrderBookDeps, run: RunId): OrderBook {
  const { certificates } = store.runbooks;
  const get: OrderBook["get"] = ({ host, port, change }) => {
    const found = certificates
      .all(run)
      .find((one) => one.host === host && one.port === port && one.change === change);
    if (!found) throw new Error(`run ${run} has no certificate ${change} of ${host}`);
    return found;
  };
  return {
    all: () => certificates.all(run),
    get,
    async set(key, more) {
      await store.inTurn(() => certificates.set(run, { ...get(key), ...more }));
      announce({ kind: "run-changed", runId: run });
    },
  };
}

/** As it is shown. */
export const toOrder = ({
  host,
  port,
  change,
  names,
  state,
  message,
  csr,
  sha256,
}: RunCertificate): RunOrder => ({
  host,
  port,
  change,
  names,
  state,
  message,
  csr: csr && writePem("CERTIFICATE REQUEST", csr),
  sha256: sha256 === null ? null : Sha256.parse(sha256),
});
