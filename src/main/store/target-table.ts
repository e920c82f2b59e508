import type { Database } from "better-sqlite3";
import type { RememberedTarget } from "#shared/contract/scans.ts";
import type { Pin } from "#shared/model/hosts/host.ts";
import { TransportRequest } from "#shared/model/hosts/probe.ts";
import { type ProxyUrl, type SshTarget, Target } from "#shared/model/hosts/target.ts";
import type { Instant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";

type TargetRow = {
  id: number;
  kind: string;
  host: string;
  port: number;
  server_name: string;
  protocol: string;
  user: string | null;
  use_sudo: number;
  transport: string;
  route: string;
  added_at: string;
};

type HostToKnow = { host: string; port: number; address: string | null };

type TargetToRemember = {
  target: Target;
  useSudo: boolean;
  transport?: TransportRequest;
  route?: ProxyUrl;
  at: Instant;
};

/** The targets that the user asked to remember: one for each host (name and port) and each endpoint. */
export function targetTable(db: Database) {
  const add = db.prepare(`
    INSERT INTO target (kind, host, port, server_name, protocol, user, use_sudo, transport, route, added_at)
    VALUES (@kind, @host, @port, @serverName, @protocol, @user, @useSudo, @transport, @route, @at)
    ON CONFLICT DO NOTHING`);
  const changeLogin = db.prepare(`
    UPDATE target SET user = ifnull(@user, user), use_sudo = @useSudo, transport = @transport, route = @route
    WHERE kind = @kind AND host = @host AND port = @port AND server_name = @serverName AND protocol = @protocol
      AND (user IS NOT ifnull(@user, user) OR use_sudo <> @useSudo OR transport <> @transport OR route <> @route)`);
  const remove = db.prepare(`
    DELETE FROM target
    WHERE id = (
      SELECT id FROM target
      WHERE kind = @kind AND host = @host COLLATE NOCASE AND port = @port AND server_name = @serverName
        AND protocol = @protocol AND (@user IS NULL OR user IS @user)
      ORDER BY host = @host DESC
      LIMIT 1)`);
  const list = db.prepare<[], TargetRow>(`
    SELECT id, kind, host, port, server_name, protocol, user, use_sudo, transport, route, added_at
    FROM target
    ORDER BY id`);
  const failed = db.prepare<[], TargetRow>(`
    SELECT target.id, target.kind, target.host, target.port, target.server_name, target.protocol, target.user, use_sudo,
      transport, route, added_at
    FROM target
    LEFT JOIN host ON target.kind = 'ssh' AND host.host = target.host AND host.port = target.port
    LEFT JOIN endpoint ON target.kind = 'tls' AND endpoint.host = target.host AND endpoint.port = target.port
      AND endpoint.server_name = target.server_name AND endpoint.protocol = target.protocol
    WHERE ifnull(host.state, endpoint.state) = 'failed'
    ORDER BY target.id`);
  const login = db.prepare<[object], Pick<TargetRow, "use_sudo" | "transport" | "route">>(`
      SELECT use_sudo, transport, route FROM target
      WHERE kind = @kind AND host = @host AND port = @port AND server_name = @serverName
        AND protocol = @protocol AND (@user IS NULL OR user IS @user)`);
  const count = db.prepare<[], number>("SELECT count(*) FROM target").pluck();
  const isHostKnown = db
    .prepare<[HostToKnow], number>(`
    SELECT EXISTS (SELECT 1 FROM host WHERE host IN (@host, @address) AND port = @port)
      OR EXISTS (SELECT 1 FROM host WHERE reached_as = lower(@address) AND port = @port)
      OR EXISTS (SELECT 1 FROM target WHERE kind = 'ssh' AND host IN (@host, @address) AND port = @port)
      OR EXISTS (SELECT 1 FROM unprobed WHERE kind = 'ssh' AND host IN (@host, @address) AND port = @port)`)
    .pluck();

  return {
    /** A known target keeps its row and gets the new login, if one is named. */
    remember({ target, useSudo, transport = "auto", route = "", at }: TargetToRemember): "added" | "known" {
      const row = { ...toRow(target), useSudo: Number(useSudo), transport, route, at };
      if (add.run(row).changes > 0) return "added";
      changeLogin.run(row);
      return "known";
    },

    /**
     * A login that is named must be the remembered one. What scans found there stays. A host that was named by
     * ssh_config kept its capitals, and is found without them where nothing has the name as written.
     */
    forget: (target: Target): boolean => remove.run(toRow(target)).changes > 0,

    /** A scan was asked for it, or for what has that address; null: it has none of its own. */
    isHostKnown: ({ host, port }: SshTarget, address: string | null): boolean =>
      isHostKnown.get({ host, port, address }) === 1,

    /** How the target is read, as remembered for the login that is named. */
    recall(target: Target): { useSudo: boolean; transport: TransportRequest; route: ProxyUrl } {
      const known = login.get(toRow(target));
      return {
        useSudo: known?.use_sudo === 1,
        transport: TransportRequest.parse(known?.transport ?? "auto"),
        route: known?.route ?? "",
      };
    },

    list: (): RememberedTarget[] => list.all().map(fromTargetRow),

    /** Targets whose last probe failed. */
    listFailed: (): RememberedTarget[] => failed.all().map(fromTargetRow),

    count: (): number => count.get() ?? 0,
  };
}

const toRow = (target: Target) => ({
  kind: target.kind,
  host: target.host,
  port: target.port,
  serverName: target.kind === "tls" ? (target.serverName ?? "") : "",
  protocol: target.kind === "tls" ? target.protocol : "tls",
  user: target.kind === "ssh" ? target.user : null,
});

const fromTargetRow = (row: TargetRow): RememberedTarget => ({
  id: row.id,
  target: Target.parse({
    kind: row.kind,
    host: row.host,
    port: row.port,
    user: row.user,
    serverName: row.server_name || null,
    protocol: row.protocol,
  }),
  useSudo: row.use_sudo === 1,
  transport: TransportRequest.parse(row.transport),
  route: row.route,
  addedAt: row.added_at,
});

type PinRow = { key_type: string; fingerprint: string; blob: Uint8Array; source: string; pinned_at: string };

type StoredPin = Pin & { blob: Uint8Array };
type NewPin = StoredPin & { host: string; port: number };

export function pinTable(db: Database) {
  const put = db.prepare(`
    INSERT INTO pin (host, port, key_type, fingerprint, blob, source, pinned_at)
    VALUES (@host, @port, @keyType, @fingerprint, @blob, @source, @pinnedAt)
    ON CONFLICT DO NOTHING`);
  const find = db.prepare<[string, number], PinRow>(`
    SELECT key_type, fingerprint, blob, source, pinned_at
    FROM pin
    WHERE host = ? AND port = ?`);
  const remove = db.prepare("DELETE FROM pin WHERE host = ? AND port = ?");
  const count = db.prepare<[], number>("SELECT count(*) FROM pin").pluck();

  return {
    find: (host: string, port: number): StoredPin | null => fromPinRow(find.get(host, port)),

    /** Refuses a host that has another pin: a pin is only ever dropped on purpose. */
    put(pin: NewPin): void {
      if (put.run({ ...pin, blob: Buffer.from(pin.blob) }).changes > 0) return;
      if (find.get(pin.host, pin.port)?.fingerprint === pin.fingerprint) return;
      throw new Refusal("conflict", `${pin.host} port ${pin.port} has a pin already; forget that one first`);
    },

    remove: (host: string, port: number): boolean => remove.run(host, port).changes > 0,
    count: (): number => count.get() ?? 0,
  };
}

const fromPinRow = (row: PinRow | undefined): StoredPin | null =>
  row
    ? {
        keyType: row.key_type,
        fingerprint: row.fingerprint,
        blob: new Uint8Array(row.blob),
        source: row.source === "accepted" ? "accepted" : "known_hosts",
        pinnedAt: row.pinned_at,
      }
    : null;
