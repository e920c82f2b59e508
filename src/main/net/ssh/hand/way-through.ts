import { onAbort } from "#net/on-abort.ts";
import type { Connection } from "#net/ssh/log-in.ts";
import { CONNECT_FAILED, openStream, PROHIBITED } from "#net/ssh/open-stream.ts";
import { quote, sayAddress, type Where } from "#net/ssh/ssh-failure.ts";
import type { Way } from "#net/ways/proxy-way.ts";

/** For the host to reach the place. */
const REACH_MS = 5_000;

/** A way to what the host itself reaches, over a login that stands: its sshd connects, and may be set not to. */
export function wayThrough(connection: Connection, target: Where): Way {
  const through = sayAddress(target);
  return {
    name: `the login at ${through}`,
    async reach({ host: address, port }, signal) {
      signal.throwIfAborted();
      const { promise: stopped, reject } = Promise.withResolvers<never>();
      const forget = onAbort(signal, () => reject(signal.reason));
      const opening = openStream(connection, { address, port }, REACH_MS);
      const opened = await Promise.race([opening, stopped])
        .catch((reason: unknown) => {
          // It may come all the same, and nobody waits for it any more.
          void opening.then((late) => "stream" in late && late.stream.destroy());
          throw reason;
        })
        .finally(forget);
      if ("stream" in opened) return opened;
      const { error } = opened;
      const place = sayAddress({ host: address, port });
      if (!error) return { outcome: "timed-out", message: `${through} itself did not reach ${place}` };
      const said = quote(error.message.replace(/^\(SSH\) Channel open failure: /, ""));
      if (error.reason === PROHIBITED)
        return {
          outcome: "jump-failed",
          message: `the sshd of ${through} connects nobody to ${place} (AllowTcpForwarding, PermitOpen): ${said}`,
        };
      const outcome = error.reason === CONNECT_FAILED ? "refused" : "jump-failed";
      return { outcome, message: `${through} itself cannot connect to ${place}: ${said}` };
    },
  };
}
