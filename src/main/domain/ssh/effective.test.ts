import fc from "fast-check";
import { expect, test } from "vitest";
import { FROM_ROWS, LINE_ROWS } from "#domain/ssh/matrix/line-rows.ts";
import { formatRow, spell } from "#domain/ssh/matrix/row.ts";
import { evaluateGrants } from "./effective.ts";
import { readPublicKeyLine } from "./key-blob.ts";
import { judge, said, states } from "./testdata/judge-alice.ts";
import { makeAccount, makeCollection, makeKeysFile, NO_SETTINGS } from "./testdata/make-collection.ts";
import { ROW_KEYS, SAMPLE_KEYS } from "./testdata/sample-keys.ts";

const { ed25519, rsa, ecdsa, dsa } = SAMPLE_KEYS;
const fingerprint = (line: string) => readPublicKeyLine(line)?.key.fingerprint ?? "";

test.each([...LINE_ROWS, ...FROM_ROWS].map((row) => [formatRow(row), row] as const))(
  "as in the lab: %s",
  (_, { file = "<key>", sshd, takes }) => {
    const { facts } = makeCollection({});
    const now = new Date((facts.unixTime ?? 0) * 1_000);
    const verdicts = judge(spell(file, ROW_KEYS, { user: "alice", now }));
    const wanted = sshd === "accepts" ? "yes" : "no";
    const decisive = takes ? verdicts.slice(-1) : verdicts;
    expect(decisive.map(({ state }) => state)).toEqual(decisive.map(() => wanted));
    expect(decisive.length).toBeGreaterThan(0);
  },
);

test("a verdict says what was read for it and what was not", () => {
  expect(judge(`${ed25519} me`)).toMatchInlineSnapshot(`
    [
      {
        "coverage": {
          "notRead": [
            "what PAM's account modules add of their own",
          ],
          "read": [
            "sshd_config and the files that it includes",
            "owners and modes from /home/alice/.ssh/authorized_keys up to /home/alice",
            "/home/alice/.ssh/authorized_keys",
          ],
        },
        "dormant": null,
        "gives": [
          "shell",
          "forwarding",
        ],
        "onlyFrom": [],
        "reasons": [
          "nothing that sshd consults refuses it",
        ],
        "state": "yes",
      },
    ]
  `);
});

test("no names what decides, and where it stands", () => {
  expect([
    ...said(ed25519, { config: "PubkeyAuthentication no" }),
    ...said(ed25519, { config: "AllowUsers bob\nAllowUsers carol@*" }),
    ...said(ed25519, { config: "DenyUsers alice" }),
    ...said(ed25519, { config: "AllowGroups ops", account: { groups: ["alice"] } }),
    ...said(ed25519, { config: "PermitRootLogin no", account: { uid: 0 } }),
    ...said(ed25519, { config: "PermitRootLogin forced-commands-only", account: { uid: 0 } }),
    ...said(ed25519, { config: "AuthorizedKeysFile /etc/ssh/keys/%u" }),
    ...said(ed25519, { config: "AuthenticationMethods password" }),
    ...said(ed25519, { account: { isShellUsable: false, shell: "/bin/zsh" } }),
    ...said(ed25519, { account: { expiresOnDay: 18_262 } }),
    ...said(ed25519, { account: { agedOnDay: 18_262 } }),
    ...said(ed25519, { config: "RefuseConnection yes" }),
    ...said(ed25519, { config: "UsePAM no", account: { passwordState: "locked", isLockedForSshd: true } }),
    ...said(rsa, { config: "RequiredRSASize 3072" }),
    ...said(ecdsa, { config: "PubkeyAcceptedAlgorithms ssh-ed25519" }),
    ...said(dsa),
    ...said(`no-such-option ${ed25519}`),
    ...said(`expiry-time="20260531" ${ed25519}`),
    ...said(`from="db.corp" ${ed25519}`),
  ]).toMatchInlineSnapshot(`
    [
      "no: PubkeyAuthentication no (/etc/ssh/sshd_config:1)",
      "no: AllowUsers does not name alice (/etc/ssh/sshd_config:1, /etc/ssh/sshd_config:2)",
      "no: DenyUsers alice refuses alice (/etc/ssh/sshd_config:1)",
      "no: AllowGroups names no group of alice (/etc/ssh/sshd_config:1)",
      "no: PermitRootLogin no (/etc/ssh/sshd_config:1)",
      "no: PermitRootLogin forced-commands-only, and the line has no command= (/etc/ssh/sshd_config:1)",
      "no: sshd does not read this file for the account: AuthorizedKeysFile /etc/ssh/keys/%u (/etc/ssh/sshd_config:1)",
      "no: AuthenticationMethods password asks for no key (/etc/ssh/sshd_config:1)",
      "no: the shell of alice, /bin/zsh, does not exist or cannot be executed",
      "no: the account alice expired on 2020-01-01",
      "no: the password of alice is too old since 2020-01-01, for which PAM refuses keys too",
      "no: RefuseConnection yes (/etc/ssh/sshd_config:1)",
      "no: the password of alice is locked, which without PAM refuses keys too (UsePAM no, /etc/ssh/sshd_config:1)",
      "no: an RSA key of 2048 bits is shorter than RequiredRSASize 3072 (/etc/ssh/sshd_config:1)",
      "no: PubkeyAcceptedAlgorithms does not have ecdsa-sha2-nistp256 (/etc/ssh/sshd_config:1)",
      "no: sshd OpenSSH_10.0p2 has no ssh-dss any more",
      "no: unknown option "no-such-option"",
      "no: expiry-time="20260531" has passed by the host's clock",
      "no: from="db.corp" gives names only, and sshd does not look names up (UseDNS no, sshd's default)",
    ]
  `);
});

