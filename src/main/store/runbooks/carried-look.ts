import type { Database } from "better-sqlite3";
import { CarriedStanding } from "#shared/model/bundle.ts";
import type { Instant } from "#shared/model/instant.ts";

/** What a bundle tells of a host, as far as plans are made of it. */
export type CarriedLook = {
  /** The host key by whose signature the bundle is of the host, as ssh-keygen prints it; null where it is only claimed. */
  signedBy: string | null;
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

/** What is known of a host by its bundle alone, from when it is, and whether the bundle is known to be of the host. */
export type CarriedHost = { at: Instant; standing: CarriedStanding; look: CarriedLook };

type SignedSince = { at: Instant; standing: CarriedStanding; signedBy: string | null };

/** The last bundle of each host. */
export function carriedLookTable(db: Database) {
  const put = db.prepare(`
    INSERT INTO carried_look (host, collected_at, look, standing)
    SELECT id, @at, @look, @standing FROM host WHERE host = @host AND port = @port
    ON CONFLICT (host) DO UPDATE SET collected_at = @at, look = @look, standing = @standing`);
  const stand = db.prepare(`
    UPDATE carried_look SET standing = @standing, look = json_set(look, '$.signedBy', @signedBy)
    WHERE collected_at = @at AND host = (SELECT id FROM host WHERE host = @host AND port = @port)`);
  const find = db.prepare<[number], { collected_at: Instant; look: string; standing: string }>(`
    SELECT collected_at, look, standing FROM carried_look JOIN host ON host.id = carried_look.host
    WHERE host.id = ? AND collected_at = host.last_read`);

  return {
    put: (place: Place, { at, standing, look }: CarriedHost): void =>
      void put.run({ ...place, at, standing, look: JSON.stringify(look) }),

    /** Of a bundle whose host's signature came after it. */
    stand: (place: Place, { at, standing, signedBy }: SignedSince): void =>
      void stand.run({ ...place, at, standing, signedBy }),

    /** Null where it was read from here since, or by no bundle at all. */
    find(hostId: number): CarriedHost | null {
      const row = find.get(hostId);
      if (!row) return null;
      const standing = CarriedStanding.parse(row.standing);
      return { at: row.collected_at, standing, look: JSON.parse(row.look) as CarriedLook };
    },
  };
}

type Place = { host: string; port: number };
