import { type Aim, accountsOf, type Draft, makeCheck } from "#domain/rotation/plan/draft.ts";
import type { Check } from "#shared/model/plan.ts";
import { findWay, losesLogin } from "./check-ways-in.ts";

/** Whether Latchkey takes away the line that lets itself in. */
export function checkOwnLogin(aim: Aim, draft: Draft): Check[] {
  const { facts: host, files, proofs } = draft;
  const { account: name, key } = host.login;
  const isCut = files.some((file) => file.removed !== null && accountsOf(draft, file).includes(name));
  if (!isCut || key === null || !losesLogin(aim, host)) return [];
  const about = { host, account: name };
  const proof = proofs.find(({ account }) => account === name)?.proof.kind;
  if (aim.proves === "new" && (proof === "from-here" || proof === "from-holder")) {
    const text = `it is logged in to with the key that goes; that one goes only after the new one has logged in`;
    return [makeCheck("ok", "own-login", about, text)];
  }
  const account = host.accounts.find((one) => one.name === name);
  const way = account ? findWay(aim, host, account) : null;
  if (way === null && aim.proves === "none") {
    const text = `it is the line that lets Latchkey in to ${name}, and no other way in is known; add another key first`;
    return [makeCheck("refused", "own-login", about, text)];
  }
  return [makeCheck("consent", "own-login", about, `it changes the line that lets Latchkey in to ${name}`)];
}
