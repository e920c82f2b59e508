import type { GraphHow, GraphLink, GraphNode } from "../../model/access/graph.ts";
import type { Effective } from "../../model/access/verdict.ts";
import { assertNever } from "../../model/assert-never.ts";
import type { Escalation } from "../../model/hosts/host-reach.ts";
import { formatHost } from "../hosts/target.ts";
import { formatBound, formatGives } from "./grant.ts";

/** The name of a thing, as `graph reach` takes it. May hold what strangers wrote. */
export function nameNode(node: GraphNode): string {
  switch (node.kind) {
    case "account":
      return `${node.account}@${formatHost(node)}`;
    case "key":
      return node.fingerprint;
    case "person":
      return `person:${namePerson(node)}`;
    case "this-computer":
      return THIS_COMPUTER;
    case "agent":
      return `${formatAgent(node.origin)} of ${node.account}@${formatHost(node)}`;
    default:
      return assertNever(node);
  }
}

/** The name of a person, with a number where others are called so, too. */
export const namePerson = ({ name, number }: { name: string; number: number | null }): string =>
  number === null ? name : `${name} #${number}`;

export const THIS_COMPUTER = "this computer";

const formatAgent = (origin: "forwarded" | "local" | "unknown"): string =>
  origin === "unknown" ? "agent" : `${origin} agent`;

/** Whether whoever has the one thing has the other by that alone; where not, the first note says what it depends on. */
type EdgeEvaluation = { isCertain: boolean; notes: string[] };

const evaluate = (
  doubts: readonly (string | false)[],
  facts: readonly (string | false)[] = [],
): EdgeEvaluation => {
  const said = doubts.filter((doubt) => doubt !== false);
  return { isCertain: said.length === 0, notes: [...said, ...facts.filter((fact) => fact !== false)] };
};

/** A grant that sshd does not refuse. A login without a shell is not control of the account. */
export function evaluateOpening({ state, reasons, onlyFrom, gives }: Effective): EdgeEvaluation {
  return evaluate([
    state === "unknown" && (reasons[0] ?? "whether sshd accepts it is not known"),
    onlyFrom.length > 0 && formatBound(onlyFrom),
    state === "yes" && gives.length === 0 && "what it allows was not read",
    gives.length > 0 && !gives.includes("shell") && `no shell; it gives ${formatGives(gives)}`,
  ]);
}

/**
 * A certificate that an authority may sign: whoever has its private key can make one. The principals are the account's.
 */
export function evaluateSigning(effective: Effective, principals: readonly string[]): EdgeEvaluation {
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
export const evaluateHolding = ({ isEncrypted, keyType, isLikely, isVerified, kind }: Held): EdgeEvaluation =>
  evaluate(
    [
      isLikely && "it is locked, and the key is that of the .pub file beside it: not verified",
      isEncrypted === true && !isLikely && "it is locked: its passphrase is needed",
      !isVerified && !isLikely && "it claims the key and has not signed with it: not verified",
      isEncrypted === null && !isLikely && "whether it is locked is not known",
      keyType?.startsWith("sk-") === true && "its security key is needed",
    ],
    [kind === "root" && "root reads it; its owner is no account of the host"],
  );

/** A rule of sudo or doas, or what makes root of whoever may write to it. */
export function evaluateEscalation(rule: Escalation): EdgeEvaluation {
  const { commands, shell, password, isCertain } = rule;
  return evaluate(
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
  group: "group",
  agent: "agent",
};

/** Whoever begins a path, as people are told: "former: Carol Nolan", "deploy@web1", "whoever has SHA256:...". */
export function nameBeginning({ from }: GraphLink): string {
  if (from.kind === "person") return `${from.standing === "gone" ? "former: " : ""}${namePerson(from)}`;
  return from.kind === "key" ? `whoever has ${from.fingerprint}` : nameNode(from);
}

/**
 * The first step of a path, where that stands, and what it depends on: "logs in as deploy@web1 with SHA256:...: ...". May hold
 * what strangers wrote.
 */
export function describeStep({ from, to, how, fingerprint, where, distance, notes }: GraphLink): string {
  const key = fingerprint === null || from.kind === "key" ? "" : ` with ${fingerprint}`;
  const at = where === "" ? "" : `: ${where}`;
  const rest = distance !== null && distance > 1 ? [`${distance} steps in all`] : [];
  return [`${formatDeed(how, nameNode(to))}${key}${at}`, ...rest, ...notes].join(", ");
}

function formatDeed(how: GraphHow, to: string): string {
  switch (how) {
    case "holds":
      return `holds ${to}`;
    case "opens":
      return `logs in as ${to}`;
    case "signs":
      return `signs a certificate that logs in as ${to}`;
    case "root":
      return `acts as ${to}, being root`;
    case "sudo":
    case "doas":
      return `becomes ${to} by ${how}`;
    case "group":
      return `becomes ${to} by what it may write to`;
    case "agent":
      return `uses the ${to}`;
    default:
      return assertNever(how);
  }
}

type EscalationRule = Omit<Escalation, "account">;

/** What an account becomes, in a few words: "root by sudo". */
export function formatEscalation({ target, by, commands, shell, isCertain }: EscalationRule): string {
  const what =
    commands === "any" || shell !== null ? `${target} by ${by}` : `some commands as ${target} by ${by}`;
  return isCertain ? what : `perhaps ${what}`;
}

const PASSWORD_PHRASES: Record<EscalationRule["password"], string> = {
  none: "without a password",
  own: "with its own password",
  target: "with the other account's password",
  root: "with root's password",
};

/** How a step works, and which rule says so. */
export function formatMeans({ commands, what, shell, password, rule }: EscalationRule): string {
  const first = shell ?? what[0] ?? "a command";
  const more = what.length > 1 ? ` and ${what.length - 1} more` : "";
  return `${commands === "any" ? "any command" : `${first}${more}`}, ${PASSWORD_PHRASES[password]}: ${rule}`;
}
