import { expect, test } from "vitest";
import type { SshdSettings } from "#domain/collection/collection.ts";
import type { PathEntry } from "#domain/collection/paths.ts";
import { evaluateGrants } from "./effective.ts";
import { judge, said, states } from "./testdata/judge-alice.ts";
import { makeAccount, makeCollection, makeKeysFile, NO_SETTINGS } from "./testdata/make-collection.ts";
import { SAMPLE_KEYS } from "./testdata/sample-keys.ts";

const { ed25519, rsa } = SAMPLE_KEYS;
const { facts } = makeCollection({});

const settings = (daemon: string, config: string): SshdSettings => ({
  ...NO_SETTINGS,
  daemon,
  files: new Map([["/etc/ssh/sshd_config", Buffer.from(config)]]),
});

test("what whoever gets in is given is told: a shell, one command, SFTP, connections that are forwarded", () => {
  const nologin = { account: { shell: "/usr/sbin/nologin" } };
  const given = (...of: Parameters<typeof judge>) =>
    judge(...of).map(({ gives, reasons }) => `${gives.join("+") || "nothing"}: ${reasons[0]}`);
  expect([
    ...given(ed25519),
    ...given(`command="backup" ${ed25519}`),
    ...given(`restrict,command="backup" ${ed25519}`),
    ...given(`restrict,port-forwarding,command="internal-sftp -R" ${ed25519}`),
    ...given(ed25519, nologin),
    ...given(`no-port-forwarding ${ed25519}`, nologin),
    ...given(`command="backup" ${ed25519}`, nologin),
    ...given(ed25519, {
      config: "UsePAM yes\nForceCommand internal-sftp\nAllowTcpForwarding no",
      ...nologin,
    }),
    ...given(ed25519, {
      config: "UsePAM yes\nSubsystem sftp internal-sftp\nDisableForwarding yes",
      ...nologin,
    }),
    ...given(ed25519, { config: "UsePAM yes\nForceCommand /bin/menu" }),
  ]).toMatchInlineSnapshot(`
    [
      "shell+forwarding: nothing that sshd consults refuses it",
      "command+forwarding: nothing that sshd consults refuses it",
      "command: nothing that sshd consults refuses it",
      "sftp+forwarding: command="internal-sftp -R" gives no shell, but the key opens port forwarding and SFTP",
      "forwarding: /usr/sbin/nologin gives no shell, but the key opens port forwarding",
      "nothing: /usr/sbin/nologin gives no shell, and the key opens nothing else: a login ends at once",
      "forwarding: /usr/sbin/nologin gives no shell, and command="backup" does not run without one, but the key opens port forwarding",
      "sftp: ForceCommand internal-sftp (/etc/ssh/sshd_config:2) gives no shell, but the key opens SFTP",
      "sftp: /usr/sbin/nologin gives no shell, but the key opens SFTP",
      "command+forwarding: ForceCommand /bin/menu (/etc/ssh/sshd_config:2) is all that runs",
    ]
  `);
});

test("of several daemons one that takes the line is enough, and it is named", () => {
  const open = settings("/usr/sbin/sshd -D", "UsePAM yes\n");
  const shut = settings("/usr/sbin/sshd -f /etc/ssh/admin -p 2222", "UsePAM yes\nDenyUsers alice\n");
  const closed = settings("/usr/sbin/sshd -p 2022", "UsePAM yes\nPubkeyAuthentication no\nDenyUsers alice\n");
  expect([
    ...said(ed25519, { sshd: open, otherDaemons: [open] }),
    ...said(ed25519, { sshd: shut, otherDaemons: [open] }),
    ...judge(ed25519, { sshd: closed, otherDaemons: [shut] }).map(
      ({ state, dormant, reasons }) => `${state}: ${dormant}; ${reasons.join("; ")}`,
    ),
    ...said(ed25519, { sshd: shut, otherDaemons: [NO_SETTINGS] }),
  ]).toMatchInlineSnapshot(`
    [
      "yes: nothing that sshd consults refuses it",
      "yes: of 2 sshd, only one takes it: /usr/sbin/sshd -D",
      "no: DenyUsers alice (/etc/ssh/sshd_config:2); DenyUsers alice refuses alice (/etc/ssh/sshd_config:2); /usr/sbin/sshd -p 2022: DenyUsers alice refuses alice (/etc/ssh/sshd_config:3)",
      "unknown: /etc/ssh/sshd_config could not be read",
    ]
  `);
});

