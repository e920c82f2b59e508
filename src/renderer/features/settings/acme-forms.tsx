import { Checkbox, FileInput, PasswordInput, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { toChosenFiles } from "#renderer/api/desktop.ts";
import { useSeal } from "#renderer/api/seal-secret.ts";
import type { Issuer } from "#shared/model/issuers/issuer.ts";
import { ChallengeFields, draftOf, type MethodDraft, NO_METHOD, readDraft } from "./challenge-fields.tsx";
import { AddFrame, type AddProps, NameField } from "./issuer-forms.tsx";
import { useAddAcme, useSetChallenge, useSetIssuer } from "./queries.ts";

/** What is known of a directory before anything is typed. */
type Directory = {
  /** The name of the issuer. */
  name: string;
  /** Empty: it is typed. */
  address: string;
  placeholder: string;
  /** `public`: known by the system's roots, and asks for agreement to its terms. `private`: known by a root of its own. */
  of: "public" | "private" | "other";
};

/** Directories that many use. */
export const DIRECTORIES = {
  "lets-encrypt": {
    name: "letsencrypt",
    address: "https://acme-v02.api.letsencrypt.org/directory",
    placeholder: "",
    of: "public",
  },
  staging: {
    name: "letsencrypt-staging",
    address: "https://acme-staging-v02.api.letsencrypt.org/directory",
    placeholder: "",
    of: "public",
  },
  "step-ca": {
    name: "step-ca",
    address: "",
    placeholder: "https://ca.corp.example/acme/acme/directory",
    of: "private",
  },
  acme: { name: "", address: "", placeholder: "https://acme.corp.example/directory", of: "other" },
} as const satisfies Record<string, Directory>;

const EMPTY = {
  name: "",
  directory: "",
  contacts: "",
  keyId: "",
  key: "",
  profile: "",
  fingerprint: "",
  agrees: false,
};
type Draft = typeof EMPTY;

type AddAcmeProps = AddProps & { preset: Directory };

/** Keys are sealed to the vault here in the page, and live in this form alone until then. */
export function AddAcmeForm({ preset, onAdded }: AddAcmeProps) {
  const { mutateAsync } = useAddAcme();
  const seal = useSeal();
  const [draft, setDraft] = useState<Draft>(() => ({
    ...EMPTY,
    name: preset.name,
    directory: preset.address,
  }));
  const [method, setMethod] = useState<MethodDraft>(NO_METHOD);
  const [roots, setRoots] = useState<File | null>(null);
  const { name, directory, keyId, key } = draft;
  const typedMethod = readDraft(method);
  const add = async () => {
    const [file] = roots ? toChosenFiles([roots]) : [];
    const rootFile = file ? await file.read() : null;
    if (rootFile !== null && draft.fingerprint !== "") await refuseOtherRoot(rootFile, draft.fingerprint);
    await mutateAsync({
      name,
      directory,
      profile: draft.profile || null,
      agreesToTerms: draft.agrees,
      contacts: draft.contacts.split(/[\s,]+/).filter((one) => one !== ""),
      eab: keyId === "" ? null : { keyId, key: await seal(key) },
      roots: rootFile,
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
    name !== "" &&
    directory !== "" &&
    (keyId === "") === (key === "") &&
    typedMethod !== undefined &&
    (preset.of !== "private" || roots !== null) &&
    (preset.of !== "public" || draft.agrees);
  return (
    <AddFrame isReady={isReady} onAdd={add}>
      <NameField name={name} onChange={(next) => setDraft({ ...draft, name: next })} />
      <AccountFields preset={preset} draft={draft} onChange={setDraft} />
      {preset.of !== "public" && (
        <FileInput
          size="xs"
          label="Roots that the directory is known by"
          description={
            preset.of === "private"
              ? "Its root_ca.crt: nothing else shows that it is your step-ca"
              : "A file of PEM or DER; without one, those of this system"
          }
          clearable
          clearButtonProps={{ "aria-label": "Take the file out" }}
          value={roots}
          onChange={setRoots}
        />
      )}
      {preset.of === "private" && (
        <TextInput
          size="xs"
          label="Fingerprint of that root"
          description="As step certificate fingerprint prints it; the file is compared with it, if you have it"
          value={draft.fingerprint}
          onChange={(event) => setDraft({ ...draft, fingerprint: event.currentTarget.value.trim() })}
          spellCheck={false}
        />
      )}
      <ChallengeFields method={method} onChange={setMethod} />
      {preset.of !== "private" && (
        <Checkbox
          size="xs"
          label="I agree to the directory's terms of service"
          checked={draft.agrees}
          onChange={(event) => setDraft({ ...draft, agrees: event.currentTarget.checked })}
        />
      )}
    </AddFrame>
  );
}

/** Refuses a file that is not the root with this fingerprint, and nothing else: all that is in it would be trusted. */
async function refuseOtherRoot(base64: string, fingerprint: string): Promise<void> {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const text = new TextDecoder("latin1").decode(bytes);
  if ((text.match(/-----BEGIN CERTIFICATE-----/g) ?? []).length > 1)
    throw new Error(
      "the file holds several certificates: choose one with the root alone, which the fingerprint is of",
    );
  const block = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(text)?.[1];
  const der = block
    ? Uint8Array.from(atob(block.replaceAll(/\s/g, "")), (character) => character.charCodeAt(0))
    : bytes;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", der));
  const found = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found === fingerprint.replaceAll(/[:\s]/g, "").toLowerCase()) return;
  throw new Error(`the file holds a root with the fingerprint ${found}, which is not the one that was typed`);
}

type AccountFieldsProps = { preset: Directory; draft: Draft; onChange: (draft: Draft) => void };

function AccountFields({ preset, draft, onChange }: AccountFieldsProps) {
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
      {text("directory", "Address of the directory", {
        placeholder: preset.placeholder,
        readOnly: preset.of === "public",
      })}
      {text("contacts", "Mail address that it may write to")}
      {preset.of === "other" && <BindingFields draft={draft} onChange={onChange} text={text} />}
      {preset.of !== "private" &&
        text("profile", "Profile", { description: "Which kind of certificate, by the directory's own word" })}
    </>
  );
}

type BindingFieldsProps = {
  draft: Draft;
  onChange: (draft: Draft) => void;
  text: (field: "keyId", label: string, more: object) => ReactNode;
};

/** What an authority that knows its users has assigned to them. */
function BindingFields({ draft, onChange, text }: BindingFieldsProps) {
  return (
    <>
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
        clearButtonProps={{ "aria-label": "Take the file out" }}
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
