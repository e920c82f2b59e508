import type {
  AuthHandlerMiddleware,
  BaseAgent,
  IdentityCallback,
  ParsedKey,
  SignCallback,
  SigningRequestOptions,
} from "ssh2";
import { loadSsh2 } from "./load-ssh2.ts";
import type { Ends, LoginOptions } from "./login-options.ts";
import type { Attempt } from "./ssh-failure.ts";

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
 * An agent that shows a public key and has no private half. A host that would take the key asks for a signature, and gets
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
