import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ServedAt, type ServerRequest, type StartedServer, startServer } from "./server.ts";

const INSIDE_TLS: readonly ServedAt[] = [
  { protocol: "tls", port: 993 },
  { protocol: "tls", port: 995 },
];

/** Dovecot with every protocol that it has, on the usual ports, and nobody who could log in. */
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
