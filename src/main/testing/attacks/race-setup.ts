import { readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * What only root may read, and no stream may contain: in /etc/shadow, in a private key of root's, and in a file of
 * root's without a known format.
 */
export const CANARIES = ["CANARYHASHCANARYHASH", "CANARYWORDSOFROOT", "CANARYKNOWNHOST"];

/**
 * Accounts m0, m1, ... whose users attack; each has a key that the scan should find, and root has one that it should
 * find in root's home alone.
 */
export const prepareRaces = async (accounts: number): Promise<string> => `
  rm -rf /etc/ssh/sshd_config.d/*
  printf 'AuthorizedKeysFile .ssh/authorized_keys %%h/keys\\nAuthorizedPrincipalsFile %%h/principals\\nUsePAM yes\\n' > /etc/ssh/sshd_config
  mkdir -p -m 700 /root/.ssh; ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -C '' -f /root/.ssh/id_root
  echo "CANARYKNOWNHOST ssh-ed25519 AAAA" > /root/.ssh/known_hosts
  echo "# CANARYWORDSOFROOT" > /root/secret; cp /root/secret /root/.ssh/authorized_keys2; cp /root/secret /root/.ssh/config
  chmod 600 /root/secret /root/.ssh/*
  useradd --create-home honest; mkdir -m 700 /home/honest/.ssh; echo '# of honest' > /home/honest/.ssh/authorized_keys
  chown -R honest: /home/honest
  printf 'admin ALL=(root) NOPASSWD: ALL\\n' > /etc/sudoers.d/admin; useradd --create-home admin
  n=0; while [ $n -lt ${accounts} ]; do
    useradd --create-home m$n; mkdir -m 700 /home/m$n/.ssh /home/m$n/.kube; chown m$n: /home/m$n/.ssh /home/m$n/.kube
    n=$((n + 1))
  done
  usermod -p '$6$canarysalt$CANARYHASHCANARYHASHCANARYHASHCANARYHASHCANARYHASHCANARYHASH' honest
  cat > /run/race.py <<'PYTHON'
${await readFile(join(import.meta.dirname, "race.py"), "utf8")}
PYTHON
  : > /run/turns; chmod 666 /run/turns; mkdir -m 1777 /run/races`;

/** Pipes without a writer, in place of files. */
export const PIPES = (home: string): string[] => [
  `fifo:${home}/.ssh/authorized_keys:-`,
  `fifo:${home}/.ssh/known_hosts:-`,
  `fifo:${home}/.ssh/id_a:-`,
  `fifo:${home}/keys:-`,
  `fifo:${home}/principals:-`,
  `fifo:${home}/.kube/config:-`,
  `fifo:${home}/.keystore:-`,
];

/** One kind of race for each account, over all files that a scan reads in homes. */
export const RACES: Readonly<Record<string, (home: string) => string[]>> = {
  "a link in the place of a file": (home) => [
    `link:${home}/.ssh/authorized_keys:/root/secret`,
    `link:${home}/keys:/etc/shadow`,
    `link:${home}/principals:/root/secret`,
    `link:${home}/.ssh/known_hosts:/root/.ssh/known_hosts`,
    `link:${home}/.ssh/config:/root/secret`,
    `link:${home}/.ssh/id_a:/root/.ssh/id_root`,
    `link:${home}/b.pem:/root/.ssh/id_root`,
    `link:${home}/.kube/config:/root/.ssh/id_root`,
    `link:${home}/.keystore:/root/secret`,
  ],
  "a link in the place of a folder": (home) => [
    `folder:${home}/.ssh:/root/.ssh`,
    `folder:${home}/.kube:/root/.ssh`,
  ],
  "another name of a file of root's": (home) => [
    `hard:${home}/.ssh/authorized_keys:/root/secret`,
    `hard:${home}/.ssh/id_a:/root/.ssh/id_root`,
    `hard:${home}/keys:/etc/shadow`,
  ],
  "a pipe in the place of a file": PIPES,
};

/** Of account m`number`. */
type Attack = { number: number; seed: number; race: readonly string[] };

/**
 * A script that starts attacks which end with the process that started them. All begin at once, when all are ready:
 * each that raced while the next one starts would only delay it. What follows has to close descriptor 9.
 */
export const startRaces = (how: "turns" | "free", attacks: readonly Attack[]): string => `
mkfifo -m 644 /run/races/begin
${attacks.map((attack) => startRace(how, attack)).join("\n")}
for number in ${attacks.map(({ number }) => number).join(" ")}; do
  until [ -s /run/races/said-$number ]; do :; done
done
exec 9>/run/races/begin`;

const startRace = (how: string, { number, seed, race }: Attack) =>
  `HOME=/home/m${number} setpriv --reuid m${number} --regid m${number} --init-groups --pdeathsig KILL \
    /usr/bin/python3 /run/race.py ${how} ${seed} ${race.join(" ")} >/run/races/said-${number} 2>&1 </dev/null &`;

/** The process ids of root's processes on a host, without those that count them. */
export const COUNT_ROOTS = `
  count_roots() {
    for status in /proc/[0-9]*/status; do
      while read -r key value rest; do
        case $key in Pid:) pid=$value ;; PPid:) parent=$value ;; Uid:) break ;; esac
      done 2>/dev/null <$status
      [ "$value" != 0 ] || [ "$pid" = $$ ] || [ "$parent" = $$ ] || echo "$pid"
    done
  }`;

type Observation = {
  value(name: string): string | null;
  bytes: Uint8Array;
  attributes: readonly (readonly [string, string])[];
};

/** Everything that the records of a stream contain in the clear, except those about root's home. */
export const formatOfOthers = (records: readonly Observation[]): string =>
  records
    .filter((record) => !(record.value("path") ?? "").startsWith("/root/"))
    .flatMap(({ bytes, attributes }) => [Buffer.from(bytes).toString("latin1"), JSON.stringify(attributes)])
    .join("\n");
