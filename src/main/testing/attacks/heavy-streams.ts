/**
 * Streams that a hostile host may send in place of its collector's: well-formed to the last byte, a few megabytes long,
 * with two or three lists that are compared with each other. A reader that compares each pair is busy for minutes.
 */
import {
  accounts,
  config,
  keyLine,
  lines,
  many,
  names,
  sharedKeys,
  sshdFile,
  streamOf,
  sudoers,
} from "./heavy-records.ts";

/** A host of very many accounts, as an honest one may be: two of each uid, of which root has read everything. */
export const manyAccounts = (count: number): Buffer =>
  streamOf([
    {
      kind: "accounts",
      text: `root:0:0:/root:/bin/sh\n${lines(count, (index) => `n${index}:${2_000 + Math.floor(index / 2)}:100:/home/n${index}:/bin/${index % 2 ? "sh" : "false"}`)}\n`,
    },
    { kind: "groups", text: `root:0:\nusers:100:\nsudo:27:${names(50).join(",")}\n` },
    { kind: "shells", attributes: { yes: ["/bin/sh", "/bin/false"] } },
    {
      kind: "password-states",
      text: `root:locked:::1,,,,\n${lines(count, (index) => `n${index}:${index % 3 ? "set" : "locked"}:::1,0,9,7,`)}\n`,
    },
    config("AuthorizedKeysFile .ssh/authorized_keys\n"),
    sudoers("%sudo ALL = ALL\n"),
    { kind: "workloads", attributes: { "uid-min": "1000" } },
    ...many(Math.min(count, 1_000), (index) => ({
      kind: "processes",
      attributes: { uid: String(2_000 + index), name: "job", count: "1" },
    })),
  ]);

/**
 * Named by the lists that are compared. `size` is 1 for an attack; smaller for a host that is as heavy as an honest
 * one.
 */
