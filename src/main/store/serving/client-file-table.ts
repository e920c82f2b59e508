import type { Database } from "better-sqlite3";
import type { Look } from "#store/spans.ts";
import type { CollectedHost } from "#store/visit.ts";

/** The files by which a host says who it is where it is a client itself, as configurations name them. */
export function clientFileTable(db: Database) {
  const drop = db.prepare("DELETE FROM client_file WHERE host = ?");
  const add = db.prepare(`
    INSERT INTO client_file (host, path, directive, file, line) VALUES (@host, @path, @directive, @file, @line)
    ON CONFLICT (host, path) DO UPDATE SET directive = @directive, file = @file, line = @line`);

  return {
    /** What was not seen whole keeps what it had. */
    follow(host: number, files: CollectedHost["clientFiles"], { isWhole }: Look): void {
      if (isWhole) drop.run(host);
      for (const { path, directive, at } of files) add.run({ host, path, directive, ...at });
    },
  };
}
