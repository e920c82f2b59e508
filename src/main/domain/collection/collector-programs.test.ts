/** The collector's awk programs, each under every awk that this machine has. */
import { describe, expect, test } from "vitest";
import { KEYWORDS, OLD_NAMES } from "#domain/ssh/sshd-settings.ts";
import { AWKS, runAwks } from "#testing/run-awk.ts";

/** The answer of one program of the collector, which must be the same under every awk. */
function said(name: string, input: string, variables = {}, args: readonly string[] = []): string {
  const [only, ...others] = runAwks({ program: [`collector/awk/${name}.awk`], variables, args, input });
  expect(others).toEqual([]);
  return only?.output ?? "";
}

/** The same for the exit status. */
function ended(name: string, input: string, variables = {}): number | null {
  const results = runAwks({ program: [`collector/awk/${name}.awk`], variables, input });
  expect(results).toHaveLength(1);
  return results[0]?.status ?? null;
}

const pem = (label: string, base64: string) =>
  `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`;
const inBase64 = (text: string) => Buffer.from(text, "latin1").toString("base64");
/** As od -An -v -tu1 writes them. */
const asNumbers = (bytes: readonly number[]) => `${bytes.join(" ")}\n`;

/** The shortest bytes that pass for a certificate: a sequence with a sequence with an integer in it, and filler. */
const CERTIFICATE = [48, 28, 48, 26, 2, 1, 1, ...Array.from({ length: 23 }, (_, at) => at)];
const CERTIFICATE_BASE64 = Buffer.from(CERTIFICATE).toString("base64");

describe.skipIf(AWKS.length === 0)("the stream", () => {
  const frame = (input: string, most = 100_000) =>
    said("frame", input, { nonce: "n", digest: "", aside: "", most });

  test("records are told with the length of what follows them, and counted at the end", () => {
    expect(frame("@host - uid:0\n@config b64 path:/a\nQUJD\n@leave\n@done\n")).toBe(
      "\nlatchkey-collection 1 n\nhost 0 - uid:0\nconfig 5 b64 path:/a\nQUJD\nend 2 n none\n",
    );
  });

  test("what has no room is named, and what has goes on", () => {
    expect(frame(`@config b64 path:/a\n${"QUJD".repeat(20)}\n@x - a:b\n@done\n`, 90)).toBe(
      "\nlatchkey-collection 1 n\nunread 0 - kind:limit path:/a why:over-limit\nx 0 - a:b\nend 2 n none\n",
    );
  });

  test("a collection that was cut off has no end", () => {
    expect(frame("@host - uid:0\n@config b64 path:/a\nQUJD\n")).toBe(
      "\nlatchkey-collection 1 n\nhost 0 - uid:0\n",
    );
  });
});

describe.skipIf(AWKS.length === 0)("sshd", () => {
  test("words of sshd's configuration are read with their quotes, in any case, and up to a remark", () => {
    const config = `AuthorizedKeysFile .ssh/a "b c" # x
#Include no
Match address 1.2.3.4
authorizedkeysfile=%h/k
Include a.conf "b\\"c.conf"
HostKey /k
RevokedKeys /r
AuthorizedPrincipalsFile /p
ChrootDirectory /root
`;
    expect(said("sshd-config", config).split("\n")).toEqual([
      "key .ssh/a",
      "key b c",
      "near b c",
      "match",
      "key %h/k",
      "near %h/k",
      "include a.conf",
      'include b"c.conf',
      "host /k",
      "file /r",
      "principals /p",
      "root /root",
      "",
    ]);
  });

  test("of the answer of sshd -T each setting that decides about access goes along, by its old names as well", () => {
    const decide = [...KEYWORDS, ...OLD_NAMES.keys()].map((keyword) => `${keyword.toLowerCase()} some\n`);
    expect(said("access-settings", decide.join(""))).toBe(decide.join(""));
    expect(said("access-settings", "port 22\nx11forwarding no\nPermitRootLogin no\n")).toBe(
      "port 22\nPermitRootLogin no\n",
    );
  });
});

