import { NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { assertNever } from "#shared/model/assert-never.ts";
import { type ChallengeWay, TSIG_ALGORITHMS } from "#shared/model/challenge-way.ts";
import { readChallengeWay, type TypedWay } from "#shared/text/challenge-way.ts";

const KINDS = {
  none: "said each time",
  webroot: "a file below the web server's folder",
  challenges: "a file in a folder of challenges alone",
  served: "served on the host, where port 80 is free",
  "tls-alpn": "TLS on the host, where port 443 is free",
  hook: "DNS, by a program on this computer",
  rfc2136: "DNS, by updates of the zone (RFC 2136)",
} as const;
type Kind = keyof typeof KINDS;

/** What is typed for a way; of the fields, those that its kind has count. */
export type DraftWay = {
  kind: Kind;
  path: string;
  server: string;
  zone: string;
  keyName: string;
  algorithm: string;
  secret: string;
};

export const NO_WAY: DraftWay = {
  kind: "none",
  path: "",
  server: "",
  zone: "",
  keyName: "",
  secret: "",
  algorithm: TSIG_ALGORITHMS[0],
};

/** A way that is set, to begin with; the secret of its key is in the vault, and is typed again where it is changed. */
export function draftOf(way: ChallengeWay | null): DraftWay {
  switch (way?.kind) {
    case undefined:
      return { ...NO_WAY };
    case "webroot":
      return { ...NO_WAY, kind: way.of === "site" ? "webroot" : "challenges", path: way.path };
    case "served-on-host":
      return { ...NO_WAY, kind: "served" };
    case "tls-alpn":
      return { ...NO_WAY, kind: "tls-alpn" };
    case "dns-hook":
      return { ...NO_WAY, kind: "hook", path: way.program };
    case "rfc2136": {
      const { server, port, zone, keyName, algorithm } = way;
      const place = server.includes(":") ? `[${server}]` : server;
      return {
        ...NO_WAY,
        kind: "rfc2136",
        zone,
        keyName,
        algorithm,
        server: port === 53 ? place : `${place}:${port}`,
      };
    }
    default:
      return assertNever(way);
  }
}

/** Null for none; undefined while what is typed is not whole. */
export function readDraft({ kind, path, server, zone, keyName, algorithm, secret }: DraftWay) {
  if (kind === "none") return null;
  const rest: Record<Exclude<Kind, "none">, string> = {
    webroot: `:${path}`,
    challenges: `:${path}`,
    hook: `:${path}`,
    served: "",
    "tls-alpn": "",
    rfc2136: `:${server}/${zone}/${keyName}/${algorithm}`,
  };
  const way: TypedWay | null = readChallengeWay(`${kind}${rest[kind]}`);
  return way?.kind === "rfc2136" && secret === "" ? undefined : (way ?? undefined);
}

type Props = { way: DraftWay; onChange: (way: DraftWay) => void };

/** How names are shown to be the user's. */
export function ChallengeFields({ way, onChange }: Props) {
  return (
    <>
      <NativeSelect
        size="xs"
        label="How names are shown to be yours"
        value={way.kind}
        data={Object.entries(KINDS).map(([value, label]) => ({ value, label }))}
        onChange={(event) => onChange({ ...way, kind: event.currentTarget.value as Kind })}
      />
      {["webroot", "challenges", "hook"].includes(way.kind) && (
        <TextInput
          size="xs"
          label={way.kind === "hook" ? "Program" : "Folder on the host"}
          description={
            way.kind === "hook"
              ? "One that an issuer was given by command, or that was named when Latchkey was started; called as lego's exec provider calls it"
              : ""
          }
          placeholder={way.kind === "hook" ? "/usr/local/bin/dns-hook" : "/var/www/html"}
          value={way.path}
          onChange={(event) => onChange({ ...way, path: event.currentTarget.value })}
          spellCheck={false}
        />
      )}
      {way.kind === "rfc2136" && <UpdateFields way={way} onChange={onChange} />}
    </>
  );
}

function UpdateFields({ way, onChange }: Props) {
  const text = (field: "server" | "zone" | "keyName", label: string, placeholder: string) => (
    <TextInput
      size="xs"
      label={label}
      placeholder={placeholder}
      value={way[field]}
      onChange={(event) => onChange({ ...way, [field]: event.currentTarget.value.trim() })}
      spellCheck={false}
    />
  );
  return (
    <>
      {text("server", "Server that takes updates", "ns1.corp.example:53")}
      {text("zone", "Zone", "corp.example")}
      {text("keyName", "Name of the key", "latchkey.")}
      <NativeSelect
        size="xs"
        label="Algorithm of the key"
        value={way.algorithm}
        data={[...TSIG_ALGORITHMS]}
        onChange={(event) => onChange({ ...way, algorithm: event.currentTarget.value })}
      />
      <PasswordInput
        size="xs"
        label="Key"
        description="Base64, as tsig-keygen prints it"
        value={way.secret}
        onChange={(event) => onChange({ ...way, secret: event.currentTarget.value.trim() })}
        autoComplete="off"
        spellCheck={false}
      />
    </>
  );
}
