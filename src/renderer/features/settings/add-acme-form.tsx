import { Checkbox, FileInput, PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { toGivenFiles } from "#renderer/api/given-files.ts";
import { useSeal } from "#renderer/api/seal-secret.ts";
import { AddFrame } from "./add-frame.tsx";
import { type AddProps, NameField } from "./add-own-forms.tsx";
import { ChallengeFields, type DraftWay, NO_WAY, readDraft } from "./challenge-fields.tsx";
import { useAddAcme } from "./issuer-queries.ts";

const EMPTY = { name: "", directory: "", contacts: "", keyId: "", key: "", profile: "", agrees: false };
type Draft = typeof EMPTY;

/** Keys are sealed to the vault here in the page, and live in this form alone until then. */
export function AddAcmeForm({ onAdded }: AddProps) {
  const { mutateAsync } = useAddAcme();
  const seal = useSeal();
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [way, setWay] = useState<DraftWay>(NO_WAY);
  const [roots, setRoots] = useState<File | null>(null);
  const { name, directory, keyId, key } = draft;
  const typedWay = readDraft(way);
  const add = async () => {
    const [file] = roots ? toGivenFiles([roots]) : [];
    await mutateAsync({
      name,
      directory,
      profile: draft.profile || null,
      agreesToTerms: draft.agrees,
      contacts: draft.contacts.split(/[\s,]+/).filter((one) => one !== ""),
      eab: keyId === "" ? null : { keyId, key: await seal(key) },
      roots: file ? await file.read() : null,
      challenge:
        typedWay?.kind === "rfc2136" ? { ...typedWay, secret: await seal(way.secret) } : (typedWay ?? null),
    });
    setDraft(EMPTY);
    setWay(NO_WAY);
    onAdded(name);
  };
  const isReady =
    name !== "" && directory !== "" && (keyId === "") === (key === "") && typedWay !== undefined;
  return (
    <AddFrame isReady={isReady} onAdd={add}>
      <NameField name={name} onChange={(next) => setDraft({ ...draft, name: next })} />
      <AccountFields draft={draft} onChange={setDraft} />
      <FileInput
        size="xs"
        label="Roots that the directory is known by"
        description="A file of PEM or DER; those of this system, if none is given"
        clearable
        value={roots}
        onChange={setRoots}
      />
      <ChallengeFields way={way} onChange={setWay} />
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
        description: "Where the authority has given you one, with a key",
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