test("unknown names what was not read", () => {
  expect([
    ...said(ed25519, { account: { expiresOnDay: "unknown" } }),
    ...said(ed25519, { account: { agedOnDay: "unknown" } }),
    ...said(ed25519, { config: "UsePAM no", account: { isLockedForSshd: null } }),
    ...said(ed25519, { config: "UsePAM yes\nChrootDirectory /srv/%u" }),
    ...said(ed25519, { config: "AllowGroups ops", account: { groups: null } }),
    ...said(ed25519, { config: "RevokedKeys /etc/ssh/revoked" }),
    ...said(ed25519, { config: "Include a.d/*\nPubkeyAuthentication no" }),
    ...said(ed25519, { file: { walk: [] } }),
    ...said(`cert-authority ${ed25519}`),
    ...said(ed25519, { config: "Match LocalPort 2222\nPubkeyAuthentication no" }),
  ]).toMatchInlineSnapshot(`
    [
      "unknown: whether the account alice has expired was not read",
      "unknown: whether the password of alice is too old was not read, which counts under PAM",
      "unknown: whether the password of alice is locked was not read, which counts without PAM",
      "unknown: owner and mode of /srv/alice were not read (ChrootDirectory, /etc/ssh/sshd_config:2)",
      "unknown: the groups of alice were not all read, and sshd goes by groups",
      "unknown: /etc/ssh/revoked may revoke the key and was not read (RevokedKeys, /etc/ssh/sshd_config:1)",
      "unknown: what Include a.d/* stands for is not known",
      "unknown: owner and mode of /home/alice/.ssh/authorized_keys and the folders above were not read",
      "yes: a certificate authority: its key opens nothing, and a certificate that it signed can log in with the principal "alice"",
      "yes: nothing that sshd consults refuses it",
    ]
  `);
});

test("a port by name is known to some hosts and not to others, and without it sshd ignores the line", () => {
  expect(said(`permitopen="db:postgresql",permitlisten="80" ${ed25519}`)).toEqual([
    expect.stringMatching(/^unknown: whether the host has a service named postgresql/),
  ]);
});

test("groups of a directory that was not read decide nothing, but one that was read lets in", () => {
  const unreadable = [{ kind: "accounts" as const, path: "sss", why: "a directory" }];
  const inOps = { groups: ["alice", "ops"] };
  expect([
    ...states(ed25519, { unreadable, config: "AllowGroups ops" }),
    ...states(ed25519, { unreadable, config: "AllowGroups ops", account: inOps }),
    ...states(ed25519, { unreadable, config: "DenyGroups bad", account: inOps }),
    ...states(ed25519, { unreadable, config: "Match Group ops\nPubkeyAuthentication no", account: inOps }),
    ...states(ed25519, { unreadable, config: "Match Group bad\nPubkeyAuthentication no", account: inOps }),
    ...states(ed25519, { unreadable }),
  ]).toEqual(["unknown", "yes", "unknown", "no", "unknown", "yes"]);
});

