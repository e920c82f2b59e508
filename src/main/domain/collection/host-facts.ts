import type { Collection, HostFacts } from "./collection.ts";
import type { Record } from "./record.ts";

type Readers = Pick<Collection, "facts" | "readAs" | "loginKey" | "loginAccount">;

/** What the collector says of the host and of itself; all unknown without its record. */
export function readHost(record: Record | undefined): Readers {
  const say = (name: string) => record?.say(name) || null;
  const time = say("time");
  const facts: HostFacts = {
    hostname: say("hostname"),
    os: unquote(say("os")),
    kernel: say("kernel"),
    arch: say("arch"),
    unixTime: time !== null && /^\d{1,12}$/.test(time) ? Number(time) : null,
    utcOffset: /^[+-]\d{4}$/.test(say("offset") ?? "") ? say("offset") : null,
    sshdVersion: say("sshd"),
    closedBy: say("closed-by"),
    isClosedUnderPam: say("pam-nologin") === null ? null : say("pam-nologin") === "yes",
    isDebianSshd: say("sshd-for") === "debian",
  };
  return {
    facts,
    readAs: {
      uid: Number(/^\d+$/.exec(say("uid") ?? "")?.[0] ?? -1),
      user: say("user") ?? "",
      how: say("how") === "sudo" ? "sudo" : "login",
    },
    loginKey: say("login-key"),
    loginAccount: say("login-account"),
  };
}

/** A value of os-release as the shell would take it. */
function unquote(text: string | null): string | null {
  if (text === null) return null;
  const [, quoted = null] = /^(?:"(.*)"|'(.*)')\s*$/s.exec(text)?.filter((part) => part !== undefined) ?? [];
  return quoted === null ? text : quoted.replace(/\\(["$`\\])/g, "$1");
}
