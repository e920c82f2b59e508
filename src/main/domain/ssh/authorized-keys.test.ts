import fc from "fast-check";
import { expect, test } from "vitest";
import { LINE_ROWS } from "#domain/ssh/matrix/line-rows.ts";
import { formatRow, spell } from "#domain/ssh/matrix/row.ts";
import { ROW_KEYS, SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";
import { printLine, readAuthorizedKeys, splitLine } from "./authorized-keys.ts";

const { ed25519, rsa, rsa1024, certificate } = SAMPLE_KEYS;
const read = (text: string) => readAuthorizedKeys(Buffer.from(text));
const problemOf = (text: string) => read(text)[0]?.problem;

const accepted = LINE_ROWS.filter(({ sshd }) => sshd === "accepts");
test.each(accepted.map((row) => [formatRow(row), row] as const))(
  "nothing is wrong with %s",
  (_, { file = "<key>" }) => {
    expect(read(spell(file, ROW_KEYS)).at(-1)).toMatchObject({
      problem: null,
      key: { fingerprint: expect.any(String) },
    });
  },
);

test("a line is told with its number, its options, its key and its comment", () => {
  const lines = read(
    `# team\n\nfrom="10.0.0.0/8",No-PTY,command="say \\"hi\\", a=b" ${ed25519} me@laptop # May\r\n`,
  );
  expect(lines).toMatchObject([
    {
      line: 3,
      options: 'from="10.0.0.0/8",No-PTY,command="say \\"hi\\", a=b"',
      parsedOptions: [
        { name: "from", value: "10.0.0.0/8", isOn: true },
        { name: "pty", value: null, isOn: false },
        { name: "command", value: 'say "hi", a=b', isOn: true },
      ],
      key: { keyType: "ssh-ed25519", keyBits: 256 },
      keyTypeText: "ssh-ed25519",
      comment: "me@laptop # May",
      problem: null,
    },
  ]);
});

test("a line that sshd ignores says why, and keeps its key where there is one", () => {
  expect({
    option: problemOf(`no-such-option ${ed25519}`),
    twice: problemOf(`command="a",command="b" ${ed25519}`),
    quotes: problemOf(`command=true ${ed25519}`),
    open: problemOf(`command="true ${ed25519}`),
    space: problemOf(`restrict, pty ${ed25519}`),
    from: problemOf(`from="10.0.0.1/8" ${ed25519}`),
    principals: problemOf(`principals="me" ${ed25519}`),
    date: problemOf(`expiry-time="soon" ${ed25519}`),
    mismatch: problemOf(ed25519.replace("ssh-ed25519", "ssh-rsa")),
    cut: problemOf(ed25519.slice(0, -7)),
    missing: problemOf("ssh-ed25519"),
    certificate: problemOf(certificate),
    mark: problemOf(`\ufeff${ed25519}`),
    protocol1: problemOf("1024 35 14763812638172638172638761827361827361287 me"),
    format: problemOf("---- BEGIN SSH2 PUBLIC KEY ----"),
    nonsense: problemOf("hello"),
  }).toMatchInlineSnapshot(`
    {
      "certificate": "this is a certificate; sshd takes only plain keys here",
      "cut": "the key cannot be read: its base64 is cut or broken",
      "date": "expiry-time="soon" is not a date that sshd reads",
      "format": "this is a key in another format; convert it by ssh-keygen -i",
      "from": "from=: "10.0.0.1/8" has bits set beyond its mask, which refuses everybody",
      "mark": "a byte order mark stands before the key; save the file without it",
      "mismatch": "the line says ssh-rsa, but the key is of type ssh-ed25519",
      "missing": "the key itself is missing",
      "nonsense": "no key can be read in this line",
      "open": "a quote in the options is never closed",
      "option": "unknown option "no-such-option"",
      "principals": "principals= without cert-authority",
      "protocol1": "this is a key of SSH protocol 1, which no sshd takes any more",
      "quotes": "command: the value is not in quotes",
      "space": "no key can be read in this line",
      "twice": "two command= options",
    }
  `);
  expect(read(`no-such-option ${ed25519} me`)).toMatchObject([{ key: { keyBits: 256 }, comment: "me" }]);
  expect(read(`${rsa} me`)).toMatchObject([{ problem: null }]);
  expect(read(`${rsa1024} me`)).toMatchObject([{ problem: null }]);
});

test("a type that nobody here knows is a row with a fingerprint", () => {
  const blob = Buffer.from("\0\0\0\x12ssh-tomorrow@a.org\0\0\0\x01x", "latin1").toString("base64");
  expect(read(`restrict ssh-tomorrow@a.org ${blob} me`)).toMatchObject([
    {
      keyTypeText: "ssh-tomorrow@a.org",
      options: "restrict",
      key: { keyBits: null },
      problem: "no sshd known here takes keys of type ssh-tomorrow@a.org",
    },
  ]);
});

test("bytes that are not UTF-8 are replaced in words and leave the key as it is", () => {
  const bytes = Buffer.concat([
    Buffer.from(`command="\xe4" ${ed25519} `, "latin1"),
    Buffer.of(0xff, 0xc3, 0xa9),
  ]);
  expect(readAuthorizedKeys(bytes)).toMatchObject([
    { comment: "\ufffdé", options: 'command="\ufffd"', parsedOptions: [{ value: "\ufffd" }], problem: null },
  ]);
});

test("no bytes make it throw, and every line is there with its own text", () => {
  const word = fc.constantFrom(
    "restrict,",
    'command="',
    '"',
    "\\",
    " ",
    "\t",
    "#",
    "\r",
    "\0",
    ed25519,
    rsa,
    "no-pty",
  );
  const line = fc
    .array(fc.oneof(word, fc.string({ maxLength: 4 })))
    .map((words) => words.join("").replaceAll("\n", ""));
  fc.assert(
    fc.property(fc.array(line), fc.boolean(), (lines, isEnded) => {
      const found = read(lines.join("\n") + (isEnded ? "\n" : ""));
      const kept = lines.flatMap((text, index) =>
        /^[ \t]*(?:#|\r?$)/.test(text) ? [] : [{ line: index + 1, text }],
      );
      expect(found.map(({ line: number, text }) => ({ line: number, text }))).toEqual(kept);
    }),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void readAuthorizedKeys(bytes)));
});

test("a megabyte without a newline is read in one go", () => {
  const text = `command="${'\\"'.repeat(250_000)}" ${ed25519} ${" ".repeat(500_000)}x`;
  expect(read(text)).toMatchObject([{ problem: null }]);
  expect(read('"'.repeat(1_000_001))).toMatchObject([{ key: null }]);
});

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
      const printed = linesOf(file).map((line) => printLine(splitLine(line)));
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
    const { options: written, keyType, base64, rest } = splitLine(text);
    expect([written, keyType, `${keyType} ${base64}`, rest]).toEqual([
      line?.options,
      line?.keyTypeText,
      text.includes(rsa) ? rsa : ed25519,
      " me # too\r",
    ]);
  }
});
