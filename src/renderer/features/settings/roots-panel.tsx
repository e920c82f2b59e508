import { ActionIcon, Button, FileButton } from "@mantine/core";
import { IconFileImport, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { toChosenFiles } from "#renderer/api/desktop.ts";
import { Dim } from "#renderer/ui/cells.tsx";
import { Line, Lines } from "#renderer/ui/drawer/drawer.tsx";
import { Panel } from "#renderer/ui/panel.tsx";
import { formatUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import type { TrustItem } from "#shared/model/certificates/chain.ts";
import { useDistrust, useTrust, useTrusted } from "./queries.ts";
import classes from "./settings.module.css";

/** The user's own roots and revocation lists, and where others are chosen. */
export function RootsPanel() {
  const { data = [] } = useTrusted();
  const { mutateAsync } = useTrust();
  const [refusal, setRefusal] = useState<string | null>(null);
  const give = async (kind: TrustItem["kind"], files: readonly File[]) => {
    setRefusal(null);
    for (const file of toChosenFiles(files)) {
      try {
        await mutateAsync({ kind, name: file.name, base64: await file.read() });
      } catch (failure) {
        if (!(failure instanceof Error)) throw failure;
        setRefusal(failure.message);
      }
    }
  };
  return (
    <Panel
      title="Roots and revocation lists"
      note="Trusted beside Mozilla's and this system's"
      action={
        <>
          <Choose label="Add roots" onChoose={(files) => void give("root", files)} />
          <Choose label="Add lists" onChoose={(files) => void give("crl", files)} />
        </>
      }
    >
      {refusal !== null && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={refusal} />
        </p>
      )}
      {data.length === 0 && <Dim>None of your own</Dim>}
      <Lines>
        {data.map((item) => (
          <Item key={item.sha256} item={item} />
        ))}
      </Lines>
    </Panel>
  );
}

function Choose({ label, onChoose }: { label: string; onChoose: (files: File[]) => void }) {
  return (
    <FileButton multiple onChange={onChoose}>
      {(props) => (
        <Button {...props} variant="default" size="xs" ml={6} leftSection={<IconFileImport size={15} />}>
          {label}
        </Button>
      )}
    </FileButton>
  );
}

function Item({ item: { sha256, kind, label, source } }: { item: TrustItem }) {
  const distrust = useDistrust();
  return (
    <Line
      end={
        <>
          {kind === "root" ? "root" : "revocation list"}
          <ActionIcon
            variant="subtle"
            color="gray"
            size={24}
            aria-label={`Remove ${formatUntrusted(label)}`}
            title="Remove it"
            onClick={() => distrust.mutate({ sha256 })}
          >
            <IconTrash size={15} />
          </ActionIcon>
        </>
      }
      below={<Untrusted text={source} />}
    >
      <Untrusted text={label} />
    </Line>
  );
}
