import { Button, PasswordInput } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useApi } from "#renderer/api/connection.ts";
import { useSeal } from "#renderer/api/seal-secret.ts";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { CopyMark } from "#renderer/ui/fingerprint.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { VaultStatus, WrapKind } from "#shared/model/issuers/vault.ts";
import { formatCount } from "#shared/text/count.ts";
import issuers from "./issuers.module.css";
import { useForgetPassphrase, useKeptPassphrases, useLock, useSetKeyring } from "./queries.ts";
import settingsClasses from "./settings.module.css";
import classes from "./settings.module.css";
import { SmallButton } from "./small-button.tsx";
import own from "./vault.module.css";
import vaultClasses from "./vault.module.css";

const KEPT: Partial<Record<string, string>> = {
  "account-acme": "ACME account key",
  "account-eab": "account binding key",
  "authority-root": "root key",
  "authority-intermediate": "intermediate key",
  "certificate-key": "certificate key",
  "store-passphrase": "keystore passphrase",
  tsig: "zone key",
};

const formatKept = (kind: string, count: number): string => formatCount(count, KEPT[kind] ?? kind);

export function OpenVault({ status }: { status: VaultStatus }) {
  const { file, kept, idleMinutes } = status;
  const [changing, setChanging] = useState<Changing | null>(null);
  const lock = useLock();
  return (
    <>
      <div className={classes.row}>
        <span className={classes.name}>Keeps</span>
        <span className={classes.value}>
          {kept.length === 0 && "nothing yet"}
          <Untrusted text={kept.map(({ kind, count }) => formatKept(kind, count)).join(", ")} limit={1_000} />
        </span>
      </div>
      <div className={classes.row}>
        <span className={classes.name}>File</span>
        <span className={classes.value}>
          <Untrusted text={file} isMono /> <CopyMark value={file} what="path" />
          <span className={classes.more}>
            {" "}
            It is in no backup of the database: keep a copy of it elsewhere
          </span>
        </span>
      </div>
      <KeptPassphrases />
      <Wraps status={status} onChange={setChanging} />
      <div className={`${own.actions} ${classes.below}`}>
        <Button
          size="xs"
          leftSection={<IconLock size={15} />}
          loading={lock.isPending}
          title="Lock the vault (Ctrl+L)"
          onClick={() => lock.mutate(undefined)}
        >
          Lock
        </Button>
        <span className={classes.more}>
          It locks itself when it was not needed for {formatCount(idleMinutes, "minute")}.
        </span>
      </div>
      <ChangeDialog changing={changing} onClose={() => setChanging(null)} />
    </>
  );
}

type WrapProps = { status: VaultStatus; onChange: (changing: Changing) => void };

function Wraps({ status: { wraps }, onChange }: WrapProps) {
  const setKeyring = useSetKeyring();
  const of = (kind: WrapKind) => wraps.find((wrap) => wrap.kind === kind);
  const keyring = of("keyring");
  return (
    <>
      <WrapRow name="Passphrase" wrap={of("passphrase")}>
        <WrapButton onClick={() => onChange("passphrase")}>Change it</WrapButton>
      </WrapRow>
      <WrapRow name="Recovery" wrap={of("recovery")}>
        <WrapButton onClick={() => onChange("recovery")}>
          {of("recovery") ? "Change it" : "Set it"}
        </WrapButton>
        {of("recovery") && <WrapButton onClick={() => onChange("no-recovery")}>Remove it</WrapButton>}
      </WrapRow>
      <WrapRow name="Keyring" wrap={keyring}>
        <WrapButton
          loading={setKeyring.isPending}
          onClick={() => setKeyring.mutate({ isUsed: keyring === undefined })}
        >
          {keyring ? "No longer" : "Let this system's keyring open it"}
        </WrapButton>
        {setKeyring.error && (
          <span role="alert" className={own.refusal}>
            <Untrusted text={setKeyring.error.message} />
          </span>
        )}
      </WrapRow>
    </>
  );
}

type RowProps = { name: string; wrap: VaultStatus["wraps"][number] | undefined; children: React.ReactNode };

const WrapRow = ({ name, wrap, children }: RowProps) => (
  <div className={classes.row}>
    <span className={classes.name}>{name}</span>
    <span className={`${classes.value} ${own.actions}`}>
      <span>
        {wrap ? "set " : "none"}
        {wrap && <When instant={wrap.since} />}
      </span>
      {children}
    </span>
  </div>
);

const WrapButton = (props: { loading?: boolean; onClick: () => void; children: React.ReactNode }) => (
  <Button size="compact-xs" variant="default" {...props} />
);

type Changing = "passphrase" | "recovery" | "no-recovery";

type Name = "current" | "next" | "again";

const CURRENT: Field<Name> = { name: "current", label: "Passphrase now, or the one for recovery" };
const NEXT: readonly Field<Name>[] = [
  { name: "next", label: "The new one", description: "Eight characters or more" },
  { name: "again", label: "Once more", mustRepeat: "next" },
];

const WORDS: Record<Changing, { title: string; does: string; fields: readonly Field<Name>[] }> = {
  passphrase: { title: "Another passphrase", does: "Change it", fields: [CURRENT, ...NEXT] },
  recovery: { title: "Another passphrase for recovery", does: "Change it", fields: [CURRENT, ...NEXT] },
  "no-recovery": { title: "No passphrase for recovery", does: "Remove it", fields: [CURRENT] },
};

type Props = { changing: Changing | null; onClose: () => void };

