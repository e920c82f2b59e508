import { type AccountState, accepts, type Disk, type Row, refuses } from "./row.ts";

/** Accounts: password, age, shell. Whether sshd refuses them depends on UsePAM. */

/** A password that is set: `openssl passwd -6 -salt latchkey secret`. */
export const PASSWORD =
  "$6$latchkey$0dByeZ8jOBCAQO0Vb.v.T8C1Ls6bLaxXIeoQ1iiguhPRCrgrFhJdkbI4ymDXwHQo6IFOE/fGXG0LVWYafTpbB1";

/** Days since the epoch: the beginning of 2020 and of 2100. */
const LONG_AGO = 18_262;
const FAR_AHEAD = 47_482;

const FRESH: AccountState = { words: "never had a password (!)", password: "!" };
const STARRED: AccountState = { words: "a password that nobody has (*)", password: "*" };
const WITH_PASSWORD: AccountState = { words: "a password", password: PASSWORD };
const LOCKED: AccountState = { words: "password locked (!hash)", password: `!${PASSWORD}` };
const LOCKED_TWICE: AccountState = { words: "password locked (!!)", password: "!!" };
const LOCKED_BY_PASSWD: AccountState = {
  words: "password locked as on other systems (*LK*)",
  password: "*LK*",
};
const NO_PASSWORD: AccountState = { words: "an empty password", password: "" };

const EXPIRED: AccountState = { words: "expired in 2020", expires: LONG_AGO };
const EXPIRES_TODAY: AccountState = { words: "expires today", expires: "today" };
const EXPIRES_LATE: AccountState = { words: "expires in 2100", expires: FAR_AHEAD };

const AGED: AccountState = {
  words: "password too old, no end to the days of grace",
  password: PASSWORD,
  age: [LONG_AGO, 90, null],
};
const INACTIVE: AccountState = {
  words: "password too old, days of grace over",
  password: PASSWORD,
  age: [LONG_AGO, 90, 30],
};
const LOCKED_INACTIVE: AccountState = {
  words: "password locked and too old, days of grace over",
  password: "!",
  age: [LONG_AGO, 90, 0],
};
const MUST_CHANGE: AccountState = {
  words: "password to be changed at once",
  password: PASSWORD,
  age: [0, 90, 30],
};

const NOLOGIN: AccountState = { words: "shell nologin", shell: "/usr/sbin/nologin" };
const FALSE: AccountState = { words: "shell false", shell: "/bin/false" };
const NO_SUCH_SHELL: AccountState = { words: "shell does not exist", shell: "/bin/no-such-shell" };
const NO_PROGRAM: AccountState = { words: "shell cannot be executed", shell: "/etc/passwd" };
const A_FOLDER: AccountState = { words: "shell is a folder", shell: "/usr" };
const DEFAULT_SHELL: AccountState = { words: "shell not given", shell: "" };
const OWN_SHELL: AccountState = { words: "shell that nobody else may execute", shell: "/srv/ownshell" };

const FORWARDING = [{ how: "forwarding" }] as const;
const TWICE = {
  words: "the name twice in passwd",
  make: "echo $user:x:64000:64000::$home:/bin/no-such-shell >> /etc/passwd",
};

const SHELLS: readonly Row[] = [
  accepts({ account: NOLOGIN, tries: FORWARDING, because: "port forwarding" }),
  accepts({ account: FALSE, tries: FORWARDING, because: "port forwarding" }),
  refuses("shell", { account: NO_SUCH_SHELL }),
  refuses("shell", { account: NO_PROGRAM }),
  refuses("shell", { account: A_FOLDER }),
  accepts({ account: DEFAULT_SHELL }),
  accepts({
    account: OWN_SHELL,
    disk: { words: "0700", make: "install -o $user -m 700 /bin/sh /srv/ownshell" },
  }),
  accepts({ disk: TWICE }),
];

export const UNDER_PAM: readonly Row[] = [
  accepts({ account: FRESH }),
  accepts({ account: STARRED }),
  accepts({ account: WITH_PASSWORD }),
  accepts({ account: LOCKED, because: "locked" }),
  accepts({ account: LOCKED_TWICE }),
  accepts({ account: LOCKED_BY_PASSWD }),
  accepts({ account: NO_PASSWORD }),
  refuses("expired", { account: EXPIRED }),
  refuses("expired", { account: EXPIRES_TODAY }),
  accepts({ account: EXPIRES_LATE }),
  accepts({ account: AGED }),
  refuses("too old", { account: INACTIVE }),
  refuses("too old", { account: LOCKED_INACTIVE }),
  accepts({ account: MUST_CHANGE }),
  ...SHELLS,
];

export const WITHOUT_PAM: readonly Row[] = [
  refuses("UsePAM no", { account: FRESH, dormant: "UsePAM" }),
  accepts({ account: STARRED }),
  accepts({ account: WITH_PASSWORD }),
  refuses("UsePAM no", { account: LOCKED, dormant: "UsePAM" }),
  refuses("UsePAM no", { account: LOCKED_TWICE, dormant: "UsePAM" }),
  accepts({ account: LOCKED_BY_PASSWD }),
  accepts({ account: NO_PASSWORD }),
  refuses("expired", { account: EXPIRED }),
  accepts({ account: EXPIRES_TODAY }),
  accepts({ account: EXPIRES_LATE }),
  accepts({ account: AGED }),
  accepts({ account: INACTIVE }),
  refuses("UsePAM no", { account: LOCKED_INACTIVE }),
  accepts({ account: MUST_CHANGE }),
  ...SHELLS,
];

