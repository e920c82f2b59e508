import { implement } from "@orpc/server";
import { changes } from "#shared/contract/changes.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { Baseline } from "#shared/model/access/change.ts";
import type { Scan, ScanId } from "#shared/model/hosts/scan.ts";
import { addDays, toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";

type Deps = { store: Store; announce: (announcement: Announcement) => void; now: () => Date };

/** What has changed: between two scans, since the baseline, and of one grant over time. */
export function createChanges({ store, announce, now }: Deps) {
  const os = implement(changes);
  const { approve, unapprove } = createApprovals({ store, now });

  return {
    list: os.list.handler(({ input }) => store.changes.list({ ...input, ...choose(store, input, now()) })),
    summary: os.summary.handler(({ input }) => summarise(input)),
    baseline: os.baseline.handler(() => readBaseline()),
    setBaseline: os.setBaseline.handler(async ({ input }) => announced(await setBaseline(input.scan))),
    clearBaseline: os.clearBaseline.handler(async () => announced(await clearBaseline())),
    approve: os.approve.handler(async ({ input }) => announced(await approve(input))),
    unapprove: os.unapprove.handler(async ({ input }) => announced(await unapprove(input))),
    locations: os.locations.handler(({ input }) => store.changes.locations(input.sha256)),
    history: os.history.handler(({ input }) => store.changes.history(input.grant)),
  };

  function summarise({ host, ...range }: ScanRange & { host: string | null }) {
    const between = choose(store, range, now());
    const counts = store.changes.counts({ ...between, host });
    return {
      from: toSide(store.scans.find(between.from as ScanId)),
      to: toSide(store.scans.find(between.to as ScanId)),
      counts,
    };
  }

  function readBaseline() {
    const baseline = store.changes.baseline();
    return baseline && { ...baseline, unapproved: store.changes.countUnapproved() };
  }

  function setBaseline(scanId: ScanId | null): Promise<Baseline> {
    return store.queueWrite(() => {
      const at = toInstant(now());
      const scan = findScan(store, scanId ?? store.changes.lastEnded() ?? refuseNoScan());
      if (scan.state === "running")
        throw new Refusal(
          "conflict",
          `scan ${scan.id} is not over; what it will see cannot be known yet: name an earlier one, or wait for its end`,
        );
      store.changes.setBaseline(scan.id, at);
      store.events.append({ at, kind: "baseline-set", detail: { scan: scan.id } });
      return { scan: scan.id, scannedAt: scan.startedAt, setAt: at };
    });
  }

  function clearBaseline(): Promise<{ wasSet: boolean }> {
    return store.queueWrite(() => {
      const wasSet = store.changes.clearBaseline();
      if (wasSet) store.events.append({ at: toInstant(now()), kind: "baseline-cleared", detail: {} });
      return { wasSet };
    });
  }

  function announced<Result>(result: Result): Result {
    announce({ kind: "approvals-changed" });
    return result;
  }
}

type AccountToApprove = NonNullable<ReturnType<Store["changes"]["accounts"]["find"]>>;

type ScanRange = { from: number | null; to: number | null; days: number | null };

/** The two scans to compare; by default the last ones. Without any scan both are 0, before all of them. */
function choose(store: Store, range: ScanRange, now: Date): { from: number; to: number } {
  for (const scan of [range.from, range.to]) if (scan !== null && scan !== 0) findScan(store, scan);
  const to = range.to ?? store.changes.lastEnded() ?? 0;
  if (range.from !== null) return { to, from: range.from };
  if (range.days === null) return { to, from: store.changes.lastEnded(to) ?? 0 };
  return { to, from: store.changes.lastEndedBy(toInstant(addDays(now, -range.days)), to) ?? 0 };
}

function findScan(store: Store, id: number): Scan {
  const scan = store.scans.find(id as ScanId);
  if (scan) return scan;
  const last = store.scans.latest()?.id ?? refuseNoScan();
  throw new Refusal("not-found", `there is no scan ${id}; the last one is ${last}`);
}

const toSide = (scan: Scan | null) => scan && { scan: scan.id, at: scan.startedAt };

function refuseNoScan(): never {
  throw new Refusal("not-found", "nothing was scanned yet; begin with a scan of some hosts");
}

type ApprovedThings = { grants: readonly number[]; accounts: readonly number[] };
type ApprovalRequest = ApprovedThings & { owner: string; purpose: string; reviewOn: string | null };

/** Approves all lines and accounts of a request or none; the audit log names each of them. */
function createApprovals({ store, now }: { store: Store; now: () => Date }) {
  return {
    approve({ grants, accounts, ...approval }: ApprovalRequest): Promise<{ approved: number }> {
      return store.queueWrite(() => {
        const approvedAt = toInstant(now());
        const lines = [...new Set(grants)].map(findStanding);
        const logins = [...new Set(accounts)].map(findStandingAccount);
        for (const line of lines) store.changes.approve(line, { ...approval, approvedAt });
        for (const login of logins) {
          store.changes.accounts.approve(login, { ...approval, approvedAt });
          const { owner, purpose, reviewOn } = approval;
          const { host, port, account: name } = login;
          const row = store.labels.findRow({ kind: "account", host, port, name });
          if (row) store.labels.set(row, { owner, purpose, reviewOn });
        }
        if (lines.length > 0) {
          const detail = { ...approval, grants: lines.map(toDetail) };
          store.events.append({ at: approvedAt, kind: "grants-approved", detail });
        }
        if (logins.length > 0) {
          const detail = { ...approval, accounts: logins.map(toAccountDetail) };
          store.events.append({ at: approvedAt, kind: "accounts-approved", detail });
        }
        return { approved: lines.length + logins.length };
      });
    },

    unapprove({ grants, accounts }: ApprovedThings): Promise<{ withdrawn: number }> {
      return store.queueWrite(() => {
        const at = toInstant(now());
        const lines = [...new Set(grants)].map(find).filter((line) => store.changes.withdraw(line, at));
        const logins = [...new Set(accounts)]
          .map(findAccount)
          .filter((login) => store.changes.accounts.withdraw(login, at));
        if (lines.length > 0)
          store.events.append({ at, kind: "grants-unapproved", detail: { grants: lines.map(toDetail) } });
        if (logins.length > 0) {
          const detail = { accounts: logins.map(toAccountDetail) };
          store.events.append({ at, kind: "accounts-unapproved", detail });
        }
        return { withdrawn: lines.length + logins.length };
      });
    },
  };

  function find(grant: number) {
    const line = store.changes.findLine(grant);
    if (line) return line;
    throw new Refusal("not-found", `there is no grant ${grant}`);
  }

  /** An approval is for the line that was listed, not for one that replaced it since. */
  function findStanding(grant: number) {
    const line = find(grant);
    if (line.isGone === 0) return line;
    throw new Refusal(
      "conflict",
      `the line of ${line.account} on ${line.host} in ${line.file} has changed or gone since it was listed; list the changes again`,
    );
  }

  function findAccount(id: number): AccountToApprove {
    const account = store.changes.accounts.find(id);
    if (account) return account;
    throw new Refusal("not-found", `there is no account ${id}`);
  }

  /** An approval is for the account that was listed, not for one that is there no more. */
  function findStandingAccount(id: number): AccountToApprove {
    const account = findAccount(id);
    if (account.isGone === 0) return account;
    throw new Refusal(
      "conflict",
      `the account ${account.account} on ${account.host} has gone since it was listed; list the accounts again`,
    );
  }

  function toAccountDetail({ id, host, port, account, uid }: AccountToApprove) {
    return { id, host, port, account, uid };
  }

  function toDetail({ id, host, account, file, fingerprint }: ReturnType<typeof find>) {
    return { id, host, account, file, fingerprint };
  }
}
