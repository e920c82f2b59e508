import { accessSync, constants, existsSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { run, say } from "./run.mjs";

/**
 * What the tests run beside Node: any one of the commands, by name or path, and the Debian package that brings it.
 * `everywhere`: also without root, where real hosts cannot be made; `long`: for the long tests alone.
 */
const PROGRAMS = [
  {
    commands: ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"],
    package: "chromium-headless-shell",
    everywhere: true,
  },
  { commands: ["sshd"], package: "openssh-server" },
  { commands: ["ssh-keygen"], package: "openssh-client", everywhere: true },
  { commands: ["nginx"], package: "nginx" },
  { commands: ["openssl"], package: "openssl", everywhere: true },
  { commands: ["busybox"], package: "busybox" },
  { commands: ["ssconvert"], package: "gnumeric" },
  { commands: ["ksh"], package: "ksh" },
  { commands: ["mksh"], package: "mksh" },
  { commands: ["atd"], package: "at" },
  { commands: ["setfacl"], package: "acl" },
  { commands: ["setfattr"], package: "attr" },
  { commands: ["/usr/bin/python3"], package: "python3" },
  { commands: ["/usr/lib/python3/dist-packages/fusepy.py"], package: "python3-fusepy" },
  { commands: ["puttygen"], package: "putty-tools" },
  { commands: ["shellcheck"], package: "shellcheck", everywhere: true },
  { commands: ["doas"], package: "opendoas" },
  { commands: ["sudo"], package: "sudo" },
  { commands: ["ps"], package: "procps" },
  { commands: ["unshare"], package: "util-linux" },
  { commands: ["mount"], package: "mount" },
  { commands: ["mkfs.ext4"], package: "e2fsprogs" },
  { commands: ["xfs_io"], package: "xfsprogs" },
  { commands: ["strace"], package: "strace" },
  { commands: ["ip"], package: "iproute2" },
  { commands: ["nft"], package: "nftables" },
  { commands: ["faketime"], package: "faketime" },
  { commands: ["bzip2"], package: "bzip2" },
  { commands: ["xz"], package: "xz-utils" },
  { commands: ["zstd"], package: "zstd" },
  { commands: ["sqlite3"], package: "sqlite3" },
  { commands: ["dropbear"], package: "dropbear-bin" },
  { commands: ["csh"], package: "tcsh" },
  { commands: ["fish"], package: "fish" },
  { commands: ["zsh"], package: "zsh" },
  { commands: ["apache2"], package: "apache2" },
  { commands: ["haproxy"], package: "haproxy" },
  { commands: ["gcore"], package: "gdb", long: true },
  { commands: ["dbus-run-session"], package: "dbus-daemon", long: true },
  { commands: ["gnome-keyring-daemon"], package: "gnome-keyring", long: true },
  { commands: ["sslscan"], package: "sslscan" },
  { commands: ["postfix"], package: "postfix" },
  { commands: ["/usr/lib/dovecot/imap-login"], package: "dovecot-imapd" },
  { commands: ["/usr/lib/dovecot/pop3-login"], package: "dovecot-pop3d" },
  { commands: ["/usr/lib/dovecot/lmtp"], package: "dovecot-lmtpd" },
  { commands: ["/usr/lib/dovecot/managesieve-login"], package: "dovecot-managesieved" },
  { commands: ["slapd"], package: "slapd" },
  { commands: ["ldapmodify"], package: "ldap-utils", long: true },
  { commands: ["/usr/lib/postgresql/17/bin/postgres"], package: "postgresql-17" },
  { commands: ["mariadbd"], package: "mariadb-server" },
  { commands: ["keytool", "javac"], package: "default-jdk-headless", long: true },
  { commands: ["proftpd"], package: "proftpd-core" },
  { commands: ["/usr/lib/proftpd/mod_tls.so"], package: "proftpd-mod-crypto" },
  { commands: ["prosody"], package: "prosody" },
  { commands: ["/usr/lib/news/bin/nnrpd"], package: "inn2" },
  { commands: ["inspircd"], package: "inspircd" },
  { commands: ["in.telnetd"], package: "telnetd-ssl" },
  { commands: ["xrdp"], package: "xrdp" },
  { commands: ["knotd"], package: "knot" },
  { commands: ["pebble"], package: "pebble" },
  {
    commands: ["/usr/lib/python3/dist-packages/cryptography_vectors"],
    package: "python3-cryptography-vectors",
  },
];
const POLICY = "/usr/sbin/policy-rc.d";
const APT_OPTIONS = [
  "--yes",
  "--no-install-recommends",
  "--no-remove",
  "-o",
  "Dpkg::Options::=--force-confold",
];

/**
 * Whether all is there; installs what is missing where it may, else prints the one command that does.
 *
 * @param {{ isLong: boolean }} wish
 */
export async function ensurePrograms(wish) {
  if (process.platform !== "linux") return true;
  const missing = findMissing(wish);
  if (missing.length === 0) return true;
  const hasApt = existsSync("/usr/bin/apt-get") && existsSync("/etc/debian_version");
  if (hasApt && isRoot()) {
    say(`Installing programs for the tests: ${missing.join(", ")}`);
    await installByApt(missing);
    if (findMissing(wish).length === 0) return true;
  }
  const sudo = isRoot() ? "" : "sudo ";
  const command = `${sudo}apt-get update && ${sudo}apt-get install --no-install-recommends ${findMissing(wish).join(" ")}`;
  say("The tests need programs that are not there. Install them and start again:\n");
  say(`  ${hasApt ? command : `(with this system's package manager) ${missing.join(" ")}`}\n`);
  return false;
}

const isRoot = () => process.getuid?.() === 0;

/** @param {{ isLong: boolean }} wish */
function findMissing({ isLong }) {
  const needed = PROGRAMS.filter(({ everywhere, long }) => (everywhere || isRoot()) && (isLong || !long));
  return needed.filter(({ commands }) => !commands.some(isThere)).map((program) => program.package);
}

/** @param {string} command */
function isThere(command) {
  const folders = isAbsolute(command)
    ? [""]
    : [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, command), isAbsolute(command) ? constants.F_OK : constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** @param {string[]} packages */
async function installByApt(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  /** @type {import("node:child_process").SpawnOptions} */
  const options = { env, stdio: ["ignore", "inherit", "inherit"] };
  const isOurPolicy = forbidServices();
  try {
    await run("apt-get", ["update", "--quiet"], options);
    await run("apt-get", ["install", "--quiet", ...APT_OPTIONS, ...packages], options);
  } finally {
    if (isOurPolicy) rmSync(POLICY, { force: true });
  }
}

/** Debian asks this file before it starts the service of a new package. One that is there already has the say. */
function forbidServices() {
  try {
    writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { flag: "wx", mode: 0o755 });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "EEXIST") return false;
    throw error;
  }
}