test("of several daemons that take a line, the one that binds least counts, and what any of them gives", () => {
  const open = settings("sshd -p 22", "UsePAM yes\nForceCommand internal-sftp\nDisableForwarding yes\n");
  const inside = settings("sshd -p 2222", "UsePAM yes\nAllowUsers alice@10.0.0.0/8\n");
  const home = settings("sshd -p 2022", "UsePAM yes\nAllowUsers alice@192.168.1.1\n");
  expect([
    ...judge(ed25519, { sshd: inside, otherDaemons: [open] }),
    ...judge(ed25519, { sshd: inside, otherDaemons: [home] }),
    ...judge(ed25519, { sshd: inside, otherDaemons: [inside] }),
  ]).toMatchObject([
    {
      state: "yes",
      onlyFrom: [],
      gives: ["sftp", "shell", "forwarding"],
      reasons: ["sshd -p 2222 gives shell and forwarding, too", expect.stringContaining("gives no shell")],
    },
    {
      onlyFrom: [
        "AllowUsers alice@10.0.0.0/8 (/etc/ssh/sshd_config:2) by sshd -p 2222, or AllowUsers alice@192.168.1.1 (/etc/ssh/sshd_config:2) by sshd -p 2022",
      ],
    },
    { onlyFrom: ["AllowUsers alice@10.0.0.0/8 (/etc/ssh/sshd_config:2)"] },
  ]);
});

test("what a Match block gives beyond what is given elsewhere is told with the block", () => {
  const config = "UsePAM yes\nForceCommand internal-sftp\nMatch Address 10.0.0.0/8\n  ForceCommand none\n";
  expect(judge(ed25519, { config })).toMatchObject([
    {
      state: "yes",
      onlyFrom: [],
      gives: ["sftp", "forwarding"],
      reasons: [
        "it gives shell where Match Address 10.0.0.0/8 holds (/etc/ssh/sshd_config:3)",
        expect.stringContaining("gives no shell"),
      ],
    },
  ]);
});

test("a daemon that was not told of a change leaves open what its settings decide, and nothing else", () => {
  const stale = { readAt: 1_000, changedAt: new Map([["/etc/ssh/sshd_config", 1_001]]) };
  const sshd = { ...settings("sshd", "UsePAM yes\nPubkeyAuthentication no\n"), ...stale };
  expect(said(`${ed25519}\nno-such-option ${rsa}`, { sshd })).toEqual([
    "unknown: not reloaded: /etc/ssh/sshd_config was changed after the running sshd had read its configuration",
    'no: unknown option "no-such-option"',
  ]);
  expect(states(ed25519, { sshd: { ...sshd, readAt: 1_001 } })).toEqual(["no"]);
});

test("blocks for addresses turn together, so that what only two of them open is found", () => {
  const config = [
    "UsePAM yes",
    "PubkeyAuthentication no",
    "AllowUsers bob",
    "Match Address 10.1.0.0/16",
    "  AllowUsers alice",
    "Match Address 10.0.0.0/8",
    "  PubkeyAuthentication yes",
  ];
  expect(judge(ed25519, { config: config.join("\n") })).toMatchObject([
    {
      state: "yes",
      onlyFrom: [
        "where Match Address 10.1.0.0/16 holds (/etc/ssh/sshd_config:4) and Match Address 10.0.0.0/8 holds (/etc/ssh/sshd_config:6)",
      ],
    },
  ]);
  const apart = config.join("\n").replace("10.1.0.0/16", "192.168.0.0/16");
  expect(states(ed25519, { config: apart })).toEqual(["no"]);
});

test("a line is shadowed only where its elder is read", () => {
  const alice = makeAccount("alice");
  const elder = makeKeysFile(alice, ed25519, { path: "/etc/ssh/keys/alice" });
  const file = makeKeysFile(alice, ed25519);
  const config = [
    "UsePAM yes",
    "AuthorizedKeysFile /etc/ssh/keys/%u .ssh/authorized_keys",
    "Match Address 10.0.0.0/8",
    "  AuthorizedKeysFile .ssh/authorized_keys",
  ].join("\n");
  const grants = evaluateGrants(makeCollection({ accounts: [alice], authorizedKeys: [file, elder], config }));
  expect(
    grants.map(({ file: path, verdict: { effective } }) => [path, effective.state, effective.onlyFrom]),
  ).toEqual([
    ["/etc/ssh/keys/alice", "yes", ["not where Match Address 10.0.0.0/8 holds (/etc/ssh/sshd_config:3)"]],
    [
      "/home/alice/.ssh/authorized_keys",
      "yes",
      ["where Match Address 10.0.0.0/8 holds (/etc/ssh/sshd_config:3)"],
    ],
  ]);
});