describe.skipIf(AWKS.length === 0)("who becomes whom", () => {
  test("a file of sudoers includes files and folders, seen from its own folder", () => {
    const sudoers =
      '#includedir /etc/sudoers.d\n@include a\\ b\n  @include "c d" # x\n@include /etc/%h\nroot ALL=ALL\n';
    expect(said("sudoers", sudoers, { own: "/etc/sudoers", host: "web.example" })).toBe(
      "folder /etc/sudoers.d\nfile /etc/a b\nfile /etc/c d\nfile /etc/web\n",
    );
  });

  test("open sockets of agents are told once each", () => {
    const sockets =
      "0: 1 /tmp/ssh-Xa1/agent.12\n0: 1 /tmp/ssh-Xa1/agent.12\n0: 1 /home/jo/.ssh/agent/s.abc.sshd.x\n0: 1 /run/other\n";
    expect(said("agent-sockets", sockets)).toBe("/tmp/ssh-Xa1/agent.12\n/home/jo/.ssh/agent/s.abc.sshd.x\n");
  });

  test("that there are more than 200 of them is told as well", () => {
    const sockets = Array.from({ length: 300 }, (_, at) => `0: 1 /tmp/ssh-Xa${at}/agent.1\n`).join("");
    const lines = said("agent-sockets", sockets).trim().split("\n");
    expect([lines.length, lines.at(-2), lines.at(-1)]).toEqual([201, "/tmp/ssh-Xa199/agent.1", "cut"]);
  });

  test("of ssh_config hosts, logins and keys go along, and no command", () => {
    expect(
      said("client-config", "Host a\n  HostName=b\n  ProxyCommand nc secret\n  IdentityFile ~/.ssh/k\n"),
    ).toBe("Host a\n  HostName=b\n  IdentityFile ~/.ssh/k\n");
  });
});

describe.skipIf(AWKS.length === 0)("keys and certificates", () => {
  test("of a key that is no plain one its kind and lock are told, and of PuTTY's its public half", () => {
    const putty =
      "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: aes256-cbc\nPublic-Lines: 1\nQUJD\nKey-Derivation: Argon2id\nArgon2-Passes: 13\nPrivate-Lines: 1\nU0VDUkVU\n";
    expect(said("inspect-key", putty)).toBe(
      " format:putty encrypted:yes cipher:aes256-cbc kdf:argon2id rounds:13 b64:QUJD",
    );
    expect(said("inspect-key", pem("ENCRYPTED PRIVATE KEY", "U0VDUkVU"))).toBe(
      " format:pkcs8 encrypted:yes why:encrypted",
    );
    expect(said("inspect-key", pem("PRIVATE KEY", "U0VDUkVU"))).toBe(" format:pkcs8 encrypted:no derive:yes");
    expect(said("inspect-key", "anything\n")).toBe(" format:unknown encrypted:unknown why:malformed");
  });

  test("of an OpenSSH key its public half is told, as it stands in clear, and of a locked one its lock", () => {
    const field = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
    const publicKey = Buffer.concat([field(Buffer.from("ssh-ed25519")), field(Buffer.alloc(32, 7))]);
    const keyFile = (cipher: string, derivation: string, options: Buffer) =>
      pem(
        "OPENSSH PRIVATE KEY",
        Buffer.concat([
          Buffer.from("openssh-key-v1\0"),
          field(Buffer.from(cipher)),
          field(Buffer.from(derivation)),
          field(options),
          Buffer.from([0, 0, 0, 1]),
          field(publicKey),
          field(Buffer.alloc(64, 9)),
        ]).toString("base64"),
      );
    const hex = publicKey.toString("hex");
    expect(said("inspect-key", keyFile("none", "none", Buffer.alloc(0)))).toBe(
      ` format:openssh encrypted:no hex:${hex}`,
    );
    const options = Buffer.concat([field(Buffer.alloc(16, 1)), Buffer.from([0, 0, 0, 24])]);
    expect(said("inspect-key", keyFile("aes256-ctr", "bcrypt", options))).toBe(
      ` format:openssh encrypted:yes cipher:aes256-ctr kdf:bcrypt rounds:24 hex:${hex}`,
    );
  });

  test("certificates leave a PEM file, cut to their own length, and a private key its place in the order alone", () => {
    const file =
      pem("CERTIFICATE", CERTIFICATE_BASE64) + pem("PRIVATE KEY", "U0VDUkVU") + pem("CERTIFICATE", "!");
    expect(said("pem-certificates", file, { path: "/a", most: 1_000 })).toBe(
      `@certificate b64 path:/a n:1\n${CERTIFICATE_BASE64}\n@certificate-note - path:/a n:2 why:not-base64\n@pem - path:/a order:ckc\n`,
    );
    expect(ended("pem-certificates", file, { path: "/a", most: 1_000 })).toBe(3);
    expect(ended("pem-certificates", "no PEM\n", { path: "/a", most: 1_000 })).toBe(4);
  });

  test("one certificate in DER leaves as many bytes as it says, and of a key nothing but its kind is told", () => {
    const hex = Buffer.from(CERTIFICATE).toString("hex");
    expect(said("der-certificate", asNumbers([...CERTIFICATE, 7]), { path: "/a" })).toBe(
      `@certificate hex path:/a n:1\n${hex}\n@certificate-note - path:/a n:1 why:more-behind\n`,
    );
    const pkcs8 = [48, 26, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 14, ...Array.from({ length: 14 }, () => 9)];
    expect(ended("der-certificate", asNumbers(pkcs8), { path: "/a" })).toBe(10);
  });

  test("the certificates of a Java keystore lie open", () => {
    const number = (value: number) => [0, 0, 0, value];
    const entry = [...number(2), 0, 1, 97, ...number(0), ...number(0), 0, 1, 120];
    const store = [
      254,
      237,
      254,
      237,
      ...number(2),
      ...number(1),
      ...entry,
      ...number(CERTIFICATE.length),
      ...CERTIFICATE,
    ];
    const bytes = asNumbers([...store, ...Array.from({ length: 20 }, () => 0)]);
    expect(said("jks-certificates", bytes, { path: "/a" })).toBe(
      `@certificate hex path:/a n:1\n${Buffer.from(CERTIFICATE).toString("hex")}\n`,
    );
    expect(ended("jks-certificates", bytes, { path: "/a" })).toBe(0);
  });

  test("a kubeconfig tells what it holds, and which files it names", () => {
    const config = `users:
- user:
    client-certificate-data: ${inBase64(pem("CERTIFICATE", "QUJD"))}
    client-key-data: ${inBase64(pem("PRIVATE KEY", "S0VZ"))}
    certificate-authority: /etc/ca.crt
`;
    const parts = (want: string) => said("kubernetes-parts", config, { want, most: 100_000 });
    expect(parts("names")).toBe("file /etc/ca.crt\ncertificates\nkey\n");
    expect(parts("certificates")).toBe(pem("CERTIFICATE", "QUJD"));
    expect(parts("key")).toBe(pem("PRIVATE KEY", "S0VZ"));
  });
});

