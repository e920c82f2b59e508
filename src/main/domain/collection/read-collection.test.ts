import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readCollection } from "./read-collection.ts";

const NONCE = "b7f3c1d2";
const STREAM = readFileSync(join(import.meta.dirname, "testdata/web1.stream"));
const START = STREAM.indexOf("latchkey-collection");

const read = (stream: Uint8Array, nonce: string | null = NONCE) => readCollection(stream, { nonce });

/** A stream in the collector's framing, by default with a digest. */
function frame(records: string[], { nonce = "n", digest = true } = {}): Buffer {
  const signed = `latchkey-collection 1 ${nonce}\n${records.join("")}`;
  const seal = digest ? `sha256 ${hash("sha256", Buffer.from(signed, "latin1"))}  -` : "none";
  return Buffer.from(`${signed}end ${records.length} ${nonce} ${seal}\n`, "latin1");
}

test("a recorded stream is read wholly, past the noise before it", () => {
  const collection = read(STREAM);
  expect(collection).toMatchObject({
    nonce: NONCE,
    incomplete: null,
    facts: {
      hostname: "web1",
      os: "Debian GNU/Linux 13 (trixie)",
      utcOffset: "+0000",
      sshdVersion: "OpenSSH_10.0p2",
      closedBy: null,
    },
    readAs: { uid: 0, user: "root", how: "login" },
    loginKey: null,
    loginAccount: "alice",
    authorizedKeys: [{ path: "/home/alice/.ssh/authorized_keys", accounts: ["alice"], whyUnreadable: null }],
    keyFiles: [{ format: "openssh", isEncrypted: false }, { path: "/home/alice/.ssh/id_ed25519" }],
    hostKeys: [{ path: "/etc/ssh/ssh_host_ed25519_key" }],
    certificateFiles: [{ path: "/etc/ssl/web1.pem", malformed: [] }],
    unreadable: [],
  });
  expect(
    collection?.accounts.map(({ name, groups, passwordState }) => [name, groups, passwordState]),
  ).toEqual([
    ["root", ["root"], "locked"],
    ["sshd", [], "locked"],
    ["alice", ["alice", "adm"], "locked"],
  ]);
  expect(collection?.sshd.effective?.get("alice")?.get("usepam")).toEqual(["yes"]);
  expect(read(STREAM, null)).toEqual(collection);
});

test("a stream cut at any byte is incomplete or none at all, and keeps what was whole", () => {
  const whole = read(STREAM);
  const firstLine = STREAM.indexOf("\n", START) + 1;
  let most = 0;
  for (let length = 0; length < STREAM.length; length++) {
    const collection = read(STREAM.subarray(0, length));
    if (length < firstLine) expect(collection).toBe(null);
    else expect(collection?.incomplete).toMatch(/./);
    const accounts = collection?.accounts ?? [];
    expect(accounts.length).toBeGreaterThanOrEqual(most);
    most = accounts.length;
  }
  expect(most).toBe(whole?.accounts.length);
});

test("a stream with any byte changed is never complete", () => {
  for (let at = START; at < STREAM.length; at++) {
    const changed = Buffer.from(STREAM);
    changed[at] = (changed[at] ?? 0) ^ (0x01 << (at % 8));
    const collection = read(changed, at % 2 === 0 ? NONCE : null);
    if (collection && collection.incomplete === null) expect.fail(`a change at byte ${at} went unseen`);
  }
});

test("no bytes make it throw", () => {
  const pieces = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom(
        "latchkey-collection 1 n\n",
        "end 1 n none\n",
        "host 0 - uid:x\n",
        "accounts 9 b64\nYTpiOmM6\n",
      )
      .map((text) => Buffer.from(text)),
    fc
      .nat(STREAM.length - 1)
      .chain((from) => fc.nat(400).map((length) => STREAM.subarray(from, from + length))),
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const stream = Buffer.concat(parts);
      read(stream, null);
      read(stream, "n");
      read(Buffer.concat([Buffer.from("latchkey-collection 1 n\n"), stream]), "n");
    }),
  );
});

