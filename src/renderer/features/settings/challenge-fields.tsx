import { NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { assertNever } from "#shared/model/assert-never.ts";
import { type ChallengeMethod, TSIG_ALGORITHMS } from "#shared/model/issuers/issuer.ts";
import {
  parseChallengeMethod,
  type TypedChallengeMethod,
} from "#shared/text/certificates/challenge-method.ts";

const KINDS = {
  none: "chosen for each renewal",
  webroot: "a file below the web server's folder",
  challenges: "a file in a folder of challenges alone",
  served: "served on the host, where port 80 is free",
  "tls-alpn": "TLS on the host, where port 443 is free",
  hook: "DNS, by a program on this computer",
  rfc2136: "DNS, by updates of the zone (RFC 2136)",
} as const;
type Kind = keyof typeof KINDS;

/** A method as it is typed; only the fields of its kind count. */
export type MethodDraft = {
  kind: Kind;
  path: string;
  server: string;
  zone: string;
  keyName: string;
  algorithm: string;
  secret: string;
};

export const NO_METHOD: MethodDraft = {
  kind: "none",
  path: "",
  server: "",
  zone: "",
  keyName: "",
  secret: "",
  algorithm: TSIG_ALGORITHMS[0],
};

/**
 * The draft of a method that is set. The secret of its key is in the vault: to change the method, it is typed again.
 */
export function draftOf(method: ChallengeMethod | null): MethodDraft {
  switch (method?.kind) {
    case undefined:
      return { ...NO_METHOD };
    case "webroot":
      return { ...NO_METHOD, kind: method.of === "site" ? "webroot" : "challenges", path: method.path };
    case "served-on-host":
      return { ...NO_METHOD, kind: "served" };
    case "tls-alpn":
      return { ...NO_METHOD, kind: "tls-alpn" };
    case "dns-hook":
      return { ...NO_METHOD, kind: "hook", path: method.program };
    case "rfc2136": {
      const { server, port, zone, keyName, algorithm } = method;
      const host = server.includes(":") ? `[${server}]` : server;
      return {
        ...NO_METHOD,
        kind: "rfc2136",
        zone,
        keyName,
        algorithm,
        server: port === 53 ? host : `${host}:${port}`,
      };
    }
    default:
      return assertNever(method);
  }
}

/** Null for none; undefined while a field is missing. */
export function readDraft({ kind, path, server, zone, keyName, algorithm, secret }: MethodDraft) {
  if (kind === "none") return null;
  const rest: Record<Exclude<Kind, "none">, string> = {
    webroot: `:${path}`,
    challenges: `:${path}`,
    hook: `:${path}`,
    served: "",
    "tls-alpn": "",
    rfc2136: `:${server}/${zone}/${keyName}/${algorithm}`,
  };
  const method: TypedChallengeMethod | null = parseChallengeMethod(`${kind}${rest[kind]}`);
  return method?.kind === "rfc2136" && secret === "" ? undefined : (method ?? undefined);
}

type ChallengeFieldsProps = { method: MethodDraft; onChange: (method: MethodDraft) => void };

/** How an ACME directory verifies that the user controls the names. */
export function ChallengeFields({ method, onChange }: ChallengeFieldsProps) {
  return (
    <>
      <NativeSelect
        size="xs"
        label="How control of the names is verified"
        value={method.kind}
        data={Object.entries(KINDS).map(([value, label]) => ({ value, label }))}
        onChange={(event) => onChange({ ...method, kind: event.currentTarget.value as Kind })}
      />
      {["webroot", "challenges", "hook"].includes(method.kind) && (
        <TextInput
          size="xs"
          label={method.kind === "hook" ? "Program" : "Folder on the host"}
          description={
            method.kind === "hook"
              ? "One that an issuer has, or that was named when Latchkey was started; called as lego's exec provider calls it"
              : ""
          }
          placeholder={method.kind === "hook" ? "/usr/local/bin/dns-hook" : "/var/www/html"}
          value={method.path}
          onChange={(event) => onChange({ ...method, path: event.currentTarget.value })}
          spellCheck={false}
        />
      )}
      {method.kind === "rfc2136" && <UpdateFields method={method} onChange={onChange} />}
    </>
  );
}

function UpdateFields({ method, onChange }: ChallengeFieldsProps) {
  const text = (field: "server" | "zone" | "keyName", label: string, placeholder: string) => (
    <TextInput
      size="xs"
      label={label}
      placeholder={placeholder}
      value={method[field]}
      onChange={(event) => onChange({ ...method, [field]: event.currentTarget.value.trim() })}
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
        value={method.algorithm}
        data={[...TSIG_ALGORITHMS]}
        onChange={(event) => onChange({ ...method, algorithm: event.currentTarget.value })}
      />
      <PasswordInput
        size="xs"
        label="Key"
        description="Base64, as tsig-keygen prints it"
        value={method.secret}
        onChange={(event) => onChange({ ...method, secret: event.currentTarget.value.trim() })}
        autoComplete="off"
        spellCheck={false}
      />
    </>
  );
}