test("a line that is broken is a no even where nothing else could be read", () => {
  const sshd = NO_SETTINGS;
  expect(states(`bad-option ${ed25519}\n${ed25519}`, { sshd })).toEqual(["no", "unknown"]);
});

test("a locked password under PAM, nologin and a second factor are said and stop nothing", () => {
  expect([
    ...said(ed25519, { account: { passwordState: "locked", isLockedForSshd: true } }),
    ...said(ed25519, { account: { shell: "/usr/sbin/nologin" } }),
    ...said(ed25519, { config: "AuthenticationMethods publickey,password" }),
  ]).toMatchInlineSnapshot(`
    [
      "yes: the password of alice is locked, which under PAM does not stop a key",
      "yes: /usr/sbin/nologin gives no shell, but the key opens port forwarding",
      "yes: the key alone is not enough: AuthenticationMethods publickey,password (/etc/ssh/sshd_config:1)",
    ]
  `);
});

test("what binds a line to addresses is said beside a yes", () => {
  expect([
    judge(`from="10.0.0.0/8" ${ed25519}`)[0]?.onlyFrom,
    judge(ed25519, { config: "AllowUsers alice@10.0.0.0/8" })[0]?.onlyFrom,
    judge(ed25519, { config: "DenyUsers alice@10.0.0.0/8" })[0]?.onlyFrom,
    judge(ed25519, {
      config: "PubkeyAuthentication no\nMatch Address 10.0.0.0/8\nPubkeyAuthentication yes",
    })[0]?.onlyFrom,
    judge(ed25519, { config: "Match Address 10.0.0.0/8\nPubkeyAuthentication no" })[0]?.onlyFrom,
  ]).toMatchInlineSnapshot(`
    [
      [
        "from="10.0.0.0/8"",
      ],
      [
        "AllowUsers alice@10.0.0.0/8 (/etc/ssh/sshd_config:1)",
      ],
      [
        "not where DenyUsers alice@10.0.0.0/8 matches (/etc/ssh/sshd_config:1)",
      ],
      [
        "where Match Address 10.0.0.0/8 holds (/etc/ssh/sshd_config:2)",
      ],
      [
        "not where Match Address 10.0.0.0/8 holds (/etc/ssh/sshd_config:1)",
      ],
    ]
  `);
});

test("the first line that sshd accepts shadows those after it with the same key", () => {
  expect(said(`command="a" ${ed25519}\n${ed25519}\n${rsa}`)).toEqual([
    "yes: nothing that sshd consults refuses it",
    "no: /home/alice/.ssh/authorized_keys:1 has the same key and comes first",
    "yes: nothing that sshd consults refuses it",
  ]);
  expect(states(`expiry-time="20200101" ${ed25519}\nno-such ${ed25519}\n${ed25519}`)).toEqual([
    "no",
    "no",
    "yes",
  ]);
  expect(states(`from="10.0.0.0/8" ${ed25519}\n${ed25519}`)).toEqual(["yes", "yes"]);
  expect(states(`cert-authority ${ed25519}\n${ed25519}`)).toEqual(["yes", "yes"]);
});

test("a file that comes before and could not be read leaves open what it shadows", () => {
  const alice = makeAccount("alice");
  const second = makeKeysFile(alice, ed25519, { path: "/home/alice/.ssh/authorized_keys2" });
  const closed = makeKeysFile(alice, "", { bytes: null, whyUnreadable: "not permitted" });
  const grants = evaluateGrants(makeCollection({ accounts: [alice], authorizedKeys: [second, closed] }));
  expect(grants.map(({ verdict }) => verdict.effective.reasons[0])).toEqual([
    "/home/alice/.ssh/authorized_keys (not permitted) comes before and was not read: it may have the same key",
  ]);
});

