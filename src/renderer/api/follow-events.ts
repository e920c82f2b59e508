import type { QueryClient } from "@tanstack/react-query";
import type { Announcement } from "#shared/contract/events.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Api, Connection } from "./connection.ts";

/** A scan announces every probe; the pages reload at most this often. */
const SETTLE_MS = 300;

/** Fetches again what each announcement says has changed, and everything after a drop. */
export function followEvents(connection: Connection, api: Api, queries: QueryClient): void {
  const stale = new Set<Area>();
  let isSettling = false;

  const settle = () => {
    isSettling = false;
    const areas = [...stale];
    stale.clear();
    // Whatever happens is in the log.
    void queries.invalidateQueries({ queryKey: api.auditLog.list.key() });
    for (const area of areas) void queries.invalidateQueries({ queryKey: api[area].key() });
  };
  const watch = async () => {
    for await (const announcement of await api.events.watch.call()) {
      for (const area of staleAreas(announcement)) stale.add(area);
      if (!isSettling) setTimeout(settle, SETTLE_MS);
      isSettling = true;
    }
  };
  const start = () => {
    if (connection.read() !== "open") return;
    // A drop ends the iterator with an error; the next `open` starts another one.
    watch().catch(() => undefined);
    void queries.invalidateQueries();
  };
  connection.subscribe(start);
  start();
}

type Area =
  | "scans"
  | "today"
  | "certificates"
  | "chains"
  | "changes"
  | "access"
  | "accounts"
  | "bundles"
  | "graph"
  | "hosts"
  | "issuers"
  | "labels"
  | "logins"
  | "hostKeys"
  | "findings"
  | "forecast"
  | "people"
  | "targets"
  | "runs"
  | "served"
  | "settings"
  | "database"
  | "reviews"
  | "vault";

const SCANNED = [
  "chains",
  "scans",
  "today",
  "certificates",
  "access",
  "accounts",
  "hosts",
  "hostKeys",
  "findings",
  "people",
  "targets",
  "settings",
  "changes",
  "served",
  "bundles",
  "logins",
  "reviews",
] as const;

function staleAreas({ kind }: Announcement): Area[] {
  switch (kind) {
    case "scan-started":
      return ["scans", "today", "targets", "settings"];
    case "scan-progressed":
      return [...SCANNED];
    case "scan-finished":
      // A walk of the graph reads much: it is not repeated with every probe.
      return [...SCANNED, "graph", "forecast"];
    case "scan-prompts":
    case "scan-host-keys":
      return ["scans"];
    case "targets-changed":
      return ["targets", "settings", "hostKeys", "today"];
    case "pins-changed":
      return ["hosts", "hostKeys", "settings", "findings", "scans"];
    case "claims-changed":
      return ["bundles"];
    case "people-changed":
      return ["people", "access", "accounts", "graph", "findings", "today"];
    case "approvals-changed":
      return ["changes", "access", "accounts", "labels", "findings", "today"];
    case "findings-changed":
      return ["findings", "today", "certificates", "access", "accounts", "hosts"];
    case "labels-changed":
      return [
        "findings",
        "forecast",
        "labels",
        "today",
        "certificates",
        "accounts",
        "hosts",
        "people",
        "reviews",
      ];
    case "logins-changed":
      return ["logins", "today"];
    case "reviews-changed":
      return ["reviews", "today"];
    case "settings-changed":
      return ["settings", "today"];
    case "trust-changed":
      return ["chains"];
    case "database-changed":
      return ["database", "settings"];
    case "issuers-changed":
      return ["issuers", "chains", "vault"];
    case "vault-changed":
      return ["vault"];
    case "plan-changed":
    case "run-changed":
    case "run-prompts":
      return ["runs", "today", "reviews"];
    default:
      return assertNever(kind);
  }
}
