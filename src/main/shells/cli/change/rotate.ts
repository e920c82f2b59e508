import { type Command, Option } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { PlanRequest, RenewalRequest } from "#shared/contract/runs.ts";
import { Sha256 } from "#shared/model/certificates/certificate.ts";
import type { ChallengeMethod } from "#shared/model/issuers/issuer.ts";
import { KeyKind } from "#shared/model/issuers/vault.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { isRenewal, type Plan, plannedCertificates } from "#shared/model/runs/plan.ts";
import { CHALLENGE_FORMS, parseChallengeMethod } from "#shared/text/certificates/challenge-method.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { findHost } from "#shells/cli/find-host.ts";
import {
  type Asking,
  addVaultOption,
  openVaultFor,
  readSecretFile,
  sealTyped,
} from "#shells/cli/manage/vault.ts";
import type { CommandApp } from "#shells/cli/open-app.ts";
import { wholeNumber } from "#shells/cli/options.ts";
import { CHANGE, type Session } from "#shells/cli/session.ts";
import { change } from "./rotate-apply.ts";
import {
  addAccessOptions,
  addKeyOptions,
  addRunOptions,
  CHANGE_ENDS,
  type ChangeOptions,
  readKeyText,
} from "./rotate-options.ts";

type KeyType = "ed25519" | "ecdsa" | "rsa";
type KeyOptions = ChangeOptions & { keyType: KeyType; newKey?: string; keyFile?: string };

export function addRotate(program: Command, session: Session): void {
  const { world, finish } = session;
  const rotate = program
    .command("rotate")
    .helpGroup(CHANGE)
    .description("replace a key or a certificate everywhere, and verify that the new one works");
  const key = rotate
    .command("key [fingerprint]")
    .description("replace an SSH key: in every authorized_keys, and its private key")
    .addOption(keyTypeOption())
    .option("--new-key <key>", "use this existing key: a .pub file, its line, or a private key file")
    .option(
      "--key-file <path>",
      "where to write the new private key here if no location of the old one is known",
    );
  addAccessOptions(key)
    .addHelpText("after", HELP + CHANGE_ENDS)
    .action(async (fingerprint: string | undefined, _: object, command: Command) => {
      const options = command.optsWithGlobals<KeyOptions>();
      const isNamed = fingerprint !== undefined;
      const toRequest = () => rotateKey(fingerprint, options);
      finish(await change({ command, kinds: ["rotate-key"], isNamed, toRequest }, options, world));
    });
  const host = rotate
    .command("host-key [host]")
    .description("replace the key of an SSH host, and announce the new one to its clients")
    .addOption(keyTypeOption());
  addKeyOptions(host)
    .addHelpText("after", HOST_HELP + CHANGE_ENDS)
    .action(async (name: string | undefined, _: object, command: Command) => {
      const options = command.optsWithGlobals<KeyOptions>();
      const isNamed = name !== undefined;
      const toRequest = (client: LatchkeyClient) => rotateHostKey(name, options, client);
      finish(await change({ command, kinds: ["rotate-host-key"], isNamed, toRequest }, options, world));
    });
  addRotateCertificate(rotate, session);
}

const keyTypeOption = (): Option =>
  new Option("--key-type <type>", "the type of the new key")
    .choices(["ed25519", "ecdsa", "rsa"])
    .default("ed25519");

const HELP = `
Latchkey reads the hosts and shows a plan: what it will write where, and what it checked. Nothing is written before
--apply. Then it grants the new key everywhere, verifies it by a login with that key alone, installs it in place of the
old private keys, and only then revokes the old key. If a host fails, it is rolled back and the run stops. Ctrl-C pauses
the run; latchkey runs shows, resumes or rolls it back. For a day after it has finished, latchkey runs undo puts everything
back as it was.

A plan for root, for a CA key, for more than ten hosts or for hosts tagged production must be confirmed by typing a
word, or with --yes.

Examples:
  latchkey rotate key SHA256:2vN...
  latchkey rotate key SHA256:2vN... --plan rotate.json
  latchkey rotate key --apply rotate.json --yes
  latchkey rotate key SHA256:2vN... --apply --grace 14 --acknowledge other-way-in
`;