function ChangeDialog({ changing, onClose }: Props) {
  return (
    <Dialog
      title={changing ? WORDS[changing].title : ""}
      isOpen={changing !== null}
      onClose={onClose}
      width={440}
    >
      {changing && <ChangeForm changing={changing} onDone={onClose} />}
    </Dialog>
  );
}

function ChangeForm({ changing, onDone }: { changing: Changing; onDone: () => void }) {
  const seal = useSeal();
  const api = useApi();
  const passphrase = useMutation(api.vault.changePassphrase.mutationOptions());
  const recovery = useMutation(api.vault.changeRecovery.mutationOptions());
  const { does, fields } = WORDS[changing];
  const change = async (typed: { current: string; next: string }) => {
    const current = await seal(typed.current);
    if (changing === "no-recovery") return recovery.mutateAsync({ current, next: null });
    const { mutateAsync } = changing === "passphrase" ? passphrase : recovery;
    return mutateAsync({ current, next: await seal(typed.next) });
  };
  return (
    <>
      <p className={vaultClasses.words}>
        Older copies of the file still open by what opened them: delete them afterwards.
      </p>
      <SecretForm
        fields={fields}
        does={does}
        onSubmit={async (typed) => {
          const { kind } = await change(typed);
          if (kind === "wrong") return "that is not what opens it now";
          toast("The vault is changed");
          onDone();
          return null;
        }}
      />
    </>
  );
}

/** One passphrase to type. `mustRepeat`: the name of the field in which it is typed first. */
export type Field<Name extends string> = {
  name: Name;
  label: string;
  description?: string;
  mustRepeat?: Name;
  mayBeEmpty?: boolean;
};

type SecretFormProps<Name extends string> = {
  fields: readonly Field<Name>[];
  does: string;
  /** Answers with why it was not done, or null where it was. */
  onSubmit: (typed: Record<Name, string>) => Promise<string | null>;
  children?: ReactNode;
};

/** Passphrases. What is typed lives in this form alone, and goes with it. */
export function SecretForm<Name extends string>({ fields, does, onSubmit, children }: SecretFormProps<Name>) {
  const empty = () => Object.fromEntries(fields.map(({ name }) => [name, ""])) as Record<Name, string>;
  const [typed, setTyped] = useState(empty);
  const [isSending, setIsSending] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const isRepeated = fields.every(({ name, mustRepeat }) => !mustRepeat || typed[name] === typed[mustRepeat]);
  const isWhole = fields.every(({ name, mayBeEmpty }) => mayBeEmpty || typed[name] !== "");

  const send = async () => {
    setIsSending(true);
    setRefusal(null);
    try {
      setRefusal(await onSubmit(typed));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      setRefusal(error.message);
    }
    setTyped(empty());
    setIsSending(false);
  };
  return (
    <form
      className={vaultClasses.form}
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        if (isRepeated && isWhole) void send();
      }}
    >
      {fields.map(({ name, label, description, mustRepeat }) => (
        <PasswordInput
          key={name}
          size="xs"
          label={label}
          description={description}
          error={mustRepeat && typed[name] !== "" && typed[name] !== typed[mustRepeat] && "Not the same"}
          value={typed[name]}
          onChange={(event) => setTyped({ ...typed, [name]: event.currentTarget.value })}
          autoComplete="off"
          spellCheck={false}
        />
      ))}
      {refusal && (
        <p role="alert" className={vaultClasses.refusal}>
          <Untrusted text={refusal} />
        </p>
      )}
      <div className={vaultClasses.actions}>
        <Button type="submit" size="xs" loading={isSending} disabled={!isRepeated || !isWhole}>
          {does}
        </Button>
        {children}
      </div>
    </form>
  );
}

type Kept = { id: string; label: string };

/** Passphrases of keystores belong to nothing that would delete them with it: they are deleted here. */
function KeptPassphrases() {
  const { data: kept = [], error } = useKeptPassphrases();
  const [leaving, setLeaving] = useState<Kept | null>(null);
  return (
    <>
      {error && (
        <p role="alert" className={own.refusal}>
          <Untrusted text={error.message} limit={1_000} />
        </p>
      )}
      {kept.map((passphrase) => (
        <div key={passphrase.id} className={settingsClasses.row}>
          <span className={settingsClasses.name}>Passphrase</span>
          <span className={`${settingsClasses.value} ${own.actions}`}>
            <Untrusted text={passphrase.label} isMono />
            <SmallButton label={`Forget ${passphrase.label}`} onClick={() => setLeaving(passphrase)}>
              Forget it
            </SmallButton>
          </span>
        </div>
      ))}
      {leaving && <ForgetDialog kept={leaving} onClose={() => setLeaving(null)} />}
    </>
  );
}

function ForgetDialog({ kept: { id, label }, onClose }: { kept: Kept; onClose: () => void }) {
  const { mutate, isPending, error } = useForgetPassphrase();
  return (
    <Dialog title="Forget this passphrase?" isOpen onClose={onClose} width={460}>
      <form action={() => mutate({ id }, { onSuccess: onClose })} className={issuers.form}>
        <p>
          <Untrusted text={label} isMono limit={1_000} />
        </p>
        <p>A plan or a run that names it can put nothing in place any more.</p>
        {error && (
          <p role="alert" className={own.refusal}>
            <Untrusted text={error.message} limit={1_000} />
          </p>
        )}
        <div className={issuers.end}>
          <Button variant="default" size="xs" onClick={onClose}>
            Leave it
          </Button>
          <Button type="submit" color="red" size="xs" loading={isPending}>
            Forget it
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
