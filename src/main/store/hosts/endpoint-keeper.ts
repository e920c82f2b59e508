import type { Database } from "better-sqlite3";

/** An endpoint as a visit leaves it. Null in what was shown: what is known stays; `facts` null: nothing was shown at all. */
export type EndpointSeen = {
  host: string;
  port: number;
  serverName: string;
  protocol: string;
  name: number;
  state: string;
  outcome: string;
  message: string;
  scanId: number;
  at: string;
  facts: string | null;
  staple: Uint8Array | null;
  timestamps: Uint8Array | null;
  authorities: string | null;
  offers: string | null;
};

type Known = Pick<EndpointSeen, "state" | "outcome" | "message" | "staple" | "timestamps" | "authorities"> & {
  id: number;
  facts: string;
};

/**
 * Keeps the row of each endpoint, and gives its id. One that is as it was is but seen again: the whole row costs four times
 * as much to write, and its facts are looked at anew then. Values go by place, which costs half of what names do.
 */
export function endpointKeeper(db: Database): (seen: EndpointSeen) => number {
  const find = db.prepare<[string, number, string, string], Known>(`
    SELECT id, state, outcome, message, facts, staple, timestamps, authorities FROM endpoint
    WHERE host = ? AND port = ? AND server_name = ? AND protocol = ?`);
  const begin = db.prepare(`
    INSERT INTO endpoint (host, port, server_name, protocol, name, state, outcome, message, last_scan, last_seen,
      key_exchange_since, facts, staple, timestamps, authorities, offers)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const change = db.prepare(`
    UPDATE endpoint
    SET state = ?, outcome = ?, message = ?, last_scan = ?, last_seen = ?, facts = ?, staple = ?, timestamps = ?,
        authorities = ?, offers = ifnull(?, offers)
    WHERE id = ?`);
  const seeAgain = db.prepare("UPDATE endpoint SET last_scan = ?, last_seen = ? WHERE id = ?");

  return (seen) => {
    const { host, port, serverName, protocol, state, outcome, message, scanId, at, offers } = seen;
    const known = find.get(host, port, serverName, protocol);
    const { facts, staple, timestamps, authorities } = seen.facts === null && known ? known : seen;
    const beside = [staple, timestamps, authorities, offers];
    if (!known) {
      const where = [host, port, serverName, protocol, seen.name];
      return Number(
        begin.run(...where, state, outcome, message, scanId, at, at, facts ?? "{}", ...beside)
          .lastInsertRowid,
      );
    }
    const isSame =
      offers === null &&
      known.state === state &&
      known.outcome === outcome &&
      // biome-ignore lint/plugin: whether the row is written anew
      known.message === message &&
      known.facts === facts &&
      known.authorities === authorities &&
      isSameBytes(known.staple, staple) &&
      isSameBytes(known.timestamps, timestamps);
    if (isSame) seeAgain.run(scanId, at, known.id);
    else change.run(state, outcome, message, scanId, at, facts, ...beside, known.id);
    return known.id;
  };
}

const isSameBytes = (one: Uint8Array | null, other: Uint8Array | null): boolean =>
  one === other || (one !== null && other !== null && Buffer.compare(one, other) === 0);
