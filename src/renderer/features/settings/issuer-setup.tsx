import { NativeSelect } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useState } from "react";
import { Notice } from "#renderer/ui/panel.tsx";
import { AddAcmeForm, DIRECTORIES } from "./acme-forms.tsx";
import { AddCsrForm, AddLocalForm, ImportCaForm } from "./issuer-forms.tsx";
import classes from "./issuers.module.css";
import { useVault } from "./queries.ts";
import { VaultContent } from "./vault-panel.tsx";

const CHOICES = {
  "lets-encrypt": "Let's Encrypt",
  staging: "Let's Encrypt, staging: for trials, no client trusts it",
  "step-ca": "step-ca",
  acme: "Another ACME directory",
  ca: "A CA that you have, by its files",
  local: "An authority of your own, made now",
  csr: "A person",
} as const;
type Choice = keyof typeof CHOICES;

type Props = {
  /** Receives its name. */
  onAdded: (name: string) => void;
};

/** Sets up who signs: a choice, then its fields. What has keys needs an open vault first, which is made here, too. */
export function IssuerSetup({ onAdded }: Props) {
  const [choice, setChoice] = useState<Choice>("lets-encrypt");
  const { data: vault } = useVault();
  const isClosed = choice !== "csr" && vault !== undefined && vault.state !== "open";
  return (
    <div className={classes.form}>
      <NativeSelect
        size="xs"
        label="Who signs"
        value={choice}
        data={Object.entries(CHOICES).map(([value, label]) => ({ value, label }))}
        onChange={({ currentTarget: { value } }) => setChoice(value as Choice)}
        data-autofocus
      />
      {isClosed && vault.problem === null ? (
        <Notice
          tone="blue"
          Icon={IconLock}
          title={
            vault.state === "absent" ? "Its key needs a vault, which is not made yet" : "The vault is locked"
          }
        >
          <VaultContent status={vault} isReadOnly={false} />
        </Notice>
      ) : (
        <SetupForm key={choice} choice={choice} onAdded={onAdded} />
      )}
    </div>
  );
}

function SetupForm({ choice, onAdded }: Props & { choice: Choice }) {
  switch (choice) {
    case "ca":
      return <ImportCaForm onAdded={onAdded} />;
    case "local":
      return <AddLocalForm onAdded={onAdded} />;
    case "csr":
      return <AddCsrForm onAdded={onAdded} />;
    default:
      return <AddAcmeForm preset={DIRECTORIES[choice]} onAdded={onAdded} />;
  }
}
