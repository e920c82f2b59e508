import { Button, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { Dim } from "#renderer/ui/cells.tsx";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Lines } from "#renderer/ui/drawer/drawer.tsx";
import { ErrorState, Panel } from "#renderer/ui/panel.tsx";
import { formatUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Issuer, IssuerKind } from "#shared/model/issuers/issuer.ts";
import { ChangeAcme } from "./acme-forms.tsx";
import { AddFrame, DaysField } from "./issuer-forms.tsx";
import { IssuedDialog, IssuerLine } from "./issuer-line.tsx";
import { IssuerSetup } from "./issuer-setup.tsx";
import classes from "./issuers.module.css";
import { useIssuers, useRemoveIssuer, useSetIssuer, useSettings } from "./queries.ts";
import { RootsPanel } from "./roots-panel.tsx";
import settingsClasses from "./settings.module.css";
import { VaultPanel } from "./vault-panel.tsx";

/** Who signs certificates, what keeps their keys, and which roots are trusted beside those of others. */
export function IssuersPage() {
  const { data, error, refetch } = useSettings();
  return (
    <div className={settingsClasses.page}>
      {error && <ErrorState doing="read the settings" error={error} onRetry={() => void refetch()} />}
      {data && (
        <>
          <IssuersPanel isReadOnly={data.isReadOnly} />
          <VaultPanel isReadOnly={data.isReadOnly} />
          <RootsPanel />
        </>
      )}
    </div>
  );
}

type Opened = { dialog: "add" } | { dialog: "issued" | "change" | "remove"; issuer: Issuer };

/** Who signs certificates for the user. */
function IssuersPanel({ isReadOnly }: { isReadOnly: boolean }) {
  const { data = [] } = useIssuers();
  const [opened, setOpened] = useState<Opened | null>(null);
  const close = () => setOpened(null);
  return (
    <Panel
      title="Issuers"
      note="Who signs certificates for you"
      action={
        <Button
          variant="default"
          size="xs"
          leftSection={<IconPlus size={15} />}
          disabled={isReadOnly}
          onClick={() => setOpened({ dialog: "add" })}
        >
          Add an issuer
        </Button>
      }
    >
      {data.length === 0 && <Dim>None yet: an authority of your own, an ACME directory, or a person</Dim>}
      <Lines>
        {data.map((issuer) => (
          <IssuerLine
            key={issuer.id}
            issuer={issuer}
            isReadOnly={isReadOnly}
            onIssued={() => setOpened({ dialog: "issued", issuer })}
            onChange={() => setOpened({ dialog: "change", issuer })}
            onRemove={() => setOpened({ dialog: "remove", issuer })}
          />
        ))}
      </Lines>
      {opened?.dialog === "add" && <AddIssuerDialog onClose={close} />}
      {opened?.dialog === "issued" && (
        <IssuedDialog name={opened.issuer.name} isReadOnly={isReadOnly} onClose={close} />
      )}
      {opened?.dialog === "change" && <ChangeIssuerDialog issuer={opened.issuer} onClose={close} />}
      {opened?.dialog === "remove" && <RemoveIssuerDialog issuer={opened.issuer} onClose={close} />}
    </Panel>
  );
}

function AddIssuerDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Add an issuer" isOpen onClose={onClose} width={520}>
      <IssuerSetup
        onAdded={(name) => {
          toast(`${name} is added`);
          onClose();
        }}
      />
    </Dialog>
  );
}

const LOSS: Record<IssuerKind, string> = {
  local:
    "Its keys are gone then: what it has signed stays valid until its end, and can be revoked no longer. Its root stays trusted, for what it has signed is still served; take it out under Roots and revocation lists.",
  acme: "The key of its account is gone then, and certificates of it can be revoked by the certificate's own key alone.",
  csr: "Nothing else is kept of it.",
};

/** Says what is lost before the issuer is removed. */
function RemoveIssuerDialog({ issuer, onClose }: { issuer: Issuer; onClose: () => void }) {
  const { name, kind } = issuer;
  const { mutate, isPending, error } = useRemoveIssuer();
  return (
    <Dialog title={`Remove ${formatUntrusted(name)}?`} isOpen onClose={onClose} width={460}>
      <form action={() => mutate({ name }, { onSuccess: onClose })} className={classes.form}>
        <p>{LOSS[kind]}</p>
        {error && (
          <p role="alert" className={classes.refusal}>
            <Untrusted text={error.message} limit={1_000} />
          </p>
        )}
        <div className={classes.end}>
          <Button variant="default" size="xs" onClick={onClose}>
            Leave it
          </Button>
          <Button type="submit" color="red" size="xs" loading={isPending}>
            Remove it
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

type ChangeIssuerDialogProps = { issuer: Issuer; onClose: () => void };

type Of<Kind extends Issuer["kind"]> = { issuer: Extract<Issuer, { kind: Kind }>; onDone: () => void };

/** Changes the public settings of an issuer, for its orders from now on. */
function ChangeIssuerDialog({ issuer, onClose }: ChangeIssuerDialogProps) {
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
