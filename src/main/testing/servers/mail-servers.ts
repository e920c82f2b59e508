import { chown, mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findUser, type ServedAt, type ServerRequest, type StartedServer, startServer } from "./server.ts";

/** Postfix on 25 and 587, by its master alone: it accepts no mail, because only the commands before TLS are needed. */
export const startPostfix = (wish: ServerRequest): Promise<StartedServer> =>
  startServer(wish, { name: "postfix" }, async ({ folder, address, certificatePath, keyPath, ifTls }) => {
    const postfix = findUser("postfix");
    const config = join(folder, "etc");
    const [queue, data] = [join(folder, "queue"), join(folder, "data")];
    for (const path of [config, queue, data]) await mkdir(path, { recursive: true });
    for (const name of ["pid", "private", "public", "incoming", "active", "deferred", "maildrop"])
      await mkdir(join(queue, name));
    for (const path of [data, join(queue, "private"), join(queue, "public")])
      await chown(path, postfix.uid, postfix.gid);
    await writeFile(
      join(config, "main.cf"),
      `compatibility_level = 3.6
queue_directory = ${queue}
data_directory = ${data}
mail_owner = postfix
myhostname = mail.example
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
maillog_file = ${folder}/maillog
maillog_file_prefixes = ${folder}
${ifTls(`smtpd_tls_security_level = may
smtpd_tls_cert_file = ${certificatePath}
smtpd_tls_key_file = ${keyPath}
`)}`,
    );
    // It waits until the files that it reads are some seconds old.
    await utimes(join(config, "main.cf"), 0, 0);
    await writeFile(
      join(config, "master.cf"),
      `${address}:25 inet n - n - - smtpd
${address}:587 inet n - n - - smtpd -o syslog_name=submission
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
`,
    );
    return {
      configPath: config,
      command: ["/usr/lib/postfix/sbin/master", "-c", config, "-d"],
      endpoints: [
        { protocol: "smtp", port: 25 },
        { protocol: "smtp", port: 587 },
      ],
    };
  });

const INSIDE_TLS: readonly ServedAt[] = [
  { protocol: "tls", port: 993 },
  { protocol: "tls", port: 995 },
];

/** Dovecot with every protocol that it has, on the usual ports, without any user who could log in. */
export const startDovecot = (wish: ServerRequest): Promise<StartedServer> =>
  startServer(wish, { name: "dovecot" }, async ({ folder, address, certificatePath, keyPath, ifTls }) => {
    for (const name of ["run", "state", "mail"]) await mkdir(join(folder, name));
    const configPath = join(folder, "dovecot.conf");
    await writeFile(
      configPath,
      `dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = /dev/stderr
protocols = imap pop3 lmtp sieve
listen = ${address}
mail_driver = maildir
mail_path = ${folder}/mail
${
  ifTls(`ssl = yes
ssl_server_cert_file = ${certificatePath}
ssl_server_key_file = ${keyPath}`) || "ssl = no"
}
passdb static {
  password = nobody-knows-this
}
service imap-login {
  inet_listener imap {
    port = 143
  }
  inet_listener imaps {
    port = 993
    ssl = yes
  }
}
service pop3-login {
  inet_listener pop3 {
    port = 110
  }
  inet_listener pop3s {
    port = 995
    ssl = yes
  }
}
service managesieve-login {
  inet_listener sieve {
    port = 4190
  }
}
service lmtp {
  inet_listener lmtp {
    port = 24
  }
}
`,
    );
    return {
      configPath,
      command: ["dovecot", "-F", "-c", configPath],
      endpoints: [
        { protocol: "imap", port: 143 },
        { protocol: "pop3", port: 110 },
        { protocol: "lmtp", port: 24 },
        { protocol: "sieve", port: 4190 },
        ...(ifTls("yes") ? INSIDE_TLS : []),
      ],
    };
  });
