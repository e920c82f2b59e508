import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { Dim } from "#renderer/ui/cells.tsx";
import { Lines } from "#renderer/ui/drawer/drawer.tsx";
import { Panel } from "#renderer/ui/panel.tsx";
import type { Issuer } from "#shared/model/issuer.ts";
import { AddIssuerDialog } from "./add-issuer-dialog.tsx";
import { ChangeIssuerDialog } from "./change-issuer-dialog.tsx";
import { IssuedDialog } from "./issued-dialog.tsx";
import { IssuerLine } from "./issuer-line.tsx";
import { useIssuers } from "./issuer-queries.ts";
import { RemoveIssuerDialog } from "./remove-issuer-dialog.tsx";

type Opened = { dialog: "add" } | { dialog: "issued" | "change" | "remove"; issuer: Issuer };

/** Who signs certificates for the user. */
export function IssuersPanel({ isReadOnly }: { isReadOnly: boolean }) {
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
