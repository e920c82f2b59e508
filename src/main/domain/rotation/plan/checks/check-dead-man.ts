import { type Aim, accountsOf, type Draft, makeCheck } from "#domain/rotation/plan/draft.ts";
import type { Check, DeadMan } from "#shared/model/plan.ts";
import { findWay } from "./check-ways-in.ts";

/** Whether the host takes back by itself what was not proved, should it be cut off. */
export function checkDeadMan(aim: Aim, draft: Draft): Check[] {
  const { facts: host, files } = draft;
  if (files.length === 0) return [];
  const [best] = host.deadMen;
  if (best)
    return [
      makeCheck("ok", "dead-man", { host }, `should it be cut off, it goes back by itself: ${SAID[best]}`),
    ];
  const losing = files.filter(({ removed }) => removed !== null);
  const isOnlyWay = host.accounts.some(
    (account) =>
      losing.some((file) => accountsOf(draft, file).includes(account.name)) &&
      findWay(aim, host, account) === null,
  );
  const text = "it cannot go back by itself should it be cut off: it has no systemd-run, at, setsid or nohup";
  return [
    isOnlyWay
      ? makeCheck(
          "refused",
          "dead-man",
          { host },
          `${text}; nothing is removed there while no other way in is known`,
        )
      : makeCheck("consent", "dead-man", { host }, text),
  ];
}

const SAID: Record<DeadMan, string> = {
  "systemd-run": "by a timer of systemd",
  at: "by a job of at",
  sleep: "by a process of its own, which a restart of the host would end",
};
