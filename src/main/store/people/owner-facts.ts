import type { Database } from "better-sqlite3";
import type { Owner } from "#shared/model/access/verdict.ts";
import { KeyPossession } from "#shared/model/hosts/host.ts";
import {
  coverFleet,
  describeOwner,
  type Fleet,
  type KnownPerson,
  type OwnerFacts,
  type PrivateKeyClaim,
} from "#shared/text/access/owner.ts";
import { databaseVersion } from "#store/lists/kept.ts";
import type { inventoryTable } from "./inventory-table.ts";
import type { peopleSourceTable } from "./people-source-table.ts";
import { DECIDING, toDeciding, withDeciders } from "./person-table.ts";

const LOGIN_OWNERS = withDeciders("person_login CROSS JOIN person ON person.id = person_login.person");

/** The columns of a query on `grant_line` that concern the owner. */
export type OwnerRow = {
  fingerprint: string | null;
  comment: string;
  owner: Owner["state"];
  is_matched: number;
  /** The owner in the approval of the grant. */
  vouched_by: string | null;
  listed: string | null;
};

type Deps = { sources: ReturnType<typeof peopleSourceTable>; inventory: ReturnType<typeof inventoryTable> };

type PersonRow = Parameters<typeof toDeciding>[0] & { standing: KnownPerson["standing"]; source: string };

/** One person's entry in one people source. */
type EntryRow = {
  standing: KnownPerson["standing"];
  source: string;
  name: string;
  said: PersonRow["by_said"];
  left_on: string | null;
  is_missing: number;
  read_at: string;
  decided_by: number | null;
  lead: number | null;
};

export type OwnerFinder = ReturnType<typeof ownerFinder>;

/** Facts that are the same for all owners; the private keys of this computer are few. */
type FleetFacts = Parameters<typeof describeOwner>[1] & {
  heldAt: ReadonlyMap<string, { location: string }[]>;
};

/** A verdict names so many locations of private keys, so many people of a key, and so many people of a comment. */
const MOST_LOCATIONS = 3;
const MOST_PEOPLE = 20;
const MOST_NAMED = 2;

/** Describes what is known of the owner of a grant over all hosts, this computer and the people sources. */
export function ownerFinder(db: Database, { sources, inventory }: Deps) {
  const keyFiles = db
    .prepare<{ fingerprint: string }, string>(`
      SELECT (SELECT host.host FROM host WHERE host.id = key_file.host) || ': ' || path
      FROM key_file INDEXED BY key_file_verified
      WHERE fingerprint = CAST(@fingerprint AS TEXT) AND gone_scan IS NULL AND possession = 'verified'
      LIMIT ${MOST_LOCATIONS}`)
    .pluck();
  const keyFileCount = db
    .prepare<{ fingerprint: string }, number>(`
      SELECT count(*) FROM key_file INDEXED BY key_file_verified
      WHERE fingerprint = CAST(@fingerprint AS TEXT) AND gone_scan IS NULL AND possession = 'verified'`)
    .pluck();
  const claims = claimReader(db);
  const findPeople = keyOwners(db);
  const hasLogin = db
    .prepare<[string, string], number>("SELECT 1 FROM person_login WHERE login IN (?, ?) LIMIT 1")
    .pluck();
  const named = db.prepare<[string, string, number], PersonRow>(`
    SELECT person.standing, people_source.name AS source, ${DECIDING}
    FROM ${LOGIN_OWNERS}
    WHERE login IN (?, ?)
    GROUP BY by_name, person.standing
    LIMIT ?`);
  const readFleet = fleetReader(db, { sources, inventory });

  return {
    /** A reader for the rows of one page: the fleet facts are the same for all of them. */
    open() {
      const fleet = readFleet();
      return {
        inventory: fleet.inventory,
        describeRow: (row: OwnerRow, managedBy: Owner["managedBy"]) =>
          describeOwner(factsOf(row, managedBy, fleet), fleet),
      };
    },
  };

  function factsOf(row: OwnerRow, managedBy: Owner["managedBy"], fleet: FleetFacts): OwnerFacts {
    const { fingerprint, is_matched: isMatched, vouched_by: vouchedBy } = row;
    const listed = fingerprint !== null && row.listed !== null ? findPeople(fingerprint) : [];
    return {
      state: row.owner,
      hasKey: fingerprint !== null,
      ...(fingerprint !== null && isMatched === 1 ? findLocations(fingerprint, fleet) : NOWHERE),
      claims: fingerprint === null ? [] : claims(fingerprint),
      people: listed.map(toKnown),
      namedInComment: listed.length > 0 ? [] : findNamed(row.comment),
      managedBy,
      vouchedBy,
    };
  }

  function findLocations(
    fingerprint: string,
    { heldAt }: FleetFacts,
  ): { locations: string[]; locationCount: number } {
    const here = (heldAt.get(fingerprint) ?? []).map(({ location }) => location);
    const onHosts = keyFiles.all({ fingerprint });
    const count = onHosts.length < MOST_LOCATIONS ? onHosts.length : (keyFileCount.get({ fingerprint }) ?? 0);
    return { locations: [...here, ...onHosts].slice(0, MOST_LOCATIONS), locationCount: here.length + count };
  }

  /** A comment is `login@machine`, an address, or anything else. */
  function findNamed(comment: string): KnownPerson[] {
    const [word = ""] = comment.trim().toLowerCase().split(/\s/);
    const [login = ""] = word.split("@");
    if (login === "" || hasLogin.get(word, login) === undefined) return [];
    return named.all(word, login, MOST_NAMED).map(toKnown);
  }
}

