import { Button, FileInput, NumberInput, Textarea, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { toChosenFiles } from "#renderer/api/desktop.ts";
import { useSeal } from "#renderer/api/seal-secret.ts";
import { Untrusted } from "#renderer/ui/text.tsx";
import { DEFAULT_DAYS_VALID, MOST_DAYS_VALID } from "#shared/model/issuers/issuer.ts";
import classes from "./issuers.module.css";
import { useAddCsr, useAddLocal, useImportLocal } from "./queries.ts";

type Props = { isReady: boolean; onAdd: () => Promise<unknown>; word?: string; children: ReactNode };

/** The fields, why the issuer was refused, and the button that adds it; `word`: another label for the button. */
export function AddFrame({ isReady, onAdd, word = "Add it", children }: Props) {
  const [isAdding, setIsAdding] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const add = async () => {
    setIsAdding(true);
    setRefusal(null);
    try {
      await onAdd();
    } catch (failure) {
      if (!(failure instanceof Error)) throw failure;
      setRefusal(failure.message);
    }
    setIsAdding(false);
  };
  return (
    <form
      className={classes.form}
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) void add();
      }}
    >
      {children}
      {refusal !== null && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={refusal} limit={1_000} />
        </p>
      )}
      <div className={classes.end}>
        <Button type="submit" size="xs" loading={isAdding} disabled={!isReady}>
          {word}
        </Button>
      </div>
    </form>
  );
}

type DaysFieldProps = { days: number | string; onChange: (days: number | string) => void; isFirst?: boolean };

/** How long an authority's certificates live. */
export function DaysField({ days, onChange, isFirst = false }: DaysFieldProps) {
  return (
    <NumberInput
      size="xs"
      label="Days that its certificates live"
      min={1}
      max={MOST_DAYS_VALID}
      allowDecimal={false}
      value={days}
      onChange={onChange}
      data-autofocus={isFirst || undefined}
    />
  );
}

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
      <PermitsField permits={permits} onChange={setPermits} />
      <DaysField days={days} onChange={setDays} />
    </AddFrame>
  );
}

/** What it may sign for here; the key is sealed to the vault in the page, and is kept by this form no longer than it takes. */
export function ImportCaForm({ onAdded }: AddProps) {
  const { mutateAsync } = useImportLocal();
  const seal = useSeal();
  const [name, setName] = useState("");
  const [permits, setPermits] = useState("");
  const [days, setDays] = useState<number | string>(DEFAULT_DAYS_VALID);
  const [certificate, setCertificate] = useState<File | null>(null);
  const [key, setKey] = useState<File | null>(null);
  const permitted = permits.split(/[\s,]+/).filter((one) => one !== "");
  const daysValid = Number(days);
  const add = async () => {
    const [certificateFile, keyFile] = toChosenFiles([certificate, key].filter((file) => file !== null));
    if (!certificateFile || !keyFile) return;
    await mutateAsync({
      name,
      permitted,
      daysValid,
      certificate: await certificateFile.read(),
      key: await seal(atob(await keyFile.read())),
    });
    onAdded(name);
  };
  return (
    <AddFrame
      isReady={name !== "" && permitted.length > 0 && daysValid >= 1 && certificate !== null && key !== null}
      onAdd={add}
    >
      <p>It signs from the vault from then on. The key file stays where it is: put it away yourself.</p>
      <NameField name={name} onChange={setName} />
      <PlainFile
        label="Certificate"
        description="Its own and its root's, in one file of PEM"
        file={certificate}
        onChange={setCertificate}
      />
      <PlainFile
        label="Private key"
        description="PEM, without a passphrase: ECDSA P-256 or P-384, or RSA"
        file={key}
        onChange={setKey}
      />
      <PermitsField permits={permits} onChange={setPermits} />
      <DaysField days={days} onChange={setDays} />
    </AddFrame>
  );
}

type PlainFileProps = {
  label: string;
  description: string;
  file: File | null;
  onChange: (file: File | null) => void;
};

const PlainFile = ({ file, ...field }: PlainFileProps) => (
  <FileInput
    size="xs"
    clearable
    clearButtonProps={{ "aria-label": "Take the file out" }}
    value={file}
    {...field}
  />
);

/** Names that an authority may sign for, one a line. */
const PermitsField = ({ permits, onChange }: { permits: string; onChange: (permits: string) => void }) => (
  <Textarea
    size="xs"
    label="What it may sign for"
    description="Names with all below them, and ranges of addresses, one a line; nothing else is ever signed"
    placeholder={".corp.example\n10.0.0.0/8"}
    autosize
    minRows={2}
    maxRows={6}
    value={permits}
    onChange={(event) => onChange(event.currentTarget.value)}
    spellCheck={false}
  />
);

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
