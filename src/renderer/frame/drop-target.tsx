import { IconFileSearch } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { type ChosenFile, toChosenFiles } from "#renderer/api/desktop.ts";
import classes from "./drop-target.module.css";

/** Files can be dropped anywhere; the browser, left alone, would leave the page for them. */
export function DropTarget({ onFiles }: { onFiles: (files: readonly ChosenFile[]) => void }) {
  const isOver = useFileDrop(onFiles);
  if (!isOver) return null;
  return (
    <div className={classes.overlay} role="status">
      <div className={classes.words}>
        <IconFileSearch size={32} stroke={1.5} aria-hidden />
        <strong>Drop to inspect</strong>
        <span>Certificates and keys are read and shown; a bundle is imported when you say so.</span>
      </div>
    </div>
  );
}

function useFileDrop(onFiles: (files: readonly ChosenFile[]) => void): boolean {
  const [isOver, setIsOver] = useState(false);
  useEffect(() => {
    const listening = new AbortController();
    const on = (type: "dragenter" | "dragover" | "dragleave" | "drop", act: (event: DragEvent) => void) =>
      window.addEventListener(
        type,
        (event) => {
          if (!event.dataTransfer?.types.includes("Files")) return;
          event.preventDefault();
          act(event);
        },
        listening,
      );
    on("dragenter", () => setIsOver(true));
    on("dragover", ({ dataTransfer, target }) => {
      if (dataTransfer) dataTransfer.dropEffect = "copy";
      setIsOver(!takesFiles(target));
    });
    // Out of the window, and not from one element of it to the next.
    on("dragleave", ({ relatedTarget }) => setIsOver(relatedTarget !== null));
    on("drop", ({ dataTransfer, target }) => {
      setIsOver(false);
      if (takesFiles(target)) return;
      const files = toChosenFiles(dataTransfer?.files ?? []);
      if (files.length > 0) onFiles(files);
    });
    return () => listening.abort();
  }, [onFiles]);
  return isOver;
}

/** A part of a page that takes files for something else than inspecting them is marked, and handles them itself. */
const takesFiles = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest("[data-takes-files]") !== null;
