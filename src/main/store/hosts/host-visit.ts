import type { Database } from "better-sqlite3";
import { placeOf } from "#store/access/grant-writer.ts";
import type { CertificateMemory } from "#store/certificates/certificate-memory.ts";
import type { About, FindingWriter } from "#store/findings/finding-writer.ts";
import { hostReadingTable } from "#store/runbooks/host-reading-table.ts";
import type { probeTable } from "#store/scans/probe-table.ts";
import type { Look } from "#store/spans.ts";
import type { CollectedHost, HostProbe } from "#store/visit.ts";
import type { HostNames } from "./host-name-table.ts";
import { hostReader, type Seen } from "./host-reader.ts";
import { createPathsBelow } from "./paths-below.ts";

type Deps = {
  certificates: CertificateMemory;
  findings: FindingWriter;
  names: HostNames;
  probes: ReturnType<typeof probeTable>;
};

const EVERYTHING = { has: () => true };

/** What a visit sees that could not read: all that is known stays out of its sight. */
const NOTHING: Seen = {
  grants: new Map(),
  keyFiles: new Map(),
  outOfSight: { grant: EVERYTHING, "key-file": EVERYTHING, certificate: EVERYTHING },
};

const PROBE = `
  INSERT INTO host (host, port, name, user, state, outcome, message, last_scan, last_seen, key_type, key_fingerprint,
    key_blob, is_key_refused, key_seen)
  VALUES (@host, @port, @name, @user, @state, @outcome, @message, @scanId, @at, @keyType, @fingerprint, @blob,
    @isKeyRefused, CASE WHEN @keyType IS NOT NULL THEN @at END)
  ON CONFLICT (host, port) DO UPDATE
  SET user = @user, last_scan = @scanId,
      state = iif(@isCarried AND last_seen > @at, state, @state),
      outcome = iif(@isCarried AND last_seen > @at, outcome, @outcome),
      message = iif(@isCarried AND last_seen > @at, message, @message),
      last_seen = iif(@isCarried AND last_seen > @at, last_seen, @at),
      key_type = ifnull(@keyType, key_type), key_fingerprint = ifnull(@fingerprint, key_fingerprint),
      key_blob = ifnull(@blob, key_blob),
      is_key_refused = CASE WHEN @keyType IS NULL THEN is_key_refused ELSE @isKeyRefused END,
      key_seen = CASE WHEN @keyType IS NULL THEN key_seen ELSE @at END
  RETURNING id`;

const REFUSE_JUMP_HOST = `
  INSERT INTO jump_host_key (host, port, outcome, key_type, fingerprint, blob, last_seen)
  VALUES (@host, @port, @outcome, @keyType, @fingerprint, @blob, @at)
  ON CONFLICT DO UPDATE
  SET outcome = @outcome, key_type = @keyType, fingerprint = @fingerprint, blob = @blob, last_seen = @at`;

/** Remembers visits to hosts. */
export function hostVisits(db: Database, { certificates, findings, names, probes }: Deps) {
  const reader = hostReader(db, certificates);
  const readings = hostReadingTable(db);
  const visit = db.prepare<object, number>(PROBE).pluck();
  const refuseJumpHost = db.prepare(REFUSE_JUMP_HOST);

  return {
    /** A visit that could not read changes nothing that is known but what the last visit met. */
    visit(whole: HostProbe): void {
      const {
        target,
        jumpHost,
        isKeyRefused,
        collected,
        findings: drafts,
        isCarried = false,
        ...visited
      } = whole;
      const { hostKey: shownKey, login, ...probe } = visited;
      probes.record({ ...probe, target, jumpHost, hostKey: isKeyRefused ? shownKey : null, isCarried });
      if (jumpHost && shownKey && isKeyRefused)
        refuseJumpHost.run({ ...probe, ...jumpHost, ...toKey(shownKey) });
      const hostKey = jumpHost ? null : shownKey;
      const name = names.idOf(target.host);
      const key = { ...toKey(hostKey), isKeyRefused: Number(isKeyRefused && hostKey !== null) };
      const id = visit.get({ ...probe, ...target, ...key, name, isCarried: Number(isCarried) }) ?? 0;
      const look = { scanId: probe.scanId, ...sightOf(collected) };
      const seen: Seen = collected
        ? reader.read({ id, name, ...target }, { collected, look, at: probe.at })
        : NOTHING;
      const { scanId, at } = probe;
      if (collected) readings.put({ host: id, scanId, at, hostKey, collected, ...(login && { login }) });
      findings.replace(
        { name, host: id, at: probe.at },
        drafts,
        mayClear(seen, {
          isWhole: look.isWhole,
          hasKey: !isCarried && (collected !== null || hostKey !== null),
        }),
        (about) => {
          if (about.kind === "host") return id;
          if (about.kind === "grant") return seen.grants.get(placeOf(about)) ?? null;
          return about.kind === "key-file" ? (seen.keyFiles.get(about.path) ?? null) : null;
        },
      );
    },
  };
}

const toKey = (hostKey: HostProbe["hostKey"]) => ({
  keyType: hostKey?.keyType ?? null,
  fingerprint: hostKey?.fingerprint ?? null,
  blob: hostKey && Buffer.from(hostKey.blob),
});

function sightOf(collected: CollectedHost | null): Omit<Look, "scanId"> {
  if (!collected || collected.isPartial) return { isWhole: false, couldSee: () => false };
  const isUnreadable = createPathsBelow(collected.unreadPaths);
  return { isWhole: true, couldSee: (path) => !isUnreadable(path) };
}

/**
 * A finding is cleared unless its thing is still there, out of sight. One about the host itself was made from all that
 * was read of it; but a changed key is over once the host showed the right one.
 */
function mayClear(
  { outOfSight }: Seen,
  { isWhole, hasKey }: { isWhole: boolean; hasKey: boolean },
): (about: About & { rule: string }) => boolean {
  return ({ rule, kind, id }) => {
    if (kind === "endpoint") return false;
    if (kind !== "host") return !outOfSight[kind].has(id);
    return rule === "host-key-changed" ? hasKey : isWhole;
  };
}
