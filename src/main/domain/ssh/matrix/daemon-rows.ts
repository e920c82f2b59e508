/** More than one sshd, and one that goes by what its file said before: hosts of their own. */
import { accepts, type Ground, type Row, refuses, type Try } from "./row.ts";

const CLOSED = "PubkeyAuthentication no";

/** POSIX sh that starts another sshd, with this configuration in a file of its own, and waits until it listens. */
const start = (port: number, config: readonly string[]): string => `
  cat > /etc/ssh/sshd_${port} <<'END'
${["UsePAM yes", "LogLevel VERBOSE", "MaxStartups 100", ...config].join("\n")}
END
  /usr/sbin/sshd -f /etc/ssh/sshd_${port} -o PidFile=/run/sshd_${port}.pid -o PerSourcePenalties=no -p ${port}
  until [ -s /run/sshd_${port}.pid ]; do :; done`;

/** POSIX sh that has a running sshd read its file again, and waits until it has. */
const reload = (port: number): string => `
  pid=$(cat /run/sshd_${port}.pid); echo asked > /run/sshd_${port}.pid; kill -HUP $pid
  until [ "$(cat /run/sshd_${port}.pid 2>&1)" = $pid ]; do :; done`;

const on = (port: number, is: Try["is"]): Try => ({ port, ...(is && { is }) });
const both = (first: Try["is"], second: Try["is"]): readonly Try[] => [on(22, first), on(2222, second)];
const named = (user: string): Pick<Row, "user" | "called"> => ({ user, called: user });

const TWO: Ground = {
  name: "two daemons, the other on port 2222 with a file of its own",
  config: "UsePAM yes",
  after: start(2222, [
    "Match User there",
    CLOSED,
    "Match User nowhere",
    CLOSED,
    "Match User moved",
    "AuthorizedKeysFile /etc/ssh/others/%u",
    "Match User root*",
    "PermitRootLogin yes",
  ]),
  rows: [
    accepts({ ...named("everywhere"), tries: both("in", "in") }),
    accepts({ ...named("here"), setting: CLOSED, tries: both("out", "in"), because: "only one" }),
    accepts({ ...named("there"), tries: both("in", "out"), because: "only one" }),
    refuses("PubkeyAuthentication", { ...named("nowhere"), setting: CLOSED, tries: both("out", "out") }),
    accepts({
      ...named("moved"),
      disk: {
        words: "the file is where the other looks",
        make: "mkdir -p /etc/ssh/others; mv $file /etc/ssh/others/$user",
      },
      tries: both("out", "in"),
      because: "only one",
    }),
    accepts({
      ...named("roots"),
      account: { words: "uid 0", uid: 0 },
      setting: "PermitRootLogin no",
      tries: both("out", "in"),
    }),
  ],
};

/** The usual daemon lets nobody in: the other one decides. */
const NOBODY = "UsePAM yes\nDenyUsers *";
const SECOND: readonly Try[] = [on(2223, undefined)];
/** The file is changed a minute after it was read, as far as times tell. */
const CHANGED = "touch -d '+1 minute' /etc/ssh/sshd_2223";

const STALE: Ground = {
  name: "a daemon that was not told of a change of its file",
  config: NOBODY,
  after: `${start(2223, ["DenyUsers opened"])}
    sed -i 's/DenyUsers opened/DenyUsers closed/' /etc/ssh/sshd_2223; ${CHANGED}`,
  rows: [
    accepts({
      ...named("closed"),
      called: "the file refuses it by now",
      tries: SECOND,
      open: "not reloaded",
    }),
    refuses("DenyUsers", {
      ...named("opened"),
      called: "the file lets it in by now",
      tries: SECOND,
      open: "not reloaded",
    }),
    accepts({ ...named("same"), called: "the file says what it said", tries: SECOND, open: "not reloaded" }),
  ],
};

const RELOADED: Ground = {
  name: "a daemon that was told of a change of its file",
  config: NOBODY,
  after: `${start(2224, ["DenyUsers opened"])}
    sed -i 's/DenyUsers opened/DenyUsers closed/' /etc/ssh/sshd_2224; ${reload(2224)}`,
  rows: [
    refuses("DenyUsers", { ...named("closed"), tries: [on(2224, undefined)] }),
    accepts({ ...named("opened"), tries: [on(2224, undefined)] }),
  ],
};

export const DAEMON_GROUNDS: readonly Ground[] = [TWO, STALE, RELOADED];
