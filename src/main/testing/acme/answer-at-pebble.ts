import type { AcmeChallenge } from "#shared/model/acme.ts";
import type { Pebble } from "#testing/servers/pebble.ts";

/** Has pebble's challenge server answer, by real HTTP and DNS. `undo` takes it away. */
export function answerAtPebble({ tell }: Pick<Pebble, "tell">) {
  return async (challenge: AcmeChallenge) => ({
    kind: "ready" as const,
    undo: await put(tell, challenge),
  });
}

async function put(tell: Pebble["tell"], challenge: AcmeChallenge): Promise<() => Promise<void>> {
  switch (challenge.type) {
    case "http-01": {
      const { token, keyAuthorization: content } = challenge;
      await tell("add-http01", { token, content });
      return () => tell("del-http01", { token });
    }
    case "dns-01": {
      const host = `_acme-challenge.${challenge.name}.`;
      await tell("set-txt", { host, value: challenge.txt });
      return () => tell("clear-txt", { host });
    }
    case "tls-alpn-01":
      throw new Error("it wants more than a digest: startAlpnServer answers this one");
  }
}
