import type { Account } from "#domain/collection/collection.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/contribution.ts";
import { isYes, type Settings } from "#domain/ssh/sshd-settings.ts";

/** Settings that hold for every key of an account. */
export function decideLoginPolicy(account: Account, settings: Settings): Contribution[] {
  return [
    decideConnection(settings),
    decidePublicKeys(settings),
    decideMethods(settings),
    decideRoot(account, settings),
    decideRevoked(settings),
    decideChroot(settings),
  ];
}

/** What PermitRootLogin asks of a line for root: a command of its own. */
export function decideForcedCommand(account: Account, settings: Settings, hasCommand: boolean): Contribution {
  const { values, place } = settings.get("permitrootlogin");
  if (account.uid !== 0 || values[0]?.toLowerCase() !== "forced-commands-only" || hasCommand) return {};
  return refuse(`PermitRootLogin forced-commands-only, and the line has no command= (${place})`);
}

/** From OpenSSH 9.9 on: sshd hangs up as soon as it knows the name. */
function decideConnection(settings: Settings): Contribution {
  const { values, place } = settings.get("refuseconnection");
  return isYes(values) ? refuse(`RefuseConnection yes (${place})`) : {};
}

/** sshd hangs up after the login unless the folder, and each above it, is root's and writable by nobody else. */
function decideChroot(settings: Settings): Contribution {
  const { values, place } = settings.get("chrootdirectory");
  const [folder = "none"] = values;
  if (folder.toLowerCase() === "none" || folder === "/") return {};
  return doubt(`owner and mode of ${folder} were not read (ChrootDirectory, ${place})`);
}

function decidePublicKeys(settings: Settings): Contribution {
  const { values, place } = settings.get("pubkeyauthentication");
  return isYes(values) ? {} : refuse(`PubkeyAuthentication ${values[0] ?? ""} (${place})`);
}

/** A key that needs company is still a way in: it is said, and refuses nothing. */
function decideMethods(settings: Settings): Contribution {
  const { values, place } = settings.get("authenticationmethods");
  if (values.length === 0 || values.includes("any") || values.includes("publickey")) return {};
  const lists = values.filter((list) => list.split(",").includes("publickey"));
  if (lists.length === 0)
    return refuse(`AuthenticationMethods ${values.join(" ")} asks for no key (${place})`);
  return { notes: [`the key alone is not enough: AuthenticationMethods ${values.join(" ")} (${place})`] };
}

function decideRoot({ uid }: Account, settings: Settings): Contribution {
  const { values, place } = settings.get("permitrootlogin");
  return uid === 0 && values[0]?.toLowerCase() === "no" ? refuse(`PermitRootLogin no (${place})`) : {};
}

function decideRevoked(settings: Settings): Contribution {
  const { values, place } = settings.get("revokedkeys");
  const lists = values.filter((value) => value.toLowerCase() !== "none");
  if (lists.length === 0) return {};
  return doubt(`${lists.join(" ")} may revoke the key and was not read (RevokedKeys, ${place})`);
}
