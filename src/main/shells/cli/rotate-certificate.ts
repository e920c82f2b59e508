import { type Command, Option } from "commander";
import type { RenewalWish } from "#shared/contract/runbooks.ts";
import { Sha256 } from "#shared/model/certificate.ts";
import type { ChallengeWay } from "#shared/model/challenge-way.ts";
import { KeyKind } from "#shared/model/key-kind.ts";
import { isRenewal, type Plan, plannedCertificates } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { CHALLENGE_FORMS, readChallengeWay } from "#shared/text/challenge-way.ts";
import { printable } from "#shared/text/printable.ts";
import { wholeNumber } from "./options.ts";
import { type Change, change } from "./rotate-apply.ts";
import { addRunOptions, CHANGE_ENDS, type ChangeOptions } from "./rotate-options.ts";
import type { Session } from "./session.ts";
import { type Asking, addVaultOption, openVaultFor, readSecretFile, sealTyped } from "./vault-ask.ts";

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

/** Certificates, among what is rotated. */
export function addRotateCertificate(rotate: Command, { world, finish }: Session): void {
  const certificate = rotate
    .command("certificate [certificate...]")
    .description("renew certificates, put them in place, and prove what is served")
    .option(
      "--due",
      "all that are past two thirds of their life, or that their ACME directory wants renewed, and that somebody is known to renew",
    )
    .option("--issuer <name>", "who signs: the name of an issuer, local, csr, or acme:URL")
    .addOption(
      new Option("--key <kind>", "what the new key is; as the old one, if not said").choices(KeyKind.options),
    )
    .option("--key-here", "make the key on this computer, in the vault; otherwise it never leaves its host")
    .option(
      "--challenge <way>",
      `how an ACME directory is shown that names are yours: ${CHALLENGE_FORMS.join(", ")}`,
    )
    .option(
      "--key-file <path>",
      "for a server that Latchkey does not know: where its private key is on the host, or the keystore with it",
    )
    .option(
      "--store-passphrase-file <file>",
      "opens that keystore by the first line of a file here; it is kept in the vault",
    )
    .option("--store-entry <name>", "the entry of that keystore to replace, where it has several")
    .option("--reload <command>", "for such a server: what root runs there so that it reads its files again")
    .option("--test <command>", "for such a server: what root runs there to try the new files first")
    .option(
      "--recheck <minutes>",
      "how long after all is served that is looked at once more; 60, if not said; 0: not at all",
      wholeNumber(0, 10_080),
    );
  addVaultOption(addRunOptions(certificate))
    .addHelpText("after", HELP + CHANGE_ENDS)
    .action(async (named: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      refuseOthers(options);
      const isNamed = named.length > 0 || options.due === true;
      const wishOf: Change["wishOf"] = async (_, app) =>
        keepPassphrase(readWish(named, options), { app, options, world });
      finish(
        await change({ command, kinds: ["rotate-certificate"], isNamed, wishOf, needsVault }, options, world),
      );
    });
}

const HELP = `
A certificate is named by its SHA-256, or by where it is served: HOST:PORT/NAME is the one of that name, HOST:PORT all that are
served there, which the plan lists. It is renewed on every host that has it in a file; each host gets a key and a certificate
of its own. Nothing is written before --apply: then a key is made on
the host and signed, the new files are tried by the server's own test, put in place of the old ones, and the server is told. What is
served is proved by its SHA-256, with what leads to its root, at every address and name, from here or else from the host itself;
otherwise the old files come back by themselves. An hour later it is looked at once more, and only then do the old files go.

With csr as its issuer a run waits: latchkey runs csr prints what is to be signed, and latchkey runs certificate takes what came.

Examples:
  latchkey rotate certificate web1:443 --issuer corp
  latchkey rotate certificate web1:443/shop.example --issuer acme:https://acme-v02.api.letsencrypt.org/directory --apply
  latchkey rotate certificate --due --plan due.json
  latchkey rotate certificate --apply due.json --yes
`;

