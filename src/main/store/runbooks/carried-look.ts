import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";

/** What a bundle tells of a host, as far as plans are made of it. */
export type CarriedLook = {
  /** A host key of it, as ssh-keygen prints it; null where none could be read. */
  hostKey: string | null;
  accounts: {
    name: string;
    uid: number;
    gid: number;
    shell: string;
    /** False: whoever collected could not ask sshd, and what it goes by for the account is not known. */
    isSshdKnown: boolean;
    keysCommand: string | null;
    authenticationMethods: string | null;
    forceCommand: string | null;
  }[];
  files: {
    /** As sshd opens it. */
    path: string;
    accounts: string[];
    realPath: string | null;
    /** Its bytes; null where `why` says why they are not known, or why they are not to be written. */
    base64: string | null;
    why: string | null;
    uid: number;
    gid: number;
    owner: string;
    mode: string;
  }[];
};

/** The last bundle of each host. */
export function carriedLookTable(db: Database) {
  const put = db.prepare(`
    INSERT INTO carried_look (host, collected_at, look)
    SELECT id, @at, @look FROM host WHERE host = @host AND port = @port
    ON CONFLICT (host) DO UPDATE SET collected_at = @at, look = @look`);
  const find = db.prepare<[number], { collected_at: Instant; look: string }>(`
    SELECT collected_at, look FROM carried_look JOIN host ON host.id = carried_look.host
    WHERE host.id = ? AND collected_at = host.last_read`);

  return {
    put: (place: { host: string; port: number }, { at, look }: { at: Instant; look: CarriedLook }): void =>
      void put.run({ ...place, at, look: JSON.stringify(look) }),

    /** Null where it was read from here since, or by no bundle at all. */
    find(hostId: number): { at: Instant; look: CarriedLook } | null {
      const row = find.get(hostId);
      return row ? { at: row.collected_at, look: JSON.parse(row.look) as CarriedLook } : null;
    },
  };
}
