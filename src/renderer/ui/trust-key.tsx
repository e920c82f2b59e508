import { Button } from "@mantine/core";
import { IconFingerprint } from "@tabler/icons-react";
import type { HostKeyView } from "#shared/model/hosts/probe.ts";
import { Dialog } from "./dialog.tsx";
import { WholeFingerprint } from "./fingerprint.tsx";
import classes from "./forget-pin.module.css";
import { Notice } from "./panel.tsx";
import { Untrusted } from "./text.tsx";

type Props = { hostKey: HostKeyView; onTrust: () => void; isTrusting: boolean; error: Error | null };

/** A key that was never seen before: what to compare it with, and then to trust it. */
export function TrustKey({ hostKey: { keyType, fingerprint }, onTrust, isTrusting, error }: Props) {
  return (
    <Notice tone="amber" Icon={IconFingerprint} title="This host's key is not known yet">
      <p>
        <Untrusted text={keyType} /> <WholeFingerprint value={fingerprint} />
      </p>
      <p>
        Compare it with what the host itself says, on its console: <code>ssh-keygen -lf</code> of the{" "}
        <code>.pub</code> file in <code>/etc/ssh</code>. Trust it only if both are the same.
      </p>
      {error && (
        <p role="alert">
          <Untrusted text={error.message} />
        </p>
      )}
      <p>
        <Button size="compact-sm" loading={isTrusting} onClick={onTrust}>
          They are the same: trust this key
        </Button>
      </p>
    </Notice>
  );
}

type ForgetPinProps = {
  host: string;
  isOpen: boolean;
  onClose: () => void;
  onForget: () => void;
  isForgetting: boolean;
  error: Error | null;
};

/** Warns before a pin is dropped, and says what that means. */
export function ForgetPinDialog({ host, isOpen, onClose, onForget, isForgetting, error }: ForgetPinProps) {
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
