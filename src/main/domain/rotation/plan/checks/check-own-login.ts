import { applyEdits } from "#domain/rotation/bytes/edit.ts";
import { fillStages } from "#domain/rotation/bytes/stages.ts";
import { type Aim, accountsOf, type Draft, makeCheck } from "#domain/rotation/plan/draft.ts";
import { pathsOf } from "#domain/rotation/plan/merge-files.ts";
import type { AccountFacts, FileFacts } from "#domain/rotation/plan/plan-facts.ts";
import { type KeyLine, readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import { isAuthority, letsIn } from "#domain/ssh/deciders/lines.ts";
import type { Check, KeyOptions } from "#shared/model/plan.ts";
import { OWN_LOGIN } from "#shared/text/consent.ts";
import { findWay, losesLogin, mayBeBy } from "./check-ways-in.ts";

/** Whether Latchkey takes away, or shuts to its own address, the line that lets itself in. */
export function checkOwnLogin(aim: Aim, draft: Draft, { now, options }: Moment): Check[] {
  const { facts: host, files, proofs } = draft;
  const { account: name, key } = host.login;
  const isCut = files.some((file) => file.removed !== null && accountsOf(draft, file).includes(name));
  if (!isCut || !losesLogin(aim, host)) return [];
  const about = { host, account: name };
  const proof = proofs.find(({ account }) => account === name)?.proof.kind;
  if (key !== null && aim.proves === "new" && (proof === "from-here" || proof === "from-holder")) {
    const text = `it is logged in to with the key that goes; that one goes only after the new one has logged in`;
    return [makeCheck("ok", OWN_LOGIN, about, text)];
  }
  if (aim.newKey !== null)
    return [makeCheck("consent", OWN_LOGIN, about, `it changes the line that lets Latchkey in to ${name}`)];
  const account = host.accounts.find((one) => one.name === name);
  const stays = account ? staysOpen(draft, account, now) : null;
  if (stays === true) {
    const text = `a line by which Latchkey logs in to ${name} changes, and this login is still let in; it is tried again before that stands`;
    return [makeCheck("ok", OWN_LOGIN, about, text)];
  }
  const way = account ? findWay(aim, host, account) : null;
  if (way === null && aim.proves === "none") {
    const text = `it is the line that lets Latchkey in to ${name}, and no other way in is known; add another key first`;
    return [makeCheck("refused", OWN_LOGIN, about, text)];
  }
  const from = host.login.from === null ? "" : ` from ${host.login.from}`;
  const failing = `this login ${stays === null ? "may" : "will"} fail: it comes to ${name}${from} by a line that goes, or does not take it any more`;
  if (host.deadMen.length === 0) {
    const text = `${failing}, and the host has nothing that would take it back by itself`;
    return [makeCheck("refused", OWN_LOGIN, about, text)];
  }
  const text = `${failing}; it is taken back unless, within ${Math.floor((options.deadManSeconds * 3) / 4)} s, something that is left logs in there: another key of this computer, or anybody, if the host's journal tells of it`;
  return [makeCheck("consent", OWN_LOGIN, about, text)];
}

export type Moment = { now: string; options: KeyOptions };

/**
 * Whether some line of the account lets this very login in when the plan is carried out; null where that cannot be told. By which of
 * several lines of its authority a certificate is let in depends on its principals, so all that stand there now have to.
 */
function staysOpen(draft: Draft, account: AccountFacts, now: string): boolean | null {
  const { login, clockOffset, files } = draft.facts;
  const unixTime = Math.floor(Date.parse(now) / 1_000) + (clockOffset ?? 0);
  const own = files.filter((file) => file.accounts.includes(account.name));
  const linesIn = (bytes: Uint8Array): KeyLine[] =>
    readAuthorizedKeys(bytes).filter(
      (line) =>
        line.problem === null &&
        line.key !== null &&
        mayBeBy(login, { fingerprint: line.key.fingerprint, isAuthority: isAuthority(line) }),
    );
  const left = own.flatMap((file) => linesIn(bytesAfter(draft, file)));
  const lines = left.map((line) => letsIn(line.parsedOptions, { address: login.from, unixTime }));
  const elsewhere = account.grants
    .filter(
      (grant) =>
        mayBeBy(login, grant) &&
        grant.effective !== "no" &&
        !own.some((file) => pathsOf(file).includes(grant.file)),
    )
    .map(({ effective, onlyFrom }) => (effective === "yes" && onlyFrom.length === 0 ? true : null));
  const all = [...lines, ...elsewhere];
  if (login.certificate !== null) {
    if (all.every((one) => one === false)) return false;
    const isWhole = left.length >= own.flatMap((file) => linesIn(bytesNow(file))).length;
    return login.certificate.authority !== null && isWhole && all.every((one) => one === true) ? true : null;
  }
  if (all.includes(true)) return true;
  return all.includes(null) ? null : false;
}

const bytesNow = ({ stand }: FileFacts): Uint8Array =>
  (stand.kind === "absent" ? null : stand.bytes) ?? new Uint8Array();

function bytesAfter({ files }: Draft, file: FileFacts): Uint8Array {
  const bytes = bytesNow(file);
  const planned = files.find(({ path }) => path === (file.realPath ?? file.path));
  const stages = planned ? fillStages(planned, null) : null;
  return stages ? (applyEdits(bytes, stages.removed) ?? new Uint8Array()) : bytes;
}
