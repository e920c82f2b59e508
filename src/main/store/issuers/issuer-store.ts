import type { Database } from "better-sqlite3";
import { acmeAccountTable } from "./acme-account-table.ts";
import { issuerTable } from "./issuer-table.ts";
import { localAuthorityTable } from "./local-authority-table.ts";

type Explained = <Table extends object>(table: Table) => Table;

/** Who signs certificates for us: their public parts. */
export const issuerStore = (db: Database, explained: Explained) => ({
  ...explained(issuerTable(db)),
  local: explained(localAuthorityTable(db)),
  acme: explained(acmeAccountTable(db)),
});