describe.skipIf(AWKS.length === 0)("what listens, and what logs tell", () => {
  test("a socket that listens is told with each process that holds it, once", () => {
    const lines = [
      "  0: 0100007F:0016 00000000:0000 0A 0 0 0 0 0 4711 1",
      "  1: 0100007F:0050 00000000:0000 01 0 0 0 0 0 4712 1",
      "/proc/12/fd:",
      "lrwx 1 0 0 64 x 3 -> socket:[4711]",
      "lrwx 1 0 0 64 x 4 -> socket:[4711]",
      "/proc/self/fd:",
      "lrwx 1 0 0 64 x 4 -> socket:[4711]",
    ];
    expect(said("listening-sockets", `${lines.join("\n")}\n`)).toBe("socket:0100007F:0016 pid:12\n");
  });

  test("logins by key are counted by day, whatever their ports, and none that another program claims", () => {
    const login = "Accepted publickey for root from 10.0.0.1 port 22 ssh2: ED25519 SHA256:abc";
    const log = [
      `Nov 30 10:00:00 web sshd[1]: ${login}`,
      `Nov 30 11:00:00 web sshd[1]: ${login.replace("22", "23")}`,
      `Nov 30 11:00:01 web su: ${login}`,
      "2026-12-01T10:00:00.1+00:00 web sshd-session[1]: message repeated 2 times: [ Accepted password for bob from ::1 port 3 ssh2]",
      "end",
    ];
    expect(said("sum-up-log", `${log.join("\n")}\n`, { end: "end" }).split("\n")).toEqual([
      "D\tNov 30",
      "D\t2026-12-01",
      "S\tNov 30 10:00:00\t2026-12-01T10:00:00.1+00:00",
      "A\t4",
      `M\tweb\t${login.replace("22", "0")}\t0/2/10:00:00/11:00:00/c00/sshd[1]:22/sshd[1]:23`,
      "O\tweb\tAccepted password for bob from ::1 port 0 ssh2\t1/2/10:00:00.1+00:00/10:00:00.1+00:00/400/sshd-session[1]:3/sshd-session[1]:3",
      "E\twhole",
      "",
    ]);
  });

  test("who became whom by su is told without the terminal, and a refusal or another program's word is not", () => {
    const log = [
      "Nov 30 10:00:00 web su[12]: (to postgres) ann on pts/1",
      "Nov 30 11:00:00 web su: (to postgres) ann on pts/2",
      "2026-12-01T10:00:00+00:00 web su-l[9]: (to root) bob on none",
      "2026-12-01T10:00:01+00:00 web su[9]: FAILED SU (to root) bob on pts/0",
      "2026-12-01T10:00:02+00:00 web cron[9]: (to root) bob on pts/0",
      "end",
    ];
    const lines = said("sum-up-log", `${log.join("\n")}\n`, { end: "end" }).split("\n");
    expect(lines.filter((line) => /^[MOL]/.test(line))).toEqual([
      "O\tweb\tsu: (to postgres) ann\t0/2/10:00:00/11:00:00/c00//",
      "O\tweb\tsu: (to root) bob\t1/1/10:00:00+00:00/10:00:00+00:00/400//",
    ]);
  });

  test("however many logins by password there are, they keep out no login by key, and it is told that there were more", () => {
    const password = (number: number) =>
      `Nov 30 10:00:00 web sshd[1]: Accepted password for u${number} from 10.0.0.1 port 22 ssh2`;
    const key =
      "Nov 30 10:00:01 web sshd[1]: Accepted publickey for root from ::1 port 22 ssh2: ED25519 SHA256:abc";
    const log = [...Array.from({ length: 2_100 }, (_, number) => password(number)), key, "end"];
    const lines = said("sum-up-log", `${log.join("\n")}\n`, { end: "end" }).split("\n");
    const count = (letter: string) => lines.filter((line) => line.startsWith(`${letter}\t`)).length;
    expect([count("M"), count("O"), count("L")]).toEqual([1, 2_000, 1]);
    expect(lines).toContain("E\twhole");
  });
});

