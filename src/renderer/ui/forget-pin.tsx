import { Button } from "@mantine/core";
import { Dialog } from "./dialog.tsx";
import classes from "./forget-pin.module.css";
import { Untrusted } from "./text.tsx";

type Props = {
  host: string;
  isOpen: boolean;
  onClose: () => void;
  onForget: () => void;
  isForgetting: boolean;
  error: Error | null;
};

/** Asks before a pin is dropped, and says what that means. */
export function ForgetPinDialog({ host, isOpen, onClose, onForget, isForgetting, error }: Props) {
  return (
    <Dialog title="Forget this pin?" isOpen={isOpen} onClose={onClose} width={460}>
      <p>
        Latchkey will no longer recognise <Untrusted text={host} />. Its next key is unknown until you have
        compared its fingerprint and trusted it. Nothing changes on the host.
      </p>
      {error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={error.message} />
        </p>
      )}
      <div className={classes.actions}>
        <Button variant="default" size="xs" onClick={onClose}>
          Keep it
        </Button>
        <Button color="red" size="xs" loading={isForgetting} onClick={onForget}>
          Forget the pin
        </Button>
      </div>
    </Dialog>
  );
}
