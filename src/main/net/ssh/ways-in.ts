/**
 * The ways in that a login offers, one after the other: its keys, and after them, where somebody may be asked, what is
 * typed. Nothing is sent before the host's key is trusted: ssh2 asks for a way in only then.
 */
import type {
  AuthenticationType,
  AuthHandlerMiddleware,
  BaseAgent,
  IdentityCallback,
  NextAuthHandler,
  ParsedKey,
  SignCallback,
  SigningRequestOptions,
} from "ssh2";
import { authMethodFor, type UnusableIdentity } from "./identities.ts";
import type { Ends, LoginOptions } from "./login-options.ts";
import { type Attempt, formatAddress, formatTried } from "./ssh-failure.ts";
import { loadSsh2 } from "./tuned-ssh2.ts";
import { TypeIn } from "./type-in.ts";

/** sshd counts each against MaxAuthTries (6). */
const MOST_KEYS = 5;

/** Without a way to type anything not even `none` is offered, which would cost a round trip. */
export function offerWaysIn(options: LoginOptions, ends: Ends) {
  const { target, user, identities, unusable = [], typed = null } = options;
  const { progress, ended } = ends;
  const login = `${user} at ${formatAddress(target)}`;
  const typing = typed && new TypeIn({ target, user, typed: typed.open(user, ended) }, ends);
  let keys = identities.slice(0, MOST_KEYS);

  return (methods: AuthenticationType[] | null, isPartial: boolean | null, next: NextAuthHandler) => {
    const last = progress.attempt;
    last?.judge?.(isPartial === true);
    if (isPartial && last?.identity) progress.taken = last.identity;
    // A key may be wanted after what was typed: those that were offered before it did not count.
    if (isPartial && last && !last.identity) {
      progress.isTyped = true;
      keys = identities.slice(0, MOST_KEYS);
    }
    const mayTryKey = !methods || methods.includes("publickey");
    const key = mayTryKey && !(isPartial && last?.identity) ? keys.shift() : undefined;
    if (key) {
      progress.tried.push(key);
      progress.attempt = { method: "publickey", identity: key };
      return next(authMethodFor(key, user, ended));
    }
    if (typing?.offer(methods, next)) return;
    return refuse(isPartial ? formatPartial(methods) : formatRefused(methods));
  };

  /** The value that tells ssh2 to give up. */
  function refuse(message: string): false {
    ends.fail({ outcome: "login-refused", message });
    return false;
  }

  function formatPartial(methods: readonly string[] | null): string {
    const by = progress.taken?.fingerprint ?? "what was typed";
    const more = (methods ?? []).filter((method) => method !== "publickey").join(", ") || "more";
    return `${login} is let in by ${by} only with ${more} (AuthenticationMethods)${formatWhatIsTyped(methods)}`;
  }

  function formatRefused(methods: readonly string[] | null): string {
    const tried = formatTried(progress.tried);
    const others = (methods ?? []).filter((method) => method !== "publickey").join(", ");
    if (methods && !methods.includes("publickey"))
      return `${login} may not log in by key${others && `, only by ${others}`}; ${tried}${formatWhatIsTyped(methods)}`;
    if (progress.tried.length === 0)
      return `there is no key to log in with as ${login}${formatNoKey(unusable)}`;
    const notTried = identities.length - MOST_KEYS;
    const more =
      notTried > 0 ? `; ${notTried} more were not, for sshd allows few tries: name the right file` : "";
    return `every key was refused for ${login}; ${tried}${more}${formatWhatIsTyped(methods)}`;
  }

  function formatWhatIsTyped(methods: readonly string[] | null): string {
    const takesTyped = methods?.some((method) => method === "password" || method === "keyboard-interactive");
    return takesTyped && !typed
      ? "; it would take a password: let the scan ask for it (--ask-password, at a terminal)"
      : "";
  }
}

function formatNoKey(unusable: readonly UnusableIdentity[]): string {
  if (unusable.length === 0) return ": load one with ssh-add, or name its file";
  return `: ${unusable.map(({ source, why }) => `${source}: ${why}`).join("; ")}`;
}

/** Has the host asked about a key, where that is wanted, before any way in is offered. */
export function askFirst(
  { askedAbout, user }: LoginOptions,
  { progress }: Ends,
  offer: AuthHandlerMiddleware,
): AuthHandlerMiddleware {
  let question = askedAbout;
  let asking: Attempt | null = null;
  return (methods, isPartial, next) => {
    if (!question) {
      // A host that wants something typed before any key has not been asked about this one.
      if (asking && progress.attempt === asking && methods?.includes("publickey") === false)
        progress.attempt = { method: "publickey", identity: null };
      return offer(methods, isPartial, next);
    }
    const { agent, judge } = askAbout(question);
    question = undefined;
    asking = { method: "publickey", identity: null, judge };
    progress.attempt = asking;
    return next({ type: "agent", username: user, agent });
  };
}

/**
 * An agent that shows a public key and has no private key. A host that would take the key asks for a signature, and gets
 * none; which costs no failed attempt. `judge` is called once the host has said what it would do.
 */
function askAbout({ key, answer }: NonNullable<LoginOptions["askedAbout"]>) {
  let isTaken = false;
  class Showing extends loadSsh2().BaseAgent {
    override getIdentities(tell: IdentityCallback<ParsedKey>): void {
      tell(null, [key]);
    }

    override sign(
      _key: unknown,
      _data: Buffer,
      options: SigningRequestOptions | SignCallback,
      told?: SignCallback,
    ): void {
      isTaken = true;
      const tell = typeof options === "function" ? options : told;
      tell?.(new Error("nothing is signed with a key that was only asked about"));
    }
  }
  return { agent: new Showing() as BaseAgent, judge: () => answer(isTaken) };
}