export const HEAVY: { readonly [name: string]: (size: number) => Buffer } = {
  "aliases, rules and accounts of sudo": (size) => {
    const [aliases, rules, people] = [3_000, 2_000, 20_000].map((most) => Math.ceil(most * size));
    const text = [
      lines(aliases ?? 0, (index) => `User_Alias A${index} = u${index}, %g${index}, u${index + 5_000}`),
      `User_Alias ALL_OF_THEM = ${many(aliases ?? 0, (index) => `A${index}`).join(", ")}`,
      lines(rules ?? 0, (index) => `A${index}, ALL_OF_THEM ALL = (u${index}) /bin/c${index}`),
    ].join("\n");
    return streamOf([accounts(people ?? 0), { kind: "groups", text: "users:100:\n" }, sudoers(`${text}\n`)]);
  },

  "aliases within aliases": (size) => {
    const text = lines(
      Math.ceil(10_000 * size),
      (index) => `User_Alias A${index} = u${index}, A${index + 1}`,
    );
    return streamOf([accounts(100), sudoers(`${text}\nA0 ALL = ALL\n`)]);
  },

  "commands behind aliases, and accounts that may be become": (size) => {
    const count = Math.ceil(5_000 * size);
    const text = [
      ...many(
        20,
        (index) => `Cmnd_Alias C${index} = ${many(1_000, (at) => `/bin/c${index}_${at}`).join(", ")}`,
      ),
      ...many(50, (index) => `ALL ALL = (u${index}) ${many(20, (at) => `C${at}`).join(", ")}`),
    ].join("\n");
    return streamOf([accounts(count), { kind: "groups", text: "users:100:\n" }, sudoers(`${text}\n`)]);
  },

  "lines that are everybody's, and accounts": (size) => {
    const count = Math.ceil(20_000 * size);
    return streamOf([
      accounts(count),
      config("AuthorizedKeysFile /etc/ssh/keys\n"),
      ...sharedKeys(Math.ceil(2_000 * size), names(count)),
    ]);
  },

  "authorities and accounts": (size) => {
    const count = Math.ceil(20_000 * size);
    const keys = lines(Math.ceil(400 * size), (index) => `${keyLine(index)} ca${index}`);
    return streamOf([
      accounts(count),
      config("TrustedUserCAKeys /etc/ssh/cas\n"),
      sshdFile("/etc/ssh/cas", `${keys}\n`),
    ]);
  },

  "principals of a file, authorities and accounts": (size) => {
    const count = Math.ceil(2_000 * size);
    return streamOf([
      accounts(count),
      config("TrustedUserCAKeys /etc/ssh/cas\nAuthorizedPrincipalsFile /etc/ssh/principals\n"),
      sshdFile("/etc/ssh/cas", `${lines(Math.ceil(50 * size), keyLine)}\n`),
      sshdFile("/etc/ssh/principals", `${lines(Math.ceil(20_000 * size), (index) => `p${index}`)}\n`),
    ]);
  },

  "blocks of sshd's configuration and accounts": (size) => {
    const count = Math.ceil(10_000 * size);
    const blocks = lines(
      Math.ceil(5_000 * size),
      (index) => `Match User u${index}\n  PasswordAuthentication no`,
    );
    return streamOf([
      accounts(count),
      config(`AuthorizedKeysFile /etc/ssh/keys\n${blocks}\n`),
      ...sharedKeys(1, names(count)),
    ]);
  },

  "networks of blocks, each beside all": (size) => {
    const blocks = lines(
      Math.ceil(4_000 * size),
      (index) => `Match Address 10.${index % 250}.${Math.floor(index / 250)}.0/24\n  AllowTcpForwarding no`,
    );
    return streamOf([
      accounts(20),
      config(`AuthorizedKeysFile /etc/ssh/keys\n${blocks}\n`),
      ...sharedKeys(1, names(20)),
    ]);
  },

  "names that sshd lets in, and accounts": (size) => {
    const count = Math.ceil(10_000 * size);
    const allowed = lines(Math.ceil(4_000 * size), (index) => `AllowUsers *x${index}*y z${index}`);
    return streamOf([
      accounts(count),
      config(`AuthorizedKeysFile /etc/ssh/keys\n${allowed}\n`),
      ...sharedKeys(1, names(count)),
    ]);
  },

  "files of sshd that include each other": (size) => {
    const deep = lines(Math.ceil(30 * size), () => "Include /etc/ssh/a.conf");
    return streamOf([
      accounts(1),
      config(`${deep}\n`),
      config(`${deep}\nUseDNS no\n`, "/etc/ssh/a.conf"),
      { kind: "include", attributes: { pattern: "/etc/ssh/a.conf", path: "/etc/ssh/a.conf" } },
      ...sharedKeys(1, names(1)),
    ]);
  },

  "listeners, names and certificates of one server": (size) => {
    const count = Math.ceil(1_500 * size);
    const text = [
      "http { server {",
      ...many(count, (index) => `listen 10.0.${Math.floor(index / 250)}.${index % 250}:443 ssl;`),
      `server_name ${many(count, (index) => `n${index}.example`).join(" ")};`,
      ...many(count, (index) => `ssl_certificate /c${index}.pem; ssl_certificate_key /c${index}.key;`),
      "} }",
    ];
    return streamOf([
      accounts(1),
      { kind: "server", attributes: { server: "nginx", root: "/etc/nginx/nginx.conf" } },
      {
        kind: "server-config",
        attributes: { server: "nginx", path: "/etc/nginx/nginx.conf" },
        text: text.map((line) => `|${line}`).join("\n"),
      },
    ]);
  },

  "patterns of includes, and files": (size) => {
    const count = Math.ceil(8_000 * size);
    const includes = lines(count, (index) => `|include /etc/nginx/*a*b*${index}*.conf;`);
    const files = many(count, (index) => ({
      kind: "server-config",
      attributes: { server: "nginx", path: `/etc/nginx/aaaaaaaabbbbbbbb${index}.txt` },
      text: "|",
    }));
    return streamOf([
      accounts(1),
      { kind: "server", attributes: { server: "nginx", root: "/etc/nginx/nginx.conf" } },
      {
        kind: "server-config",
        attributes: { server: "nginx", path: "/etc/nginx/nginx.conf" },
        text: includes,
      },
      {
        kind: "listing",
        attributes: { path: "/etc/nginx", name: many(count, (index) => `aaaabbbb${index}.txt`) },
      },
      ...files,
    ]);
  },

  "servers, and the files of each": (size) => {
    const count = Math.ceil(10_000 * size);
    return streamOf([
      accounts(1),
      ...many(count, (index) => ({ kind: "server", attributes: { server: "nginx", root: `/r${index}` } })),
      ...many(count, (index) => ({
        kind: "server-config",
        attributes: { server: "nginx", path: `/f${index}` },
        text: "|",
      })),
    ]);
  },

  "key files and accounts": (size) => {
    const count = Math.ceil(30_000 * size);
    const files = many(count, (index) => ({
      kind: "key-file",
      attributes: {
        path: `/k${index}`,
        e: `-rw-------,1,${999_999 + index},0,1`,
        format: "openssh",
        encrypted: "no",
      },
    }));
    return streamOf([accounts(count), ...files]);
  },

  "homes that could not be read, and accounts": (size) => {
    const count = Math.ceil(30_000 * size);
    const unread = many(count, (index) => ({
      kind: "unread",
      attributes: { kind: "home", path: `/home/u${index}`, why: "needs-root" },
    }));
    return streamOf([accounts(count), ...unread]);
  },

  "days of logins, and those of a baseline": (size) => {
    const count = Math.ceil(15 * size);
    const days = many(1_000, (day) => `\t${day}/1/10:00:00/10:00:00/400/sshd[1]:2/sshd[1]:2`).join("");
    const message = (index: number) =>
      `O\tevil\tAccepted password for u${index % 5} from 10.0.${index >> 8}.${index & 255} port 0 ssh2${days}`;
    const text = [
      ...many(
        1_000,
        (day) => `D\t${new Date(1_690_000_000_000 + day * 86_400_000).toISOString().slice(0, 10)}`,
      ),
      "S\t2023-07-22T00:00:00Z\t2026-04-16T00:00:00Z",
      lines(count, message),
      ...many(
        400,
        (index) =>
          `B\t${index + 9}\t9\t2023-07-31T10:00:00Z evil sshd[1]: Accepted password for u1 from 10.0.0.${index} port 1 ssh2\t9\tx\t9\tx`,
      ),
      "A\t9",
      "E\twhole",
    ].join("\n");
    return streamOf([
      accounts(100),
      ...many(10, (index) => ({
        kind: "log",
        attributes: { path: `/var/log/auth.log.${index}`, written: "1780270000" },
        text,
      })),
    ]);
  },

  "sockets, the names of their group, and the groups of accounts": (size) => {
    const count = Math.ceil(3_000 * size);
    const members = names(200).join(",");
    return streamOf([
      accounts(200),
      {
        kind: "groups",
        text: `${lines(count, (index) => `s${index}:998:`)}\n${lines(count, (index) => `g${index}:${5_000 + index}:${members}`)}\n`,
      },
      ...many(Math.ceil(2_000 * size), () => ({
        kind: "privileged-path",
        attributes: { path: "/run/docker.sock", e: "srw-rw----,1,0,998,0" },
      })),
    ]);
  },

  "setuid programs that all may write to, and accounts": (size) => {
    const count = Math.ceil(20_000 * size);
    return streamOf([
      accounts(count),
      { kind: "workloads" },
      ...many(count, (index) => ({
        kind: "setuid",
        attributes: { path: `/opt/h${index}`, e: "-rwsrwxrwx,1,0,0,1" },
      })),
    ]);
  },

  "accounts of two uids, and rules among all of them": (size) => {
    const count = Math.ceil(100_000 * size);
    const text = lines(Math.ceil(2_000 * size), (index) => `u${index} ALL = (u${index + 1}) ALL`);
    return streamOf([
      {
        kind: "accounts",
        text: `root:0:0:/root:/bin/sh\n${lines(count, (index) => `u${index}:${1_000 + (index % 2)}:100:/home/u:/bin/sh`)}\n`,
      },
      { kind: "groups", text: "users:100:\n" },
      sudoers(`${text}\n`),
    ]);
  },

  "units, drop-ins of all of them, and what wants them": (size) => {
    const count = Math.ceil(20_000 * size);
    const unit = (index: number) => `${"a-".repeat(60)}${index}.service`;
    return streamOf([
      accounts(count),
      { kind: "workloads" },
      ...many(count, (index) => ({
        kind: "unit",
        attributes: { path: `/etc/systemd/system/${unit(index)}`, User: `u${index}` },
      })),
      ...many(60, (index) => ({
        kind: "unit",
        attributes: { path: `/etc/systemd/system/${"a-".repeat(index + 1)}.service.d/x.conf`, User: "u1" },
      })),
      {
        kind: "unit-wants",
        attributes: { folder: "/etc/systemd/system/multi-user.target.wants", unit: many(count, unit) },
      },
    ]);
  },

  "timers, and the services that they start": (size) => {
    const count = Math.ceil(50_000 * size);
    return streamOf([
      accounts(1_000),
      { kind: "workloads" },
      ...many(1_000, (index) => ({
        kind: "unit",
        attributes: { path: `/etc/systemd/system/s${index}.service`, User: `u${index}` },
      })),
      ...many(count, (index) => ({
        kind: "unit",
        attributes: {
          path: `/etc/systemd/system/t${index}.timer`,
          OnCalendar: "daily",
          Unit: `s${index % 1_000}.service`,
        },
      })),
      {
        kind: "unit-wants",
        attributes: {
          folder: "/etc/systemd/system/timers.target.wants",
          unit: many(count, (index) => `t${index}.timer`),
        },
      },
    ]);
  },

  "accounts of a host that has very many": (size) => manyAccounts(Math.ceil(100_000 * size)),

  "messages of logs, and lines that they may be of": (size) => {
    const count = Math.ceil(40_000 * size);
    const messages = lines(
      count,
      (index) =>
        `M\tevil\tAccepted publickey for u${index} from 10.0.0.1 port 0 ssh2: ED25519 SHA256:${String(index).padStart(43, "A")}\t0/1/10:00:00/10:00:00`,
    );
    return streamOf([
      accounts(100),
      config("AuthorizedKeysFile /etc/ssh/keys\n"),
      ...sharedKeys(100, names(100)),
      ...many(20, (index) => ({
        kind: "log",
        attributes: { path: `/var/log/auth.log.${index}`, written: "1780270000" },
        text: `D\t2026-05-31\nS\t2026-05-31 00:00:00\t2026-05-31 23:00:00\n${index === 0 ? messages : ""}\nA\t9\nE\twhole`,
      })),
    ]);
  },
};
