import type { ScanWish } from "#shared/contract/scans.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { SshTarget, Target } from "#shared/model/target.ts";
import { sayTarget } from "#shared/text/target.ts";
import type { Store } from "#store/store.ts";

export type Asked = { target: Target; useSudo: boolean };

const NOTHING_TO_SCAN = "there is nothing to scan; name a target, such as web1.example or 10.0.0.0/24";

/** What a scan visits, in the order to visit it. `named`: what its text and sources mean. */
export function chooseTargets(
  store: Store,
  { text, sources, only, useSudo }: ScanWish,
  named: Target[],
): Asked[] {
  const isNamed = text.trim() !== "" || sources.length > 0;
  const wanted = isNamed ? named : recall(store, only);
  if (wanted.length === 0) throw new Refusal("invalid-input", NOTHING_TO_SCAN);
  return rootLast(wanted.map((target) => ({ target, useSudo: useSudo ?? store.targets.usesSudo(target) })));
}

/** What was scanned before, each with the login that it was scanned with. */
const recall = (store: Store, only: "ssh" | "tls" | null): Target[] =>
  store.targets
    .list()
    .map(({ target }) => target)
    .filter(({ kind }) => only === null || kind === only);

export function findSudo(asked: readonly Asked[]): (target: SshTarget) => boolean {
  const bySudo = new Set(asked.filter(({ useSudo }) => useSudo).map(({ target }) => sayTarget(target)));
  return (target) => bySudo.has(sayTarget(target));
}

/** Of several logins to one host the one that sees most comes last: what it says of the host stands, and is remembered. */
const rootLast = (asked: readonly Asked[]): Asked[] =>
  asked.toSorted((one, other) => Number(readsAsRoot(one)) - Number(readsAsRoot(other)));

const readsAsRoot = ({ target, useSudo }: Asked): boolean =>
  target.kind === "ssh" && (useSudo || target.user === "root");
