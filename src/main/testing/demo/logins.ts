import type { KeyPair } from "./keys.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;

/** A key that somebody has logged in with, once in so many days. */
type Habit = { account: string; key: KeyPair; everyDays: number };

/** Shell text that gives a host an auth.log that reaches back so many days, with the logins of its habits. */
export function putLog(host: string, { days, habits }: { days: number; habits: readonly Habit[] }): string {
  const now = Date.now();
  const lines = Array.from({ length: days }, (_, index) => days - index).flatMap((ago) => {
    const at = (hour: number) =>
      new Date(Math.floor((now - ago * DAY_MS) / DAY_MS) * DAY_MS + hour * 3_600_000);
    const write = (hour: number, text: string) =>
      `${at(hour).toISOString().slice(0, 19)}+00:00 ${host} ${text}`;
    return [
      write(4, "CRON[900]: pam_unix(cron:session): session opened for user root(uid=0) by root(uid=0)"),
      ...habits
        .filter(({ everyDays }) => ago % everyDays === 0)
        .map(({ account, key }) => write(9, formatLogin(account, key))),
    ];
  });
  return `cat > /var/log/auth.log <<'END'\n${lines.join("\n")}\nEND`;
}

const formatLogin = (account: string, { keyName, fingerprint }: KeyPair): string =>
  `sshd-session[1812]: Accepted publickey for ${account} from 127.0.0.1 port 50022 ssh2: ${keyName} ${fingerprint}`;
