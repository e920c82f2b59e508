import type { Database } from "better-sqlite3";
import type { CertificateMemory } from "#store/certificates/certificate-memory.ts";
import { placeTable } from "#store/certificates/place-table.ts";
import type { FindingWriter } from "#store/findings/finding-writer.ts";
import type { probeTable } from "#store/scans/probe-table.ts";
import type { EndpointVisit } from "#store/visit.ts";
import type { HostNames } from "./host-name-table.ts";

type Deps = {
  certificates: CertificateMemory;
  findings: FindingWriter;
  names: HostNames;
  probes: ReturnType<typeof probeTable>;
};

/** The places where TLS is spoken. */
export function endpointTable(db: Database, { certificates, findings, names, probes }: Deps) {
  const places = placeTable(db);
  const visit = db
    .prepare<object, number>(`
      INSERT INTO endpoint (host, port, server_name, name, state, outcome, message, last_scan, last_seen, facts)
      VALUES (@host, @port, @serverName, @name, @state, @outcome, @message, @scanId, @at, ifnull(@facts, '{}'))
      ON CONFLICT (host, port, server_name) DO UPDATE
      SET state = @state, outcome = @outcome, message = @message, last_scan = @scanId, last_seen = @at,
          facts = ifnull(@facts, facts)
      RETURNING id`)
    .pluck();

  return {
    /** Remembers a visit. Unless the endpoint showed a chain, what is known of it stays as it was. */
    visit({ target, presented, ...probe }: EndpointVisit): void {
      probes.record({ ...probe, target, hostKey: null, jumpHost: null });
      const name = names.idOf(target.host);
      const facts = presented && JSON.stringify(presented.facts);
      const serverName = target.serverName ?? "";
      const endpoint = visit.get({ ...probe, host: target.host, port: target.port, serverName, name, facts });
      if (!presented || endpoint === undefined) return;
      const seen = presented.chain.flatMap((one, position) =>
        one ? { certificate: certificates.remember(one, probe.at), path: null, position } : [],
      );
      places.follow({ name, endpoint }, seen, { scanId: probe.scanId, isWhole: true, couldSee: () => true });
      findings.replace({ name, endpoint, at: probe.at }, presented.findings, () => true);
    },
  };
}
