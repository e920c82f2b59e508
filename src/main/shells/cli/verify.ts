import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type ChainReason, type Judgement, Profile, type Purpose } from "#shared/model/chain.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { sayReason, sayVerdict } from "#shared/text/judgement.ts";
import { printable, printableJson } from "#shared/text/printable.ts";
import { countCertificates, countLists, verifyFiles } from "#verify";
import { readFileOrRefuse } from "./read-file.ts";
import { LOOK, type Session } from "./session.ts";
import type { World } from "./world.ts";

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
    .helpGroup(LOOK)
    .description("whether a certificate is valid, for what and when, and if not, why not")
    .requiredOption("--leaf <file>", "the certificate; what follows it in the file counts as its chain")
    .option("--chain <file>", "certificates that may stand between it and a root, in any order", several)
    .option("--roots <file>", "the roots to trust; by default those of this system", several)
    .option("--crl <file>", "revocation lists; then each certificate has to be known as not revoked", several)
    .option("--name <name>", "the DNS name or IP address that it has to be for", readServerName)
    .addOption(new Option("--purpose <purpose>", "what for in TLS").choices(["server", "client"]))
    .addOption(
      new Option("--profile <profile>", "what to judge it against; by default rfc5280").choices(
        Profile.options,
      ),
    )
    .option("--max-depth <n>", "how many intermediates may stand between it and its root", readDepth)
    .option("--at <time>", "when, as 2026-06-01T12:00:00Z; by default now", readTime)
    .option("--policy <oid>", "a policy that will do", (text: string, before?: string[]) =>
      several(readOid(text), before),
    )
    .option("--explicit-policy", "a policy has to hold for the whole path")
    .option("--inhibit-mapping", "no authority may take one policy for another")
    .option("--inhibit-any", "anyPolicy stands for no policy")
    .addHelpText("after", HELP)
    .action(async (_: object, command: Command) =>
      finish(await verify(command.optsWithGlobals<Options>(), world)),
    );
}

const HELP = `
Files are PEM or DER. Whose algorithm this runtime cannot verify is unsupported, not invalid. Without --crl nothing is said
of revocation. Options that take files may be repeated.

Profiles:
  rfc5280  path validation, and what RFC 5280 demands of each certificate of the path; no SHA-1 (RFC 8446)
  webpki   the CA/Browser Forum's Baseline Requirements (BR) for public servers as well
  clients  what clients do: path validation as OpenSSL and Go have it

A chain that breaks rules of its profile, and that OpenSSL or Go accepts all the same, is valid for clients, against the
profile; each broken rule is told with its section. Under clients such rules are told as notes.

Example:
  latchkey verify --leaf shop.pem --chain ca.pem --roots root.pem --name shop.example --purpose server

Exits with 0 only when it is valid against the profile that was asked for, else with 1. Without --profile it exits with 0
also when it is valid for clients.
With --json: { profile, state: "valid" | "valid-for-clients" | "invalid" | "unsupported", acceptedBy: ["openssl" | "go"],
reasons: [{ code, sentence, sha256?, rule?: { profile, section }, acceptedBy? }], notes: [like reasons], path: [sha256] },
the path from the certificate to the root.`;

async function verify(options: Options, world: World): Promise<number> {
  const judgement = await verifyFiles({
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
  world.out(options.json ? printableJson(judgement, 2) : sayJudgement(judgement));
  const isEnough =
    judgement.state === "valid" || (judgement.state === "valid-for-clients" && !options.profile);
  return isEnough ? 0 : 1;
}

function sayJudgement({ reasons, notes, path, ...judgement }: Judgement): string {
  return [
    sayVerdict(judgement),
    ...reasons.map(sayLine),
    ...(notes.length > 0 ? ["notes", ...notes.map(sayLine)] : []),
    ...path.map((sha256, at) => `  ${(at === 0 ? "leaf" : "issued by").padEnd(22)} ${sha256}`),
  ].join("\n");
}

const sayLine = (reason: ChainReason): string =>
  `  ${reason.code.padEnd(22)} ${printable(sayReason(reason))}`;

const MOST_BYTES = 64 * 1024 * 1024;

async function readOrRefuse(path: string): Promise<Uint8Array> {
  const bytes = await readFileOrRefuse(path, MOST_BYTES);
  if (bytes) return bytes;
  throw new Refusal("too-many", `${path} is larger than 64 MiB; give the part of it that counts`);
}

/** A chain may be empty, as a file that a job has written for a leaf right below its root. */
async function readChain(path: string): Promise<Uint8Array> {
  const bytes = await readOrRefuse(path);
  return isBlank(bytes) ? bytes : requireCertificates(path, bytes);
}

const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte <= 0x20);

const readRoots = async (path: string): Promise<Uint8Array> =>
  requireCertificates(path, await readOrRefuse(path));

function requireCertificates(path: string, bytes: Uint8Array): Uint8Array {
  if (countCertificates(bytes) > 0) return bytes;
  throw new Refusal("invalid-input", `${path} holds no certificate; give PEM or DER`);
}

async function readLists(path: string): Promise<Uint8Array> {
  const bytes = await readOrRefuse(path);
  if (isBlank(bytes) || countLists(bytes) > 0) return bytes;
  throw new Refusal("invalid-input", `${path} holds no revocation list; give PEM or DER`);
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

/** Date takes the 30th of February for the 2nd of March. */
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
