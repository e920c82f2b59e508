import { Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { DEFAULT_DAYS_VALID } from "#shared/model/issuer.ts";
import { AddFrame } from "./add-frame.tsx";
import { DaysField } from "./days-field.tsx";
import { useAddCsr, useAddLocal } from "./issuer-queries.ts";

export type AddProps = { onAdded: (name: string) => void };

export function AddLocalForm({ onAdded }: AddProps) {
  const { mutateAsync } = useAddLocal();
  const [name, setName] = useState("");
  const [permits, setPermits] = useState("");
  const [days, setDays] = useState<number | string>(DEFAULT_DAYS_VALID);
  const permitted = permits.split(/[\s,]+/).filter((one) => one !== "");
  const daysValid = Number(days);
  return (
    <AddFrame
      isReady={name !== "" && permitted.length > 0 && daysValid >= 1}
      onAdd={async () => {
        await mutateAsync({ name, permitted, daysValid });
        onAdded(name);
      }}
    >
      <p>A root and an intermediate are made now, their keys in the vault.</p>
      <NameField name={name} onChange={setName} />
      <Textarea
        size="xs"
        label="What it may sign for"
        description="Names with all below them, and ranges of addresses, one a line; nothing else is ever signed"
        placeholder={".corp.example\n10.0.0.0/8"}
        autosize
        minRows={2}
        maxRows={6}
        value={permits}
        onChange={(event) => setPermits(event.currentTarget.value)}
        spellCheck={false}
      />
      <DaysField days={days} onChange={setDays} />
    </AddFrame>
  );
}

export function AddCsrForm({ onAdded }: AddProps) {
  const { mutateAsync } = useAddCsr();
  const [name, setName] = useState("");
  const [note, setNote] = useState("");
  return (
    <AddFrame
      isReady={name !== ""}
      onAdd={async () => {
        await mutateAsync({ name, note });
        onAdded(name);
      }}
    >
      <p>A run waits with its request until the certificate is brought back, also days later.</p>
      <NameField name={name} onChange={setName} />
      <TextInput
        size="xs"
        label="To whom requests go, and how"
        placeholder="mail pki@corp.example"
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
    </AddFrame>
  );
}

export const NameField = ({ name, onChange }: { name: string; onChange: (name: string) => void }) => (
  <TextInput
    size="xs"
    label="Name"
    description="One word: runs and commands call it so"
    value={name}
    onChange={(event) => onChange(event.currentTarget.value.trim())}
    spellCheck={false}
    data-autofocus
  />
);
