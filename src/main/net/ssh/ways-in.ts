import type { NextAuthHandler } from "ssh2";
import { authMethodFor } from "./identities.ts";
import type { Ends, LoginOptions } from "./log-in.ts";
import { sayAddress, sayTried } from "./ssh-failure.ts";

/** sshd counts each against MaxAuthTries (6). */
const MOST_KEYS = 5;

/** Offers one key after another, and nothing else: not even `none`, which would cost a round trip. */
export function offerWaysIn({ target, user, identities }: LoginOptions, { progress, fail, ended }: Ends) {
  const left = identities.slice(0, MOST_KEYS);
  return (methods: string[] | null, isPartial: boolean | null, next: NextAuthHandler) => {
    const last = progress.tried.at(-1);
    const others = (methods ?? []).filter((method) => method !== "publickey").join(", ");
    const login = `${user} at ${sayAddress(target)}`;
    if (isPartial && last)
      return refuse(
        `${login} is let in by ${last.fingerprint} only with ${others || "more"} (AuthenticationMethods)`,
      );
    if (methods && !methods.includes("publickey"))
      return refuse(
        `${login} may not log in by key${others && `, only by ${others}`}; ${sayTried(progress.tried)}`,
      );
    const identity = left.shift();
    if (identity) {
      progress.tried.push(identity);
      return next(authMethodFor(identity, user, ended));
    }
    if (progress.tried.length === 0)
      return refuse(`there is no key to log in with as ${login}: load one with ssh-add, or name its file`);
    return refuse(
      `every key was refused for ${login}; ${sayTried(progress.tried)}${sayNotTried(identities.length)}`,
    );
  };

  /** The value that tells ssh2 to give up. */
  function refuse(message: string): false {
    fail({ outcome: "login-refused", message });
    return false;
  }
}

const sayNotTried = (count: number): string =>
  count > MOST_KEYS
    ? `; ${count - MOST_KEYS} more were not, for sshd allows few tries: name the right file`
    : "";
