import fc from "fast-check";
import { expect, test } from "vitest";
import { readPeopleSource } from "./read-people-source.ts";

const ANN = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEpJ5/Jv4Hy0oCaVpPBbl1zdQTtCPjnBLLKYGFEpcbX1";
const BOB =
  "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBIdvprAxJ7Rmo3jbljd7mqeNVwys2fSdUAgz87qGc27OckIoKpmRVh1o7HvMSZriEtVfOqNmgz+gjDo2qnfJuKE=";
const BOB_HASH = "SHA256:qh2opi3a/fNKkKRpelhhZuoZpgMqWqJuSm8JyOq5EgM";

const file = (name: string, text: string | Uint8Array) => ({ name, bytes: Buffer.from(text) });
const read = (name: string, text: string) => readPeopleSource([file(name, text)]);
const keysOf = ({ keys }: { keys: { fingerprint: string }[] }) => keys.map(({ fingerprint }) => fingerprint);

test("a table is read by what its columns are called, whatever stands between them", () => {
  const rows = [
    ["Full Name", "E-mail", "samAccountName", "Status", "End date", "Cost centre"],
    ["Ann Moore", "Ann@Corp.example", "amoore", "Active", "", "17"],
    ["Carol Nolan", "carol@corp.example", "carol", "active", "31.03.2026", "17"],
    ["Eve Stone", "", "eve", "terminated", "", "18"],
  ];
  for (const mark of [",", ";", "\t"]) {
    const { kind, people, broken, notes } = read(
      "people.csv",
      rows.map((row) => row.join(mark)).join("\r\n"),
    );
    expect({ kind, broken, notes }).toEqual({
      kind: "csv",
      broken: [],
      notes: ["columns that are not used: Cost centre"],
    });
    expect(people.map(({ name, logins, said, leftOn }) => [name, logins, said, leftOn])).toEqual([
      ["Ann Moore", ["amoore", "ann@corp.example"], "active", null],
      ["Carol Nolan", ["carol", "carol@corp.example"], "active", "2026-03-31"],
      ["Eve Stone", ["eve"], "gone", null],
    ]);
  }
});

test("a cell may hold several keys, and fingerprints stand for keys", () => {
  const { people, broken } = read(
    "people.csv",
    `\uFEFFlogin,keys,fingerprint\nann,"${ANN} ann@a\n${BOB}",\nbob,${ANN}; ${BOB},\ndan,,${BOB_HASH}\n`,
  );
  expect(broken).toEqual([]);
  expect(people.map(keysOf).map((keys) => keys.includes(BOB_HASH) && keys.length)).toEqual([2, 2, 1]);
});

test("where only days of leaving are listed, who has none is there", () => {
  const { people } = read("people.csv", "login,left on\nann,\ncarol,2026-03-31T18:00\n");
  expect(people.map(({ said, leftOn }) => [said, leftOn])).toEqual([
    ["active", null],
    ["nothing", "2026-03-31"],
  ]);
});

test("one person on several lines is one, and who is there by one line is there", () => {
  const { people } = read("people.csv", `login,state,key\nann,gone,${ANN}\nann,active,${BOB}\n`);
  expect(people.map(({ said, keys }) => [said, keys.length])).toEqual([["active", 2]]);
});

test("what of a table cannot be read is named by its line", () => {
  const text = [
    "name,login,state,left on,fingerprint",
    "Ann,ann,on leave,,",
    "Bob,bob,active,soon,",
    "Carol,carol,active,,aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99",
    ",,active,,",
    'Dan"s,dan,active,,',
  ].join("\n");
  expect(read("people.csv", text).broken).toEqual([
    { where: "people.csv line 6", why: "its quotes do not fit: write a quote within quotes twice" },
    { where: "people.csv line 2", why: 'the state "on leave" is not understood; write active or gone' },
    { where: "people.csv line 3", why: '"soon" is no day that can be read; write it as 2026-03-31' },
    {
      where: "people.csv line 4",
      why: "aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99 is an MD5 fingerprint, which identifies no key for certain; write what ssh-keygen -lf prints: SHA256:...",
    },
    { where: "people.csv line 5", why: "it does not say who is meant" },
  ]);
});

