import { SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { IssuerKind } from "#shared/model/issuer.ts";
import { AddAcmeForm } from "./add-acme-form.tsx";
import { AddCsrForm, AddLocalForm } from "./add-own-forms.tsx";
import classes from "./issuers.module.css";

const FORMS = { local: AddLocalForm, acme: AddAcmeForm, csr: AddCsrForm } as const;
const LABELS = { local: "Authority of your own", acme: "ACME directory", csr: "A person" } as const;

export function AddIssuerDialog({ onClose }: { onClose: () => void }) {
  const [kind, setKind] = useState<IssuerKind>("local");
  const Form = FORMS[kind];
  return (
    <Dialog title="Add an issuer" isOpen onClose={onClose} width={520}>
      <div className={classes.form}>
        <SegmentedControl
          size="xs"
          fullWidth
          aria-label="Who signs"
          value={kind}
          onChange={(value) => setKind(IssuerKind.parse(value))}
          data={IssuerKind.options.map((value) => ({ value, label: LABELS[value] }))}
        />
        <Form
          key={kind}
          onAdded={(name) => {
            toast(`${name} is added`);
            onClose();
          }}
        />
      </div>
    </Dialog>
  );
}
