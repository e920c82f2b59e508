import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { readCollection } from "#domain/collection/read-collection.ts";
import { type RawRecord, readFrame } from "#domain/collection/stream.ts";
import { answerScript } from "#testing/ssh/collector-stream.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: "utf8" });

/** Secrets in the formats that hosts have, made here and used nowhere. */
function makeSecrets(folder: string): Record<string, string> {
  const key = (name: string, ...options: string[]) => {
    run("ssh-keygen", "-q", "-N", "", "-C", "", ...options, "-f", join(folder, name));
    return readFileSync(join(folder, name), "latin1");
  };
  const openssh = key("openssh", "-t", "ed25519");
  const pem = key("pem", "-t", "rsa", "-b", "2048", "-m", "PEM");
  const der = Buffer.from(pem.replace(/-----.*-----|\n/g, ""), "base64").toString("latin1");
  const crypt = (...options: string[]) => run("openssl", "passwd", ...options, "-salt", "canarysa", "canary");
  return {
    openssh,
    pem,
    der,
    "openssh without its armour": openssh.replace(/-----.*-----\n/g, ""),
    "pem in base64": Buffer.from(`kind: Secret\n${pem}`).toString("base64"),
    putty: `PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\n${openssh.split("\n")[3]}\n`,
    "SHA-512": `alice:${crypt("-6").trim()}:19000:0:99999:7:::\n`,
    "SHA-256 alone": crypt("-5"),
    "MD5 in a sentence": `the password is ${crypt("-1").trim()} here`,
    bcrypt: "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
    yescrypt: "!$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7",
    argon2:
      "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b8dWRWJTmaasp8YMwZ4s5Rb2jA",
    "a line of shadow": "daemon:*:19000:0:99999:7:::\n",
  };
}

/** A whole stream in which this secret follows the payload of every record that has one. */
function streamWith(secret: string): { stream: Buffer; spoilt: RawRecord[] } {
  const whole = answerScript("--nonce 'abc''def'");
  const { records = [], nonce = "" } = readFrame(Buffer.from(whole, "latin1"), null) ?? {};
  const spoilt: RawRecord[] = [];
  const lines = records.map((record) => {
    const { kind, encoding, attributes } = record;
    const words = [kind, ...attributes.map(([name, value]) => `${name}:${value}`)];
    if (encoding === "-") return `${[kind, 0, "-", ...words.slice(1)].join(" ")}\n`;
    spoilt.push(record);
    const clear = Buffer.from(
      Buffer.from(record.payload).toString("latin1"),
      encoding === "hex" ? "hex" : "base64",
    );
    const head = kind === "certificate" ? "" : clear.toString("latin1");
    const payload = Buffer.from(`${head}${secret}`, "latin1").toString("base64");
    return `${[kind, payload.length, "b64", ...words.slice(1)].join(" ")}\n${payload}`;
  });
  const stream = `\nlatchkey-collection 1 ${nonce}\n${lines.join("")}end ${records.length} ${nonce} none\n`;
  return { stream: Buffer.from(stream, "latin1"), spoilt };
}

/** Pieces that would identify a secret, in the clear and in base64. */
const piecesOf = (secret: string): string[] => {
  const piece = secret
    .trim()
    .replace(/-----.*-----\n/, "")
    .slice(-60, -20);
  return [piece, Buffer.from(`${piece}`).toString("base64").slice(4, 40)];
};

test("no record with the shape of a private key or a password hash is read any further, whatever it is a record of", async () => {
  await using folder = await makeTemporaryFolder();
  for (const [name, secret] of Object.entries(makeSecrets(folder.path))) {
    const { stream, spoilt } = streamWith(secret);
    const collection = readCollection(stream, { nonce: null });
    const kept = JSON.stringify(collection, (_, value: unknown) =>
      value instanceof Map
        ? [...value]
        : value instanceof Uint8Array
          ? Buffer.from(value).toString("latin1")
          : value,
    );
    expect(collection?.incomplete).toBe(null);
    // A DER key that is no longer than a public key cannot be distinguished when it follows text.
    if (name !== "der")
      expect({ name, found: piecesOf(secret).filter((piece) => kept.includes(piece)) }).toEqual({
        name,
        found: [],
      });
    const said = collection?.unreadable.filter(({ why }) => why.includes("it was dropped")) ?? [];
    if (name !== "der") expect({ name, said: said.length }).toEqual({ name, said: spoilt.length });
  }
});

test("what was dropped from a bundle is in no file of the database, and is said", async () => {
  await using folder = await makeTemporaryFolder();
  const secrets = makeSecrets(folder.path);
  const databasePath = join(folder.path, "latchkey.db");
  const { stream } = streamWith(`${secrets.pem}${secrets["SHA-512"]}`);
  await using app = createApp({ databasePath });
  const imported = await app.client.bundles.import({
    base64: stream.toString("base64"),
    as: { host: "web1", port: 22 },
  });
  expect(imported.host).toBe("web1");
  const files = (await readdir(folder.path)).filter((name) => name.startsWith("latchkey.db"));
  const kept = files.map((name) => readFileSync(join(folder.path, name), "latin1")).join("\n");
  const pieces = [...piecesOf(secrets.pem ?? ""), ...piecesOf(secrets["SHA-512"] ?? "")];
  expect(pieces.filter((piece) => kept.includes(piece))).toEqual([]);
  expect(kept).toContain("it was dropped");
});