test("what is no people source says what to do", () => {
  const why = (name: string, text: string | Uint8Array) =>
    readPeopleSource([file(name, text)]).broken[0]?.why;
  expect(why("a.csv", "host,address\nweb1,10.0.0.1\n")).toContain("no column says who is meant");
  expect(why("a.csv", "name,room\nAnn,12\n")).toContain("no column has keys or says who has left");
  expect(why("a.xlsx", "PK\u0003\u0004 and more")).toContain("save the table as CSV in UTF-8");
  expect(why("a.csv", Buffer.from("\uFEFFname", "utf16le"))).toContain("UTF-16");
  expect(why("a.csv", "-----BEGIN OPENSSH PRIVATE KEY-----\n")).toContain("a private key");
  expect(why("a.csv", "")).toBe("it is empty");
});

test("a folder of keys has a file for each person, named as they are", () => {
  const { kind, people, broken } = readPeopleSource([
    file("ann.keys", `${ANN}\n${BOB}\n`),
    file("Bob.pub", `${BOB} bob@desk\n`),
    file("dan.keys", ""),
    file("eve.keys", "Not Found"),
  ]);
  expect(kind).toBe("keys");
  expect(people.map(({ name, logins, said, keys }) => [name, logins, said, keys.length])).toEqual([
    ["ann", ["ann"], "nothing", 2],
    ["Bob", ["bob"], "nothing", 1],
    ["dan", ["dan"], "nothing", 0],
    ["eve", ["eve"], "nothing", 0],
  ]);
  expect(broken).toEqual([{ where: "eve.keys line 1", why: expect.any(String) }]);
});

test("a directory's export is read with its folded lines, its base64 and its closed accounts", () => {
  const { kind, people, broken } = read(
    "people.ldif",
    `version: 1
# people
dn: uid=ann,ou=people,dc=corp,dc=example
objectClass: inetOrgPerson
uid: ann
cn:: ${Buffer.from("Änn Möore").toString("base64")}
mail: ann@corp.exam
 ple
sshPublicKey: ${ANN.slice(0, 40)}
 ${ANN.slice(40)}
sshPublicKey:: ${Buffer.from(`${BOB} bob`).toString("base64")}

dn: uid=carol,ou=people,dc=corp,dc=example
uid: carol
cn: Carol Nolan
nsAccountLock: TRUE

dn: cn=Dan,cn=Users,dc=corp,dc=example
sAMAccountName: dan
userAccountControl: 514

dn: uid=eve,ou=people,dc=corp,dc=example
uid: eve
pwdAccountLockedTime: 000001010000Z
dn: uid=fay,ou=people,dc=corp,dc=example
uid: fay
shadowExpire: 20000
jpegPhoto:< file:///tmp/photo.jpg

dn: cn=staff,ou=groups,dc=corp,dc=example
objectClass: posixGroup
cn: staff

dn: uid=gus,ou=people,dc=corp,dc=example
changetype: delete
`,
  );
  expect(kind).toBe("ldif");
  expect(
    people.map(({ handle, name, email, said, leftOn, keys }) => [
      handle,
      name,
      email,
      said,
      leftOn,
      keys.length,
    ]),
  ).toEqual([
    ["ann", "Änn Möore", "ann@corp.example", "active", null, 2],
    ["carol", "Carol Nolan", null, "gone", null, 0],
    ["dan", "dan", null, "gone", null, 0],
    ["eve", "eve", null, "gone", null, 0],
    ["fay", "fay", null, "active", "2024-10-04", 0],
  ]);
  expect(broken).toEqual([
    { where: "people.ldif line 28", why: "the value of jpegphoto is in another file, which is not read" },
    { where: "people.ldif line 34", why: "it is a change (delete) and no entry" },
  ]);
});

test("no bytes make it throw, and nobody has more names or keys than there is room for", () => {
  const names = fc.constantFrom("a.csv", "a.ldif", "a.keys", "a.pub", "a");
  const pieces = fc.oneof(
    fc.string({ unit: "binary", maxLength: 6 }),
    fc.constantFrom(
      "dn: uid=a\n",
      "uid: a\n",
      ' "',
      ",",
      "name,key\n",
      `${ANN}\n`,
      ":: ",
      ":< ",
      "\r\n",
      "\0",
      "\n ",
    ),
  );
  const text = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.array(fc.tuple(names, text), { maxLength: 3 }), (files) => {
      const { people } = readPeopleSource(files.map(([name, content]) => file(name, content)));
      for (const { handle, name, logins } of people) {
        expect(handle.length * name.length).toBeGreaterThan(0);
        expect([name, ...logins].every((each) => each.length <= 200 && !each.includes("\0"))).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
  fc.assert(
    fc.property(
      names,
      fc.uint8Array({ maxLength: 400 }),
      (name, bytes) => void readPeopleSource([file(name, bytes)]),
    ),
  );
});
