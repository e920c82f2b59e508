import type { Command } from "commander";
import { Option } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { Wish } from "#shared/contract/runbooks.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { CHANGE, type Session } from "#shells/cli/session.ts";
import { change } from "./rotate-apply.ts";
import { addRotateCertificate } from "./rotate-certificate.ts";
import { addChangeOptions, CHANGE_ENDS, type ChangeOptions, readKeyText } from "./rotate-options.ts";

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
  addChangeOptions(key)
    .addHelpText("after", HELP + CHANGE_ENDS)
    .action(async (fingerprint: string | undefined, _: object, command: Command) => {
      const options = command.optsWithGlobals<KeyOptions>();
      const isNamed = fingerprint !== undefined;
      const wishOf = () => rotateKey(fingerprint, options);
      finish(await change({ command, kinds: ["rotate-key"], isNamed, wishOf }, options, world));
    });
  const host = rotate
    .command("host-key [host]")
    .description("replace the key of an SSH host, and announce the new one to its clients")
    .addOption(keyTypeOption());
  addChangeOptions(host)
    .addHelpText("after", HOST_HELP + CHANGE_ENDS)
    .action(async (name: string | undefined, _: object, command: Command) => {
      const options = command.optsWithGlobals<KeyOptions>();
      const isNamed = name !== undefined;
      const wishOf = (client: LatchkeyClient) => rotateHostKey(name, options, client);
      finish(await change({ command, kinds: ["rotate-host-key"], isNamed, wishOf }, options, world));
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
the run; latchkey runs shows, resumes or rolls it back.

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
): Promise<Wish> {
  if (fingerprint === undefined)
    throw new Refusal("invalid-input", "name the key by its fingerprint; latchkey access lists them");
  const given = newKey === undefined ? null : await readKeyText(newKey);
  return { kind: "rotate-key", fingerprint, keyType, given, keyFile: keyFile ?? null };
}

/** A host by its name alone, where it is scanned on one port, or with the port. */
async function rotateHostKey(
  name: string | undefined,
  { keyType }: KeyOptions,
  client: LatchkeyClient,
): Promise<Wish> {
  if (name === undefined) throw new Refusal("invalid-input", "name the host; latchkey hosts lists them");
  const { rows } = await client.hosts.list({ search: name });
  const named = rows.filter(({ host, port }) =>
    [host, `${host}:${port}`, `[${host}]:${port}`].includes(name),
  );
  const [first, ...others] = named;
  if (!first) throw new Refusal("not-found", `${name} is not a known host; latchkey hosts lists them`);
  if (others.length > 0)
    throw new Refusal("invalid-input", `${name} is known on several ports; name it as HOST:PORT`);
  return { kind: "rotate-host-key", host: first.host, port: first.port, keyType };
}
