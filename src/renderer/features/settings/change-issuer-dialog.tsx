import { TextInput } from "@mantine/core";
import { useState } from "react";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { formatUntrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Issuer } from "#shared/model/issuer.ts";
import { AddFrame } from "./add-frame.tsx";
import { ChangeAcme } from "./change-acme-form.tsx";
import { DaysField } from "./days-field.tsx";
import { useSetIssuer } from "./issuer-queries.ts";
import classes from "./issuers.module.css";

type Props = { issuer: Issuer; onClose: () => void };
type Of<Kind extends Issuer["kind"]> = { issuer: Extract<Issuer, { kind: Kind }>; onDone: () => void };

/** What is not secret of an issuer, for what it is asked for from now on. */
export function ChangeIssuerDialog({ issuer, onClose }: Props) {
  const onDone = () => {
    toast(`${formatUntrusted(issuer.name)} is changed`);
    onClose();
  };
  return (
    <Dialog title={`Change ${formatUntrusted(issuer.name)}`} isOpen onClose={onClose} width={520}>
      <div className={classes.form}>{formOf(issuer, onDone)}</div>
    </Dialog>
  );
}

function formOf(issuer: Issuer, onDone: () => void) {
  switch (issuer.kind) {
    case "local":
      return <ChangeLocal issuer={issuer} onDone={onDone} />;
    case "acme":
      return <ChangeAcme issuer={issuer} onDone={onDone} />;
    case "csr":
      return <ChangeCsr issuer={issuer} onDone={onDone} />;
    default:
      return assertNever(issuer);
  }
}

function ChangeLocal({ issuer: { name, daysValid: before }, onDone }: Of<"local">) {
  const { mutateAsync } = useSetIssuer();
  const [days, setDays] = useState<number | string>(before);
  const daysValid = Number(days);
  const change = async () => {
    await mutateAsync({ name, settings: { daysValid } });
    onDone();
  };
  return (
    <AddFrame isReady={daysValid >= 1} onAdd={change} word="Change it">
      <p>What it may sign for is written in its root, and stays. For other names, add another authority.</p>
      <DaysField days={days} onChange={setDays} isFirst />
    </AddFrame>
  );
}

function ChangeCsr({ issuer: { name, note: before }, onDone }: Of<"csr">) {
  const { mutateAsync } = useSetIssuer();
  const [note, setNote] = useState(before);
  const change = async () => {
    await mutateAsync({ name, settings: { note } });
    onDone();
  };
  return (
    <AddFrame isReady onAdd={change} word="Change it">
      <TextInput
        size="xs"
        label="To whom requests go, and how"
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
        data-autofocus
      />
    </AddFrame>
  );
}