/** Whether a run of the plan comes to something that only the vault knows. */
const needsVault = (plan: Plan): boolean =>
  isRenewal(plan) &&
  plannedCertificates(plan).some(
    ({ issuer, key, files }) =>
      issuer.kind !== "csr" ||
      key.made === "here" ||
      files.some(({ passphrase }) => passphrase !== undefined),
  );

/** Of other rotations. */
function refuseOthers({ grace, script }: Options): void {
  if (grace !== undefined)
    throw new Refusal(
      "invalid-input",
      "--grace is for keys; how long old files are kept is said by --recheck",
    );
  if (script !== undefined)
    throw new Refusal("invalid-input", "--script is for keys; a renewal is carried out from here (--apply)");
}

function readWish(named: readonly string[], options: Options): RenewalWish {
  const { due = false, issuer, key, keyHere = false, challenge } = options;
  if (named.length === 0 && !due)
    throw new Refusal(
      "invalid-input",
      "name certificates by their SHA-256 or by where they are served, or say --due; latchkey certificates lists them",
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
    challenge: challenge === undefined ? null : readWay(challenge),
    described: readDescribed(options),
  };
}

function readDescribed(options: Options): RenewalWish["described"] {
  const { keyFile, reload, test = null, storeEntry: entry = null, storePassphraseFile } = options;
  if (keyFile !== undefined && reload !== undefined)
    return { keyFile, reload, test, entry, passphrase: null };
  if ([keyFile, reload, test, entry, storePassphraseFile].every((one) => (one ?? null) === null)) return null;
  throw new Refusal("invalid-input", "a server is described by --key-file and --reload together");
}

const IS_STORE = /\.(?:p12|pfx|jks|keystore)$/i;

/** What opens a keystore goes into the vault, from a file or typed, and the wish names it. */
async function keepPassphrase(
  wish: RenewalWish,
  asking: Asking & { options: Options },
): Promise<RenewalWish> {
  const { described } = wish;
  const { app, options, world } = asking;
  const { storePassphraseFile: file } = options;
  if (!described || (file === undefined && !IS_STORE.test(described.keyFile))) return wish;
  await openVaultFor(asking);
  const passphrase =
    file === undefined
      ? await sealTyped(`Passphrase of ${printable(described.keyFile)}: `, { app, world })
      : await app.seal(await readSecretFile(file));
  const label = `keystore ${described.keyFile}`;
  const { id } = await app.client.runbooks.keepPassphrase({ passphrase, label });
  return { ...wish, described: { ...described, passphrase: id } };
}

type Named = { sha256: Sha256 } | RenewalWish["endpoints"][number];

const SERVED_AT = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<host>[^:/\s]+)):(?<port>\d{1,5})(?:\/(?<name>[^/\s]+))?$/i;

function readNamed(text: string): Named {
  const sha256 = Sha256.safeParse(text.replaceAll(":", "").toLowerCase());
  if (sha256.success) return { sha256: sha256.data };
  const { v6, host = v6, port, name } = SERVED_AT.exec(text)?.groups ?? {};
  if (host !== undefined && Number(port) > 0 && Number(port) < 65_536)
    return { host, port: Number(port), serverName: name ?? null };
  throw new Refusal(
    "invalid-input",
    `${text} is neither the SHA-256 of a certificate nor a place that serves one (HOST:PORT)`,
  );
}

function readWay(text: string): ChallengeWay {
  const way = readChallengeWay(text);
  if (way && way.kind !== "rfc2136") return way as ChallengeWay;
  throw new Refusal(
    "invalid-input",
    way
      ? "the key of a zone is kept with its issuer: latchkey issuers challenge NAME --challenge ..."
      : `${text} is no way to show that a name is yours; say one of ${CHALLENGE_FORMS.join(", ")}`,
  );
}
