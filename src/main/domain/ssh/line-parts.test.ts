import fc from "fast-check";
import { expect, test } from "vitest";
import { readAuthorizedKeys } from "./authorized-keys.ts";
import { printLine, readLine } from "./line-parts.ts";
import { SAMPLE_KEYS } from "./testdata/sample-keys.ts";

const { ed25519, rsa, certificate } = SAMPLE_KEYS;

/** Bytes that are likely to mean something, and any others. */
const bytes = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ed25519,
        rsa,
        certificate,
        'from="10.0.0.0/8"',
        'command="a \\"b\\""',
        "cert-authority",
      ),
      fc.constantFrom(
        " ",
        "\t",
        ",",
        '"',
        "\n",
        "\r\n",
        "#",
        "\0",
        "\ufeff",
        "ssh-ed25519",
        "AAAA",
        "me@laptop",
      ),
      fc.string({ unit: "binary", maxLength: 4 }),
    ),
  )
  .map((parts) => Buffer.from(parts.join(""), "utf8"))
  .chain((text) => fc.uint8Array({ maxLength: 3 }).map((odd) => Buffer.concat([text, odd])));

const linesOf = (file: Buffer): string[] => file.toString("latin1").split("\n");

test("a file that is read and printed is the same file, byte by byte", () => {
  fc.assert(
    fc.property(bytes, (file) => {
      const printed = linesOf(file).map((line) => printLine(readLine(line)));
      expect(Buffer.from(printed.join("\n"), "latin1").equals(file)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("every line that is neither blank nor a comment is a row, with its key or with the reason why it has none", () => {
  fc.assert(
    fc.property(bytes, (file) => {
      const meant = linesOf(file).filter((line) => !/^[ \t]*(?:#|\r?$)/.test(line));
      const rows = readAuthorizedKeys(file);
      expect(rows.length).toBe(meant.length);
      expect(rows.filter(({ key, problem }) => key === null && !problem)).toEqual([]);
    }),
  );
});

test("the parts are those that the line is judged by", () => {
  const options = ["", 'command="a \\"b c\\"",no-pty ', "\tno-pty,\t ", 'from="*" '];
  const lines = [ed25519, rsa].flatMap((key) => options.map((before) => `${before}${key} me # too\r`));
  for (const text of lines) {
    const [line] = readAuthorizedKeys(Buffer.from(text, "latin1"));
    const { options: written, keyType, base64, rest } = readLine(text);
    expect([written, keyType, `${keyType} ${base64}`, rest]).toEqual([
      line?.options,
      line?.keyTypeText,
      text.includes(rsa) ? rsa : ed25519,
      " me # too\r",
    ]);
  }
});
