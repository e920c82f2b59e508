/** Shell text that creates many accounts of a lab host at once: useradd for each of them would take half a minute. */

export type LabAccount = {
  name: string;
  /** Its group has its name and this number. */
  uid: number;
  home: string;
  shell: string;
  /** Groups besides its own; missing ones are created. */
  groups: readonly string[];
  /** Its line in shadow from the second field on. */
  shadow: string;
  /** ~/.ssh/authorized_keys; null for none. */
  keys: Buffer | null;
  /** Files of root's by path. */
  files: Readonly<Record<string, Buffer>>;
  /** POSIX sh that runs last, with $user, $home and $file. */
  make: string;
};

/** Homes and files are readable for everybody, so that an ordinary account sees as much as sshd's rules allow. */
export function makeAccounts(accounts: readonly LabAccount[]): string {
  const groups = new Set(accounts.flatMap((account) => account.groups));
  const made = accounts.filter(({ name }) => name !== "root");
  return [
    append(
      "/etc/passwd",
      made.map(({ name, uid, home, shell }) => `${name}:x:${uid}:${uid}::${home}:${shell}`),
    ),
    append(
      "/etc/shadow",
      made.map(({ name, shadow }) => `${name}:${shadow}`),
    ),
    append(
      "/etc/group",
      made.map(({ name, uid }) => `${name}:x:${uid}:`),
    ),
    ...[...groups].map((group) => `grep -q '^${group}:' /etc/group || groupadd ${group}`),
    ...[...groups].map((group) => addMembers(group, accounts)),
    `mkdir -p ${accounts.map(({ home }) => `${home}/.ssh`).join(" ")}`,
    ...accounts.map(fill),
    "",
  ].join("\n");
}

function fill({ name, uid, home, keys, files, make }: LabAccount): string {
  const file = `${home}/.ssh/authorized_keys`;
  return [
    `user=${name} home=${home} file=${file}`,
    ...(keys ? [write(file, keys)] : []),
    ...Object.entries(files).map(
      ([path, bytes]) => `mkdir -p ${path.replace(/\/[^/]*$/, "")}\n${write(path, bytes)}`,
    ),
    `chown -R ${uid}:${uid} ${home}`,
    make,
  ].join("\n");
}

const append = (path: string, lines: readonly string[]): string =>
  `cat >> ${path} <<'END_OF_LINES'\n${lines.join("\n")}\nEND_OF_LINES`;

const write = (path: string, bytes: Buffer): string =>
  `base64 -d > ${path} <<'END_OF_BYTES'\n${bytes.toString("base64")}\nEND_OF_BYTES`;

function addMembers(group: string, accounts: readonly LabAccount[]): string {
  const members = accounts.filter(({ groups }) => groups.includes(group)).map(({ name }) => name);
  return `sed -i 's/^\\(${group}:.*:.*:\\)\\(..*\\)$/\\1\\2,/; s/^\\(${group}:.*\\)$/\\1${members.join(",")}/' /etc/group`;
}
