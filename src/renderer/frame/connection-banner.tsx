import { CloseButton } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useState } from "react";
import { useConnectionSentence, useConnectionState } from "#renderer/api/connection.ts";
import { beginLarge } from "#renderer/ui/text.tsx";
import classes from "./frame.module.css";

/** Says that the page waits; and afterwards, until it is closed, what there is to know of why. */
export function ConnectionBanner() {
  const state = useConnectionState();
  const sentence = useConnectionSentence();
  const [closed, setClosed] = useState<string | null>(null);
  // biome-ignore lint/plugin: which of them was closed
  if (sentence !== null && sentence !== closed)
    return <Told sentence={sentence} onClose={state === "open" ? () => setClosed(sentence) : null} />;
  if (state !== "waiting") return null;
  return (
    <div role="status" className={classes.banner}>
      <IconPlugConnectedX size={15} aria-hidden /> Connecting to Latchkey again; what is shown may be out of
      date
    </div>
  );
}

function Told({ sentence, onClose }: { sentence: string; onClose: (() => void) | null }) {
  return (
    <div role="status" className={classes.banner}>
      <IconPlugConnectedX size={15} aria-hidden />
      <span className={classes.told}>{beginLarge(sentence)}</span>
      {onClose && <CloseButton size="sm" aria-label="Close" c="inherit" onClick={onClose} />}
    </div>
  );
}
