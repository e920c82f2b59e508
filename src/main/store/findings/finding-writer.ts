import type { Database } from "better-sqlite3";
import { type FindingDraft, Severity } from "#shared/model/finding.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { Spot } from "#store/certificates/location-table.ts";
import { byKey } from "#store/spans.ts";

/** What a finding is about, by the row of the table that its kind names. */
export type About = { kind: FindingDraft["about"]["kind"]; id: number };

type Source = Spot & { at: Instant };
type NamedSource = Source & { hostName: string };
type Resolve = (about: FindingDraft["about"]) => number | null;

/** A draft whose object was found in the database. */
type FoundOut = Omit<FindingDraft, "about"> & { kind: About["kind"]; about: number };

type FindingText = { sentence: string; evidence: string; remedy: string; members: string };

/** A finding as it is stored; `host` is empty while several hosts report it. */
type Standing = { id: number; severity: number; label: string; host: string };

type Finding = { rule: string; kind: About["kind"]; about: number };

type Report = FindingText & Finding & { id: number; finding: Standing };

export type FindingWriter = ReturnType<typeof findingWriter>;

/** Writes what each probed host or endpoint reports. A finding stands as long as one of them still reports it. */
export function findingWriter(db: Database) {
  const reports = reportReader(db);
  const stand = findingRecorder(db);
  const nameOf = db.prepare<[number], string>("SELECT name FROM host_name WHERE id = ?").pluck();
  const finder = objectFinder(db);
  const add = db.prepare(`
    INSERT INTO report (finding, name, endpoint, host, sentence, evidence, remedy, members)
    VALUES (@finding, @name, @endpoint, @host, @sentence, @evidence, @remedy, @members)`);
  const change = db.prepare(`
    UPDATE report SET sentence = @sentence, evidence = @evidence, remedy = @remedy, members = @members WHERE id = @id`);
  const withdraw = db.prepare("DELETE FROM report WHERE id = ?");
  const drop = db.prepare(`
    DELETE FROM finding WHERE id = @id AND NOT EXISTS (SELECT 1 FROM report WHERE finding = @id)`);
  const nameHost = db.prepare(`
    UPDATE finding
    SET host = ifnull((
      SELECT host_name.name FROM host_name
      WHERE host_name.id = (SELECT min(name) FROM report WHERE finding = @id)
        AND host_name.id = (SELECT max(name) FROM report WHERE finding = @id)), '')
    WHERE id = @id`);

  return {
    /**
     * Replaces what one host or endpoint reports. A report that is not among the drafts is withdrawn where `wasRead`: a
     * partial probe cannot clear what it did not see.
     */
    replace(
      source: Source,
      drafts: readonly FindingDraft[],
      wasRead: (about: About & Pick<Finding, "rule">) => boolean,
      resolve?: Resolve,
    ) {
      const before = byKey(reports.at(source), keyOf);
      if (drafts.length === 0 && before.size === 0) return;
      const idOf = finder(resolve);
      const found = byKey(
        drafts.map((draft) => ({ ...draft, kind: draft.about.kind, about: idOf(draft.about) })),
        keyOf,
      );
      const host = found.size > 0 ? (nameOf.get(source.name) ?? "") : "";
      for (const [key, draft] of found) report({ ...source, hostName: host }, draft, before.get(key));
      for (const [key, { id, finding, rule, kind, about }] of before) {
        if (found.has(key) || !wasRead({ rule, kind, id: about })) continue;
        withdraw.run(id);
        if (drop.run({ id: finding.id }).changes === 0) nameHost.run({ id: finding.id });
      }
    },
  };

  function report(source: NamedSource, draft: FoundOut, known?: Report): void {
    const { sentence, remedy, members = [] } = draft;
    const evidence = JSON.stringify(draft.evidence);
    const said = { sentence, evidence, remedy, members: JSON.stringify(members) };
    const finding = stand(source, draft, known?.finding);
    if (known) {
      if (!isSame(known, said)) change.run({ ...said, id: known.id });
      return;
    }
    const endpoint = "endpoint" in source ? source.endpoint : null;
    const host = "host" in source ? source.host : null;
    add.run({ ...said, finding, name: source.name, endpoint, host });
  }
}

