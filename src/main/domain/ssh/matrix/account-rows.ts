/** Accounts: password, age, shell. What sshd makes of them hangs on whether it asks PAM. */
import { type AccountState, accepts, type Row, refuses } from "./row.ts";

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
const LOCKED_OLD_WAY: AccountState = {
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
  accepts({ account: LOCKED_OLD_WAY }),
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
  accepts({ account: LOCKED_OLD_WAY }),
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

/** /etc/nologin is there. */
export const CLOSED_UNDER_PAM: readonly Row[] = [
  refuses("nologin", { account: STARRED }),
  refuses("nologin", { account: WITH_PASSWORD }),
  accepts({ account: ROOT }),
];
export const CLOSED_WITHOUT_PAM: readonly Row[] = [
  accepts({ account: STARRED, tries: FORWARDING, because: "no session" }),
  accepts({ account: ROOT }),
];
