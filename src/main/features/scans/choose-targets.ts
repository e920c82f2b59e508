import type { ScanWish } from "#shared/contract/scans.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Target } from "#shared/model/target.ts";
import type { RequestedTarget } from "#store/scans/probe-table.ts";
import type { Store } from "#store/store.ts";

const NOTHING_TO_SCAN = "there is nothing to scan; name a target, such as web1.example or 10.0.0.0/24";
const NOTHING_FAILED = "nothing that is remembered failed at its last visit; there is nothing to scan again";
const NOTHING_LEFT =
  "no scan that was cancelled or interrupted has left anything; there is nothing to go on with";
const EITHER = "say what to scan, or what to scan again, not both";

/** What a scan visits, in the order to visit it. `named`: what its text and sources mean. */
export function chooseTargets(store: Store, wish: ScanWish, named: readonly Target[]): RequestedTarget[] {
  const isNamed = wish.text.trim() !== "" || wish.sources.length > 0;
  if (isNamed && wish.again !== null) throw new Refusal("invalid-input", EITHER);
  const wanted = isNamed
    ? named.map((target) => ({ target, ...store.targets.recall(target) }))
    : recall(store, wish);
  if (wanted.length === 0) throw new Refusal("invalid-input", NOTHING_TO_SCAN);
  return rootLast(
    wanted.map(({ target, useSudo, transport = "auto", way = "" }) => ({
      target,
      useSudo: wish.useSudo ?? useSudo,
      transport: wish.transport ?? transport,
      way: target.kind === "tls" ? (wish.way ?? way) : "",
    })),
  );
}

/** What was scanned before, each with the login that it was scanned with. */
function recall(store: Store, { again, only }: ScanWish): RequestedTarget[] {
  const known = listAgain(store, again);
  if (known.length === 0 && again === "failed") throw new Refusal("not-found", NOTHING_FAILED);
  if (known.length === 0 && again === "unfinished") throw new Refusal("not-found", NOTHING_LEFT);
  return known
    .map(({ target, useSudo, transport = "auto", way = "" }) => ({ target, useSudo, transport, way }))
    .filter(({ target }) => only === null || target.kind === only);
}

function listAgain(store: Store, again: ScanWish["again"]): RequestedTarget[] {
  switch (again) {
    case null:
      return store.targets.list();
    case "failed":
      return store.targets.listFailed();
    case "unfinished":
      return store.scans.listUnfinished();
    default:
      return assertNever(again);
  }
}

/** Of several logins to one host the one that sees most comes last: what it says of the host stands, and is remembered. */
const rootLast = (asked: readonly RequestedTarget[]): RequestedTarget[] =>
  asked.toSorted((one, other) => Number(readsAsRoot(one)) - Number(readsAsRoot(other)));

const readsAsRoot = ({ target, useSudo }: RequestedTarget): boolean =>
  target.kind === "ssh" && (useSudo || target.user === "root");