const HOST_HELP = `
Latchkey creates a second host key beside the old one and reloads sshd; OpenSSH clients learn the new key at their
next login (UpdateHostKeys). After the days of --grace the old key is removed: clients that have not logged in by then
see a warning about a changed key. If sshd_config has no HostKey line, Latchkey writes one for each key in use, because
a single such line would disable the others.

Examples:
  latchkey rotate host-key web1 --grace 14
  latchkey rotate host-key web1 --key-type rsa --apply --grace 14`;

async function rotateKey(
  fingerprint: string | undefined,
  { keyType, newKey, keyFile }: KeyOptions,
): Promise<PlanRequest> {
  if (fingerprint === undefined)
    throw new Refusal("invalid-input", "name the key by its fingerprint; latchkey access lists them");
  const keyText = newKey === undefined ? null : await readKeyText(newKey);
  return { kind: "rotate-key", fingerprint, keyType, newKey: keyText, keyFile: keyFile ?? null };
}

async function rotateHostKey(
  name: string | undefined,
  { keyType }: KeyOptions,
  client: LatchkeyClient,
): Promise<PlanRequest> {
  if (name === undefined) throw new Refusal("invalid-input", "name the host; latchkey hosts lists them");
  return { kind: "rotate-host-key", ...(await findHost(name, client)), keyType };
}

type Options = ChangeOptions & {
  due?: boolean;
  issuer?: string;
  key?: KeyKind;
  keyHere?: boolean;
  challenge?: string;
  keyFile?: string;
  test?: string;
  reload?: string;
  storeEntry?: string;
  storePassphraseFile?: string;
};

/** `certificate` among the commands of `rotate`. */
function addRotateCertificate(rotate: Command, { world, finish }: Session): void {
  const certificate = rotate
    .command("certificate [certificate...]")
    .description("renew certificates, deploy them, and verify what is served")
    .option(
      "--due",
      "all certificates that are due (two thirds of their lifetime, or as ACME suggests) and have a known issuer",
    )
    .option("--issuer <name>", "who signs: the name of an issuer, or local, csr, acme:URL")
    .addOption(
      new Option("--key <kind>", "the type of the new key (default: as the old key)").choices(
        KeyKind.options,
      ),
    )
    .option(
      "--key-here",
      "create the key in the vault of this computer (default: on its host, which it never leaves)",
    )
    .option(
      "--challenge <method>",
      `how an ACME directory checks that names are yours: ${CHALLENGE_FORMS.join(", ")}`,
    )
    .option("--key-file <path>", "for an unknown server: the path of its private key or keystore on the host")
    .option(
      "--store-passphrase-file <file>",
      "the passphrase of that keystore, on the first line of a file here; stored in the vault",
    )
    .option("--store-entry <name>", "which entry of that keystore to replace, if it has several")
    .option("--reload <command>", "for an unknown server: the command, run as root, that reloads it")
    .option("--test <command>", "for an unknown server: the command, run as root, that tests the new files")
    .option(
      "--post-check <minutes>",
      "minutes until the post-deployment check (default: 60; 0: none)",
      wholeNumber(0, 10_080),
    );
  addVaultOption(addRunOptions(certificate))
    .addHelpText("after", CERTIFICATE_HELP + CHANGE_ENDS)
    .action(async (named: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      refuseOthers(options);
      const isNamed = named.length > 0 || options.due === true;
      const toRequest = async (_: LatchkeyClient, app: CommandApp) =>
        keepPassphrase(readRequest(named, options), { app, options, world });
      finish(
        await change(
          { command, kinds: ["rotate-certificate"], isNamed, toRequest, needsVault },
          options,
          world,
        ),
      );
    });
}

const CERTIFICATE_HELP = `
Name a certificate by its SHA-256, or by where it is served: HOST:PORT/NAME for one server name, HOST:PORT for all that are
served there. It is renewed on every host that has it in a file; each host gets its own key and certificate.

Nothing is written before --apply. Then a key is created on the host and the certificate is signed, the server's own
configuration test checks the new files, they replace the old ones, and the server is reloaded. Latchkey verifies what is
served, by SHA-256 and chain, at every address and name, from here or else on the host itself. If that fails, the old files
are restored automatically. An hour later it checks again, and only then deletes the old files.

With the issuer csr, a run waits: latchkey runs csr prints the requests, and latchkey runs certificate takes the certificates.

Examples:
  latchkey rotate certificate web1:443 --issuer corp
  latchkey rotate certificate web1:443/shop.example --issuer acme:https://acme-v02.api.letsencrypt.org/directory --apply
  latchkey rotate certificate --due --plan due.json
  latchkey rotate certificate --apply due.json --yes
`;

