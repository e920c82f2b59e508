import { NativeSelect, TextInput } from "@mantine/core";
import type { ChallengeWay } from "#shared/model/challenge-way.ts";

/** What can be said for one plan; a zone's key is kept with its issuer, in Settings. */
const WAYS = {
  known: "as the issuer has it, or as the host allows",
  site: "a file below the web server's folder",
  challenges: "a file in a folder of challenges alone",
  served: "served on the host, where port 80 is free",
  "tls-alpn": "TLS on the host, where port 443 is free",
  hook: "DNS, by a program on this computer",
  zone: "DNS, by updates of the zone",
} as const;
type WayName = keyof typeof WAYS;

type Props = { way: ChallengeWay | null; onChange: (way: ChallengeWay | null) => void };

/** How an ACME directory is shown that names are the user's. */
export function ChallengeField({ way, onChange }: Props) {
  const name = nameOf(way);
  return (
    <>
      <NativeSelect
        size="xs"
        label="How names are shown to be yours"
        description="For an ACME directory alone"
        value={name}
        data={Object.entries(WAYS)
          .filter(([value]) => value !== "zone" || name === "zone")
          .map(([value, label]) => ({ value, label }))}
        onChange={(event) => onChange(wayOf(event.currentTarget.value as WayName, way))}
      />
      {way?.kind === "webroot" && (
        <TextInput
          size="xs"
          label="Folder on the host"
          placeholder={way.of === "site" ? "/var/www/html" : "/var/lib/acme"}
          value={way.path}
          onChange={(event) => onChange({ ...way, path: event.currentTarget.value.trim() })}
          spellCheck={false}
        />
      )}
      {way?.kind === "dns-hook" && (
        <TextInput
          size="xs"
          label="Program on this computer"
          description="One that an issuer was given by command, or that was named when Latchkey was started; called as lego's exec provider calls it"
          placeholder="/usr/local/bin/dns-hook"
          value={way.program}
          onChange={(event) => onChange({ ...way, program: event.currentTarget.value.trim() })}
          spellCheck={false}
        />
      )}
    </>
  );
}

function nameOf(way: ChallengeWay | null): WayName {
  switch (way?.kind) {
    case undefined:
      return "known";
    case "webroot":
      return way.of;
    case "served-on-host":
      return "served";
    case "tls-alpn":
      return "tls-alpn";
    case "dns-hook":
      return "hook";
    case "rfc2136":
      return "zone";
  }
}

function wayOf(name: WayName, before: ChallengeWay | null): ChallengeWay | null {
  switch (name) {
    case "known":
      return null;
    case "site":
    case "challenges":
      return { kind: "webroot", of: name, path: before?.kind === "webroot" ? before.path : "" };
    case "served":
      return { kind: "served-on-host", port: 80 };
    case "tls-alpn":
      return { kind: "tls-alpn", port: 443 };
    case "hook":
      return { kind: "dns-hook", program: "" };
    case "zone":
      return before;
  }
}
