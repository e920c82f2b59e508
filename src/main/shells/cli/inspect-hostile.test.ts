import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PAYLOADS } from "#store/testing/hostile/payloads.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { buildCertificate, commonName } from "#testing/tls/build-certificate.ts";

/** What a terminal would obey, and what reorders or hides the text beside it. */
const OBEYED =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\u{e0000}-\u{e0fff}]/u;

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value).subarray(0, 60_000);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
};
const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

/** A JKS of trusted certificates under these names, with a hash of zeros. */
function makeJks(aliases: readonly string[]): Buffer {
  const entries = aliases.map((alias) => {
    const der = buildCertificate({ subject: commonName(alias.slice(0, 200)) });
    return Buffer.concat([number(2), text(alias), Buffer.alloc(8), text("X.509"), number(der.length), der]);
  });
  return Buffer.concat([
    Buffer.from("feedfeed00000002", "hex"),
    number(entries.length),
    ...entries,
    Buffer.alloc(20),
  ]);
}

test("names in a keystore and in a file of Kubernetes are printed without what a terminal would obey", async () => {
  await using folder = await makeTemporaryFolder();
  const type = openTerminal(join(folder.path, "latchkey.db"));
  const names = PAYLOADS.filter((payload) => payload.length < 2_000);
  const files = [join(folder.path, "names.jks"), join(folder.path, "names.yaml")];
  await writeFile(files[0] ?? "", makeJks(names));
  const crt = Buffer.from(buildCertificate()).toString("base64");
  const documents = names.map((name) =>
    JSON.stringify({
      kind: "Secret",
      metadata: { name },
      data: { "tls.crt": crt, [name]: crt, "ca.crt": "!" },
    }),
  );
  await writeFile(files[1] ?? "", documents.join("\n---\n"));
  for (const path of files)
    for (const more of [[], ["--json"]]) {
      const { code, out, err } = await type("inspect", path, ...more);
      expect([code, err]).toEqual([0, ""]);
      expect(out.length).toBeGreaterThan(10_000);
      expect(OBEYED.exec(out)?.[0]).toBeUndefined();
    }
});
