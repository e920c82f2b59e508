import { Button, Modal, TextInput } from "@mantine/core";
import { type ReactNode, useEffect, useState } from "react";
import { addDays } from "#shared/model/instant.ts";
import classes from "./dialog.module.css";
import { Untrusted } from "./text.tsx";
import { useNow } from "./when.tsx";

type Props = {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  width: number;
  /** Another dialog is over it: Escape closes that one. */
  isBehind?: boolean;
  children: ReactNode;
};

/** A dialog over the page: it holds the focus until it is closed. */
export function Dialog({ title, isOpen, onClose, width, isBehind = false, children }: Props) {
  useFocusReturn();
  return (
    <Modal.Root
      opened={isOpen}
      onClose={onClose}
      size={width}
      lockScroll={false}
      closeOnEscape={!isBehind}
      trapFocus={!isBehind}
      transitionProps={{ duration: 100, transition: "fade" }}
    >
      <Modal.Overlay backgroundOpacity={0.45} />
      <Modal.Content radius={12}>
        <Modal.Body p={0}>
          <div className={classes.head}>
            <Modal.Title className={classes.title}>{title}</Modal.Title>
            <Modal.CloseButton aria-label="Close" />
          </div>
          <div className={classes.body}>{children}</div>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

/** Mantine returns the focus when a dialog is closed, but not when the dialog is also removed from the page. */
function useFocusReturn(): void {
  const [opener] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (document.activeElement !== document.body) return;
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
    },
    [opener],
  );
}

type DialogFootProps = {
  /** Why the request was refused. */
  error: Error | null;
  submit: string;
  isPending: boolean;
  isDisabled?: boolean;
  /** It removes something. */
  isDanger?: boolean;
  /** The focus is here when the dialog opens. */
  hasFocus?: boolean;
  cancel?: { label: string; onClick: () => void };
};

/**
 * The end of a form in a dialog: the error, the button that closes it, and the one that does what the dialog is for.
 */
export function DialogFoot(props: DialogFootProps) {
  const { error, submit, isPending, isDisabled = false, isDanger = false, hasFocus = false, cancel } = props;
  return (
    <>
      {error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={error.message} />
        </p>
      )}
      <div className={classes.foot}>
        {cancel && (
          <Button variant="default" size="xs" onClick={cancel.onClick}>
            {cancel.label}
          </Button>
        )}
        <Button
          type="submit"
          size="xs"
          loading={isPending}
          disabled={isDisabled}
          {...(isDanger && { color: "red" })}
          {...(hasFocus && { "data-autofocus": true })}
        >
          {submit}
        </Button>
      </div>
    </>
  );
}

/** A quarter of a year, the default. */
const USUAL_DAYS = 90;

type AcceptProps = {
  title: string;
  /** What is accepted, and until when it counts no more. */
  note: ReactNode;
  placeholder: string;
  /** What was accepted before. */
  before: { reason: string; until: string } | null;
  error: Error | null;
  isPending: boolean;
  onAccept: (reason: string, until: string) => void;
  onClose: () => void;
};

/** Accepts something until a day, with a reason. */
export function AcceptDialog({
  title,
  note,
  placeholder,
  before,
  error,
  isPending,
  onAccept,
  onClose,
}: AcceptProps) {
  const usual = addDays(useNow(), USUAL_DAYS).toISOString().slice(0, 10);
  const [reason, setReason] = useState(before?.reason ?? "");
  const [until, setUntil] = useState(before?.until ?? usual);
  return (
    <Dialog title={title} isOpen onClose={onClose} width={520}>
      <form action={() => onAccept(reason, until)} className={classes.acceptForm}>
        <div className={classes.acceptNote}>{note}</div>
        <TextInput
          size="xs"
          label="Reason"
          placeholder={placeholder}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={500}
          data-autofocus
        />
        <TextInput
          size="xs"
          type="date"
          label="Until"
          description="From this day on it counts again"
          value={until}
          onChange={(event) => setUntil(event.currentTarget.value)}
        />
        <DialogFoot
          error={error}
          submit="Accept"
          isPending={isPending}
          isDisabled={reason.trim() === "" || until === ""}
        />
      </form>
    </Dialog>
  );
}