describe.skipIf(AWKS.length === 0)("configurations of servers", () => {
  /** What the programs that read a configuration make of this one, under every awk. */
  function kept(program: string, kind: string, input: string): string {
    const [only, ...others] = runAwks({
      program: ["collector/awk/encode.awk", "lib/nginx.awk", program],
      variables: { kind, most: 100_000 },
      environment: { file_as: "/etc/server.conf" },
      args: ["-"],
      input,
    });
    expect(others).toEqual([]);
    return only?.output ?? "";
  }
  const SITES = "rotation/challenge/only-sites.awk";

  test("of nginx go along the statements that say what is served where, in as many lines", () => {
    const config = `http { # secret
 server {
  listen 443 ssl; server_name a
   b;
  auth_basic "secret; {";
  ssl_certificate a.pem; } }
`;
    const text = kept("collector/awk/only-tls.awk", "nginx", config);
    expect(text).toBe(`@server-config text server:nginx path:/etc/server.conf
|http {\x20
| server {
|  listen 443 ssl; server_name a
|   b;
|;
|  ssl_certificate a.pem;}}
`);
    expect(said("named-files", text, { kind: "nginx" })).toBe("named a.pem\n");
  });

  test("of what answers for a path go along where it lies and how it is answered, by the same reading", () => {
    const dump = `# configuration file /etc/server.conf:
server { listen 80; root /srv;
 location ~ "^/a{2};" { proxy_pass http://secret@x; }
 return 301 https://$host$request_uri; auth_basic "secret"; }
`;
    expect(kept(SITES, "nginx", dump)).toBe(`# configuration file /etc/server.conf:
server { listen 80; root /srv;
 location ~ "^/a{2};" { proxy_pass ;}
 return 301 https://$host$request_uri; auth_basic on ;}
`);
  });

  test("a variable of Apache whose name is that of a secret goes along without its value", () => {
    const defines = "Define DB_PASSWORD /secret\nDefine ROOT /srv\nDefine FLAG\n";
    expect(kept(SITES, "apache", defines)).toBe("Define DB_PASSWORD\nDefine ROOT /srv\nDefine FLAG\n");
    const told = kept("collector/awk/only-tls.awk", "apache", defines);
    expect(told).toBe(
      "@server-config text server:apache path:/etc/server.conf\n|\n|Define ROOT /srv\n|Define FLAG\n",
    );
  });
});
