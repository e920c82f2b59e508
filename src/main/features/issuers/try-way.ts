import { answer } from "#net/challenges/answer.ts";
import { randomToken } from "#net/random-token.ts";
import type { Vault } from "#net/vault/vault.ts";
import type { TestedIssuer } from "#shared/contract/issuers.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { ChallengeWay } from "#shared/model/challenge-way.ts";

type Trial = {
  way: ChallengeWay;
  /** Where the record is made; null: where the way itself tells. */
  name: string | null;
};

/** A person waits for it. */
const SPREAD_MS = 30_000;
const HOOK_MS = 60_000;

/** Whether a way of DNS works: a record that nobody asks for is made, seen at its servers, and taken away again. */
export async function tryWay({ open }: Pick<Vault, "open">, { way, name }: Trial): Promise<TestedIssuer> {
  switch (way.kind) {
    case "webroot":
    case "served-on-host":
    case "tls-alpn":
      return {
        isSound: true,
        lines: ["names are shown to be yours on each host, and that is tried when it is planned"],
      };
    case "dns-hook":
      return name === null
        ? {
            isSound: true,
            lines: [`${way.program} was not tried: say for which name a record may be made and taken away`],
          }
        : tryRecord(way, name, open);
    case "rfc2136":
      return tryRecord(way, name ?? `latchkey-test.${way.zone}`, open);
    default:
      return assertNever(way);
  }
}

async function tryRecord(way: ChallengeWay, name: string, openSecret: Vault["open"]): Promise<TestedIssuer> {
  const token = randomToken();
  const { signal } = new AbortController();
  const near = { hand: null, address: null, spreadMs: SPREAD_MS, hookMs: HOOK_MS, openSecret, token, signal };
  const answered = await answer(way, { type: "dns-01", name, txt: `latchkey-test-${token}` }, near);
  if (answered.kind === "failed") return { isSound: false, lines: [answered.message] };
  const { note, undo } = answered;
  const undone = await undo();
  const made = `a record for ${name} was made and seen`;
  if (undone.kind === "left")
    return { isSound: false, lines: [made, `it could not be taken away: ${undone.message}`] };
  return { isSound: true, lines: [`${made}, and taken away again`, ...(note === null ? [] : [note])] };
}
