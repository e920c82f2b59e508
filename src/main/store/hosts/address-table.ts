import type { Database } from "better-sqlite3";
import type { Outcome } from "#shared/model/hosts/probe.ts";
import type { Instant } from "#shared/model/instant.ts";

/** What an address showed; `chain`: the ids of its certificates. */
type AddressSeen = { address: string; outcome: Outcome; message: string; chain: readonly number[] };

type SeenAddresses = { seen: readonly AddressSeen[]; isAll: boolean; at: Instant };

type Row = { address: string; chain: string };

/** The addresses of endpoints whose names have several. */
export function addressTable(db: Database) {
  const known = db.prepare<[number], Row>("SELECT address, chain FROM endpoint_address WHERE endpoint = ?");
  const put = db.prepare(`
    INSERT INTO endpoint_address (endpoint, address, outcome, message, chain, at)
    VALUES (@endpoint, @address, @outcome, @message, @chain, @at)
    ON CONFLICT (endpoint, address) DO UPDATE
    SET outcome = @outcome, message = @message, at = @at,
        chain = CASE WHEN @outcome = 'presented' THEN @chain ELSE chain END`);
  const forget = db.prepare("DELETE FROM endpoint_address WHERE endpoint = ? AND address = ?");

  return {
    /**
     * Stores what addresses of a name showed: all that it has now, or one of them. Returns the certificates that were
     * shown before at addresses which did not answer this time: those may still be there.
     */
    follow(endpoint: number, { seen, isAll, at }: SeenAddresses): ReadonlySet<number> {
      const before = known.all(endpoint);
      if (before.length === 0 && seen.length < 2) return NONE;
      for (const one of seen) put.run({ ...one, endpoint, chain: JSON.stringify(one.chain), at });
      const named = new Set(seen.map(({ address }) => address));
      const shown = new Set(
        seen.filter(({ outcome }) => outcome === "presented").map(({ address }) => address),
      );
      // An address that the name no longer has is not this endpoint.
      const [gone, left] = [before.filter(isGone), before.filter((row) => !isGone(row))];
      for (const { address } of gone) forget.run(endpoint, address);
      const unseen = left.filter(({ address }) => !shown.has(address));
      return new Set(unseen.flatMap(({ chain }) => JSON.parse(chain) as number[]));

      function isGone({ address }: Row): boolean {
        return isAll && !named.has(address);
      }
    },
  };
}

const NONE: ReadonlySet<number> = new Set();

export type HostNames = ReturnType<typeof hostNameTable>;

/** The names and addresses under which hosts and endpoints are known. */
export function hostNameTable(db: Database) {
  const find = db.prepare<[string], number>("SELECT id FROM host_name WHERE name = ?").pluck();
  const add = db.prepare("INSERT INTO host_name (name) VALUES (?)");

  return {
    idOf: (name: string): number => find.get(name) ?? Number(add.run(name).lastInsertRowid),
  };
}
