import { readSshConfig } from "#domain/ssh-config/read-ssh-config.ts";
import type { SshConfig } from "#domain/ssh-config/ssh-config.ts";

const HERE = { home: "/home/jo", user: "jo", uid: "1000", hostname: "desk.corp" };

/** The ssh_config of a user with these files, by their paths under ~/.ssh; ssh reads `config` first. */
export function makeConfig(
  files: Record<string, string>,
  includes: Record<string, string[]> = {},
): SshConfig {
  const path = (name: string) => (name.startsWith("/") ? name : `${HERE.home}/.ssh/${name}`);
  const patterns = { ...Object.fromEntries(Object.keys(files).map((name) => [name, [name]])), ...includes };
  const source = {
    roots: [{ path: path("config"), isUser: true }],
    files: new Map(Object.entries(files).map(([name, text]) => [path(name), { text }])),
    includes: new Map(Object.entries(patterns).map(([pattern, names]) => [path(pattern), names.map(path)])),
    home: HERE.home,
    describe: (absolute: string) => absolute.replace(`${HERE.home}/`, "~/"),
  };
  return readSshConfig(source, HERE);
}
