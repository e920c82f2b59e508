import { Button } from "@mantine/core";
import { IconFingerprint } from "@tabler/icons-react";
import type { HostKeyView } from "#shared/model/probe.ts";
import { WholeFingerprint } from "./fingerprint.tsx";
import { Notice } from "./notice.tsx";
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