const kind = fc.constantFrom(
  "host",
  "accounts",
  "groups",
  "shells",
  "password-states",
  "own-password",
  "config",
  "include",
  "effective",
  "effective-for",
  "authorized-keys",
  "authorized-keys-for",
  "key-file",
  "host-key",
  "certificate",
  "unread",
);
const name = fc.constantFrom(
  "path",
  "account",
  "e",
  "real",
  "set",
  "hex",
  "b64",
  "kind",
  "why",
  "size",
  "n",
  "uid",
);
const value = fc.oneof(
  fc.stringMatching(/^[!-~]{0,20}$/),
  fc.constantFrom("/", "/a/b", "%00%ff", "-rw-r--r--,1,0,0,5"),
);
const attribute = fc.tuple(name, value).map(([key, text]) => ` ${key}:${text}`);
const anyRecord = fc
  .tuple(
    kind,
    fc.array(attribute, { maxLength: 6 }),
    fc.constantFrom("b64", "hex", "text", "-"),
    fc.string({ maxLength: 60 }),
  )
  .map(([word, attributes, encoding, text]) => {
    const payload = Buffer.from(text, "utf8").toString("latin1");
    return `${word} ${payload.length} ${encoding}${attributes.join("")}\n${payload}`;
  });

test("any attributes and payloads of records that it knows are read without throwing", () => {
  fc.assert(
    fc.property(fc.array(anyRecord, { maxLength: 8 }), (records) => {
      expect(read(frame(records), "n")?.incomplete).toBe(null);
    }),
  );
});

test("file bytes come through the framing as they are", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom("base64", "hex"), (bytes, encoding) => {
      const payload = `${Buffer.from(bytes).toString(encoding as "hex")}\n`;
      const word = encoding === "hex" ? "hex" : "b64";
      const record = `authorized-keys ${payload.length} ${word} path:/k account:a link:no\n${payload}`;
      expect(read(frame([record]), "n")?.authorizedKeys[0]?.bytes).toEqual(new Uint8Array(bytes));
    }),
  );
});

test("only the nonce that was asked for counts, and only at the start of a line", () => {
  const forged = Buffer.concat([
    frame([], { nonce: "other" }),
    Buffer.from("x latchkey-collection 1 n\nend 0 n none\n"),
  ]);
  expect(read(forged, "n")).toBe(null);
  const inside = Buffer.concat([forged, frame(["unread 0 - kind:limit path:x why:too-many\n"])]);
  expect(read(inside, "n")?.unreadable).toHaveLength(1);
});

test("noise that looks like a stream does not hide the bundle behind it", () => {
  const noise = Buffer.from("latchkey-collection 1 fake\nrubbish\nlatchkey-collection 1 fake2\n");
  expect(read(Buffer.concat([noise, STREAM]), null)).toMatchObject({ nonce: NONCE, incomplete: null });
});

test("a stream without a digest is complete by its count alone", () => {
  const record = "unread 0 - kind:home path:/home/%ff why:not-permitted\n";
  expect(read(frame([record], { digest: false }), "n")).toMatchObject({
    incomplete: null,
    unreadable: [{ kind: "home", path: "/home/\\xff", why: "it may not be read without more rights" }],
  });
  const short = frame([record, record], { digest: false }).toString("latin1").replace(record, "");
  expect(read(Buffer.from(short, "latin1"), "n")?.incomplete).toBe(
    "the stream holds 1 records and should hold 2",
  );
});

test("why a stream is incomplete is said", () => {
  const whole = frame(["unread 0 - kind:limit path:x why:too-many\n"]).toString("latin1");
  const say = (text: string) => read(Buffer.from(text, "latin1"), "n")?.incomplete;
  expect(say(whole.slice(0, -1))).toBe("the stream stops early, after 1 whole records");
  expect(say(whole.replace("path:x", "path:y"))).toBe(
    "the stream was changed on its way: its digest does not fit",
  );
  expect(say(whole.replace("unread 0", "unread x"))).toBe("the stream is damaged after 0 records");
  expect(say(whole.replace(/end 1 n/, "end 1 m"))).toBe("the last line of the stream is damaged");
});