const ROOT: AccountState = { words: "uid 0", uid: 0 };

/** /etc/nologin exists. */
export const CLOSED_UNDER_PAM: readonly Row[] = [
  refuses("nologin", { account: STARRED }),
  refuses("nologin", { account: WITH_PASSWORD }),
  accepts({ account: ROOT }),
];
export const CLOSED_WITHOUT_PAM: readonly Row[] = [
  accepts({ account: STARRED, tries: FORWARDING, because: "no session" }),
  accepts({ account: ROOT }),
];

/** Files and folders: modes, owners, links. Most of them matter under StrictModes alone. */

const disk = (words: string, make: string): Disk => ({ words, make });

const WITH_STAFF: AccountState = { words: "in the group staff", groups: ["staff"] };

/** What StrictModes refuses. */
const OPEN: readonly { disk: Disk; account?: AccountState }[] = [
  { disk: disk("home 0777", "chmod 777 $home") },
  { disk: disk(".ssh 0707", "chmod 707 $home/.ssh") },
  { disk: disk("file 0606", "chmod 606 $file") },
  { disk: disk("home 0775, group staff, which has a member", "chgrp staff $home; chmod 775 $home") },
  { disk: disk(".ssh 0770, group of others", "chgrp staff $home/.ssh; chmod 775 $home/.ssh") },
  { disk: disk("file 0660, group of others", "chgrp staff $file; chmod 664 $file") },
  { disk: disk("file of another account", "chown other $file; chmod 644 $file") },
  { disk: disk(".ssh of another account", "chown other $home/.ssh") },
  { disk: disk("home of another account", "chown other $home") },
  {
    disk: disk("a link to /tmp", "mv $file /tmp/$user; ln -s /tmp/$user $file"),
  },
  {
    disk: disk(
      "a link into a folder that all may write",
      "install -d -m 777 /srv/all; mv $file /srv/all/$user; ln -s /srv/all/$user $file",
    ),
  },
];

/** What StrictModes accepts. */
const CLOSED: readonly { disk: Disk; account?: AccountState }[] = [
  { disk: disk("file 0400", "chmod 400 $file") },
  { disk: disk("home 0700", "chmod 700 $home") },
  { disk: disk("home 1777 of nobody else's group is not: 1755", "chmod 1755 $home") },
  { disk: disk("home 0775, its own group, which is empty", "chmod 775 $home") },
  { disk: disk(".ssh 0770, its own group, which is empty", "chmod 770 $home/.ssh") },
  { disk: disk("file 0660, its own group, which is empty", "chmod 660 $file") },
  { disk: disk("all of it root's", "chown root:root $home $home/.ssh $file; chmod 644 $file") },
  { disk: disk("a link to a file in /srv", "mv $file /srv/$user; ln -s /srv/$user $file") },
  { disk: disk("a hard link", "ln $file /home/$user.link") },
  {
    disk: disk(
      "home through a link",
      "mkdir -p /srv/homes; mv $home /srv/homes/$user; ln -s /srv/homes/$user $home",
    ),
  },
  {
    disk: disk(
      "home below a folder that all may write",
      "install -d -m 777 /srv/open; mv $home /srv/open/; sed -i s,:$home:,:/srv/open/$user:, /etc/passwd",
    ),
  },
  {
    disk: disk(
      "home through a link, and an open folder above it",
      "install -d -m 777 /srv/above; mv $home /srv/above/$user; ln -s /srv/above/$user $home",
    ),
  },
  { disk: disk(".ssh is a link", "mv $home/.ssh $home/ssh; ln -s ssh $home/.ssh") },
];

/** Files that sshd cannot open, whatever StrictModes is. */
const UNREADABLE: readonly Row[] = [
  refuses("may not read", { disk: disk("file root's, 0600", "chown root:root $file; chmod 600 $file") }),
  refuses("may not read", {
    disk: disk(".ssh root's, 0700", "chown root:root $home/.ssh; chmod 700 $home/.ssh"),
  }),
  refuses("regular file", { disk: disk("a folder in its place", "rm $file; mkdir $file") }),
  refuses("regular file", { disk: disk("a FIFO in its place", "rm $file; mkfifo $file") }),
  refuses("regular file", { disk: disk("a link to /dev/zero", "rm $file; ln -s /dev/zero $file") }),
  accepts({
    account: WITH_STAFF,
    disk: disk("file root's, 0640, readable through a group", "chown root:staff $file; chmod 640 $file"),
  }),
];

export const STRICT_ROWS: readonly Row[] = [
  ...OPEN.map((parts) => refuses("StrictModes", { ...parts, dormant: "StrictModes" })),
  ...CLOSED.map(accepts),
  ...UNREADABLE,
];

export const LAX_ROWS: readonly Row[] = [...OPEN.map(accepts), ...CLOSED.map(accepts), ...UNREADABLE];
