import { Button } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useState } from "react";
import { CopyMark } from "#renderer/ui/fingerprint.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { VaultStatus, WrapKind } from "#shared/model/vault.ts";
import { formatCount } from "#shared/text/count.ts";
import { ChangeDialog, type Changing } from "./change-vault-dialog.tsx";
import { KeptPassphrases } from "./kept-passphrases.tsx";
import classes from "./settings.module.css";
import own from "./vault.module.css";
import { useLock, useSetKeyring } from "./vault-queries.ts";

const KEPT: Partial<Record<string, string>> = {
  "account-acme": "ACME account key",
  "account-eab": "account binding key",
  "authority-root": "root key",
  "authority-intermediate": "intermediate key",
  "pair-key": "certificate key",
  "store-passphrase": "keystore passphrase",
  tsig: "zone key",
};

const sayKept = (kind: string, count: number): string => formatCount(count, KEPT[kind] ?? kind);

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
          <Untrusted text={kept.map(({ kind, count }) => sayKept(kind, count)).join(", ")} limit={1_000} />
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
        <SmallButton onClick={() => onChange("passphrase")}>Change it</SmallButton>
      </WrapRow>
      <WrapRow name="Recovery" wrap={of("recovery")}>
        <SmallButton onClick={() => onChange("recovery")}>
          {of("recovery") ? "Change it" : "Set it"}
        </SmallButton>
        {of("recovery") && <SmallButton onClick={() => onChange("no-recovery")}>Remove it</SmallButton>}
      </WrapRow>
      <WrapRow name="Keyring" wrap={keyring}>
        <SmallButton
          loading={setKeyring.isPending}
          onClick={() => setKeyring.mutate({ isUsed: keyring === undefined })}
        >
          {keyring ? "No longer" : "Let this system's keyring open it"}
        </SmallButton>
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

const SmallButton = (props: { loading?: boolean; onClick: () => void; children: React.ReactNode }) => (
  <Button size="compact-xs" variant="default" {...props} />
);
