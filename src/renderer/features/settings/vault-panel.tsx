import { IconCircleX, IconLock, IconLockOpen2, IconLockPlus } from "@tabler/icons-react";
import { Notice } from "#renderer/ui/notice.tsx";
import { Panel } from "#renderer/ui/panel.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { assertNever } from "#shared/model/assert-never.ts";
import type { VaultState, VaultStatus } from "#shared/model/vault.ts";
import { CreateVault } from "./create-vault.tsx";
import { OpenVault } from "./open-vault.tsx";
import { UnlockVault } from "./unlock-vault.tsx";
import { useVault } from "./vault-queries.ts";

/** Where secrets are kept, and what opens it. */
export function VaultPanel({ isReadOnly }: { isReadOnly: boolean }) {
  const { data } = useVault();
  if (!data) return null;
  return (
    <Panel title="Vault" note={<StateTag state={data.state} />}>
      {data.problem === null ? (
        <Content status={data} isReadOnly={isReadOnly} />
      ) : (
        <Notice tone="red" Icon={IconCircleX} title="The vault cannot be used">
          <p>
            <Untrusted text={data.problem} limit={1_000} />
          </p>
        </Notice>
      )}
    </Panel>
  );
}

function Content({ status, isReadOnly }: { status: VaultStatus; isReadOnly: boolean }) {
  switch (status.state) {
    case "absent":
      return <CreateVault isReadOnly={isReadOnly} />;
    case "locked":
      return <UnlockVault status={status} isReadOnly={isReadOnly} />;
    case "open":
      return <OpenVault status={status} />;
    default:
      return assertNever(status.state);
  }
}

const TAGS = {
  absent: { tone: "gray", Icon: IconLockPlus, word: "there is none yet" },
  locked: { tone: "gray", Icon: IconLock, word: "locked" },
  open: { tone: "green", Icon: IconLockOpen2, word: "open" },
} as const;

function StateTag({ state }: { state: VaultState }) {
  const { tone, Icon, word } = TAGS[state];
  return (
    <Tag tone={tone} Icon={Icon}>
      {word}
    </Tag>
  );
}
