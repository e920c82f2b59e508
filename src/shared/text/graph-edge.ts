import type { Escalation } from "../model/becoming.ts";
import type { GraphHow } from "../model/graph.ts";
import type { Effective, Gift } from "../model/verdict.ts";
import { formatMeans } from "./becoming.ts";
import { formatBound } from "./bound.ts";

/** Whether whoever has the one thing has the other by that alone; where not, the first note says on what it depends. */
type Judged = { isCertain: boolean; notes: string[] };

const judge = (doubts: readonly (string | false)[], facts: readonly (string | false)[] = []): Judged => {
  const said = doubts.filter((doubt) => doubt !== false);
  return { isCertain: said.length === 0, notes: [...said, ...facts.filter((fact) => fact !== false)] };
};

const GIFTS: Record<Exclude<Gift, "shell">, string> = {
  command: "one command and no other",
  sftp: "files by SFTP",
  forwarding: "forwarded connections",
};

/** A grant that sshd does not refuse. To be let in without a shell is not to have the account. */
export function evaluateOpening({ state, reasons, onlyFrom, gives }: Effective): Judged {
  const limited = gives.flatMap((gift) => (gift === "shell" ? [] : [GIFTS[gift]]));
  return judge([
    state === "unknown" && (reasons[0] ?? "whether sshd accepts it is not known"),
    onlyFrom.length > 0 && formatBound(onlyFrom),
    state === "yes" && gives.length === 0 && "what it allows was not read",
    gives.length > 0 && !gives.includes("shell") && `no shell; it gives ${limited.join(" and ")}`,
  ]);
}

/** A certificate that an authority may sign: whoever has its private key writes one. The principals are of the account. */
export function evaluateSigning(effective: Effective, principals: readonly string[]): Judged {
  const { isCertain, notes } = evaluateOpening(effective);
  const names = principals.slice(0, MOST_NAMED).map((name) => `"${name}"`);
  const more = principals.length > MOST_NAMED ? [`${principals.length - MOST_NAMED} more`] : [];
  const said =
    names.length === 0
      ? "with a principal that a command names"
      : `with the principal ${[...names, ...more].join(" or ")}`;
  return { isCertain, notes: [...notes, `by a certificate that it signs, ${said}`] };
}
const MOST_NAMED = 8;

type Held = {
  isEncrypted: boolean | null;
  keyType: string | null;
  isLikely: boolean;
  /** It has signed with the key. */
  isVerified: boolean;
  kind: "own" | "root";
};

/** A private key file, for whoever reads it. */
export const evaluateHolding = ({ isEncrypted, keyType, isLikely, isVerified, kind }: Held): Judged =>
  judge(
    [
      isLikely && "it is locked, and the key is that of the .pub file beside it: not verified",
      isEncrypted === true && !isLikely && "it is locked: its passphrase is needed",
      !isVerified && !isLikely && "it claims the key and has not signed with it: not verified",
      isEncrypted === null && !isLikely && "whether it is locked is not known",
      keyType?.startsWith("sk-") === true && "its security key is needed",
    ],
    [kind === "root" && "root reads it; its owner is no account of the host"],
  );

/** A rule of sudo or doas. */
export function evaluateEscalation(rule: Escalation): Judged {
  const { commands, shell, password, isCertain } = rule;
  return judge(
    [
      !isCertain && "the rule could not be read whole, or depends on what is not known",
      commands === "some" && shell === null && "some commands only, none of which is known to open a shell",
      password !== "none" && `it asks for ${PASSWORDS[password]}`,
    ],
    [formatMeans(rule)],
  );
}

const PASSWORDS = {
  own: "the account's own password",
  target: "the other account's password",
  root: "root's password",
};

/** How a step is called in a column, and in an exported file. */
export const HOW_WORDS: Record<GraphHow, string> = {
  holds: "holds",
  opens: "login",
  signs: "certificate",
  root: "root",
  sudo: "sudo",
  doas: "doas",
  agent: "agent",
};
