import { chown, mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ServerRequest, type StartedServer, startServer } from "./server.ts";
import { findUser } from "./user-ids.ts";

/** Postfix on 25 and 587, by its master alone: it takes no mail in, for nothing but the talk before it is wanted. */
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
    // It waits until what it reads there is some seconds old.
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