test("authorities shadow each other only for the principals that they share", () => {
  const lines = [
    'principals="a,b"',
    'principals="b"',
    'principals="b,c"',
    "",
    'principals="alice"',
    'principals=""',
  ];
  const text = lines.map((more) => `cert-authority${more ? `,${more}` : ""} ${ed25519}`).join("\n");
  expect(states(text)).toEqual(["yes", "no", "yes", "yes", "no", "no"]);
});

test("a link through a folder that is closed to the account leads nowhere", () => {
  const entry = (path: string, mode: number): PathEntry => ({
    path,
    type: "folder",
    mode,
    uid: 0,
    gid: 0,
    hasAcl: false,
  });
  const path = "/etc/secret/alice";
  const through = [entry(path, 0o644), entry("/etc/secret", 0o700), entry("/", 0o755)];
  const config = "UsePAM yes\nAuthorizedKeysFile /etc/secret/%u";
  expect(said(ed25519, { config, file: { path, through } })).toEqual([
    "no: /etc/secret is not open to alice (mode 0700)",
  ]);
});

test("a path with a blank in it is one path, whatever sshd -T makes of it", () => {
  const config = 'UsePAM yes\nAuthorizedKeysFile "/etc/ssh keys/%u"';
  const answer = new Map([
    ["usepam", ["yes"]],
    ["authorizedkeysfile", ["/etc/ssh keys/%u"]],
  ]);
  const { sshd } = makeCollection({ config });
  const more = { sshd: { ...sshd, effective: new Map([["alice", answer]]) } };
  expect(states(ed25519, { ...more, file: { path: "/etc/ssh keys/alice" } })).toEqual(["yes"]);
});

test("what an answer of sshd -T leaves out is as the files have it, as in a bundle of an older collector", () => {
  const config = "PasswordAuthentication no\nAuthenticationMethods publickey,password";
  const { sshd } = makeCollection({ config });
  const effective = new Map([["alice", new Map([["authenticationmethods", ["publickey,password"]]])]]);
  expect(said(ed25519, { sshd: { ...sshd, effective } })).toEqual([
    expect.stringContaining("no: AuthenticationMethods publickey,password"),
  ]);
});

test("a list of methods with one that is switched off is passed over", () => {
  const config = (methods: string) =>
    `UsePAM yes\nPasswordAuthentication no\nAuthenticationMethods ${methods}`;
  expect([
    ...said(ed25519, { config: config("publickey,password publickey,keyboard-interactive:pam") }),
    ...said(ed25519, { config: config("publickey,password") }),
    ...said(ed25519, { config: config("publickey,password publickey") }),
  ]).toMatchInlineSnapshot(`
    [
      "yes: the key alone is not enough: AuthenticationMethods publickey,keyboard-interactive:pam (/etc/ssh/sshd_config:3)",
      "no: AuthenticationMethods publickey,password (/etc/ssh/sshd_config:3) asks for a method that is switched off: PasswordAuthentication no (/etc/ssh/sshd_config:2)",
      "yes: nothing that sshd consults refuses it",
    ]
  `);
});

test("a host that is closed is closed under PAM where its rules say so", () => {
  const closed = { ...facts, closedBy: "/etc/nologin" };
  expect([
    ...said(ed25519, { facts: { ...closed, isClosedUnderPam: true } }),
    ...said(ed25519, { facts: { ...closed, isClosedUnderPam: false } }),
    ...said(ed25519, { facts: closed }),
    ...states(ed25519, { facts: { ...closed, isClosedUnderPam: true }, account: { uid: 0 } }),
  ]).toMatchInlineSnapshot(`
    [
      "no: /etc/nologin closes the host to all but root",
      "yes: /etc/nologin is there: alice gets no session while it is, only port forwarding",
      "unknown: /etc/nologin closes the host to all but root where PAM uses pam_nologin, as it usually does",
      "yes",
    ]
  `);
});
