import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { type Command, InvalidArgumentError, Option } from "commander";
import {
  type ChainReason,
  type Evaluation,
  Profile,
  type Purpose,
} from "#shared/model/certificates/chain.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatReason, formatVerdict } from "#shared/text/findings/profile-finding.ts";
import { printable, printableJson } from "#shared/text/untrusted-text.ts";
import { REPORT, type Session, type World } from "#shells/cli/session.ts";
import { readFileOrRefuse } from "#shells/cli/terminal.ts";

type Options = {
  leaf: string;
  chain?: string[];
  roots?: string[];
  crl?: string[];
  name?: string;
  purpose?: Purpose;
  at?: Date;
  policy?: string[];
  explicitPolicy?: boolean;
  inhibitMapping?: boolean;
  inhibitAny?: boolean;
  profile?: Profile;
  maxDepth?: number;
  json?: boolean;
};

export function addVerify(program: Command, { world, finish }: Session): void {
  const several = (text: string, before: string[] = []): string[] => [...before, text];
  program
    .command("verify")
    .helpGroup(REPORT)
    .description("check whether a certificate is valid, and if not, why")
    .requiredOption("--leaf <file>", "the certificate; further ones in the file count as its chain")
    .option("--chain <file>", "intermediate certificates, in any order", several)
    .option("--roots <file>", "the roots to trust (default: this system's)", several)
    .option(
      "--crl <file>",
      "revocation lists; every certificate must then be known not to be revoked",
      several,
    )
    .option("--name <name>", "the DNS name or IP address that it must be valid for", readServerName)
    .addOption(new Option("--purpose <purpose>", "its purpose in TLS").choices(["server", "client"]))
    .addOption(
      new Option("--profile <profile>", "the rules to evaluate it against (default: rfc5280)").choices(
        Profile.options,
      ),
    )
    .option("--max-depth <n>", "the maximum number of intermediates", readDepth)
    .option("--at <time>", "the time to check for, such as 2026-06-01T12:00:00Z (default: now)", readTime)
    .option("--policy <oid>", "an acceptable policy (repeatable)", (text: string, before?: string[]) =>
      several(readOid(text), before),
    )
    .option("--explicit-policy", "require a policy that is valid for the whole path")
    .option("--inhibit-mapping", "forbid policy mappings")
    .option("--inhibit-any", "anyPolicy matches no policy")
    .addHelpText("after", HELP)
    .action(async (_: object, command: Command) =>
      finish(await verify(command.optsWithGlobals<Options>(), world)),
    );
}

const HELP = `
Files are PEM or DER. A signature algorithm that this runtime cannot verify gives "unsupported", not "invalid". Without
--crl, revocation is not checked. Options that take files are repeatable.

Profiles:
  rfc5280  path validation, and RFC 5280's rules for each certificate in the path; no SHA-1 (RFC 8446)
  webpki   the CA/Browser Forum's Baseline Requirements (BR) for public servers as well
  clients  what clients do: path validation as in OpenSSL and Go

A chain that breaks rules of its profile, but that OpenSSL or Go accepts anyway, is "valid for clients, against the
profile"; each broken rule is listed with its section. With the profile clients, such rules are listed as notes.

Example:
  latchkey verify --leaf shop.pem --chain ca.pem --roots root.pem --name shop.example --purpose server

Exit codes: 0 valid against the given profile (without --profile, also: valid for clients); 1 not valid.
With --json: { profile, state: "valid" | "valid-for-clients" | "invalid" | "unsupported", acceptedBy: ["openssl" | "go"],
reasons: [{ code, sentence, sha256?, rule?: { profile, section }, acceptedBy? }], notes: [like reasons], path: [sha256] },
the path from the certificate to the root.`;

