import { Checkbox, NativeSelect, Textarea, TextInput } from "@mantine/core";
import type { RequestDraft } from "#renderer/api/plan-request.ts";
import classes from "./decision.module.css";
import { PlacesField, PrincipalsField } from "./places-field.tsx";
import { RenewalFields } from "./renewal-fields.tsx";

const KEY_TYPES = [
  { value: "ed25519", label: "Ed25519" },
  { value: "ecdsa", label: "ECDSA P-256" },
  { value: "rsa", label: "RSA 3072" },
] as const;

/** Whether there is more to say of a wish than what it is about. */
export const hasFields = (wish: RequestDraft): boolean => wish.kind !== "remove-grants";

type Props<Kind extends RequestDraft["kind"]> = {
  wish: Extract<RequestDraft, { kind: Kind }>;
  onChange: (wish: RequestDraft) => void;
};

/** What a wish leaves open. */
export function RequestFields({
  wish,
  onChange,
}: {
  wish: RequestDraft;
  onChange: (wish: RequestDraft) => void;
}) {
  switch (wish.kind) {
    case "rotate-key":
      return <NewKeyFields wish={wish} onChange={onChange} />;
    case "rotate-host-key":
      return <KeyType wish={wish} onChange={onChange} />;
    case "add-grants":
      return <AddFields wish={wish} onChange={onChange} />;
    case "tighten-grants":
      return <TightenFields wish={wish} onChange={onChange} />;
    case "move-to-authority":
      return <AuthorityFields wish={wish} onChange={onChange} />;
    case "rotate-certificate":
      return <RenewalFields wish={wish} onChange={onChange} />;
    case "remove-grants":
      return null;
  }
}

function KeyType({ wish, onChange }: Props<"rotate-key" | "rotate-host-key">) {
  return (
    <NativeSelect
      size="xs"
      label="Kind of the new key"
      value={wish.keyType ?? "ed25519"}
      data={KEY_TYPES}
      onChange={(event) => {
        const keyType = KEY_TYPES.find(({ value }) => value === event.currentTarget.value)?.value;
        if (keyType) onChange({ ...wish, keyType });
      }}
    />
  );
}

function NewKeyFields({ wish, onChange }: Props<"rotate-key">) {
  return (
    <>
      <KeyType wish={wish} onChange={onChange} />
      <TextInput
        size="xs"
        label="A new key that is made already"
        description="Its .pub line, or the path of its private key file here; empty: one is made"
        value={wish.given ?? ""}
        onChange={(event) => onChange({ ...wish, given: event.currentTarget.value || null })}
        spellCheck={false}
      />
      <TextInput
        size="xs"
        label="Where the private half goes on this computer"
        description="Where no file is known that holds the old one"
        value={wish.keyFile ?? ""}
        onChange={(event) => onChange({ ...wish, keyFile: event.currentTarget.value || null })}
        spellCheck={false}
      />
    </>
  );
}

function AddFields({ wish, onChange }: Props<"add-grants">) {
  return (
    <>
      <Textarea
        size="xs"
        label="Key"
        description="The line of a .pub file, or the SHA256: fingerprint of a key that is known"
        placeholder="ssh-ed25519 AAAA… jo@laptop"
        autosize
        minRows={2}
        maxRows={5}
        value={wish.key}
        onChange={(event) => onChange({ ...wish, key: event.currentTarget.value })}
        spellCheck={false}
        classNames={{ input: classes.mono ?? "" }}
        data-autofocus
      />
      <PlacesField places={wish.places} onChange={(places) => onChange({ ...wish, places })} />
      <TextInput
        size="xs"
        label="Options"
        description="As they stand before the key in the line; empty for none"
        placeholder={'restrict,from="10.0.0.0/8"'}
        value={wish.options ?? ""}
        onChange={(event) => onChange({ ...wish, options: event.currentTarget.value })}
        spellCheck={false}
        classNames={{ input: classes.mono ?? "" }}
      />
    </>
  );
}

function TightenFields({ wish, onChange }: Props<"tighten-grants">) {
  return (
    <>
      <TextInput
        size="xs"
        label="Only from"
        description="Addresses, ranges and names between commas; empty: as it stands"
        placeholder="10.0.0.0/8,bastion.corp.example"
        value={wish.from ?? ""}
        onChange={(event) => onChange({ ...wish, from: event.currentTarget.value || null })}
        spellCheck={false}
        data-autofocus
      />
      <Checkbox
        size="xs"
        label="Restrict"
        description="No forwarding of any kind, no terminal"
        checked={wish.restrict ?? false}
        onChange={(event) => onChange({ ...wish, restrict: event.currentTarget.checked })}
      />
      <TextInput
        size="xs"
        type="date"
        label="Until"
        description="From that day on it lets nobody in; empty: as it stands"
        value={toDate(wish.expiry ?? null)}
        onChange={(event) =>
          onChange({ ...wish, expiry: event.currentTarget.value.replaceAll("-", "") || null })
        }
      />
    </>
  );
}

const toDate = (expiry: string | null): string =>
  expiry === null ? "" : `${expiry.slice(0, 4)}-${expiry.slice(4, 6)}-${expiry.slice(6, 8)}`;

function AuthorityFields({ wish, onChange }: Props<"move-to-authority">) {
  return (
    <>
      <Textarea
        size="xs"
        label="Certificate authority"
        description="The line of its .pub file: what it signs is let in instead of the key"
        autosize
        minRows={2}
        maxRows={5}
        value={wish.authority}
        onChange={(event) => onChange({ ...wish, authority: event.currentTarget.value })}
        spellCheck={false}
        classNames={{ input: classes.mono ?? "" }}
        data-autofocus
      />
      <PrincipalsField
        principals={wish.principals ?? []}
        onChange={(principals) => onChange({ ...wish, principals })}
      />
    </>
  );
}
