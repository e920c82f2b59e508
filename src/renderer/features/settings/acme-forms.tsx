import { Checkbox, FileInput, NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { toChosenFiles } from "#renderer/api/desktop.ts";
import { useSeal } from "#renderer/api/seal-secret.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { type ChallengeMethod, type Issuer, TSIG_ALGORITHMS } from "#shared/model/issuers/issuer.ts";
import {
  parseChallengeMethod,
  type TypedChallengeMethod,
} from "#shared/text/certificates/challenge-method.ts";
import { AddFrame, type AddProps, NameField } from "./issuer-forms.tsx";
import { useAddAcme, useSetChallenge, useSetIssuer } from "./queries.ts";

const EMPTY = { name: "", directory: "", contacts: "", keyId: "", key: "", profile: "", agrees: false };
type Draft = typeof EMPTY;

/** Keys are sealed to the vault here in the page, and live in this form alone until then. */
export function AddAcmeForm({ onAdded }: AddProps) {
  const { mutateAsync } = useAddAcme();
  const seal = useSeal();
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [method, setMethod] = useState<MethodDraft>(NO_METHOD);
  const [roots, setRoots] = useState<File | null>(null);
  const { name, directory, keyId, key } = draft;
  const typedMethod = readDraft(method);
  const add = async () => {
    const [file] = roots ? toChosenFiles([roots]) : [];
    await mutateAsync({
      name,
      directory,
      profile: draft.profile || null,
      agreesToTerms: draft.agrees,
      contacts: draft.contacts.split(/[\s,]+/).filter((one) => one !== ""),
      eab: keyId === "" ? null : { keyId, key: await seal(key) },
      roots: file ? await file.read() : null,
      challenge:
        typedMethod?.kind === "rfc2136"
          ? { ...typedMethod, secret: await seal(method.secret) }
          : (typedMethod ?? null),
    });
    setDraft(EMPTY);
    setMethod(NO_METHOD);
    onAdded(name);
  };
  const isReady =
    name !== "" && directory !== "" && (keyId === "") === (key === "") && typedMethod !== undefined;
  return (
    <AddFrame isReady={isReady} onAdd={add}>
      <NameField name={name} onChange={(next) => setDraft({ ...draft, name: next })} />
      <AccountFields draft={draft} onChange={setDraft} />
      <FileInput
        size="xs"
        label="Roots that the directory is known by"
        description="A file of PEM or DER; without one, those of this system"
        clearable
        value={roots}
        onChange={setRoots}
      />
      <ChallengeFields method={method} onChange={setMethod} />
      <Checkbox
        size="xs"
        label="I agree to the directory's terms of service"
        checked={draft.agrees}
        onChange={(event) => setDraft({ ...draft, agrees: event.currentTarget.checked })}
      />
    </AddFrame>
  );
}

function AccountFields({ draft, onChange }: { draft: Draft; onChange: (draft: Draft) => void }) {
  const text = (field: "directory" | "contacts" | "keyId" | "profile", label: string, more: object = {}) => (
    <TextInput
      size="xs"
      label={label}
      value={draft[field]}
      onChange={(event) => onChange({ ...draft, [field]: event.currentTarget.value.trim() })}
      spellCheck={false}
      {...more}
    />
  );
  return (
    <>
      {text("directory", "Address of the directory", { placeholder: "https://acme.corp.example/directory" })}
      {text("contacts", "Mail address that it may write to")}
      {text("keyId", "Key ID of an external account binding", {
        description: "If the authority has assigned you one, with a key",
      })}
      <PasswordInput
        size="xs"
        label="Key of the external account binding"
        value={draft.key}
        onChange={(event) => onChange({ ...draft, key: event.currentTarget.value.trim() })}
        autoComplete="off"
        spellCheck={false}
      />
      {text("profile", "Profile", { description: "Which kind of certificate, by the directory's own word" })}
    </>
  );
}

type Props = { issuer: Extract<Issuer, { kind: "acme" }>; onDone: () => void };

/** Changes an ACME directory, except its address and its keys. What was not touched stays. */
export function ChangeAcme({ issuer, onDone }: Props) {
  const { name, account, hasRoots, challenge } = issuer;
  const set = useSetIssuer();
  const setChallenge = useSetChallenge();
  const seal = useSeal();
  const [contacts, setContacts] = useState(issuer.contacts.join(", "));
  const [profile, setProfile] = useState(issuer.profile ?? "");
  const [roots, setRoots] = useState<File | null>(null);
  const [isBySystem, setIsBySystem] = useState(!hasRoots);
  const [before] = useState(() => draftOf(challenge));
  const [method, setMethod] = useState(before);
  const typed = readDraft(method);
  const change = async () => {
    const [file] = roots ? toChosenFiles([roots]) : [];
    const settings = {
      profile: profile || null,
      ...(account === null && { contacts: contacts.split(/[\s,]+/).filter((one) => one !== "") }),
      ...(file ? { roots: await file.read() } : isBySystem && hasRoots && { roots: null }),
    };
    await set.mutateAsync({ name, settings });
    if (method !== before) {
      const secret = typed?.kind === "rfc2136" ? { ...typed, secret: await seal(method.secret) } : typed;
      await setChallenge.mutateAsync({ name, challenge: secret ?? null });
    }
    onDone();
  };
  return (
    <AddFrame isReady={method === before || typed !== undefined} onAdd={change} word="Change it">
      <p>The account and its key stay. For another directory, add another issuer.</p>
      <TextInput
        size="xs"
        label="Mail addresses that it may write to"
        description={account === null ? undefined : "The directory has those of the account that is made"}
        disabled={account !== null}
        value={contacts}
        onChange={(event) => setContacts(event.currentTarget.value)}
        spellCheck={false}
      />
      <TextInput
        size="xs"
        label="Profile"
        description="Which kind of certificate, by the directory's own word"
        value={profile}
        onChange={(event) => setProfile(event.currentTarget.value.trim())}
        spellCheck={false}
      />
      <RootsField
        hasRoots={hasRoots}
        roots={roots}
        isBySystem={isBySystem}
        onRoots={setRoots}
        onSystem={setIsBySystem}
      />
      <ChallengeFields method={method} onChange={setMethod} />
    </AddFrame>
  );
}

type RootsProps = {
  /** Its TLS certificate is trusted by roots that were provided. */
  hasRoots: boolean;
  roots: File | null;
  isBySystem: boolean;
  onRoots: (roots: File | null) => void;
  onSystem: (isBySystem: boolean) => void;
};

function RootsField({ hasRoots, roots, isBySystem, onRoots, onSystem }: RootsProps) {
  const without = hasRoots ? "its own roots stay" : "those of this system";
  return (
    <>
      <FileInput
        size="xs"
        label="Roots that the directory is known by"
        description={`A file of PEM or DER; without one, ${without}`}
        clearable
        value={roots}
        onChange={onRoots}
      />
      {hasRoots && (
        <Checkbox
          size="xs"
          label="By those of this system instead"
          checked={isBySystem}
          onChange={(event) => onSystem(event.currentTarget.checked)}
        />
      )}
    </>
  );
}

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
type MethodDraft = {
  kind: Kind;
  path: string;
  server: string;
  zone: string;
  keyName: string;
  algorithm: string;
  secret: string;
};

const NO_METHOD: MethodDraft = {
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
function draftOf(method: ChallengeMethod | null): MethodDraft {
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
function readDraft({ kind, path, server, zone, keyName, algorithm, secret }: MethodDraft) {
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
function ChallengeFields({ method, onChange }: ChallengeFieldsProps) {
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