test("the line that let the scan in is a yes, whatever the files say", () => {
  const login = { loginKey: fingerprint(ed25519), loginAccount: "alice" };
  const sshd = NO_SETTINGS;
  expect(said(`bad ${ed25519}\n${ed25519}\n${rsa}`, { ...login, sshd })).toEqual([
    'no: unknown option "bad"',
    "yes: this scan logged in with it",
    "unknown: /etc/ssh/sshd_config could not be read",
  ]);
  expect(states(ed25519, { ...login, config: "DenyUsers alice" })).toEqual(["yes"]);
  const ignored = `expiry-time="20200101" ${ed25519}\ncert-authority ${ed25519}\n${ed25519}`;
  expect(states(ignored, { ...login, config: "DenyUsers alice" })).toEqual(["no", "no", "yes"]);
  expect(states(ed25519, { ...login, loginAccount: "bob", config: "DenyUsers alice" })).toEqual(["no"]);
});

test("StrictModes walks up to the home and no further; Debian may forgive a group of one", () => {
  const alice = makeAccount("alice");
  const withMode = (index: number, more: object) => {
    const file = makeKeysFile(alice, ed25519);
    return { walk: file.walk.map((entry, at) => (at === index ? { ...entry, ...more } : entry)) };
  };
  const other = { accounts: [alice, makeAccount("bob", { uid: 1_001 })] };
  const fedora = {
    facts: { ...makeCollection({}).facts, sshdVersion: "OpenSSH_9.9p1", isDebianSshd: false },
  };
  expect([
    ...said(ed25519, { file: withMode(2, { mode: 0o777 }) }),
    ...said(ed25519, { file: withMode(1, { uid: 1_007 }) }),
    ...states(ed25519, { file: withMode(3, { mode: 0o777 }) }),
    ...said(ed25519, { file: withMode(0, { mode: 0o660 }) }),
    ...states(ed25519, { file: withMode(0, { mode: 0o660 }), ...other }),
    ...states(ed25519, {
      file: withMode(0, { mode: 0o660 }),
      groups: [{ name: "a", gid: 1_000, members: [] }],
    }),
    ...states(ed25519, {
      file: withMode(0, { mode: 0o660 }),
      groups: [{ name: "a", gid: 1_000, members: ["bob"] }],
    }),
    ...states(ed25519, { file: withMode(0, { mode: 0o660 }), ...fedora }),
    ...states(ed25519, { file: withMode(0, { mode: 0o666 }), config: "StrictModes no" }),
    ...said(ed25519, { file: withMode(0, { uid: 0, gid: 0, mode: 0o600 }) }),
  ]).toMatchInlineSnapshot(`
    [
      "no: StrictModes: /home/alice is writable by others than its owner (mode 0777)",
      "no: /home/alice/.ssh is not open to alice (mode 0700)",
      "yes",
      "unknown: StrictModes: /home/alice/.ssh/authorized_keys is writable by others than its owner (mode 0660)",
      "no",
      "yes",
      "no",
      "no",
      "yes",
      "no: /home/alice/.ssh/authorized_keys is not readable to alice (mode 0600)",
    ]
  `);
});

test("ten thousand times the same line is judged in one go", () => {
  const verdicts = judge(`${ed25519}\n`.repeat(10_000));
  expect(verdicts.filter(({ state }) => state === "yes").length).toBe(1);
});

test("no file and no configuration makes it throw, and every line comes out once for each account", () => {
  const word = fc.constantFrom(
    "Match User ",
    "Match Address ",
    "AllowUsers ",
    "\n",
    "*",
    "a@10.0.0.0/8",
    "no",
    "Include x",
  );
  const config = fc.array(fc.oneof(word, fc.string({ maxLength: 5 }))).map((words) => words.join(""));
  const text = fc
    .array(fc.constantFrom('from="', '" ', ed25519, "\n", "cert-authority ", "x,"))
    .map((words) => words.join(""));
  fc.assert(
    fc.property(config, text, (written, lines) => {
      const accounts = [makeAccount("alice"), makeAccount("bob")];
      const file = makeKeysFile(makeAccount("alice"), lines, { accounts: ["alice", "bob"] });
      const grants = evaluateGrants(makeCollection({ config: written, accounts, authorizedKeys: [file] }));
      const kept = lines.split("\n").filter((line) => line.trim() !== "").length;
      expect(grants.length).toBe(2 * kept);
    }),
  );
});