/** Whether a run of the plan needs something that only the vault has. */
const needsVault = (plan: Plan): boolean =>
  isRenewal(plan) &&
  plannedCertificates(plan).some(
    ({ issuer, key, files }) =>
      issuer.kind !== "csr" ||
      key.made === "here" ||
      files.some(({ passphrase }) => passphrase !== undefined),
  );

/** Refuses options of other rotations. */
function refuseOthers({ grace, script }: Options): void {
  if (grace !== undefined)
    throw new Refusal(
      "invalid-input",
      "--grace is for keys; use --post-check for how long old files are kept",
    );
  if (script !== undefined)
    throw new Refusal("invalid-input", "--script is for keys; a renewal runs from here (--apply)");
}

function readRequest(named: readonly string[], options: Options): RenewalRequest {
  const { due = false, issuer, key, keyHere = false, challenge } = options;
  if (named.length === 0 && !due)
    throw new Refusal(
      "invalid-input",
      "name certificates by SHA-256 or HOST:PORT, or use --due; latchkey certificates lists them",
    );
  const read = named.map(readNamed);
  return {
    kind: "rotate-certificate",
    certificates: read.flatMap((one) => ("sha256" in one ? [one.sha256] : [])),
    endpoints: read.flatMap((one) => ("host" in one ? [one] : [])),
    isDue: due,
    issuer: issuer ?? null,
    keyKind: key ?? null,
    makesKeyHere: keyHere,
    challenge: challenge === undefined ? null : readChallenge(challenge),
    described: readDescribed(options),
  };
}

function readDescribed(options: Options): RenewalRequest["described"] {
  const { keyFile, reload, test = null, storeEntry: entry = null, storePassphraseFile } = options;
  if (keyFile !== undefined && reload !== undefined)
    return { keyFile, reload, test, entry, passphrase: null };
  if ([keyFile, reload, test, entry, storePassphraseFile].every((one) => (one ?? null) === null)) return null;
  throw new Refusal("invalid-input", "to describe an unknown server, use --key-file and --reload together");
}

const IS_STORE = /\.(?:p12|pfx|jks|keystore)$/i;

/** Puts the passphrase of a keystore into the vault, from a file or typed; the request refers to it by name. */
async function keepPassphrase(
  request: RenewalRequest,
  asking: Asking & { options: Options },
): Promise<RenewalRequest> {
  const { described } = request;
  const { app, options, world } = asking;
  const { storePassphraseFile: file } = options;
  if (!described || (file === undefined && !IS_STORE.test(described.keyFile))) return request;
  await openVaultFor(asking);
  const passphrase =
    file === undefined
      ? await sealTyped(`Passphrase of ${printable(described.keyFile)}: `, { app, world })
      : await app.seal(await readSecretFile(file));
  const label = `keystore ${described.keyFile}`;
  const { id } = await app.client.runs.keepPassphrase({ passphrase, label });
  return { ...request, described: { ...described, passphrase: id } };
}

type Named = { sha256: Sha256 } | RenewalRequest["endpoints"][number];

const SERVED_AT = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<host>[^:/\s]+)):(?<port>\d{1,5})(?:\/(?<name>[^/\s]+))?$/i;

function readNamed(text: string): Named {
  const named = readCertificateName(text);
  if (named) return named;
  throw new Refusal(
    "invalid-input",
    `${text} is neither the SHA-256 of a certificate nor an endpoint (HOST:PORT)`,
  );
}

/** A certificate by its SHA-256, or an endpoint; null: it is neither. */
export function readCertificateName(text: string): Named | null {
  const sha256 = Sha256.safeParse(text.replaceAll(":", "").toLowerCase());
  if (sha256.success) return { sha256: sha256.data };
  const { v6, host = v6, port, name } = SERVED_AT.exec(text)?.groups ?? {};
  if (host !== undefined && Number(port) > 0 && Number(port) < 65_536)
    return { host, port: Number(port), serverName: name ?? null };
  return null;
}

function readChallenge(text: string): ChallengeMethod {
  const method = parseChallengeMethod(text);
  if (method && method.kind !== "rfc2136") return method as ChallengeMethod;
  throw new Refusal(
    "invalid-input",
    method
      ? "set rfc2136 on the issuer, which stores its key: latchkey issuers challenge NAME --challenge ..."
      : `${text} is not a challenge method; use one of ${CHALLENGE_FORMS.join(", ")}`,
  );
}