async function verify(options: Options, world: World): Promise<number> {
  const { verifyFiles } = await import("#verify");
  const evaluation = await verifyFiles({
    leaf: await readOrRefuse(options.leaf),
    chain: await Promise.all((options.chain ?? []).map(readChain)),
    roots: options.roots ? await Promise.all(options.roots.map(readRoots)) : null,
    crls: options.crl ? await Promise.all(options.crl.map(readLists)) : null,
    at: options.at ?? world.now(),
    purpose: options.purpose ?? null,
    name: options.name ?? null,
    policy: {
      policies: options.policy ?? [],
      requireExplicit: options.explicitPolicy ?? false,
      inhibitMapping: options.inhibitMapping ?? false,
      inhibitAny: options.inhibitAny ?? false,
    },
    mostIntermediates: options.maxDepth ?? null,
    profile: options.profile ?? "rfc5280",
  });
  world.out(options.json ? printableJson(evaluation, 2) : formatEvaluation(evaluation));
  const isEnough =
    evaluation.state === "valid" || (evaluation.state === "valid-for-clients" && !options.profile);
  return isEnough ? 0 : 1;
}

function formatEvaluation({ reasons, notes, path, ...evaluation }: Evaluation): string {
  return [
    formatVerdict(evaluation),
    ...reasons.map(formatLine),
    ...(notes.length > 0 ? ["notes", ...notes.map(formatLine)] : []),
    ...path.map((sha256, at) => `  ${(at === 0 ? "leaf" : "issued by").padEnd(22)} ${sha256}`),
  ].join("\n");
}

const formatLine = (reason: ChainReason): string =>
  `  ${reason.code.padEnd(22)} ${printable(formatReason(reason))}`;

const MOST_BYTES = 64 * 1024 * 1024;

async function readOrRefuse(path: string): Promise<Uint8Array> {
  const bytes = await readFileOrRefuse(path, MOST_BYTES);
  if (bytes) return bytes;
  throw new Refusal("too-many", `${path} is larger than 64 MiB; pass only the part you need`);
}

/** A chain may be empty: a job may write such a file for a leaf right below its root. */
async function readChain(path: string): Promise<Uint8Array> {
  const bytes = await readOrRefuse(path);
  return isBlank(bytes) ? bytes : requireCertificates(path, bytes);
}

const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte <= 0x20);

const readRoots = async (path: string): Promise<Uint8Array> =>
  requireCertificates(path, await readOrRefuse(path));

async function requireCertificates(path: string, bytes: Uint8Array): Promise<Uint8Array> {
  const { countCertificates } = await import("#verify");
  if (countCertificates(bytes) > 0) return bytes;
  throw new Refusal("invalid-input", `${path} contains no certificate; pass PEM or DER`);
}

async function readLists(path: string): Promise<Uint8Array> {
  const bytes = await readOrRefuse(path);
  const { countLists } = await import("#verify");
  if (isBlank(bytes) || countLists(bytes) > 0) return bytes;
  throw new Refusal("invalid-input", `${path} contains no revocation list; pass PEM or DER`);
}

const MOST_DEPTH = 100;

function readDepth(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) <= MOST_DEPTH) return Number(text);
  throw new InvalidArgumentError(`Write a number from 0 to ${MOST_DEPTH}.`);
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

function readTime(text: string): Date {
  const date = new Date(text.replace(" ", "T").toUpperCase());
  if (RFC_3339.test(text) && !Number.isNaN(date.getTime()) && isDay(text.slice(0, 10))) return date;
  throw new InvalidArgumentError("Write a time as 2026-06-01T12:00:00Z.");
}

/** Date reads the 30th of February as the 2nd of March. */
function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function readOid(text: string): string {
  if (/^[0-2](\.(0|[1-9]\d{0,38})){1,127}$/.test(text)) return text;
  throw new InvalidArgumentError("Write an object identifier as 2.16.840.1.101.3.2.1.48.1.");
}

/** Names beyond ASCII stand in certificates in their ASCII form. */
function readServerName(text: string): string {
  const name = isIP(text) ? text : domainToASCII(text);
  if (name !== "" && name.length <= 254) return name;
  throw new InvalidArgumentError("Write a DNS name or an IP address.");
}
