import type { Command } from "commander";
import { Option } from "commander";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { Wish } from "#shared/contract/runbooks.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { change } from "./rotate-apply.ts";
import { addRotateCertificate } from "./rotate-certificate.ts";
import { readKeyText } from "./rotate-key-text.ts";
import { addChangeOptions, CHANGE_ENDS, type ChangeOptions } from "./rotate-options.ts";
import { CHANGE, type Session } from "./session.ts";

type KeyType = "ed25519" | "ecdsa" | "rsa";
type KeyOptions = ChangeOptions & { keyType: KeyType; newKey?: string; keyFile?: string };

export function addRotate(program: Command, session: Session): void {
  const { world, finish } = session;
  const rotate = program
    .command("rotate")
    .helpGroup(CHANGE)
    .description("replace a key or a certificate wherever it is, and prove that the new one works");
  const key = rotate
    .command("key [fingerprint]")
    .description("replace an SSH key where it is granted and where it is held")
    .addOption(keyTypeOption())
    .option(
      "--new-key <key>",
      "the new key, where it is made already: a .pub file, its line, or a private key file",
    )
    .option("--key-file <path>", "where the new private key goes on this computer when no holder is known");
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
    .description("replace a host's own key, and let those who know it learn the new one")
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
  new Option("--key-type <type>", "what the new key is")
    .choices(["ed25519", "ecdsa", "rsa"])
    .default("ed25519");

const HELP = `
The hosts are looked at, and the plan is shown: what is written where, and what was checked. Nothing is written
before --apply; then the new key is added everywhere, proved by a login with it alone, put in the place of
the old private halves, and only then is the old key removed. Whatever fails is taken back on that host, and the run
stops. Ctrl-C pauses it; latchkey runs says how it stands, goes on with it or takes it back.

A plan for root, for the key of an authority, for more than ten hosts or for hosts labelled production is confirmed by
typing a word, which --yes stands for in a script.

Examples:
  latchkey rotate key SHA256:2vN...
  latchkey rotate key SHA256:2vN... --plan rotate.json
  latchkey rotate key --apply rotate.json --yes
  latchkey rotate key SHA256:2vN... --apply --grace 14 --consent other-way-in
`;

const HOST_HELP = `
A second host key is made beside the old one, sshd is told to read its configuration again, and OpenSSH's clients learn
the new key at their next login. The old one goes after the days of --grace: whoever has not logged in by then is warned of a
changed key. Where sshd's configuration names no HostKey, each key that sshd uses gets a line, for the first such line
ends their use.

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
  if (!first) throw new Refusal("not-found", `${name} is not known as a host; latchkey hosts lists them`);
  if (others.length > 0)
    throw new Refusal("invalid-input", `${name} is known on several ports; name it as HOST:PORT`);
  return { kind: "rotate-host-key", host: first.host, port: first.port, keyType };
}