/**
 * Finds the rows that the findings of one probe are about. Several are about one certificate, which is looked up once.
 */
function objectFinder(db: Database) {
  const certificateId = db.prepare<[string], number>("SELECT id FROM certificate WHERE sha256 = ?").pluck();

  return (resolve?: Resolve): ((about: FindingDraft["about"]) => number) => {
    const certificates = new Map<string, number | undefined>();
    return (about) => {
      const id = about.kind === "certificate" ? certificateOf(about.sha256) : resolve?.(about);
      if (id === undefined || id === null)
        throw new Error(`a finding is about what was not seen: ${JSON.stringify(about)}`);
      return id;
    };

    function certificateOf(sha256: string): number | undefined {
      const id = certificates.get(sha256) ?? certificateId.get(sha256);
      certificates.set(sha256, id);
      return id;
    }
  };
}

/**
 * Returns the row of a finding that a host or endpoint reports; `known`: it has reported it before. Many report the
 * same of one thing. A row that has not changed is not written, for it is in all the indexes that findings are listed
 * by.
 */
function findingRecorder(db: Database) {
  const find = db.prepare<[string, number, string], Standing>(
    "SELECT id, severity, label, host FROM finding WHERE kind = ? AND about = ? AND rule = ?",
  );
  const begin = db.prepare(`
    INSERT INTO finding (rule, severity, kind, about, label, host, first_seen)
    VALUES (@rule, @severity, @kind, @about, @label, @hostName, @at)`);
  const evaluateAnew = db.prepare("UPDATE finding SET severity = ?, label = ? WHERE id = ?");
  const isOnSeveral = db.prepare("UPDATE finding SET host = '' WHERE id = ?");

  return ({ hostName, at }: NamedSource, draft: FoundOut, known?: Standing): number => {
    const severity = Severity.options.indexOf(draft.severity);
    const standing = known ?? find.get(draft.kind, draft.about, draft.rule);
    if (!standing) return Number(begin.run({ ...draft, severity, hostName, at }).lastInsertRowid);
    const { id } = standing;
    if (standing.severity !== severity || standing.label !== draft.label)
      evaluateAnew.run(severity, draft.label, id);
    if (standing.host !== "" && standing.host !== hostName) isOnSeveral.run(id);
    return id;
  };
}

/** Reads what a host or endpoint reported at its last probe. */
function reportReader(db: Database) {
  type Row = FindingText & { id: number; finding: number };
  const reportsOf = {
    endpoint: db.prepare<[number], Row>(`
      SELECT id, finding, sentence, evidence, remedy, members FROM report WHERE endpoint = ?`),
    host: db.prepare<[number], Row>(
      "SELECT id, finding, sentence, evidence, remedy, members FROM report WHERE host = ?",
    ),
  };
  const findingOf = db.prepare<[number], Finding & Standing>(
    "SELECT id, rule, kind, about, severity, label, host FROM finding WHERE id = ?",
  );

  return {
    at(source: Source): Report[] {
      const said =
        "endpoint" in source ? reportsOf.endpoint.all(source.endpoint) : reportsOf.host.all(source.host);
      // Not a join: most hosts and endpoints have no report, and then a join costs ten times as much.
      return said.flatMap(({ finding, ...report }) => {
        const found = findingOf.get(finding);
        return found ? { ...report, ...aboutOf(found), finding: found } : [];
      });
    },
  };
}

const aboutOf = ({ rule, kind, about }: Finding): Finding => ({ rule, kind, about });

const isSame = (known: FindingText, said: FindingText): boolean =>
  // biome-ignore lint/plugin: whether the row is written anew
  known.sentence === said.sentence &&
  known.evidence === said.evidence &&
  // biome-ignore lint/plugin: whether the row is written anew
  known.remedy === said.remedy &&
  known.members === said.members;

const keyOf = ({ rule, kind, about }: Finding): string => `${rule} ${kind} ${about}`;