/** Files of hosts that show a key and have not shown that they contain its private key: which account, and why. */
function claimReader(db: Database): (fingerprint: string) => PrivateKeyClaim[] {
  const find = db.prepare<{ fingerprint: string }, ClaimRow>(`
    SELECT (SELECT host.host FROM host WHERE host.id = key_file.host) || ': ' || path AS location, owner, possession, claim
    FROM key_file INDEXED BY key_file_of_key
    WHERE fingerprint = CAST(@fingerprint AS TEXT) AND gone_scan IS NULL AND possession <> 'verified'
    UNION ALL
    SELECT (SELECT host.host FROM host WHERE host.id = key_file.host) || ': ' || path, owner, 'claimed', 'public-only'
    FROM key_file INDEXED BY key_file_of_likely_key
    WHERE likely_fingerprint = CAST(@fingerprint AS TEXT) AND gone_scan IS NULL
    LIMIT ${MOST_LOCATIONS}`);
  return (fingerprint) =>
    find.all({ fingerprint }).map(({ location, owner, possession, claim }) => ({
      location,
      owner,
      possession: KeyPossession.parse({ kind: possession, ...(claim !== null && { why: claim }) }),
    }));
}

type ClaimRow = { location: string; owner: string; possession: string; claim: string | null };

/** The people of a key. Not a join, and not a bare parameter (decision 0044). */
function keyOwners(db: Database): (fingerprint: string) => PersonRow[] {
  const ids = db
    .prepare<[string], number>(
      `SELECT person FROM person_key WHERE fingerprint = CAST(? AS TEXT) LIMIT ${MOST_PEOPLE}`,
    )
    .pluck();
  const entry = db.prepare<[number], EntryRow>(`
    SELECT standing, (SELECT people_source.name FROM people_source WHERE people_source.id = person.source) AS source, name, said, left_on, is_missing,
      read_at, decided_by, lead
    FROM person
    WHERE id = ?`);
  const find = (id: number): EntryRow => {
    const found = entry.get(id);
    if (!found) throw new Error(`there is no person ${id}`);
    return found;
  };

  return (fingerprint) =>
    ids.all(fingerprint).map((id) => {
      const person = find(id);
      const decider = find(person.decided_by ?? person.lead ?? id);
      return {
        standing: person.standing,
        source: person.source,
        by_name: decider.name,
        by_source: decider.source,
        by_said: decider.said,
        by_left_on: decider.left_on,
        by_is_missing: decider.is_missing,
        by_read_at: decider.read_at,
      };
    });
}

const NOWHERE = { locations: [], locationCount: 0 };

const toKnown = (row: PersonRow): KnownPerson => ({
  name: row.by_name,
  standing: row.standing,
  source: row.source,
  decidedBy: toDeciding(row),
});

/** Counts again only when the database has changed. */
function fleetReader(db: Database, { sources, inventory }: Deps): () => FleetFacts {
  const versionOf = databaseVersion(db);
  const count = db.prepare<
    [],
    Pick<Fleet, "hosts" | "hostsRead" | "hostsReadAsRoot" | "unreadablePaths" | "heldKeys">
  >(`
    SELECT count(*) AS hosts, count(last_read) AS hostsRead,
      count(iif(last_read IS NOT NULL AND read_as IN ('root', 'root by sudo'), 1, NULL)) AS hostsReadAsRoot,
      ifnull(sum(unreadable_count), 0) AS unreadablePaths, (SELECT count(*) FROM held_key) AS heldKeys
    FROM host`);
  const heldKeys = db.prepare<[], { fingerprint: string; location: string }>(
    "SELECT fingerprint, 'this computer: ' || location AS location FROM held_key ORDER BY location",
  );
  const held = () => Map.groupBy(heldKeys.all(), ({ fingerprint }) => fingerprint);
  let known: { version: string; fleet: FleetFacts } | null = null;
  return () => {
    const version = versionOf();
    if (known?.version !== version) {
      const counted = count.get() ?? {
        hosts: 0,
        hostsRead: 0,
        hostsReadAsRoot: 0,
        unreadablePaths: 0,
        heldKeys: 0,
      };
      const marked = inventory.read();
      const coverage = coverFleet({ ...counted, sources: sources.listBriefly(), inventory: marked });
      known = { version, fleet: { inventory: marked, coverage, heldAt: held() } };
    }
    return known.fleet;
  };
}
